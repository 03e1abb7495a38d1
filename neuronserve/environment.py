"""One environment variable: how its text is read, and what a person is told about it."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

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


def name(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,254}", text):
        raise Fault("a name of letters, digits, '.', '_' and '-', beginning with a letter or digit")
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
