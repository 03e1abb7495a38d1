"""Task definitions as one Compose file, a service for each container.

Source: the Compose Specification. ``$`` begins a variable there, so it is doubled. What Compose cannot be
told is in ``x-notes``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from neuronserve.deploy.ecs.agent import absent, checks, hardware, network, order, resources, storage
from neuronserve.deploy.ecs.agent.network import Kind, Port
from neuronserve.deploy.ecs.agent.order import Condition
from neuronserve.deploy.ecs.agent.storage import Mount
from neuronserve.errors import InvalidInput

Request = Mapping[str, Any]

_CONDITIONS = {
    Condition.START: "service_started",
    Condition.HEALTHY: "service_healthy",
    Condition.COMPLETE: "service_completed_successfully",
    Condition.SUCCESS: "service_completed_successfully",
}


def compose(requests: Sequence[Request]) -> dict[str, Any]:
    """The document. Raises InvalidInput for a definition that contradicts itself."""
    services: dict[str, Any] = {}
    volumes: dict[str, Any] = {}
    notes: list[str] = []
    for request in requests:
        order.starting(request)  # raises when they wait for each other
        for container in request["containerDefinitions"]:
            name = _service_name(request, container["name"])
            if name in services:
                raise InvalidInput(
                    f"two containers would be the service {name}", hint="give families other names"
                )
            services[name] = _kept(_service(request, container))
            notes += [f"{name}: {note}" for note in _notes(request, container)]
            for mount in storage.of(request, container).mounts:
                if not mount.bind:
                    volumes[_volume(request, mount)] = {"name": mount.source} if mount.shared else {}
    document = {"services": services, "volumes": volumes, "x-notes": list(dict.fromkeys(notes))}
    escaped: dict[str, Any] = _escaped(_kept(document))
    return escaped


def _service_name(request: Request, container: str) -> str:
    """The family, where it has one container: slots are families whose containers are called alike."""
    family: str = request["family"]
    return family if len(request["containerDefinitions"]) == 1 else f"{family}-{container}"


def _volume(request: Request, mount: Mount) -> str:
    return mount.source if mount.shared else f"{request['family']}-{mount.source}"


def _service(request: Request, container: Request) -> dict[str, Any]:
    return {
        "image": container["image"],
        **_process(request, container),
        **_resources(request, container),
        **_network(request, container),
        **_storage(request, container),
        **_lifecycle(request, container),
    }


def _process(request: Request, container: Request) -> dict[str, Any]:
    linux = container.get("linuxParameters") or {}
    capabilities = linux.get("capabilities") or {}
    architecture = (request.get("runtimePlatform") or {}).get("cpuArchitecture")
    environment = {v["name"]: v.get("value", "") for v in container.get("environment") or ()}
    secrets = {
        secret["name"]: None for secret in container.get("secrets") or ()
    }  # from Compose's own environment
    return {
        "platform": architecture and ("linux/arm64" if architecture == "ARM64" else "linux/amd64"),
        "entrypoint": container.get("entryPoint"),
        "command": container.get("command"),
        "environment": {**environment, **secrets},
        "labels": dict(container.get("dockerLabels") or {}),
        "init": linux.get("initProcessEnabled"),
        "user": container.get("user"),
        "working_dir": container.get("workingDirectory"),
        "privileged": container.get("privileged"),
        "read_only": container.get("readonlyRootFilesystem"),
        "stdin_open": container.get("interactive"),
        "tty": container.get("pseudoTerminal"),
        "cap_add": _unique(capabilities.get("add")),
        "cap_drop": _unique(capabilities.get("drop")),
        "security_opt": _unique(container.get("dockerSecurityOptions")),
        "sysctls": {c["namespace"]: c["value"] for c in container.get("systemControls") or ()},
        "pid": "host" if request.get("pidMode") == "host" else None,
        "ipc": request["ipcMode"] if request.get("ipcMode") in ("host", "none") else None,
    }


def _resources(request: Request, container: Request) -> dict[str, Any]:
    found = resources.of(request, container)
    gpus = hardware.gpus(container)
    return {
        "devices": [f"{d.host}:{d.container}:{d.permissions}" for d in hardware.devices(container)],
        "gpus": "all" if gpus == "all" else [{"count": int(gpus)}] if gpus and gpus.isdecimal() else None,
        "cpu_shares": found.shares,
        "cpus": found.cpus,
        "mem_limit": _mib(found.memory_mib),
        "mem_reservation": _mib(found.reservation_mib),
        "memswap_limit": _mib(found.swap_mib),
        "shm_size": _mib(found.shared_memory_mib),
        "ulimits": {
            limit["name"]: {"soft": limit["softLimit"], "hard": limit["hardLimit"]}
            for limit in container.get("ulimits") or ()
        },
    }


def _network(request: Request, container: Request) -> dict[str, Any]:
    found = network.of(request, container)
    if found.kind is Kind.JOINED and found.joined:
        return {"network_mode": f"service:{_service_name(request, found.joined)}"}
    return {
        "network_mode": None if found.kind is Kind.BRIDGE else str(found.kind),
        "hostname": container.get("hostname"),
        "ports": [_port(port) for port in found.ports],
        "dns": list(container.get("dnsServers") or ()),
        "dns_search": list(container.get("dnsSearchDomains") or ()),
        "extra_hosts": [f"{h['hostname']}:{h['ipAddress']}" for h in container.get("extraHosts") or ()],
        "links": [
            f"{_service_name(request, other)}:{alias or other}"
            for other, _, alias in (link.partition(":") for link in container.get("links") or ())
        ],
    }


def _port(port: Port) -> str | dict[str, Any]:
    if not port.container.isdecimal():  # only the short form has ranges
        return port.container + ("/udp" if port.protocol == "udp" else "")
    target: dict[str, Any] = {"target": int(port.container), "protocol": port.protocol}
    return target if port.host is None else {**target, "published": str(port.host)}


def _storage(request: Request, container: Request) -> dict[str, Any]:
    found = storage.of(request, container)
    return {
        "volumes": [_kept(_mount(request, mount)) for mount in found.mounts],
        "volumes_from": [
            f"{_service_name(request, other)}:{'ro' if read_only else 'rw'}"
            for other, read_only in found.borrowed
        ],
        "tmpfs": [f"{target}:{options}" for target, options in found.tmpfs],
    }


def _mount(request: Request, mount: Mount) -> dict[str, Any]:
    if mount.bind:
        # the agent's Docker makes a folder that is not there
        kind = {"type": "bind", "source": mount.source, "bind": {"create_host_path": True}}
    else:
        kind = {"type": "volume", "source": _volume(request, mount)}
    return {**kind, "target": mount.target, "read_only": mount.read_only}


def _lifecycle(request: Request, container: Request) -> dict[str, Any]:
    check, restart = checks.of(container), order.restart(container)
    logs = container.get("logConfiguration") or {}
    waits = order.dependencies(request, container)
    return {
        "depends_on": {_service_name(request, n): {"condition": _CONDITIONS[c]} for n, c in waits.items()},
        "healthcheck": {"disable": True}
        if check is None
        else {
            "test": ["CMD-SHELL" if check.shell else "CMD", *check.words],
            "interval": f"{check.interval}s",
            "timeout": f"{check.timeout}s",
            "retries": check.retries,
            "start_period": f"{check.start_period}s",
        },
        "stop_grace_period": f"{order.stop_timeout(container)}s",
        "restart": ("on-failure" if 0 in restart.ignored else "unless-stopped") if restart.enabled else None,
        "logging": {"driver": absent.LOCAL_LOGS, "options": dict(logs.get("options") or {})}
        if logs.get("logDriver") == absent.LOCAL_LOGS
        else None,
    }


def _notes(request: Request, container: Request) -> Iterator[str]:
    yield from absent.notes(request, container)
    yield from absent.given_by_hand(request, container)
    for part in (resources.of, network.of, storage.of):
        yield from part(request, container).notes
    if hardware.wants_all_chips(container):
        yield "NeuronDevice ALL: add each /dev/neuron* of the machine to devices"
    restart = order.restart(container)
    if restart.enabled:
        yield (
            "it is restarted at once, and of ignoredExitCodes only 0 counts; the agent restarts what ran "
            f"{restart.period} s"
        )
    if Condition.COMPLETE in order.dependencies(request, container).values():
        yield "COMPLETE is taken for SUCCESS: Compose waits for exit code 0"
    if len(request["containerDefinitions"]) > 1:
        yield "the end of an essential container ends the others with `up --abort-on-container-exit` only"


def _mib(value: int | None) -> str | None:
    return f"{value}m" if value else None


def _unique(values: Sequence[str] | None) -> list[str]:
    return list(dict.fromkeys(values or ()))


def _kept(values: Mapping[str, Any]) -> dict[str, Any]:
    """Without what is absent or empty: an empty list would override what the image has."""
    return {k: v for k, v in values.items() if v not in (None, False, [], {})}


def _escaped(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _escaped(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_escaped(inner) for inner in value]
    return value.replace("$", "$$") if isinstance(value, str) else value
