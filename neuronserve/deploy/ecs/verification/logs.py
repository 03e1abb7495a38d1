"""Log groups are there, or the agent makes them."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping

from neuronserve.deploy.ecs.verification.case import Case
from neuronserve.deploy.item import Item, Verdict, guarded

NAME = "log-group"


def check(case: Case) -> Iterator[Item]:
    found = [options for _, options in case.logs()]
    if not found:
        yield Item(NAME, case.family, Verdict.SKIP, "no container logs to CloudWatch")
    for options in found:
        subject = options.get("awslogs-group", "awslogs-group")
        yield guarded(NAME, subject, functools.partial(_item, case, options))


def _item(case: Case, options: Mapping[str, str]) -> Item:
    group = options.get("awslogs-group")
    if not group:
        return Item(NAME, "awslogs-group", Verdict.NG, "not given", "add it to the options of awslogs")
    region = options.get("awslogs-region") or case.aws.region
    logs = case.aws.in_region(region).logs
    for page in logs.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=group):
        for known in page["logGroups"]:
            if known["logGroupName"] == group:
                days = known.get("retentionInDays")
                kept = f"kept for {days} days" if days else "kept for ever"
                return Item(NAME, group, Verdict.OK, f"is in {region}, {kept}")
    if options.get("awslogs-create-group", "").lower() == "true":
        return Item(NAME, group, Verdict.OK, f"not in {region}: the agent makes it")
    return Item(
        NAME, group, Verdict.NG, f"not in {region}: the container would not start",
        f"aws logs create-log-group --log-group-name {group} --region {region}, or set awslogs-create-group",
    )  # fmt: skip
