"""What a single run changes of its task definition: RunTask's ``overrides``."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from neuronserve.deploy import shapes
from neuronserve.deploy.ecs.tasks import definition
from neuronserve.errors import InvalidInput

LONGEST = 8192  # characters of JSON
_UNCHANGEABLE = frozenset(
    {"devices", "linuxParameters", "portMappings", "image", "inferenceAcceleratorOverrides"}
)
_HOOK = "AWS_NEURON_VISIBLE_DEVICES"


def build(
    request: Mapping[str, Any],
    *,
    given: Any,
    container: str | None,
    environment: Mapping[str, str],
    command: Sequence[str],
) -> dict[str, Any]:
    """A TaskOverride: ``given`` (a person's own), with variables and a command for one container.

    ``container`` None: the first essential one. Empty when nothing is overridden. Raises InvalidInput.
    """
    _possible(given)
    found: dict[str, Any] = copy.deepcopy(given)
    if environment or command:
        _change(found, _target(request, container), environment, command)
    elif container:
        raise InvalidInput("--container says whose --env and --command are meant, and neither is given")
    _known(request, found)
    length = len(json.dumps(found, ensure_ascii=False, separators=(",", ":")))
    if length > LONGEST:
        raise InvalidInput(
            f"the overrides have {length} characters; RunTask takes {LONGEST}",
            hint="put large values into the task definition, a secret or an environment file",
        )
    return found


def _possible(given: Any) -> None:
    if not isinstance(given, dict):
        raise InvalidInput("--overrides: an object is expected, as RunTask's `overrides`")
    for key in _keys(given):
        if key in _UNCHANGEABLE:
            raise InvalidInput(
                f"overrides: RunTask cannot change {key}: each set of chips is a task definition of its own",
                hint="render one for them: scripts/task-definition render --slots",
            )
    for finding in shapes.findings("ecs", "RunTask", {"taskDefinition": "", "overrides": given}):
        raise InvalidInput(f"RunTask#{finding.pointer}: {finding.message}", hint=finding.fix)


def _keys(value: Any) -> Iterator[str]:
    for item in value if isinstance(value, list) else value.values():
        if isinstance(item, (dict, list)):
            yield from _keys(item)
    if isinstance(value, dict):
        yield from value


def _target(request: Mapping[str, Any], name: str | None) -> str:
    essential = definition.essential(request)
    if name is None and not essential:
        raise InvalidInput("the task definition has no essential container", hint="use --container")
    return name or essential[0]


def _change(found: dict[str, Any], name: str, environment: Mapping[str, str], command: Sequence[str]) -> None:
    if _HOOK in environment:
        raise InvalidInput(
            f"--env {_HOOK}: on ECS's Neuron AMIs it switches the container runtime, and nothing starts",
            hint="chips are the task definition's devices",
        )
    listed = found.setdefault("containerOverrides", [])
    own = next((item for item in listed if item.get("name") == name), None)
    if own is None:
        own = {"name": name}
        listed.append(own)
    if command:
        own["command"] = list(command)
    if environment:
        kept = [item for item in own.get("environment", []) if item.get("name") not in environment]
        own["environment"] = kept + [{"name": key, "value": value} for key, value in environment.items()]


def _known(request: Mapping[str, Any], found: Mapping[str, Any]) -> None:
    names = [item.get("name") for item in definition.containers(request)]
    for item in found.get("containerOverrides") or []:
        if item.get("name") not in names:
            raise InvalidInput(
                f"no container is called {item.get('name')!r} in {request.get('family')}",
                hint=f"it has {', '.join(map(str, names))}",
            )
