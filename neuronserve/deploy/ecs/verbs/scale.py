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
from typing import Any

from neuronserve.deploy import exits
from neuronserve.deploy.aws import explained
from neuronserve.deploy.desk import Desk
from neuronserve.deploy.ecs import scaling, scaling_options
from neuronserve.deploy.ecs.services import live, resizing
from neuronserve.deploy.ecs.services.deployment import Patience
from neuronserve.deploy.scaling import Call, bounded, plan, plan_off, send, state, target


def arguments(parser: argparse.ArgumentParser) -> None:
    scaling_options.arguments(parser)


def run(given: argparse.Namespace, desk: Desk) -> int:
    scaling_options.check_one_job(given)
    cluster, name = live.located(given.service, given.cluster)
    service = live.running(desk.aws, cluster, name)
    if given.count is not None:
        return _resize(given, desk, service)
    resizing.refuse_daemon(service)
    resource = scaling.resource(service)
    found = state(desk.aws, resource)
    if given.show:
        desk.show({"target": found.target, "policies": found.policies})
        return exits.YES
    if given.off:
        return _carry_out(given, desk, service, plan_off(resource, found))
    bounds, tracked = bounded(found, given), scaling_options.tracked(given, service, found)
    code = _carry_out(given, desk, service, plan(resource, bounds, tracked, found))
    for line in scaling.notes(service, bounds, tracked, found):
        desk.say(line)
    return code


def _carry_out(given: argparse.Namespace, desk: Desk, service: dict[str, Any], calls: list[Call]) -> int:
    if given.dry_run:
        desk.would_send(calls)
        return exits.YES
    send(desk.aws, calls)
    told = ", ".join(name for name, _ in calls) or "it is so already; nothing is sent"
    desk.say(f"{service['serviceName']}: {told}")
    now = state(desk.aws, scaling.resource(service))
    desk.show({"target": now.target, "policies": now.policies})
    return exits.YES


def _resize(given: argparse.Namespace, desk: Desk, service: dict[str, Any]) -> int:
    _warn_of_scaling(desk, service, given.count)
    if given.dry_run:
        request = resizing.plan(service, given.count)
        desk.would_send([("UpdateService", request)] if request else [])
        return exits.YES
    desk.show(resizing.resize(desk, service, given.count, Patience(given.wait, given.timeout)))
    return exits.YES


def _warn_of_scaling(desk: Desk, service: dict[str, Any], count: int) -> None:
    """It is no more than a word of warning: what cannot be seen is not told."""
    try:
        there = target(desk.aws, scaling.resource(service))
    except Exception as error:
        if explained(error) is None:
            raise
        return
    if told := scaling.by_hand(service, count, there):
        desk.say(told)
