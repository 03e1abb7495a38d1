"""What children say, brought into our log: their own word for how bad it is becomes the line's level."""

from __future__ import annotations

import json
import logging
import re
from typing import Any

from neuronserve.supervise.children import OnLine

_WORDS = {
    "trace": logging.DEBUG,
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "notice": logging.INFO,
    "warn": logging.WARNING,
    "warning": logging.WARNING,
    "error": logging.ERROR,
    "crit": logging.CRITICAL,
    "critical": logging.CRITICAL,
    "fatal": logging.CRITICAL,
    "alert": logging.CRITICAL,
    "emerg": logging.CRITICAL,
}
_LETTERS = {"I": logging.INFO, "W": logging.WARNING, "E": logging.ERROR, "F": logging.CRITICAL}
# nginx: "2024/01/31 12:00:00 [error] 12#12: ...";  gunicorn: "[2024-... +0000] [12] [INFO] ..."
_BRACKETED = re.compile(r"^(?:nginx: |\d{4}/\d\d/\d\d [\d:]+ |\[[\d :+-]+\] \[\d+\] )\[([A-Za-z]+)\] ?")
# TensorFlow: "2024-01-31 12:00:00.000000: I a:12] ...";  absl: "I0131 12:00:00.0 12 a:1] ..."
# Python's logging: "WARNING neuronserve.artifact: ..."
_NAMED = re.compile(r"^(DEBUG|INFO|WARNING|ERROR|CRITICAL)(?= [\w.]+:|:)[ :]")
# the Neuron runtime: "2024-Jan-31 12:00:00.000000   12:12    ERROR   NRT:nrt_load    ..."
_RUNTIME = re.compile(
    r"^\d{4}-[A-Z][a-z]{2}-\d\d [\d:.]+ +\d+:\d+ +(TRACE|DEBUG|INFO|WARN|WARNING|ERROR|FATAL) +"
)
_LETTERED = re.compile(r"^(?:\d{4}-\d\d-\d\d [\d:.,]+:? ([IWEF]) |([IWEF])\d{4} [\d:.]+ +)")
# absl in TensorFlow, before the first line that it logs while it is loaded: it calls itself a warning
_NO_WARNING = "WARNING: All log messages before absl::InitializeLog() is called are written to STDERR"


def relay(name: str) -> OnLine:
    """Pass lines on as records of the logger ``name``."""
    log = logging.getLogger(name)

    def pass_on(line: str) -> None:
        level, message, fields = understand(line)
        log.log(level, "%s", message, extra={"fields": fields})

    return pass_on


def understand(line: str) -> tuple[int, str, dict[str, Any]]:
    """Level, message and further fields of a line; a line that is not understood is information."""
    if line.startswith("{"):
        return _of_json(line)
    if line.startswith(_NO_WARNING):
        return logging.DEBUG, line, {}
    if found := _BRACKETED.match(line):
        return _WORDS.get(found[1].lower(), logging.INFO), line[found.end() :] or line, {}
    if found := _NAMED.match(line):
        return _WORDS[found[1].lower()], line[found.end() :], {}
    if found := _LETTERED.match(line):
        return _LETTERS[found[1] or found[2]], line[found.end() :] or line, {}
    if found := _RUNTIME.match(line):
        return _WORDS[found[1].lower()], line[found.end() :] or line, {}
    return logging.INFO, line, {}


def _of_json(line: str) -> tuple[int, str, dict[str, Any]]:
    """A line of ``neuronserve.logs``, from a program of the house."""
    try:
        fields = json.loads(line)
        level, message = _WORDS[fields.pop("level")], str(fields.pop("message"))
    except (ValueError, KeyError, TypeError, AttributeError):
        return logging.INFO, line, {}
    fields.pop("time", None)
    if "source" in fields:
        fields["logger"] = fields.pop("source")
    return level, message, fields
