"""The container engine: the one that CONTAINER_ENGINE names, else the first that is there."""

from __future__ import annotations

import dataclasses
import os
import shutil
import subprocess
import sys


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
    """The engine; ends the program with what to do when there is none, or it does not answer."""
    named = os.environ.get("CONTAINER_ENGINE", "")
    program = next((p for p in ([named] if named else ["docker", "podman"]) if shutil.which(p)), "")
    if not program:
        told = (
            f"CONTAINER_ENGINE={named} is not on PATH" if named else "Neither docker nor podman is installed"
        )
        sys.exit(f"{told}. Install one, for example with:\n\n    sudo apt-get install -y podman\n")
    answer = subprocess.run([program, "info"], capture_output=True, text=True, check=False)
    if answer.returncode != 0:
        sys.exit(f"`{program} info` failed: {answer.stderr.strip() or answer.stdout.strip()}")
    return Engine(program)
