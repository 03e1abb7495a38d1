"""The health check of a container, as the agent has it done: by a command inside."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from neuronserve.errors import InvalidInput

SHELL = "/bin/sh"
_INTERVAL, _TIMEOUT, _RETRIES = 30, 5, 3


@dataclasses.dataclass(frozen=True)
class Check:
    """``words``: the command, or with ``shell`` one line for the container's shell. All times in seconds."""

    words: tuple[str, ...]
    shell: bool
    interval: int
    timeout: int
    retries: int
    start_period: int

    @property
    def command(self) -> tuple[str, ...]:
        """What is run inside."""
        return (SHELL, "-c", *self.words) if self.shell else self.words


def of(container: Mapping[str, Any]) -> Check | None:
    """None: it has none. The image's own HEALTHCHECK does not count on ECS.

    Raises InvalidInput for a command that is none.
    """
    given = container.get("healthCheck")
    command = list((given or {}).get("command") or ())
    if not given or command == ["NONE"]:
        return None
    if len(command) < 2 or command[0] not in ("CMD", "CMD-SHELL"):
        raise InvalidInput(
            f"container {container['name']}: /healthCheck/command is not CMD or CMD-SHELL and a command",
            hint='such as ["CMD", "python", "-m", "neuronserve.healthcheck"]',
        )
    return Check(
        words=tuple(command[1:]),
        shell=command[0] == "CMD-SHELL",
        interval=given.get("interval") or _INTERVAL,
        timeout=given.get("timeout") or _TIMEOUT,
        retries=given.get("retries") or _RETRIES,
        start_period=given.get("startPeriod") or 0,
    )
