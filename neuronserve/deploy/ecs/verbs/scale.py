"""Scale a service: by itself between two bounds (target tracking), or to a number of tasks now.

    scale SERVICE --min 1 --max 4 --target-cpu 60
    scale SERVICE --count 2
    scale SERVICE --show | --off

Nothing is sent where nothing changes. Several targets may be given: the one that asks for most tasks wins.
Daemon services cannot be scaled: they follow the instances.

CPU and memory are those of the instance, and say little about its NeuronCores: a busy chip leaves the CPU
idle. Requests per task (behind an Application Load Balancer) say more. For the cores themselves let the
CloudWatch agent scrape /metrics for neuronserve_neuroncore_utilization (0 to 1), and track it with --metric
FILE, a TargetTrackingScalingPolicyConfiguration in AWS's own shape:

    {"TargetValue": 0.7,
     "CustomizedMetricSpecification": {
       "Namespace": "ECS/ContainerInsights/Prometheus", "Statistic": "Average",
       "MetricName": "neuronserve_neuroncore_utilization",
       "Dimensions": [{"Name": "ClusterName", "Value": "..."}, {"Name": "ServiceName", "Value": "..."}]}}

Tasks that own chips run one to an instance (a slot: one to an instance for each slot), so instances bound
their number: more of them is what the cluster's capacity provider sees to, not this.
"""

from __future__ import annotations

import argparse
import re
from typing import Any

from neuronserve.deploy import exits
from neuronserve.deploy.desk import Desk
from neuronserve.deploy.ecs import scaling
from neuronserve.deploy.ecs.scaling import Bounds, Call, State, Tracking
from neuronserve.deploy.ecs.services import live, resizing
from neuronserve.deploy.ecs.services.deployment import Patience
from neuronserve.errors import InvalidInput


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("service", metavar="SERVICE", help="its name or ARN")
    parser.add_argument("--cluster", default="default", help="its name or ARN (default: default)")
    by_itself = parser.add_argument_group("by itself")
    by_itself.add_argument("--min", type=_count, metavar="A", help="at least so many tasks")
    by_itself.add_argument("--max", type=_count, metavar="B", help="at most so many tasks")
    by_itself.add_argument("--target-cpu", type=_percent, metavar="P", help="average CPU, percent")
    by_itself.add_argument("--target-memory", type=_percent, metavar="P", help="average memory, percent")
    by_itself.add_argument(
        "--target-requests", type=_positive, metavar="N", help="requests per task and minute"
    )
    by_itself.add_argument("--load-balancer", metavar="ARN", help="that the requests come from")
    by_itself.add_argument("--metric", metavar="FILE", help="another metric, see above")
    by_itself.add_argument("--in-cooldown", type=_count, metavar="S", help="seconds between fewer and fewer")
    by_itself.add_argument("--out-cooldown", type=_count, metavar="S", help="seconds between more and more")
    by_itself.add_argument("--off", action="store_true", help="scale no more by itself; the tasks stay")
    by_itself.add_argument("--show", action="store_true", help="print the bounds and policies")
    now = parser.add_argument_group("now")
    now.add_argument("--count", type=_count, metavar="N", help="this many tasks")
    now.add_argument(
        "--wait", action=argparse.BooleanOptionalAction, default=True, help="until they run (default)"
    )
    now.add_argument("--timeout", type=_count, default=1800, metavar="S", help="wait at most so long (1800)")


def _count(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,9}", text):
        raise argparse.ArgumentTypeError(f"expected a whole number, 0 or more: {text}")
    return int(text)


def _positive(text: str) -> float:
    if not re.fullmatch(r"[0-9]{1,12}(\.[0-9]{1,6})?", text) or not float(text):
        raise argparse.ArgumentTypeError(f"expected a number above 0: {text}")
    return float(text)


def _percent(text: str) -> float:
    if _positive(text) > 100:
        raise argparse.ArgumentTypeError(f"expected a number above 0, at most 100: {text}")
    return float(text)


