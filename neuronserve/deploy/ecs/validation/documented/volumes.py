"""Volumes: that mounts name those that exist, and what goes with what."""

from __future__ import annotations

from collections.abc import Iterator

from neuronserve.deploy.ecs.validation.documented import names
from neuronserve.deploy.ecs.validation.subject import Subject
from neuronserve.deploy.findings import Finding
from neuronserve.deploy.node import Node

_KINDS = (
    "host", "dockerVolumeConfiguration", "efsVolumeConfiguration", "s3filesVolumeConfiguration",
    "fsxWindowsFileServerVolumeConfiguration",
)  # fmt: skip


def check(subject: Subject) -> Iterator[Finding]:
    volumes = list(subject.root.each("volumes"))
    known = {v.at("name").text for v in volumes}
    later = subject.root.may_have("volumes.*.name")
    for container in subject.containers:
        for mount in container.each("mountPoints"):
            yield from _mount(mount, known, later=later)
        yield from names.repeated(container.find("mountPoints.*.containerPath"), "mount")
    for volume in (v for v in volumes if not v.unknown):
        yield from _one_kind(volume)
        yield from _efs(volume.at("efsVolumeConfiguration"))
    at_launch = [v for v in volumes if v.at("configuredAtLaunch").flag]
    for volume in at_launch[1:]:
        yield volume.at("configuredAtLaunch").error(
            "volume-at-launch", "only one volume of a task can be configured at launch", "keep one"
        )


def _mount(mount: Node, known: set[str | None], *, later: bool) -> Iterator[Finding]:
    if not isinstance(mount.value, dict):
        return
    source, path = mount.at("sourceVolume"), mount.at("containerPath")
    for member in (source, path):
        if not member.given:
            name = member.pointer.rpartition("/")[2]
            yield mount.error("missing-member", f"a mount needs {name}", f"add {name}")
    if source.text is not None and source.text not in known and not later:
        yield source.error(
            "unknown-volume",
            f"there is no volume {source.text[:60]!r}",
            "add it to volumes, or correct the name",
        )


def _one_kind(volume: Node) -> Iterator[Finding]:
    kinds = [kind for kind in _KINDS if volume.at(kind).given and not _empty_host(kind, volume.at(kind))]
    if len(kinds) > 1:
        yield volume.error(
            "volume-kinds", f"a volume is of one kind, and this has {', '.join(kinds)}", "keep one"
        )


def _empty_host(kind: str, place: Node) -> bool:
    """``host: {}`` stands beside every kind in what older consoles write, and means nothing there."""
    return kind == "host" and not place.unknown and not place.at("sourcePath").given


def _efs(efs: Node) -> Iterator[Finding]:
    authorization, transit = efs.at("authorizationConfig"), efs.at("transitEncryption")
    asks = authorization.at("iam").text == "ENABLED" or authorization.at("accessPointId").given
    if asks and not transit.unknown and transit.text != "ENABLED":
        yield transit.error(
            "efs-encryption", "an access point, or IAM, needs encryption in transit", "write ENABLED"
        )
    root = efs.at("rootDirectory")
    if authorization.at("accessPointId").given and root.text not in (None, "/"):
        yield root.error("efs-root", "the access point has a root of its own", "leave rootDirectory out")
