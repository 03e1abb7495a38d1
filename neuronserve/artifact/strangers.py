"""What lies in an artifact that holds no SavedModel: named, with what to do about it."""

from __future__ import annotations

import contextlib
import io
import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import BinaryIO

from neuronserve.artifact.formats import content
from neuronserve.artifact.formats.table import BY_KEY, FORMATS, NEURON_IMAGES, Format
from neuronserve.artifact.members import shown
from neuronserve.errors import ArtifactError, CorruptArchive, NoSavedModel, OtherFramework

__all__ = ["NEURON_IMAGES", "Opener", "not_packed", "opener", "refusal"]

log = logging.getLogger(__name__)
_MOST_FILES = 1000  # that are looked into
# what a format is when a Hugging Face configuration lies beside it
_WITH_CONFIG = {"neuron_torch": "optimum", "keras": "hf_keras"}

Opener = Callable[[str], contextlib.AbstractContextManager[BinaryIO]]  # a file of a tree, by its path in it


def opener(root: Path) -> Opener:
    """Opens the files of a tree on the disk. May raise OSError."""
    return lambda path: (root / path).open("rb")


def refusal(files: Sequence[str], source: str, open_file: Opener | None = None) -> ArtifactError:
    """The error for a tree of ``files`` without a SavedModel: NoSavedModel, or OtherFramework.

    Without ``open_file`` the names alone decide.
    """
    if not files:
        return NoSavedModel(
            f"{source} is empty: it holds no SavedModel", hint="fill it with what tf.saved_model.save wrote"
        )
    formats = {path: one for path in files[:_MOST_FILES] if (one := _format(path, open_file))}
    if formats:
        path, kind = _most_telling(formats)
        error = OtherFramework if kind.other else NoSavedModel
        return error(f"{source} holds no SavedModel, but {kind.words}: {shown(path)}", hint=kind.hint)
    some = ", ".join(shown(path) for path in files[:5])
    more = f" and {len(files) - 5:,} more" if len(files) > 5 else ""
    return NoSavedModel(
        f"{source} holds no SavedModel (no saved_model.pb); it holds {some}{more}",
        hint="expected: saved_model.pb, 1/saved_model.pb, NAME/1/saved_model.pb or "
        "export/Servo/1/saved_model.pb",
    )


def not_packed(what: str, head: bytes, description: str, hint: str) -> ArtifactError:
    """The error for a file that should be an archive: OtherFramework for a model of another framework."""
    kind = BY_KEY.get(_shown_by(io.BytesIO(head)))
    if kind is not None and kind.other:
        return OtherFramework(f"{what} is {kind.words}, and no archive with a SavedModel", hint=kind.hint)
    return CorruptArchive(f"{what} is no tar.gz archive: it is {description}", hint=hint)


def _most_telling(formats: dict[str, Format]) -> tuple[str, Format]:
    """The file, and what the artifact is; a Hugging Face configuration beside it can change that."""
    path, kind = min(formats.items(), key=lambda item: (FORMATS.index(item[1]), item[0]))
    if any(one.key == "hf_config" for one in formats.values()):
        kind = BY_KEY[_WITH_CONFIG.get(kind.key, kind.key)]
    return path, kind


def _format(path: str, open_file: Opener | None) -> Format | None:
    """By content, and by name where that shows nothing."""
    key = ""
    if open_file is not None:
        with contextlib.suppress(OSError), open_file(path) as file:
            key = _shown_by(file)
    return BY_KEY.get(key) or next((one for one in FORMATS if one.has_name(path)), None)


def _shown_by(file: BinaryIO) -> str:
    """The key of the format that a content shows; "" where reading it raises anything."""
    try:
        return content.format_of(file)
    except Exception:  # a stranger's file, read by the libraries of many formats
        log.debug("the format of a file cannot be told", exc_info=True)
        return ""
