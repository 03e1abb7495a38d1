"""The UpdateService request that makes a running service what is wanted: only what differs."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any

from neuronserve.deploy.ecs.services import parts, rules
from neuronserve.deploy.ecs.services.chips import Chips
from neuronserve.deploy.ecs.services.wanted import Wanted
from neuronserve.errors import InvalidInput

Service = Mapping[str, Any]  # as DescribeServices has it


def request(wanted: Wanted, live: Service) -> dict[str, Any] | None:
    """None: the service is so already. Raises InvalidInput for what UpdateService cannot change."""
    wanted = _as_it_is_scheduled(wanted, live)
    _refuse(wanted, live)
    changed: dict[str, Any] = {}
    for part in (_task, _capacity, _rollout, _placement, _network, _balancing, _flags):
        changed |= part(wanted, live)
    if wanted.force:
        changed["forceNewDeployment"] = True
    return {"cluster": wanted.cluster, "service": wanted.name, **changed} if changed else None


def tagging(wanted: Wanted, live: Service) -> dict[str, Any] | None:
    """The TagResource request for tags that are not there: UpdateService takes none."""
    there = {tag.get("key"): tag.get("value") for tag in live.get("tags") or ()}
    missing = [tag for tag in parts.tags(wanted) if there.get(tag["key"]) != tag["value"]]
    return {"resourceArn": live["serviceArn"], "tags": missing} if missing else None


def same_definition(one: str, other: str) -> bool:
    """Whether both are the same revision; each is an ARN, or family:revision."""
    return one.rpartition("/")[2] == other.rpartition("/")[2]


def _as_it_is_scheduled(wanted: Wanted, live: Service) -> Wanted:
    daemon = live.get("schedulingStrategy") == "DAEMON"
    if wanted.daemon and not daemon:
        raise InvalidInput(f"--daemon: service {wanted.name} is a REPLICA service, {_FIXED}", hint=_ANEW)
    wanted = dataclasses.replace(wanted, daemon=daemon)
    rules.check(wanted)
    if not daemon:
        rules.check_share(wanted, _count(wanted, live))
    return wanted


def _count(wanted: Wanted, live: Service) -> int:
    return int(live.get("desiredCount") or 0) if wanted.count is None else wanted.count


_FIXED = "and ECS cannot change that"
_ANEW = (
    "delete the service first (`aws ecs delete-service --force`), or deploy under another name (--service)"
)


def _refuse(wanted: Wanted, live: Service) -> None:
    controller = (live.get("deploymentController") or {}).get("type") or "ECS"
    if controller != "ECS":
        raise InvalidInput(
            f"service {wanted.name} is deployed by {controller}, not by ECS itself",
            hint="deploy it with that, or under another name (--service)",
        )
    running = live.get("launchType")
    if wanted.launch_type and wanted.launch_type != (running or wanted.launch_type):
        raise InvalidInput(
            f"--launch-type {wanted.launch_type}: service {wanted.name} has {running}, {_FIXED}", hint=_ANEW
        )
    if wanted.launch_type and live.get("capacityProviderStrategy"):
        raise InvalidInput(
            f"--launch-type {wanted.launch_type}: service {wanted.name} has a capacity provider strategy",
            hint="leave --launch-type out, or use another --capacity-provider",
        )
    if wanted.chips is Chips.MANAGED and not live.get("capacityProviderStrategy"):
        rules.check_provider(wanted)
    strategy = (live.get("deploymentConfiguration") or {}).get("strategy") or "ROLLING"
    if wanted.chips is Chips.DEVICES and strategy != "ROLLING":
        raise InvalidInput(
            f"service {wanted.name} is deployed {strategy}: old and new tasks at once, for the same chips",
            hint="change its deployment strategy to ROLLING first",
        )


def _task(wanted: Wanted, live: Service) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if not same_definition(wanted.task_definition, live.get("taskDefinition", "")):
        found["taskDefinition"] = wanted.task_definition
    if wanted.count is not None and wanted.count != live.get("desiredCount"):
        found["desiredCount"] = wanted.count
    return found


def _capacity(wanted: Wanted, live: Service) -> dict[str, Any]:
    asked = [provider.item() for provider in wanted.providers]
    there = [{"weight": 0, "base": 0, **item} for item in live.get("capacityProviderStrategy") or ()]
    if not asked or _sorted(asked) == _sorted(there):
        return {}
    return {"capacityProviderStrategy": asked, "forceNewDeployment": True}  # ECS refuses it without


def _rollout(wanted: Wanted, live: Service) -> dict[str, Any]:
    asked, there = parts.rollout(wanted), live.get("deploymentConfiguration") or {}
    if wanted.minimum_healthy is None and wanted.chips is not Chips.NONE and _moves(wanted, live):
        asked.pop("minimumHealthyPercent", None)
    set_now = {key: (there.get("deploymentCircuitBreaker") or {}).get(key) for key in ("enable", "rollback")}
    same = set_now == asked["deploymentCircuitBreaker"] and all(
        there.get(key) == value for key, value in asked.items() if key != "deploymentCircuitBreaker"
    )
    found: dict[str, Any] = {}
    if not same:
        kept = {key: there[key] for key in ("minimumHealthyPercent", "maximumPercent") if key in there}
        breaker = {**(there.get("deploymentCircuitBreaker") or {}), **asked["deploymentCircuitBreaker"]}
        found["deploymentConfiguration"] = kept | asked | {"deploymentCircuitBreaker": breaker}
        if (there.get("alarms") or {}).get("enable"):
            found["deploymentConfiguration"]["alarms"] = there["alarms"]
    if asked.get("maximumPercent") == 100 and live.get("availabilityZoneRebalancing") == "ENABLED":
        found["availabilityZoneRebalancing"] = "DISABLED"
    return found


def _moves(wanted: Wanted, live: Service) -> bool:
    """Whether the share of tasks that stay, which somebody chose, leaves one that may stop."""
    percent = (live.get("deploymentConfiguration") or {}).get("minimumHealthyPercent")
    return isinstance(percent, int) and rules.one_may_stop(percent, _count(wanted, live))


def _placement(wanted: Wanted, live: Service) -> dict[str, Any]:
    there = list(live.get("placementConstraints") or ())
    asked = parts.constraints(wanted, there)
    return {} if _sorted(asked) == _sorted(there) else {"placementConstraints": asked}


def _network(wanted: Wanted, live: Service) -> dict[str, Any]:
    if not wanted.subnets:
        if not live.get("networkConfiguration"):
            rules.check_subnets(wanted)
        return {}
    asked = parts.network(wanted)
    there = (live.get("networkConfiguration") or {}).get("awsvpcConfiguration") or {}
    mine = asked["awsvpcConfiguration"]
    same = all(set(there.get(key) or ()) == set(value) for key, value in mine.items())
    return {} if same else {"networkConfiguration": asked}


def _balancing(wanted: Wanted, live: Service) -> dict[str, Any]:
    found: dict[str, Any] = {}
    asked = parts.load_balancers(wanted)
    keys = ("targetGroupArn", "containerName", "containerPort")
    there = [{key: item.get(key) for key in keys} for item in live.get("loadBalancers") or ()]
    if asked and _sorted(asked) != _sorted(there):
        found["loadBalancers"] = asked
    grace = parts.grace_seconds(wanted) if "loadBalancers" in found else wanted.grace_seconds
    if grace is not None and grace != live.get("healthCheckGracePeriodSeconds"):
        found["healthCheckGracePeriodSeconds"] = grace
    return found


def _flags(wanted: Wanted, live: Service) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if not live.get("enableECSManagedTags"):
        found["enableECSManagedTags"] = True
    if (live.get("propagateTags") or "NONE") == "NONE":
        found["propagateTags"] = parts.propagate(wanted)
    if wanted.execute_command not in (None, bool(live.get("enableExecuteCommand"))):
        found["enableExecuteCommand"] = wanted.execute_command
    return found


def _sorted(items: Iterable[Mapping[str, Any]]) -> list[list[tuple[str, str]]]:
    return sorted(sorted((key, str(value)) for key, value in item.items()) for item in items)
