"""One environment variable: how its text is read, and what a person is told about it."""

from __future__ import annotations

import dataclasses
import difflib
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from neuronserve import instances

Parse = Callable[[str], Any]


@dataclasses.dataclass(frozen=True)
class Variable:
    """One environment variable: how it is read, and what a person is told about it."""

    name: str
    parse: Parse
    default: str
    unit: str
    meaning: str
    group: str


class Fault(ValueError):
    """What was expected instead."""


def integer(low: int, high: int) -> Parse:
    def parse(text: str) -> int:
        if not re.fullmatch(r"[+-]?\d+", text) or not low <= int(text) <= high:
            raise Fault(f"a whole number from {low} to {high}")
        return int(text)

    return parse


def number(low: float, high: float) -> Parse:
    def parse(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = float("nan")
        if not low <= value <= high:
            raise Fault(f"a number from {low:g} to {high:g}")
        return value

    return parse


def choice(*words: str) -> Parse:
    def parse(text: str) -> str:
        if text.lower() not in words:
            raise Fault("one of " + ", ".join(words))
        return text.lower()

    return parse


def media_type(text: str) -> str:
    """Such as ``text/csv``."""
    if not re.fullmatch(r"[A-Za-z0-9.+-]{1,64}/[A-Za-z0-9.+-]{1,64}", text):
        raise Fault("a media type, such as text/csv")
    return text


def flag(text: str) -> bool:
    word = text.lower()
    if word in ("true", "1", "yes", "on"):
        return True
    if word in ("false", "0", "no", "off"):
        return False
    raise Fault("true or false")


def text(text: str) -> str:
    return text


def path(text: str) -> Path:
    if not text.startswith("/"):
        raise Fault("an absolute path")
    return Path(text)


def files(text: str) -> tuple[str, ...]:
    """Paths of files that are there, parted by commas."""
    found = tuple(filter(None, (part.strip() for part in text.split(","))))
    for file in found:
        if not Path(file).is_file():
            raise Fault(f"files that are there, parted by commas; there is no {file}")
    return found


def names(text: str) -> tuple[str, ...]:
    """Of environment variables, parted by commas."""
    found = tuple(filter(None, (part.strip() for part in text.split(","))))
    for one in found:
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", one):
            raise Fault("names of environment variables, parted by commas")
    return found


def name(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,254}", text):
        raise Fault("a name of letters, digits, '.', '_' and '-', beginning with neither '.' nor '-'")
    return text


DIGEST_LENGTHS = {"sha256": (64,), "blake2b": (64, 128)}  # hexadecimal digits


def digest(text: str) -> str:
    algorithm, _, value = text.lower().partition(":")
    if len(value) not in DIGEST_LENGTHS.get(algorithm, ()) or not re.fullmatch("[0-9a-f]+", value):
        raise Fault("sha256:<64 hex digits> or blake2b:<128 or 64 hex digits>")
    return f"{algorithm}:{value}"


def port_range(text: str) -> tuple[int, int]:
    match = re.fullmatch(r"(\d{1,5})-(\d{1,5})", text)
    if not match or not 1 <= int(match[1]) <= int(match[2]) <= 65535:
        raise Fault("two ports LOW-HIGH, 1 to 65535")
    return int(match[1]), int(match[2])


def instance_type(text: str) -> str:
    """A type of the catalogue; SageMaker's name for it is understood too."""
    name = text.lower().removeprefix("ml.")
    if name not in (known := instances.catalogue()):
        near = difflib.get_close_matches(name, known, n=1)
        raise Fault(f"one of {', '.join(known)}" + (f"; did you mean {near[0]}?" if near else ""))
    return name


def core_range(text: str) -> tuple[int, int]:
    """``3``, ``0-3``, or a list that is the same as a range: ``0,1,2,3``. First and last core."""
    match = re.fullmatch(r"(\d{1,4})(?:-(\d{1,4}))?", text)
    if match:
        first, last = int(match[1]), int(match[2] or match[1])
    elif re.fullmatch(r"\d{1,4}(,\s*\d{1,4})+", text):
        cores = [int(core) for core in text.split(",")]
        first, last = cores[0], cores[-1]
        if cores != list(range(first, last + 1)):
            raise Fault("contiguous cores, ascending, such as 0-3: the runtime takes no others")
    else:
        raise Fault("a core, or a range of cores such as 0-3")
    if last < first:
        raise Fault("a range that ascends, such as 0-3")
    return first, last


def placement(text: str) -> tuple[tuple[str, int, int], ...]:
    """``resnet=0-3,bert=4-7`` or, for one model, ``0-3,4-7``: (model or "", first core, last core)."""
    entries = []
    for entry in text.split(","):
        model, equals, cores = entry.strip().rpartition("=")
        try:
            first, last = core_range(cores.strip())
            entries.append((name(model.strip()) if equals else "", first, last))
        except Fault:
            raise Fault("MODEL=FIRST-LAST,... or FIRST-LAST,...: one entry for each model server") from None
    return tuple(entries)


def batch(text: str) -> str | int:
    """``auto``, ``off``, or a number of rows."""
    word = text.lower()
    return word if word in ("auto", "off") else integer(1, 1 << 20)(text)


def warm_up(text: str) -> str | Path:
    """``auto``, ``off``, or an absolute path."""
    return text.lower() if text.lower() in ("auto", "off") else path(text)
