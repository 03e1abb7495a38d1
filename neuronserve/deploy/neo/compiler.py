r"""CompilerOptions: a JSON object of options, and for Neuron targets a JSON string of command-line flags.

The API's reference: ``"CompilerOptions": "\"--verbose 1 --num-neuroncores 2 -O2\""``: what is sent is a JSON
string literal, its quotes included.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence
from typing import Any

from neuronserve.errors import InvalidInput

# neuron-cc gets these from the framework that calls it
_NEOS_OWN = ("compile", "--framework", "--io-config", "--output", "--pipeline", "--state")


def encoded(flags: str) -> str:
    """Flags as the member's text: ``--num-neuroncores 2`` -> ``"--num-neuroncores 2"``, quotes included."""
    return json.dumps(flags)


def flags_of(text: str) -> str | None:
    """The flags in a member's text; None: it is no JSON string."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, str) else None


def object_of(text: str) -> dict[str, Any] | None:
    """The options in a member's text; None: it is no JSON object."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def joined(words: Sequence[str]) -> str:
    """The words of --neuron-options, which may be repeated. Raises InvalidInput."""
    flags = " ".join(word.strip() for word in words).strip()
    if flags[:1] == '"':
        raise InvalidInput(f"--neuron-options {flags}: the quotes are added when it is sent; leave them out")
    if fault := fault_of(flags):
        raise InvalidInput(f"--neuron-options {flags}: {fault}")
    return flags


def fault_of(flags: str) -> str:
    """Why the Neuron compiler would not take such flags, or ""."""
    try:
        words = shlex.split(flags)
    except ValueError as error:
        return f"{str(error).lower()}: a quote has no end"
    if not words:
        return "there is no flag in it"
    if not words[0].startswith("-"):
        return f"{words[0]!r} is no flag: they begin with -"
    if not flags.isprintable():
        return "there are control characters in it: write it as one line"
    for word, after in zip(words, [*words[1:], ""], strict=True):
        name, equals, value = word.partition("=")
        if name in _NEOS_OWN:
            return f"{name} is for Neo to set"
        if name in ("--num-neuroncores", "--neuroncore-pipeline-cores"):
            cores = value if equals else after
            if not (cores.isdecimal() and 1 <= int(cores) <= 64):
                return f"{name} {cores}: expected a number of NeuronCores, 1 to 64"
    return ""
