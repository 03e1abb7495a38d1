"""``saved_model.pb`` or ``saved_model.pbtxt``, as a message."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from google.protobuf import text_format
from google.protobuf.message import DecodeError

from neuronserve.artifact.inspect.scan import FILES, find
from neuronserve.errors import DamagedModel
from neuronserve.messages import from_text, saved_model_pb2

MAX_BYTES = (1 << 31) - 1  # protobuf's own limit for one message
SERVE = "serve"  # the tag of the graph that model servers load

_AGAIN = "fetch or export the model again, and compare its size and digest with the original's"


def read(folder: Path) -> Any:
    """The SavedModel message of a version folder. Raises DamagedModel."""
    try:
        file = find(folder)
        if file is None:
            raise DamagedModel(
                f"{folder} holds neither {FILES[0]} nor {FILES[1]}",
                hint="name the folder that tf.saved_model.save or the compiler wrote, or a version in it",
            )
        size = file.stat().st_size
        if size > MAX_BYTES:
            raise DamagedModel(
                f"{file} has {size:,} bytes, and a protobuf message cannot have more than {MAX_BYTES:,}",
                hint="compile it with its weights outside the graph (extract-weights), or as several models",
            )
        content = file.read_bytes()
    except OSError as error:
        raise DamagedModel(
            f"{error.filename or folder} cannot be read: {error.strerror or error}",
            hint="make the model readable for everybody: chmod -R a+rX",
        ) from error
    return _binary(content, file) if file.suffix == ".pb" else _text(content, file)


def graph_of(model: Any, folder: Path) -> tuple[Any, str]:
    """The MetaGraphDef that model servers load, and a warning (or ""). Raises DamagedModel without any."""
    graphs = list(model.meta_graphs)
    if not graphs:
        raise DamagedModel(
            f"{find(folder) or folder} holds no graph: it is empty, or no SavedModel", hint=_AGAIN
        )
    served = [one for one in graphs if list(one.meta_info_def.tags) == [SERVE]]
    if served:
        return served[0], ""
    tags = "; ".join(", ".join(one.meta_info_def.tags) or "(none)" for one in graphs)
    return graphs[0], (
        f"no graph is tagged {SERVE!r} alone (found: {tags}): model servers will not load it; "
        f"export it with the tag {SERVE!r}"
    )


def _binary(content: bytes, file: Path) -> Any:
    try:
        return saved_model_pb2.SavedModel.FromString(content)
    except DecodeError as error:
        what = f"{file} ({len(content):,} bytes) is no SavedModel, or it is cut short or damaged"
        raise DamagedModel(what, hint=_AGAIN, detail=str(error)) from error


def _text(content: bytes, file: Path) -> Any:
    try:
        return from_text(content.decode(), saved_model_pb2.SavedModel())
    except (text_format.ParseError, ValueError, RecursionError) as error:
        line = error.GetLine() if isinstance(error, text_format.ParseError) else None
        where = f", at line {line}" if line else ""
        what = f"{file} is no SavedModel in text, or it is damaged{where}"
        raise DamagedModel(what, hint=_AGAIN, detail=str(error)[:500]) from error
