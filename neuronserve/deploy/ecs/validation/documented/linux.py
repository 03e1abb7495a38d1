"""What Docker and the kernel ask for: capabilities, ulimits, tmpfs, swap."""

from __future__ import annotations

from collections.abc import Iterator

from neuronserve.deploy.ecs.validation.documented import names
from neuronserve.deploy.ecs.validation.subject import Subject, takes_chips
from neuronserve.deploy.findings import Finding
from neuronserve.deploy.node import Node

# Both lists: ECS API reference, KernelCapabilities and Tmpfs
_CAPABILITIES = frozenset({
    "ALL", "AUDIT_CONTROL", "AUDIT_WRITE", "BLOCK_SUSPEND", "CHOWN", "DAC_OVERRIDE", "DAC_READ_SEARCH",
    "FOWNER", "FSETID", "IPC_LOCK", "IPC_OWNER", "KILL", "LEASE", "LINUX_IMMUTABLE", "MAC_ADMIN",
    "MAC_OVERRIDE", "MKNOD", "NET_ADMIN", "NET_BIND_SERVICE", "NET_BROADCAST", "NET_RAW", "SETFCAP",
    "SETGID", "SETPCAP", "SETUID", "SYS_ADMIN", "SYS_BOOT", "SYS_CHROOT", "SYS_MODULE", "SYS_NICE",
    "SYS_PACCT", "SYS_PTRACE", "SYS_RAWIO", "SYS_RESOURCE", "SYS_TIME", "SYS_TTY_CONFIG", "SYSLOG",
    "WAKE_ALARM",
})  # fmt: skip
_MOUNT_OPTIONS = frozenset({
    "defaults", "ro", "rw", "suid", "nosuid", "dev", "nodev", "exec", "noexec", "sync", "async",
    "dirsync", "remount", "mand", "nomand", "atime", "noatime", "diratime", "nodiratime", "bind", "rbind",
    "unbindable", "runbindable", "private", "rprivate", "shared", "rshared", "slave", "rslave",
    "relatime", "norelatime", "strictatime", "nostrictatime", "mode", "uid", "gid", "nr_inodes",
    "nr_blocks", "mpol",
})  # fmt: skip


def check(subject: Subject) -> Iterator[Finding]:
    for container in subject.containers:
        linux = container.at("linuxParameters")
        for member in ("add", "drop"):
            for capability in linux.each("capabilities", member):
                yield from _capability(capability)
        if takes_chips(container):
            yield from _needless(linux)
        for tmpfs in linux.each("tmpfs"):
            yield from _tmpfs(tmpfs)
        yield from _swap(linux)
        yield from _ulimits(container)


def _capability(capability: Node) -> Iterator[Finding]:
    text = capability.text
    if text is None or text in _CAPABILITIES:
        return
    plain = text.upper().removeprefix("CAP_")
    fix = f"write {plain}" if plain in _CAPABILITIES else "see KernelCapabilities in the ECS API reference"
    yield capability.error("unknown-capability", f"{text[:60]!r} is no capability that ECS knows", fix)


def _needless(linux: Node) -> Iterator[Finding]:
    for capability in linux.each("capabilities", "add"):
        if capability.text == "IPC_LOCK":
            yield capability.note(
                "ipc-lock", "IPC_LOCK was for version 1 of the Neuron runtime; it does no harm", "remove it"
            )


def _tmpfs(tmpfs: Node) -> Iterator[Finding]:
    path = tmpfs.at("containerPath")
    if path.text is not None and not path.text.startswith("/"):
        yield path.error("path-form", "expected an absolute path", "begin it with /")
    for option in tmpfs.each("mountOptions"):
        if option.text is not None and option.text.partition("=")[0] not in _MOUNT_OPTIONS:
            yield option.error(
                "unknown-mount-option", f"{option.text[:60]!r} is no mount option that ECS knows", "remove it"
            )


def _swap(linux: Node) -> Iterator[Finding]:
    if linux.at("swappiness").given and not linux.at("maxSwap").given:
        yield linux.at("swappiness").warning(
            "swappiness-without-effect", "swappiness without maxSwap is ignored", "add maxSwap, or remove it"
        )


def _ulimits(container: Node) -> Iterator[Finding]:
    for ulimit in container.each("ulimits"):
        soft, hard = ulimit.at("softLimit"), ulimit.at("hardLimit")
        endless = hard.number == -1
        if soft.number is not None and hard.number is not None and not endless and soft.number > hard.number:
            yield soft.error(
                "ulimit-order", f"softLimit {soft.number} above hardLimit {hard.number}", "lower the soft one"
            )
    yield from names.repeated(container.find("ulimits.*.name"), "ulimit")
