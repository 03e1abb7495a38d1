"""EC2 offers an instance type that the task can be placed on in the region, by our catalogue."""

from __future__ import annotations

from collections.abc import Iterator

from neuronserve.deploy.ecs.validation.hosts import Hosts
from neuronserve.deploy.ecs.verification.case import Case
from neuronserve.deploy.item import Item, Verdict

NAME = "instance-type"


def check(case: Case) -> Iterator[Item]:
    hosts, region = Hosts.of(case.root), case.aws.region
    if not hosts.narrowed:
        yield Item(NAME, case.family, Verdict.SKIP, "no placement constraint names an instance type")
        return
    if not hosts.types:
        yield Item(
            NAME, case.family, Verdict.NG, "no type with Neuron chips satisfies the placement constraints",
            "scripts/task-definition validate says which constraint is wrong",
        )  # fmt: skip
        return
    offered = [host.name for host in hosts.types if region in host.regions]
    if offered:
        yield Item(NAME, ", ".join(offered), Verdict.OK, f"offered in {region}, which has the Neuron AMI")
        return
    everywhere = sorted({place for host in hosts.types for place in host.regions})
    yield Item(
        NAME, hosts.spoken, Verdict.NG, f"not offered in {region}",
        f"use one of {', '.join(everywhere)}" if everywhere else "no region offers it in general",
    )  # fmt: skip
