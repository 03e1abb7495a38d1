"""The container engine: the one that CONTAINER_ENGINE names, else the first that is there."""

from __future__ import annotations

import dataclasses
import os
import shutil
import subprocess
import sys

import _workshop

# what podman needs and Debian only recommends
_PODMAN = ("podman", "buildah", "crun", "netavark", "aardvark-dns", "iptables", "uidmap")


@dataclasses.dataclass(frozen=True)
class Engine:
    """``program`` is docker, podman or what CONTAINER_ENGINE names."""

    program: str

    @property
    def podman(self) -> bool:
        """Whether it is podman, also where it is called docker (package podman-docker)."""
        told = subprocess.run([self.program, "--version"], capture_output=True, text=True, check=False)
        return "podman" in told.stdout.lower()

    def build_options(self) -> list[str]:
        # podman's own format has no room for HEALTHCHECK and drops it
        return ["--format", "docker"] if self.podman else []

    def has(self, tag: str) -> bool:
        """Whether an image of that name is there."""
        inspect = [self.program, "image", "inspect", tag]
        return subprocess.run(inspect, capture_output=True, check=False).returncode == 0

    def size(self, tag: str) -> int:
        """Bytes of the image's layers, unpacked."""
        inspect = [self.program, "image", "inspect", "--format", "{{.Size}}", tag]
        return int(subprocess.run(inspect, capture_output=True, text=True, check=True).stdout)


def find() -> Engine:
    """The engine that CONTAINER_ENGINE names, else docker or podman, whichever answers.

    Without any, podman is installed by root; the program ends with what to do where that cannot be.
    """
    named = os.environ.get("CONTAINER_ENGINE", "")
    candidates = [named] if named else [p for p in ("docker", "podman") if shutil.which(p)]
    if not candidates:
        _workshop.system_packages(_PODMAN)
        candidates = ["podman"]
    complaints = []
    for program in candidates:
        complaint = _complaint(program)
        if not complaint:
            return Engine(program)
        complaints.append(f"`{program} info`: {complaint}")
    return sys.exit("No container engine answers.\n" + "\n".join(complaints))


def _complaint(program: str) -> str:
    """Why the engine cannot be used; nothing when it can."""
    if not shutil.which(program):
        return "not on PATH"
    answer = subprocess.run([program, "info"], capture_output=True, text=True, check=False)
    return "" if answer.returncode == 0 else answer.stderr.strip() or answer.stdout.strip() or "failed"
