"""Scale a variant of an endpoint by itself, between two numbers of instances (target tracking).

    autoscale ENDPOINT --min 1 --max 4 --target-invocations 600     requests to an instance in a minute
    autoscale ENDPOINT --min 0 --max 4 --target-backlog 5           asynchronous: down to no instance
    autoscale ENDPOINT --show | --off

Nothing is sent where nothing changes. Of several targets the one that asks for most instances wins.
With --min 0 an alarm and a step policy bring the first instance back when a request waits.

How many requests an instance takes in a minute, the rehearsal or a load test shows. For the cores themselves
track neuronserve_neuroncore_utilization of /metrics with --metric FILE, a
TargetTrackingScalingPolicyConfiguration in AWS's own shape (`deploy --metrics` has SageMaker scrape it).
"""

from __future__ import annotations

import argparse
from typing import Any

from neuronserve.deploy import exits, shapes
from neuronserve.deploy.desk import Desk
from neuronserve.deploy.sagemaker import scaling
from neuronserve.deploy.sagemaker.following import live
from neuronserve.deploy.scaling import Call, State, Tracked, bounded, custom, plan, plan_off, send, state
from neuronserve.errors import InvalidInput

_LATER = f"ARN of {scaling.WAKE}"  # in a dry run


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("endpoint", metavar="ENDPOINT", help="its name")
    parser.add_argument("--variant", metavar="NAME", help="where it has several")
    parser.add_argument("--min", type=_natural, metavar="A", help="at least so many instances")
    parser.add_argument("--max", type=_natural, metavar="B", help="at most so many")
    target = parser.add_argument_group("what to keep, each as an average")
    target.add_argument("--target-invocations", type=_positive, metavar="N", help="per instance and minute")
    target.add_argument("--target-concurrency", type=_positive, metavar="N", help="requests at once, each")
    target.add_argument("--target-backlog", type=_positive, metavar="N", help="waiting, each (asynchronous)")
    target.add_argument("--target-cpu", type=_positive, metavar="P", help="percent of one CPU")
    target.add_argument("--metric", metavar="FILE", help="another metric, see above")
    parser.add_argument("--in-cooldown", type=_natural, metavar="S", help="seconds between fewer and fewer")
    parser.add_argument("--out-cooldown", type=_natural, metavar="S", help="seconds between more and more")
    parser.add_argument("--off", action="store_true", help="scale no more by itself; the instances stay")
    parser.add_argument("--show", action="store_true", help="print bounds and policies")


def run(given: argparse.Namespace, desk: Desk) -> int:
    _check_one_job(given)
    config = live.config_of(desk.aws, given.endpoint)
    variant = _variant(given, config)
    on = scaling.resource(given.endpoint, variant["VariantName"])
    found = state(desk.aws, on)
    if given.show:
        desk.show({"target": found.target, "policies": found.policies})
        return exits.YES
    if given.off:
        calls = plan_off(on, found)
        if _has_alarm(desk, given.endpoint):
            calls.append(("DeleteAlarms", {"AlarmNames": [scaling.wake_alarm(given.endpoint)]}))
        return _carry_out(given, desk, on, calls)
    bounds, tracked = bounded(found, given), _tracked(given, variant["VariantName"], found)
    scaling.check(config, variant, bounds, tracked)
    calls = plan(on, bounds, tracked, found)
    if bounds.least == 0 and not (scaling.wakes(found) and _has_alarm(desk, given.endpoint)):
        calls += _checked(scaling.wake(given.endpoint, on))
    code = _carry_out(given, desk, on, calls)
    for line in scaling.notes(f"{given.endpoint}/{variant['VariantName']}", tracked, found):
        desk.say(line)
    return code


def _check_one_job(given: argparse.Namespace) -> None:
    by_itself = given.min is not None or given.max is not None or bool(_targets(given))
    jobs = [given.off, given.show, by_itself]
    if sum(jobs) != 1:
        raise InvalidInput(
            "nothing to do" if not any(jobs) else "several jobs at once",
            hint="give --min and --max with a --target-..., or --off, or --show",
        )


def _targets(given: argparse.Namespace) -> list[str]:
    keys = ("target_invocations", "target_concurrency", "target_backlog", "target_cpu", "metric")
    return [key for key in keys if getattr(given, key) is not None]


def _variant(given: argparse.Namespace, config: dict[str, Any]) -> dict[str, Any]:
    variants = config["ProductionVariants"]
    names = ", ".join(one["VariantName"] for one in variants)
    if given.variant is None and len(variants) > 1:
        raise InvalidInput(f"{given.endpoint} has several variants: {names}", hint="choose with --variant")
    for one in variants:
        if given.variant in (None, one["VariantName"]):
            return dict(one)
    raise InvalidInput(f"{given.endpoint} has no variant {given.variant!r}", hint=f"it has {names}")


def _tracked(given: argparse.Namespace, variant: str, found: State) -> list[Tracked]:
    tracked = []
    if given.target_invocations is not None:
        tracked.append(scaling.invocations(given.target_invocations))
    if given.target_concurrency is not None:
        tracked.append(scaling.concurrency(given.target_concurrency))
    if given.target_backlog is not None:
        tracked.append(scaling.backlog(given.endpoint, given.target_backlog))
    if given.target_cpu is not None:
        tracked.append(scaling.cpu(given.endpoint, variant, given.target_cpu))
    if given.metric is not None:
        tracked.append(custom(given.metric, "scripts/sagemaker autoscale"))
    if not tracked and not found.policies:
        raise InvalidInput(
            "bounds alone scale nothing: there is no policy yet",
            hint="add --target-invocations, --target-concurrency, --target-backlog or --metric",
        )
    return tracked


def _has_alarm(desk: Desk, endpoint: str) -> bool:
    name = scaling.wake_alarm(endpoint)
    return bool(desk.aws.cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"])


def _with_action(name: str, request: dict[str, Any], arn: str) -> dict[str, Any]:
    """An alarm starts the policy, whose ARN is known when it is there."""
    return {**request, "AlarmActions": [arn]} if name == "PutMetricAlarm" else request


def _checked(calls: tuple[Call, Call]) -> tuple[Call, Call]:
    services = {"PutMetricAlarm": "cloudwatch"}
    for name, request in calls:
        for finding in shapes.findings(services.get(name, "application-autoscaling"), name, request):
            raise InvalidInput(finding.line(name))
    return calls


def _carry_out(given: argparse.Namespace, desk: Desk, on: Any, calls: list[Call]) -> int:
    if given.dry_run:
        desk.would_send([(name, _with_action(name, request, _LATER)) for name, request in calls])
        return exits.YES
    send(desk.aws, [call for call in calls if call[0] not in ("PutMetricAlarm", "DeleteAlarms")])
    now = state(desk.aws, on)
    for name, request in calls:
        if name == "PutMetricAlarm":
            arn = next(one["PolicyARN"] for one in now.policies if one["PolicyName"] == scaling.WAKE)
            desk.aws.cloudwatch.put_metric_alarm(**_with_action(name, request, arn))
        elif name == "DeleteAlarms":
            desk.aws.cloudwatch.delete_alarms(**request)
    told = ", ".join(name for name, _ in calls) or "it is so already; nothing is sent"
    desk.say(f"{on.id}: {told}")
    desk.show({"target": now.target, "policies": now.policies})
    return exits.YES


def _natural(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 6:
        raise argparse.ArgumentTypeError(f"expected a whole number, 0 or more: {text}")
    return int(text)


def _positive(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < 1e12:
        raise argparse.ArgumentTypeError(f"expected a number above 0: {text}")
    return value
