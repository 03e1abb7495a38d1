"""Warm-up and golden files: there, and readable to the last line."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from neuronserve.artifact.bundle import Bundle
from neuronserve.doctor.finding import Finding, fault, note, ok, warn
from neuronserve.errors import NeuronserveError, WarmUpFailed
from neuronserve.modelserver import warmuplog
from neuronserve.readiness import GOLDEN_FILE, recorded
from neuronserve.settings import Settings


def findings(bundle: Bundle, settings: Settings) -> Iterator[Finding]:
    golden = settings.golden or _came_along(bundle)
    if isinstance(settings.warmup, Path):
        yield _lines("warm-up", settings.warmup)
    elif settings.warmup == "auto":
        yield from _own(bundle)
    if golden is not None:
        yield _lines("golden answers", golden)


def _came_along(bundle: Bundle) -> Path | None:
    found = bundle.extras_path / GOLDEN_FILE if bundle.extras_path else None
    return found if found is not None and found.is_file() else None


def _own(bundle: Bundle) -> Iterator[Finding]:
    """The file that TensorFlow Serving replays, of each version that has one."""
    for model in bundle.models:
        for version in model.versions:
            file = model.base_path / str(version) / warmuplog.FILE
            if not file.is_file():
                continue
            try:
                count = sum(1 for _ in warmuplog.records(file))
            except (NeuronserveError, OSError) as error:
                # the model server reads it when it loads the model: its start decides
                yield warn(f"warm-up: {error}", "write the file again, or leave it out")
                continue
            if count > warmuplog.MOST:
                fix = f"keep {warmuplog.MOST} at most"
                yield warn(f"warm-up: {file} has {count} requests, more than model servers take", fix)
            else:
                yield ok(f"warm-up: {model.name}/{version} brings {count} requests", requests=count)


def _lines(what: str, file: Path) -> Finding:
    try:
        lines = [line.answer is not None for line in recorded.read(file)]
    except WarmUpFailed as error:
        return fault(error, file=str(file))
    answers = sum(lines)
    told: dict[str, Any] = {"file": str(file), "requests": len(lines), "answers": answers}
    if what == "golden answers" and not answers:
        return note(f"{what}: {file} has {len(lines)} requests and no answers to compare", **told)
    return ok(f"{what}: {file} has {len(lines)} requests, {answers} with their answers", **told)
