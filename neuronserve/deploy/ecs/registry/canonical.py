"""One form for all task definitions that mean the same.

ECS answers DescribeTaskDefinition with defaults filled in, with empty lists, and with lists in another order
than they were registered in. What people write has none of that, writes ``1 vCPU`` for ``1024``, and changes
its order freely. ``canonical`` brings both to one form: response-only keys dropped, defaults filled in where
there is a thing to fill them into, sets sorted, and nothing that is empty.

Sources: the service model of botocore ("default" in its documentation), the answers of ECS, and what others
had to learn (Terraform's comparison of container definitions, Ansible's of ports).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from neuronserve.deploy.ecs.registry import sets
from neuronserve.deploy.ecs.registry.sets import Where

RESPONSE_ONLY: Final = frozenset({
    "taskDefinitionArn", "revision", "status", "requiresAttributes", "compatibilities", "registeredAt",
    "registeredBy", "deregisteredAt", "deleteRequestedAt",
})  # fmt: skip
ROLES: Final = ("taskRoleArn", "executionRoleArn")

_CONTAINER: Final = ("containerDefinitions",)
_LINUX: Final = (*_CONTAINER, "linuxParameters")
_EFS: Final = ("volumes", "efsVolumeConfiguration")
_DOCKER: Final = ("volumes", "dockerVolumeConfiguration")

# What a structure has although nobody wrote it. Filled in, so that a change of it has an old value.
_DEFAULTS: Final[Mapping[Where, Mapping[str, Any]]] = {
    (): {"enableFaultInjection": False},
    _CONTAINER: {"cpu": 0, "essential": True, "versionConsistency": "enabled"},
    (*_CONTAINER, "portMappings"): {"protocol": "tcp"},
    (*_CONTAINER, "mountPoints"): {"readOnly": False},
    (*_CONTAINER, "volumesFrom"): {"readOnly": False},
    (*_CONTAINER, "healthCheck"): {"interval": 30, "timeout": 5, "retries": 3},
    (*_CONTAINER, "restartPolicy"): {"restartAttemptPeriod": 300},
    (*_CONTAINER, "resourceRequirements", "sharingStrategy", "nvidiaMps"): {"maxComputePercent": 100},
    (*_LINUX, "devices"): {"permissions": ["mknod", "read", "write"]},
    _DOCKER: {"scope": "task", "driver": "local"},
    ("proxyConfiguration",): {"type": "APPMESH"},
    _EFS: {"rootDirectory": "/", "transitEncryption": "DISABLED"},
    ("volumes", "s3filesVolumeConfiguration"): {"rootDirectory": "/"},
    ("tags",): {"value": ""},
}

# What Docker or ECS takes for absent. Dropped: a structure of nothing else is as good as none.
_NOTHING: Final[Mapping[Where, Mapping[str, Any]]] = {
    _CONTAINER: {
        "privileged": False,
        "readonlyRootFilesystem": False,
        "interactive": False,
        "pseudoTerminal": False,
        "disableNetworking": False,
    },
    _LINUX: {"initProcessEnabled": False},
    (*_CONTAINER, "healthCheck"): {"startPeriod": 0},
    ("volumes",): {"configuredAtLaunch": False},
    _DOCKER: {"autoprovision": False},
    (*_EFS, "authorizationConfig"): {"iam": "DISABLED"},
}


def canonical(request: Mapping[str, Any]) -> dict[str, Any]:
    """The one form of a RegisterTaskDefinition request, or of a described definition with its tags.

    Values of a wrong type stay as they are: to find them is validation's task. Idempotent.
    """
    kept = {key: value for key, value in request.items() if key not in RESPONSE_ONLY}
    form: dict[str, Any] = _form(kept, ()) or {}
    _networking(form)
    for key, read in (("cpu", _cpu_units), ("memory", _mebibytes)):
        if isinstance(form.get(key), str):
            form[key] = read(form[key])
    for role in ROLES:
        if isinstance(form.get(role), str):
            form[role] = form[role].removeprefix("/")
    result: dict[str, Any] = sets.ordered(form)
    return result


def _form(value: Any, where: Where) -> Any:
    """``value`` without what is empty and with defaults; None for nothing."""
    if isinstance(value, list):
        items = [_form(item, where) for item in value if item is not None]
        items = [item if item is not None else {} for item in items if not _reserved(item, where)]
        return items or None
    if not isinstance(value, Mapping):
        return value
    formed = {key: _form(member, (*where, key)) for key, member in value.items()}
    nothing = _NOTHING.get(where, {})
    found = {key: v for key, v in formed.items() if v is not None and not _same(v, nothing.get(key))}
    if not found and where and where != _DOCKER:  # a Docker volume may be all defaults, and is no bind mount
        return None
    for key, default in _DEFAULTS.get(where, {}).items():
        found.setdefault(key, list(default) if isinstance(default, list) else default)
    if where == (*_LINUX, "devices") and "hostPath" in found:
        found.setdefault("containerPath", found["hostPath"])
    return found


def _same(one: Any, other: Any) -> bool:
    """Equal, and of one type: to Python, False is 0."""
    return type(one) is type(other) and bool(one == other)


def _reserved(item: Any, where: Where) -> bool:
    """Whether it is a tag that AWS sets itself (CloudFormation does), and that nobody else may."""
    return (
        where == ("tags",) and isinstance(item, Mapping) and str(item.get("key")).lower().startswith("aws:")
    )


def _networking(form: dict[str, Any]) -> None:
    """The network mode, and the host's port, which depends on it."""
    platform = form.get("runtimePlatform")
    system = platform.get("operatingSystemFamily") if isinstance(platform, dict) else None
    if form.get("requiresCompatibilities") in (None, ["EC2"]) and not str(system).startswith("WINDOWS"):
        form.setdefault("networkMode", "bridge")
    same = form.get("networkMode") in ("awsvpc", "host")
    for container in _structures(form.get("containerDefinitions")):
        for port in _structures(container.get("portMappings")):
            if "containerPort" in port and port.get("hostPort", 0) == 0:
                port["hostPort"] = port["containerPort"] if same else 0


def _structures(value: Any) -> Iterator[dict[str, Any]]:
    """The objects of a list, whatever else may be there."""
    yield from (item for item in (value if isinstance(value, list) else []) if isinstance(item, dict))


def _cpu_units(text: str) -> str:
    return _scaled(text, r"vcpus?", 1024)


def _mebibytes(text: str) -> str:
    return _scaled(text, r"gi?b", 1024)


def _scaled(text: str, unit: str, factor: int) -> str:
    """``1 vCPU`` or ``.5 GB`` as the whole number that ECS makes of it."""
    if re.fullmatch(r"\s*[0-9]{1,18}\s*", text):
        return str(int(text))
    match = re.fullmatch(rf"\s*([0-9]+(?:\.[0-9]*)?|\.[0-9]+)\s*{unit}\s*", text, re.IGNORECASE)
    number = float(match[1]) * factor if match else 0.5
    return str(int(number)) if number.is_integer() else text
