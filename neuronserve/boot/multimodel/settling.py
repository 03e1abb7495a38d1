"""A task of a roster: the server's list is changed, and what is new answers its warm-up. In a thread."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Mapping, Sequence

from neuronserve.boot.multimodel.roster import Placed, Task
from neuronserve.errors import GoldenMismatch, LoadFailed, NeuronserveError, NotReady, WarmUpFailed
from neuronserve.modelserver import reload
from neuronserve.modelserver.client import Client
from neuronserve.readiness.proof import Proof, Subject
from neuronserve.settings import Settings

_log = logging.getLogger("serve")


@dataclasses.dataclass(frozen=True)
class Settled:
    """``outcomes``: of each model that came or went. ``seconds``: the slowest warm answer."""

    outcomes: Mapping[str, NeuronserveError | None]
    seconds: float = 0.0


def settle(target: str, label: str, settings: Settings, task: Task) -> Settled | None:
    """None when the server went away meanwhile. Blocks as long as loads may take."""
    client = Client(target)
    slowest = 0.0
    try:
        outcomes = dict(
            reload.apply(
                client,
                task.models,
                added=[placed.name for placed in task.added],
                removed={placed.name: placed.versions for placed in task.removed},
                timeout=settings.load_seconds,
            )
        )
        for placed in task.added:
            if outcomes[placed.name] is None:
                outcomes[placed.name], seconds = _proven(target, label, settings, placed)
                slowest = max(slowest, seconds)
    except NotReady as error:
        _log.warning("%s went away while its models changed: %s", label, error.detail or error)
        return None
    finally:
        client.channel().cancel()
    for fault in outcomes.values():
        if fault is not None and fault.detail:
            _log.error("%s: %s: %s", label, fault.message, fault.detail)
    return Settled(outcomes, slowest)


def proof_of(target: str, settings: Settings, models: Sequence[Placed], *, golden: bool = True) -> Proof:
    """Warm-up and, of a single model, its golden answers."""
    (only,) = models if golden and len(models) == 1 else (None,)
    return Proof(
        target,
        [subject for placed in models for subject in _subjects(placed)],
        warmup=settings.warmup,
        golden=only.golden if only else None,
        deadline=settings.load_seconds,
        models=[placed.name for placed in models],
    )


def _proven(
    target: str, label: str, settings: Settings, placed: Placed
) -> tuple[NeuronserveError | None, float]:
    """Why the model may not serve, and how long a warm answer takes. Raises NotReady."""
    try:
        proven = proof_of(target, settings, [placed]).prove()
    except (WarmUpFailed, GoldenMismatch) as error:
        if isinstance(error.__cause__, NotReady):
            raise error.__cause__ from None
        what = "its golden answers" if isinstance(error, GoldenMismatch) else "its warm-up"
        told = f"model {placed.name!r} was loaded, and failed {what}"
        return LoadFailed(told, hint="see the log", detail=str(error)), 0.0
    for warning in proven.warnings:
        _log.warning("%s: %s", label, warning)
    if proven.sources:
        sources = ", ".join(proven.sources)
        _log.info("%s: model %s answered %d requests (%s)", label, placed.name, proven.answered, sources)
    return None, proven.seconds


def _subjects(placed: Placed) -> list[Subject]:
    compiled = {one.version: one for one in placed.compiled}
    return [
        Subject(placed.name, version, placed.base_path / str(version), compiled.get(version), placed.copies)
        for version in placed.versions
    ]
