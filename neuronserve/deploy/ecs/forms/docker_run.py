"""A container definition as ``docker run`` or ``podman run``, as near to the ECS agent as an engine can be.

The result is a list of words: nothing is quoted for a shell. What an engine cannot be told is in ``notes``.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Mapping
from typing import Any

from neuronserve.deploy.ecs.agent import absent, checks, hardware, network, order, resources, storage
from neuronserve.deploy.ecs.agent.checks import Check
from neuronserve.deploy.ecs.agent.network import Kind, Network, Port
from neuronserve.deploy.ecs.forms.around import ALONE, Around, container_name, is_podman, volume_name

Request = Mapping[str, Any]
Options = Iterator[str]


def words(
    request: Request, container: Request, *, engine: str = "docker", around: Around = ALONE
) -> list[str]:
    """``[engine, "run", "--detach", ..., image, ...]``. Raises InvalidInput for what contradicts itself."""
    podman = is_podman(engine, around)
    entry, *arguments = container.get("entryPoint") or [None]
    return [
        engine,
        "run",
        "--detach",
        *_identity(request, container, around),
        *_environment(container, around, podman),
        *_hardware(container, around, podman),
        *_resources(request, container),
        *_process(request, container),
        *_network(request, container, around, podman),
        *_storage(request, container, around, podman),
        *_health(container, around, podman),
        *_lifecycle(container, around),
        *_logs(container),
        *([] if entry is None else ["--entrypoint", entry]),
        container["image"],
        *arguments,
        *(container.get("command") or ()),
    ]


def notes(
    request: Request, container: Request, *, engine: str = "docker", around: Around = ALONE
) -> list[str]:
    """What is left out of ``words``, or is not quite what the agent does; a line each."""
    found = [
        *absent.notes(request, container),
        *(() if around.watched else absent.given_by_hand(request, container)),
        *resources.of(request, container).notes,
        *network.of(request, container).notes,
        *storage.of(request, container).notes,
        *_engines_notes(container, around, podman=is_podman(engine, around)),
    ]
    return list(dict.fromkeys(found))


def _identity(request: Request, container: Request, around: Around) -> Options:
    yield from ("--name", container_name(request, container["name"], around))
    for key, value in {**(container.get("dockerLabels") or {}), **around.labels}.items():
        yield from ("--label", f"{key}={value}")
    architecture = (request.get("runtimePlatform") or {}).get("cpuArchitecture")
    if architecture:
        yield from ("--platform", "linux/arm64" if architecture == "ARM64" else "linux/amd64")


def _environment(container: Request, around: Around, podman: bool) -> Options:
    if podman:
        yield "--http-proxy=false"  # else it hands on the proxies of whoever runs it
    for variable in container.get("environment") or ():
        if variable["name"] not in around.inherited:
            yield from ("--env", f"{variable['name']}={variable.get('value', '')}")
    secrets = [secret["name"] for secret in container.get("secrets") or ()]
    for inherited in dict.fromkeys([*secrets, *around.inherited]):
        yield from ("--env", inherited)


def _hardware(container: Request, around: Around, podman: bool) -> Options:
    for device in hardware.devices(container, around.chips):
        yield from ("--device", f"{device.host}:{device.container}:{device.permissions}")
    if gpus := hardware.gpus(container):
        yield from ("--device", "nvidia.com/gpu=all") if podman else ("--gpus", gpus)


def _resources(request: Request, container: Request) -> Options:
    found = resources.of(request, container)
    yield from ("--cpu-shares", str(found.shares))
    if found.cpus:
        yield from ("--cpus", f"{found.cpus:g}")
    for option, mib in (
        ("--memory", found.memory_mib),
        ("--memory-reservation", found.reservation_mib),
        ("--memory-swap", found.swap_mib),
        ("--shm-size", found.shared_memory_mib),
    ):
        if mib:
            yield from (option, f"{mib}m")
    for limit in container.get("ulimits") or ():
        yield from ("--ulimit", f"{limit['name']}={limit['softLimit']}:{limit['hardLimit']}")


_SWITCHES = {
    "privileged": "--privileged",
    "interactive": "--interactive",
    "pseudoTerminal": "--tty",
    "readonlyRootFilesystem": "--read-only",
}
_PLAIN = {"user": "--user", "workingDirectory": "--workdir", "hostname": "--hostname"}


def _process(request: Request, container: Request) -> Options:
    linux = container.get("linuxParameters") or {}
    if linux.get("initProcessEnabled"):
        yield "--init"
    yield from (option for key, option in _SWITCHES.items() if container.get(key))
    for key, option in _PLAIN.items():
        if container.get(key):
            yield from (option, container[key])
    for key, option in (("add", "--cap-add"), ("drop", "--cap-drop")):
        for capability in (linux.get("capabilities") or {}).get(key) or ():
            yield from (option, capability)
    for one in container.get("dockerSecurityOptions") or ():
        yield from ("--security-opt", one)
    for control in container.get("systemControls") or ():
        yield from ("--sysctl", f"{control['namespace']}={control['value']}")
    if request.get("pidMode") == "host":
        yield from ("--pid", "host")
    if request.get("ipcMode") in ("host", "none"):
        yield from ("--ipc", request["ipcMode"])


def _network(request: Request, container: Request, around: Around, podman: bool) -> Options:
    found = network.of(request, container)
    if found.kind is Kind.JOINED and found.joined:
        yield from ("--network", f"container:{container_name(request, found.joined, around)}")
        return  # names and hosts are those of the other container
    if found.kind is not Kind.BRIDGE:
        yield from ("--network", str(found.kind))
    yield from _ports(found, around)
    for server in container.get("dnsServers") or ():
        yield from ("--dns", server)
    for domain in container.get("dnsSearchDomains") or ():
        yield from ("--dns-search", domain)
    for host in container.get("extraHosts") or ():
        yield from ("--add-host", f"{host['hostname']}:{host['ipAddress']}")
    for link in () if podman else container.get("links") or ():
        other, _, alias = link.partition(":")
        yield from ("--link", f"{container_name(request, other, around)}:{alias or other}")


def _ports(found: Network, around: Around) -> Options:
    for port in found.ports:
        yield from ("--publish", _publish(port, around.address))


def _publish(port: Port, address: str) -> str:
    host = "" if port.host is None else str(port.host)
    bracketed = f"[{address}]" if ":" in address else address
    place = f"{bracketed}:{host}:" if bracketed else f"{host}:" if host else ""
    return f"{place}{port.container}{'/udp' if port.protocol == 'udp' else ''}"


def _storage(request: Request, container: Request, around: Around, podman: bool) -> Options:
    if podman and container.get("readonlyRootFilesystem"):
        yield "--read-only-tmpfs=false"  # podman would make /tmp, /run and more writable
    found = storage.of(request, container)
    for mount in found.mounts:
        suffix = ":ro" if mount.read_only else ""
        yield from ("--volume", f"{volume_name(request, mount, around)}:{mount.target}{suffix}")
    for mounted in around.mounts:
        yield from ("--volume", mounted)
    for other, read_only in found.borrowed:
        yield from ("--volumes-from", f"{container_name(request, other, around)}{':ro' if read_only else ''}")
    for target, options in found.tmpfs:
        yield from ("--tmpfs", f"{target}:{options}")


def _health(container: Request, around: Around, podman: bool) -> Options:
    check = checks.of(container)
    if check is None or around.watched:
        yield "--no-healthcheck"  # the image's own does not count on ECS
        return
    yield from ("--health-cmd", _command(check, podman))
    yield from ("--health-interval", f"{check.interval}s", "--health-timeout", f"{check.timeout}s")
    yield from ("--health-retries", str(check.retries), "--health-start-period", f"{check.start_period}s")


def _command(check: Check, podman: bool) -> str:
    """One word: docker gives it to a shell; podman takes a list, unless it is of one word."""
    if check.shell:
        return check.words[0]
    if podman and len(check.words) > 1:
        return json.dumps(check.words)
    return shlex.join(check.words)


def _lifecycle(container: Request, around: Around) -> Options:
    yield from ("--stop-timeout", str(order.stop_timeout(container)))
    restart = order.restart(container)
    if restart.enabled and not around.watched:
        yield from ("--restart", "on-failure" if 0 in restart.ignored else "unless-stopped")


def _logs(container: Request) -> Options:
    logs = container.get("logConfiguration") or {}
    if logs.get("logDriver") == absent.LOCAL_LOGS:
        yield from ("--log-driver", absent.LOCAL_LOGS)
        for key, value in (logs.get("options") or {}).items():
            yield from ("--log-opt", f"{key}={value}")


def _engines_notes(container: Request, around: Around, *, podman: bool) -> Iterator[str]:
    if hardware.wants_all_chips(container) and not around.chips:
        yield "NeuronDevice ALL: add a --device for each /dev/neuron* of the machine"
    if podman and container.get("links"):
        yield "podman has no links: the containers do not find each other by name"
    if podman and hardware.gpus(container):
        yield "podman gives all GPUs, by NVIDIA's container device interface"
    if around.watched:
        return
    check, restart = checks.of(container), order.restart(container)
    if check and not check.shell and not (podman and len(check.words) > 1):
        yield f"the health check needs {checks.SHELL} in the image: the engine's options know no other"
    if check and check.shell and len(check.words) > 1:
        yield "words after the health check's first are left out: the shell would ignore them"
    if restart.enabled:
        yield (
            "the engine restarts at once, and of ignoredExitCodes only 0 counts; the agent restarts what ran "
            f"{restart.period} s"
        )
    if container.get("dependsOn"):
        waits = ", ".join(f"{d['containerName']} ({d['condition']})" for d in container["dependsOn"])
        yield f"start it after {waits}"
