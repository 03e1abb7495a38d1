"""NAME=VALUE words of a command line: variables, secrets, tags."""

from __future__ import annotations

from collections.abc import Sequence

from neuronserve.errors import InvalidInput


def pairs(option: str, words: Sequence[str]) -> dict[str, str]:
    """What the words of an option say; raises InvalidInput. Values are never shown: they may be secrets."""
    found: dict[str, str] = {}
    for number, word in enumerate(words, 1):
        name, equals, value = word.partition("=")
        if not equals or not name:
            raise InvalidInput(f"{option}, number {number}: expected NAME=VALUE")
        if name in found:
            raise InvalidInput(f"{option} {name} is there twice")
        found[name] = value
    return found
