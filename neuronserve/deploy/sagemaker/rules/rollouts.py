"""How an endpoint goes from one configuration to the next: blue/green or rolling, sizes, times, alarms.

Sources: DeploymentConfig in the API reference; "Deployment guardrails" with its exclusions: AWS then replaces
all instances at once, and heeds no alarm.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from neuronserve.deploy.findings import Finding
from neuronserve.deploy.node import Node
from neuronserve.deploy.sagemaker.rules import hosting
from neuronserve.deploy.sagemaker.rules.subject import Subject, chips

# Each step's size: the place, its least and most percent of the instances.
_SIZES = (
    (("BlueGreenUpdatePolicy", "TrafficRoutingConfiguration", "CanarySize"), 1, 50),
    (("BlueGreenUpdatePolicy", "TrafficRoutingConfiguration", "LinearStepSize"), 10, 50),
    (("RollingUpdatePolicy", "MaximumBatchSize"), 5, 50),
    (("RollingUpdatePolicy", "RollbackMaximumBatchSize"), 5, 100),
)
_SIZE_OF = {"CANARY": "CanarySize", "LINEAR": "LinearStepSize"}


def check(subject: Subject) -> Iterator[Finding]:
    config = subject.root.at("DeploymentConfig")
    retained = subject.root.at("RetainDeploymentConfig")
    if config.given and retained.flag:
        yield retained.error(
            "two-deployments", "RetainDeploymentConfig takes the last one, and another is given", "keep one"
        )
    excluded = subject.root.each("ExcludeRetainedVariantProperties")
    if any(True for _ in excluded) and not subject.root.at("RetainAllVariantProperties").flag:
        yield subject.root.at("ExcludeRetainedVariantProperties").error(
            "nothing-retained", "it is for RetainAllVariantProperties true", "set that, or leave this out"
        )
    if not config.given:
        return
    blue_green, rolling = config.at("BlueGreenUpdatePolicy"), config.at("RollingUpdatePolicy")
    if blue_green.given and rolling.given:
        yield rolling.error("two-policies", "blue/green and rolling: an update is one of them", "keep one")
    yield from _traffic(blue_green.at("TrafficRoutingConfiguration"))
    yield from _sizes(subject, config)
    yield from _times(blue_green, rolling)
    yield from _alarms(config)
    yield from _excluded(subject, config)


def _traffic(traffic: Node) -> Iterator[Finding]:
    kind = traffic.at("Type").text
    for owner, member in _SIZE_OF.items():
        place = traffic.at(member)
        if place.given and kind != owner:
            yield place.error("size-of-another", f"{member} is for {owner}", "leave it out")
        elif kind == owner and not place.given:
            yield traffic.error("no-size", f"{owner} needs {member}", f"add {member}")


def _sizes(subject: Subject, config: Node) -> Iterator[Finding]:
    count = fewest(subject)
    for path, low, high in _SIZES:
        size = config.at(*path)
        value, kind = size.at("Value"), size.at("Type").text
        if value.number is None:
            continue
        if kind == "CAPACITY_PERCENT":
            if not low <= value.number <= high:
                yield value.error(
                    "step-size", f"{value.number} percent: expected {low} to {high}", "keep it within that"
                )
            elif count == 1 and high < 100:
                yield value.warning(
                    "one-instance",
                    "one instance cannot be divided: the first step is the whole endpoint",
                    "use two instances or more, or all at once",
                )
        elif count and not low * count <= 100 * value.number <= high * count:
            yield value.error(
                "step-size",
                f"{value.number} of {count} is not {low} to {high} percent of the instances",
                _fix(count, low, high),
            )


def _fix(count: int, low: int, high: int) -> str:
    least, most = math.ceil(low * count / 100), high * count // 100
    return (
        f"use {least} to {most}" if most else f"use {math.ceil(100 / high)} instances or more, or all at once"
    )


def fewest(subject: Subject) -> int | None:
    """The smallest number of instances of a variant; None where it is not known."""
    config = Node(subject.context.config or {})
    counts = [
        subject.context.instances.get(name, count)
        for variant in config.each("ProductionVariants")
        if (name := variant.at("VariantName").text) is not None
        and (count := variant.at("InitialInstanceCount").number)
    ]
    return min(counts, default=None)


def _times(blue_green: Node, rolling: Node) -> Iterator[Finding]:
    traffic = blue_green.at("TrafficRoutingConfiguration")
    after = blue_green.at("TerminationWaitInSeconds").number or 0
    for policy, wait, size in (
        (blue_green, traffic.at("WaitIntervalInSeconds").number, traffic.at("LinearStepSize")),
        (rolling, rolling.at("WaitIntervalInSeconds").number, rolling.at("MaximumBatchSize")),
    ):
        most = policy.at("MaximumExecutionTimeoutInSeconds")
        if most.number is None or wait is None:
            continue
        percent = size.at("Value").number if size.at("Type").text == "CAPACITY_PERCENT" else None
        steps = math.ceil(100 / percent) if percent and percent > 0 else 1
        waits = wait + (after if policy is blue_green else 0)
        if most.number <= waits:
            yield most.error(
                "no-time",
                f"{most.number} s in all, and the waits alone take {waits}",
                "allow more than all waits, and what instances take to start",
            )
        elif most.number <= waits + wait * (steps - 1):
            yield most.warning(
                "no-time",
                f"{most.number} s in all, and {steps} steps wait {wait} s each",
                "allow more time, take larger steps, or wait less",
            )


def _alarms(config: Node) -> Iterator[Finding]:
    seen: set[str] = set()
    for alarm in config.each("AutoRollbackConfiguration", "Alarms"):
        name = alarm.at("AlarmName")
        if not name.given:
            yield alarm.error("missing-member", "an alarm needs AlarmName", "add AlarmName")
        if name.text in seen:
            yield name.error("duplicate-alarm", "the alarm is there twice", "keep one")
        seen.add(name.text or "")


def _excluded(subject: Subject, config: Node) -> Iterator[Finding]:
    kind = config.at("BlueGreenUpdatePolicy", "TrafficRoutingConfiguration", "Type").text
    rolling = config.at("RollingUpdatePolicy")
    guarded = rolling.given or kind in _SIZE_OF or config.at("AutoRollbackConfiguration").given
    variants = list(Node(subject.context.config or {}).each("ProductionVariants"))
    families = {instance.family for variant in variants if (instance := chips(variant))}
    if guarded and families & hosting.NO_GUARDRAILS:
        yield config.warning(
            "no-guardrails",
            "AWS has no deployment guardrails on Inf1 instances: it replaces all of them at once and "
            "heeds no alarm",
            "use Inf2 or Trn1 for them; on Inf1 look at the endpoint after each update, and --rollback",
        )
    if rolling.given and len(variants) > 1:
        yield rolling.error(
            "rolling-variants", "rolling deployments are for endpoints with one variant", "use blue/green"
        )
    names = {variant.at("VariantName").text for variant in variants}
    if guarded and subject.context.variants and names and names != subject.context.variants:
        yield config.error(
            "other-variants",
            "canary, linear and rolling deployments need the same variant names as now: "
            f"{', '.join(sorted(subject.context.variants))}",
            "keep the names, or update all at once and without alarms",
        )
