"""A service's events: new ones only, each once, oldest first."""

from __future__ import annotations

import datetime as dt
from typing import Any

UNPLACED = "was unable to place a task"


class Events:
    """Remembers what it has given. ``seen``: the service as it was before, whose events are no news."""

    def __init__(self, seen: dict[str, Any] | None = None) -> None:
        self._known = {event.get("id") for event in _events(seen or {})}

    def new(self, service: dict[str, Any]) -> list[dict[str, Any]]:
        """ECS gives the newest hundred, newest first."""
        found = [event for event in _events(service) if event.get("id") not in self._known]
        self._known |= {event.get("id") for event in found}
        return found[::-1]


def _events(service: dict[str, Any]) -> list[dict[str, Any]]:
    return list(service.get("events") or ())


def line(event: dict[str, Any]) -> str:
    """With its time in UTC."""
    at = event.get("createdAt")
    time = at.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ ") if isinstance(at, dt.datetime) else ""
    return f"{time}{event.get('message', '')}"