def run(given: argparse.Namespace, desk: Desk) -> int:
    _check_one_job(given)
    cluster, name = live.located(given.service, given.cluster)
    service = live.running(desk.aws, cluster, name)
    if given.count is not None:
        return _resize(given, desk, service)
    resizing.refuse_daemon(service)
    resource = scaling.resource(service)
    state = scaling.state(desk.aws, resource)
    if given.show:
        desk.show({"target": state.target, "policies": state.policies})
        return exits.YES
    calls = (
        scaling.plan_off(resource, state)
        if given.off
        else scaling.plan(resource, _bounds(given, state), _tracked(given, service, state), state)
    )
    return _carry_out(given, desk, service, calls, state)


def _check_one_job(given: argparse.Namespace) -> None:
    bounds = given.min is not None or given.max is not None or bool(_targets(given))
    jobs = [given.count is not None, given.off, given.show, bounds]
    if sum(jobs) != 1:
        raise InvalidInput(
            "nothing to do" if not any(jobs) else "several jobs at once",
            hint="give --min and --max with a --target-..., or --count, or --off, or --show",
        )


def _targets(given: argparse.Namespace) -> list[str]:
    keys = ("target_cpu", "target_memory", "target_requests", "metric")
    return [key for key in keys if getattr(given, key) is not None]


def _bounds(given: argparse.Namespace, state: State) -> Bounds:
    """A bound that is not given stays as it is."""
    there = state.target or {}
    least = there.get("MinCapacity") if given.min is None else given.min
    most = there.get("MaxCapacity") if given.max is None else given.max
    if least is None or most is None:
        raise InvalidInput("--min and --max are both needed the first time")
    return Bounds(least, most, given.in_cooldown, given.out_cooldown)


def _tracked(given: argparse.Namespace, service: dict[str, Any], state: State) -> list[Tracking]:
    found: list[Tracking] = []
    if given.target_cpu is not None:
        found.append(Tracking("cpu", given.target_cpu))
    if given.target_memory is not None:
        found.append(Tracking("memory", given.target_memory))
    if given.target_requests is not None:
        if not given.load_balancer:
            raise InvalidInput("--target-requests needs --load-balancer ARN: AWS counts them there")
        label = scaling.label(given.load_balancer, service)
        found.append(Tracking("requests", given.target_requests, label=label))
    if given.metric is not None:
        found.append(scaling.custom(given.metric))
    if not found and not state.policies:
        raise InvalidInput(
            "bounds alone scale nothing: there is no policy yet",
            hint="add --target-cpu, --target-memory, --target-requests or --metric",
        )
    return found


def _carry_out(
    given: argparse.Namespace, desk: Desk, service: dict[str, Any], calls: list[Call], state: State
) -> int:
    if given.dry_run:
        for name, _ in calls:
            desk.say(f"would send {name}")
        requests = [request for _, request in calls]
        desk.show(requests[0] if len(requests) == 1 else requests)
        return exits.YES
    scaling.send(desk.aws, calls)
    name = service["serviceName"]
    desk.say(f"{name}: {', '.join(call for call, _ in calls) or 'it is so already; nothing is sent'}")
    if not given.off:
        mine = {request["PolicyName"] for call, request in calls if call == "PutScalingPolicy"}
        mine |= {scaling.policy_name(key.removeprefix("target_")) for key in _targets(given)}
        for policy in state.policies:
            if policy["PolicyName"] not in mine:
                desk.say(
                    f"{name}: policy {policy['PolicyName']} stays; the one that asks for most tasks wins"
                )
    now = scaling.state(desk.aws, scaling.resource(service))
    desk.show({"target": now.target, "policies": now.policies})
    return exits.YES


def _resize(given: argparse.Namespace, desk: Desk, service: dict[str, Any]) -> int:
    if given.dry_run:
        request = resizing.plan(service, given.count)
        desk.say("would send UpdateService" if request else "nothing would be sent")
        desk.show(request or [])
        return exits.YES
    desk.show(resizing.resize(desk, service, given.count, Patience(given.wait, given.timeout)))
    return exits.YES
