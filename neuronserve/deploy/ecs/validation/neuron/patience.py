"""Time: for a model to load before a health check calls it dead, and for requests to end before the kill."""

from __future__ import annotations

from collections.abc import Iterator

from neuronserve.deploy.ecs.validation.neuron import ours
from neuronserve.deploy.ecs.validation.subject import Subject, takes_chips
from neuronserve.deploy.findings import Finding
from neuronserve.deploy.node import Node

_INTERVAL, _RETRIES, _STOP = 30, 3, 30  # ECS's defaults


def check(subject: Subject) -> Iterator[Finding]:
    for container in subject.containers:
        if takes_chips(container) or ours.is_ours(container):
            yield from _health(container)
        if ours.is_ours(container):
            yield from _stop(container)


def _health(container: Node) -> Iterator[Finding]:
    health = container.at("healthCheck")
    command = health.at("command").texts
    if not health.given or command[:1] == ["NONE"]:
        yield container.at("healthCheck").warning(
            "no-health-check",
            "ECS ignores the image's own HEALTHCHECK: nothing finds out when it hangs",
            "add healthCheck",
        )
        return
    if any(health.at(name).unknown for name in ("interval", "retries", "startPeriod")) or health.unknown:
        return
    interval = _or(health.at("interval"), _INTERVAL)
    retries, start = _or(health.at("retries"), _RETRIES), _or(health.at("startPeriod"), 0)
    sure = start + (retries - 1) * interval
    if not start:
        yield health.warning(
            "no-start-period",
            f"a container that is not healthy after some {sure} s is called dead; models load for minutes",
            "add startPeriod, up to 300 s",
        )
        return
    load = ours.setting(container, "SAGEMAKER_TFS_WAIT_TIME_SECONDS") if ours.is_ours(container) else None
    said = "SAGEMAKER_TFS_WAIT_TIME_SECONDS" in [n.text for n in container.find("environment.*.name")]
    if said and load is not None and load > sure:
        yield health.warning(
            "impatient-health-check",
            f"SAGEMAKER_TFS_WAIT_TIME_SECONDS lets a load take {load:g} s; the health check "
            f"surely waits for {sure}",
            "raise startPeriod (to 300), retries (10) or interval (300), or give the service a grace period",
        )


def _or(place: Node, default: int) -> int:
    return default if place.number is None else place.number


def _stop(container: Node) -> Iterator[Finding]:
    place = container.at("stopTimeout")
    drain = ours.setting(container, "SERVE_DRAIN_SECONDS")
    if place.unknown or drain is None:
        return
    stop = _or(place, _STOP)
    if stop <= drain:
        yield place.warning(
            "stop-timeout-too-short",
            f"the container is killed after {stop} s, and gives its requests {drain:g} (SERVE_DRAIN_SECONDS)",
            "make stopTimeout some seconds longer",
        )
