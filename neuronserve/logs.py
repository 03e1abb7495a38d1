"""The log: text lines on a terminal, JSON lines elsewhere, to standard error; secrets never.

Every program of the house calls ``setup`` once; modules use ``logging.getLogger(__name__)``. A record's
``extra={"fields": {...}}`` goes into the JSON line as it is, and is left out of text lines. Nothing
logs secrets on purpose; ``Redactor`` is the last defence against a library, or a child, that does.
"""

from __future__ import annotations

import json
import logging
import math
import re
import sys
import time
from collections.abc import Iterable, Mapping
from typing import IO, Any

SECRET_VARIABLES = (
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_SECURITY_TOKEN",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
)

_HIDDEN = "[hidden]"
_NAMED = (  # a name, an equals sign or colon, a value
    r"(?:aws_?)?(?:secret_?access_?key|session_?token|security_?token)|"
    r"x-amz-(?:security-token|signature|credential)|"
    r"authorization|password|passwd|awsaccesskeyid"
)
_PATTERNS = (
    (re.compile(r"\b((?:AKIA|ASIA)[A-Z0-9]{2})[A-Z0-9]{10,}"), rf"\1{_HIDDEN}"),
    (re.compile(r"(AWS4-HMAC-SHA256|\bBearer|\bBasic) +[^\n\"']+", re.IGNORECASE), rf"\1 {_HIDDEN}"),
    (
        re.compile(
            rf"((?:\b|_)(?:{_NAMED})\\?[\"']?\s*[=:]\s*\\?[\"']?)(?!AWS4|Bearer|Basic)[^\s&\"'\\,;]+",
            re.IGNORECASE,
        ),
        rf"\1{_HIDDEN}",
    ),
    (re.compile(r"([?&]Signature=)[^&\s\"']+"), rf"\1{_HIDDEN}"),
    (re.compile(r"(\w://)[^/\s:@]+:[^/\s@]+@"), rf"\1{_HIDDEN}@"),
)
_SURROGATES = 0xD800
_UNSAFE = re.compile("[\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_COLOURS = {"DEBUG": "2", "WARNING": "33", "ERROR": "31", "CRITICAL": "1;31"}


class Redactor:
    """Takes secrets out of text: known values, and what looks like keys, tokens or signed addresses."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        values = (environ.get(name, "") for name in SECRET_VARIABLES)
        self._values = tuple(value for value in values if len(value) > 7)  # shorter ones would match words

    def __call__(self, text: str) -> str:
        for value in self._values:
            text = text.replace(value, _HIDDEN)
        for pattern, replacement in _PATTERNS:
            text = pattern.sub(replacement, text)
        return text


def json_line(fields: Mapping[str, Any]) -> str:
    """One object on one line that any reader of JSON (RFC 8259) and of UTF-8 takes, whatever is in it.

    Half a surrogate pair (a byte that was no UTF-8) is written as the text of its escape. JSON allows DEL,
    the control characters above it, and U+2028, but what relays or splits lines may not: escaped too.
    """
    text = json.dumps(_finite(fields), separators=(",", ":"), default=str, ensure_ascii=False)
    return _UNSAFE.sub(_escaped, text)


def _escaped(found: re.Match[str]) -> str:
    code = ord(found[0])
    return f"\\u{code:04x}" if code < _SURROGATES else f"\\\\u{code:04x}"


def _finite(value: Any) -> Any:
    """JSON knows no infinity and no nan: their names, as texts."""
    if isinstance(value, Mapping):
        return {str(name): _finite(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(one) for one in value]
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


class JsonLines(logging.Formatter):
    """``{"time", "level", "source", "message", ...}``, one object per line."""

    def __init__(self, redact: Redactor) -> None:
        super().__init__()
        self._redact = redact

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": _moment(record.created),
            "level": record.levelname.lower(),
            "source": record.name,
            "message": self._redact(record.getMessage()),
        }
        for name, value in getattr(record, "fields", {}).items():
            line[name] = self._redact(value) if isinstance(value, str) else value
        if record.exc_info:
            line["traceback"] = self._redact(self.formatException(record.exc_info))
        return json_line(line)


class TextLines(logging.Formatter):
    """``12:00:00.000 level source: message``, coloured on a terminal."""

    def __init__(self, redact: Redactor, *, colour: bool) -> None:
        super().__init__()
        self._redact = redact
        self._colour = colour

    def format(self, record: logging.LogRecord) -> str:
        text = f"{record.levelname.lower():7} {record.name}: {record.getMessage()}"
        if record.exc_info:
            text = f"{text}\n{self.formatException(record.exc_info)}"
        text = self._redact(text)
        code = _COLOURS.get(record.levelname) if self._colour else None
        moment = _moment(record.created)[11:23]
        return f"{moment} \x1b[{code}m{text}\x1b[0m" if code else f"{moment} {text}"


class Output(logging.StreamHandler[IO[str]]):
    """A stream that, where it is a terminal, keeps one line of progress below the log."""

    def __init__(self, stream: IO[str]) -> None:
        super().__init__(stream)
        self.terminal = stream.isatty()
        self._progress = ""

    def emit(self, record: logging.LogRecord) -> None:
        if not self._progress:
            super().emit(record)
            return
        self.stream.write("\r\x1b[K")
        super().emit(record)
        self.stream.write(self._progress)
        self.flush()

    def progress(self, text: str) -> None:
        """Show ``text`` in the line below the log; an empty one takes the line away."""
        if self.terminal and (text or self._progress):
            self._progress = text
            self.stream.write(f"\r\x1b[K{text}")
            self.flush()


def setup(
    *,
    level: str = "info",
    form: str = "auto",
    environ: Mapping[str, str],
    stream: IO[str] | None = None,
    quiet: Iterable[str] = ("botocore", "boto3", "urllib3", "s3transfer"),
) -> Output:
    """Send the root logger's records to ``stream`` (default: standard error).

    ``level`` and ``form`` (``auto``, ``json`` or ``text``) are those of ``settings.log_level`` and
    ``settings.log_format``; ``environ`` is where known secrets are. ``quiet`` loggers speak up from
    warnings on, whatever the level.
    """
    output = Output(stream or sys.stderr)
    redact = Redactor(environ)
    as_text = form == "text" or (form == "auto" and output.terminal)
    output.setFormatter(TextLines(redact, colour=output.terminal) if as_text else JsonLines(redact))
    root = logging.getLogger()
    root.handlers[:] = [output]
    root.setLevel(level.upper())
    for name in quiet:
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.raiseExceptions = False  # a reader of the log that went away must not end the service
    return output


def _moment(seconds: float) -> str:
    """UTC, in milliseconds: ``2024-01-31T12:00:00.000Z``."""
    whole, thousandths = divmod(round(seconds * 1000), 1000)
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(whole))}.{thousandths:03d}Z"
