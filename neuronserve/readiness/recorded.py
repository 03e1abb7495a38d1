"""Files of recorded requests, one to a line: warm-ups, and golden answers.

A line is the JSON body of a TensorFlow Serving request, and what is to be known beside it::

    {"instances": [[1.0, 2.0]], "predictions": [[2.0, 4.0]], "name": "pair", "rtol": 0.01, "atol": 0.001}
    {"inputs": {"x": [[1.0, 2.0]]}, "signature_name": "serving_default", "model": "m", "version": 1}

``predictions`` or ``outputs``: the answer expected, as the service gives it for JSON; without either the line
only warms up. Blank lines, and lines that begin with ``#``, are skipped. The file is read line by line.
"""

from __future__ import annotations

import codecs
import dataclasses
import difflib
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from neuronserve.errors import MalformedBody, WarmUpFailed
from neuronserve.payload import jsontext
from neuronserve.readiness.compare import Tolerance

LONGEST_LINE = 100_000_000  # bytes
_REQUEST = ("instances", "inputs")
_ANSWER = ("predictions", "outputs")
_KEYS = (*_REQUEST, "signature_name", *_ANSWER, "name", "model", "version", "rtol", "atol")


@dataclasses.dataclass(frozen=True)
class Recorded:
    """One line. ``where``: file and line number, with its ``name``. ``model`` is empty where none is named.

    ``request``: the body. ``answer``: ``("predictions" | "outputs", value)``, None for a mere warm-up.
    """

    where: str
    request: Mapping[str, Any]
    answer: tuple[str, Any] | None = None
    model: str = ""
    version: int | None = None
    tolerance: Tolerance = Tolerance()


def read(path: Path) -> Iterator[Recorded]:
    """The lines of a file. WarmUpFailed: it cannot be read, or a line is wrong; with the line's number."""
    if not path.is_file():
        raise WarmUpFailed(
            f"{path} is no file", hint="recorded requests are a file of JSON, one request to a line"
        )
    try:
        with path.open("rb") as stream:
            number = 0
            while line := stream.readline(LONGEST_LINE + 1):
                number += 1
                if len(line) > LONGEST_LINE:
                    raise WarmUpFailed(
                        f"{path}, line {number} is longer than {LONGEST_LINE // 10**6} MB",
                        hint="a line is one request; make several of it",
                    )
                line = line.removeprefix(codecs.BOM_UTF8).strip()
                if line and not line.startswith(b"#"):
                    found = parse(line, f"{path}, line {number}")
                    line = b""  # may be large, and is of no more use while what it said is
                    yield found
    except OSError as error:
        raise WarmUpFailed(
            f"{path} cannot be read: {error.strerror}", hint="is it readable for the service?"
        ) from error


def parse(line: bytes, where: str) -> Recorded:
    """One line. WarmUpFailed: it is no recorded request."""
    document = _document(line, where)
    for key in document:
        if key not in _KEYS:
            near = difflib.get_close_matches(key, _KEYS, n=1)
            raise WarmUpFailed(
                f"{where}: {key[:100]!r} is not known here" + (f"; is {near[0]!r} meant?" if near else ""),
                hint=f"a line may have {', '.join(_KEYS)}",
            )
    _one_of(_REQUEST, document, where, needed=True)
    answer = _one_of(_ANSWER, document, where, needed=False)
    name = _text(document, "name", where)
    return Recorded(
        where=f"{where} ({name!r})" if name else where,
        request={key: document[key] for key in (*_REQUEST, "signature_name") if key in document},
        answer=(answer, document[answer]) if answer else None,
        model=_text(document, "model", where),
        version=_version(document, where),
        tolerance=_tolerance(document, where),
    )


def _document(line: bytes, where: str) -> dict[str, Any]:
    try:
        documents = jsontext.documents(line)
    except MalformedBody as error:
        told = error.message.replace("the body", "it", 1)
        raise WarmUpFailed(f"{where}: {told}", hint=error.hint or "a line is one JSON object") from error
    if len(documents) != 1 or type(documents[0]) is not dict:
        found = f"{len(documents)} JSON documents" if len(documents) > 1 else "no JSON object"
        raise WarmUpFailed(f"{where}: it is {found}", hint='a line is one object: {"instances": [...]}')
    return documents[0]


def _one_of(keys: tuple[str, str], document: Mapping[str, Any], where: str, *, needed: bool) -> str:
    found = [key for key in keys if key in document]
    if len(found) == 1 or not (found or needed):
        return found[0] if found else ""
    has = "both" if found else "neither"
    raise WarmUpFailed(
        f'{where}: it has {has} "{keys[0]}" {"and" if found else "nor"} "{keys[1]}"',
        hint="a line has one of them",
    )


def _text(document: Mapping[str, Any], key: str, where: str) -> str:
    value = document.get(key, "")
    if type(value) is not str:
        raise WarmUpFailed(f'{where}: "{key}" is no text')
    return value[:200]


def _version(document: Mapping[str, Any], where: str) -> int | None:
    version = document.get("version")
    if version is not None and (type(version) is not int or version < 0):
        raise WarmUpFailed(f'{where}: "version" is no whole number from 0')
    return version


def _tolerance(document: Mapping[str, Any], where: str) -> Tolerance:
    found = Tolerance()
    for key in ("rtol", "atol"):
        value = document.get(key, getattr(found, key))
        if type(value) not in (int, float) or not 0 <= value < math.inf:
            raise WarmUpFailed(f'{where}: "{key}" is no number from 0', hint="leave it out for the default")
        found = dataclasses.replace(found, **{key: float(value)})
    return found
