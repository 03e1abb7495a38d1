"""The revisions of a family, newest first, and who uses them."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterator, Mapping
from typing import Any, Final

from neuronserve.deploy.aws import Aws
from neuronserve.deploy.ecs.registry import described
from neuronserve.deploy.ecs.registry.described import Registered, Status

_ALL: Final[tuple[Status, ...]] = ("ACTIVE", "INACTIVE", "DELETE_IN_PROGRESS")
HEADS: Final = ("REVISION", "STATUS", "REGISTERED", "CPU", "MEMORY", "IMAGE", "USED BY")


@dataclasses.dataclass(frozen=True)
class Revision:
    """``cpu`` (units) and ``memory`` (MiB): of the task, else of its containers together; None: not bounded.

    ``images``: by container. ``used_by``: None when it could not be found out.
    """

    arn: str
    revision: int
    status: str
    registered_at: dt.datetime | None
    cpu: int | None
    memory: int | None
    images: dict[str, str]
    used_by: tuple[str, ...] | None

    def as_dict(self) -> dict[str, Any]:
        return dataclasses.asdict(self)

    def row(self) -> list[str]:
        """For a person, one cell for each of HEADS."""
        when = self.registered_at.strftime("%Y-%m-%d %H:%M %Z").strip() if self.registered_at else "-"
        users = "?" if self.used_by is None else ", ".join(self.used_by) or "-"
        images = ", ".join(dict.fromkeys(self.images.values()))
        return [str(self.revision), self.status, when, _cell(self.cpu), _cell(self.memory), images, users]


def read(
    aws: Aws, family: str, users: Mapping[str, list[str]] | None, *, inactive: bool, newest: int | None
) -> Iterator[Revision]:
    """The ``newest`` ones (None: all), newest first; ``inactive``: also those that are deregistered."""
    listed = [arn for status in _ALL[: 3 if inactive else 1] for arn in described.arns(aws, family, status)]
    for arn in sorted(listed, key=described.revision_of, reverse=True)[:newest]:
        found = described.look(aws, arn)
        if found is not None:  # deleted since it was listed
            yield _revision(found, None if users is None else tuple(users.get(arn, ())))


def _revision(found: Registered, used_by: tuple[str, ...] | None) -> Revision:
    containers = found.request.get("containerDefinitions", [])
    return Revision(
        arn=found.arn,
        revision=found.revision,
        status=found.status,
        registered_at=found.registered_at,
        cpu=_amount(found.request.get("cpu"), [container.get("cpu") for container in containers]),
        memory=_amount(
            found.request.get("memory"),
            [container.get("memory") or container.get("memoryReservation") for container in containers],
        ),
        images={container["name"]: container["image"] for container in containers if "image" in container},
        used_by=used_by,
    )


def _amount(task: str | None, containers: list[int | None]) -> int | None:
    if task is not None and task.isdecimal():
        return int(task)
    return sum(amount or 0 for amount in containers) or None


def _cell(amount: int | None) -> str:
    return "-" if amount is None else str(amount)
