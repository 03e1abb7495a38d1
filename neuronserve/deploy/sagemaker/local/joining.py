"""DataProcessing of a transform job: part of a record is sent, and joined with what came back.

Of JSONPath it knows what SageMaker's examples use: ``$``, ``.name``, ``['a','b']``, ``[0]``, ``[-1]``,
``[1:]``, ``[0,5:]``.
"""

from __future__ import annotations

import csv
import dataclasses
import io
import json
import re
from collections.abc import Sequence
from typing import Any

from neuronserve.errors import InvalidInput, JobFailed

WHOLE = "$"
_STEP = re.compile(
    r"\.(?P<name>[A-Za-z_]\w*)|\[(?P<names>'[^']*'(?:,\s*'[^']*')*)\]|\[(?P<places>[-0-9:,\s]+)\]"
)
_PLACE = re.compile(r"-?\d+|-?\d*:-?\d*")
_OUTPUT, _INPUT = "SageMakerOutput", "SageMakerInput"


@dataclasses.dataclass(frozen=True)
class Processing:
    """``sent``: InputFilter. ``kept``: OutputFilter, of the record joined with its answer where ``joins``."""

    sent: str = WHOLE
    kept: str = WHOLE
    joins: bool = False

    def __post_init__(self) -> None:
        for path in (self.sent, self.kept):
            _steps(path)

    @property
    def nothing(self) -> bool:
        return (self.sent, self.kept, self.joins) == (WHOLE, WHOLE, False)

    def before(self, records: Sequence[bytes], content_type: str) -> list[bytes]:
        """What of each record is sent."""
        return [_written(select(self.sent, _read(record, content_type)), content_type) for record in records]

    def after(
        self, records: Sequence[bytes], answers: Sequence[bytes], content_type: str, accept: str
    ) -> list[bytes]:
        """What of each is stored. Raises JobFailed when there is not one answer for each record."""
        if len(records) != len(answers):
            raise JobFailed(
                f"{len(records)} records were sent, and the answer has {len(answers)} lines: they cannot be "
                "joined or filtered"
            )
        pairs = zip(records, answers, strict=True)
        return [self._one(record, answer, content_type, accept or content_type) for record, answer in pairs]

    def _one(self, record: bytes, answer: bytes, content_type: str, accept: str) -> bytes:
        told = _read(answer, accept)
        if not self.joins:
            return _written(select(self.kept, told), accept)
        asked = _read(record, content_type)
        if isinstance(asked, list) and _is_csv(content_type):
            joined: Any = [*asked, *(told if isinstance(told, list) else [told])]
        elif isinstance(asked, dict):
            joined = {**asked, _OUTPUT: told}
        else:
            joined = {_INPUT: asked, _OUTPUT: told}
        return _written(select(self.kept, joined), content_type)


def select(path: str, value: Any) -> Any:
    """What ``path`` selects. Raises JobFailed where there is nothing, InvalidInput for another path."""
    for step in _steps(path):
        try:
            value = _step(step, value)
        except (LookupError, TypeError):
            raise JobFailed(f"{path} selects nothing from a record: {step[0]} is not there") from None
    return value


def _steps(path: str) -> list[re.Match[str]]:
    found, at = [], 1
    while path.startswith("$") and (step := _STEP.match(path, at)):
        found.append(step)
        at = step.end()
    places = [part for step in found for part in (step["places"] or "0").split(",")]
    if (
        not path.startswith("$")
        or at < len(path)
        or not all(_PLACE.fullmatch(part.strip()) for part in places)
    ):
        raise InvalidInput(
            f"{path!r} cannot be used as a filter", hint="such as $, $[1:], $.features or $['a','b']"
        )
    return found


def _step(step: re.Match[str], value: Any) -> Any:
    if step["name"]:
        return value[step["name"]]
    if step["names"]:
        names = re.findall(r"'([^']*)'", step["names"])
        return value[names[0]] if len(names) == 1 else {name: value[name] for name in names}
    if not isinstance(value, list):
        raise TypeError
    places = [part.strip() for part in step["places"].split(",")]
    if len(places) == 1 and ":" not in places[0]:
        return value[int(places[0])]
    return [item for place in places for item in _taken(place, value)]


def _taken(place: str, value: list[Any]) -> list[Any]:
    if ":" not in place:
        return [value[int(place)]]
    low, _, high = place.partition(":")
    return value[int(low) if low else None : int(high) if high else None]


def _is_csv(content_type: str) -> bool:
    return content_type.partition(";")[0].strip().lower() == "text/csv"


def _read(record: bytes, content_type: str) -> Any:
    try:
        text = record.decode()
        return next(csv.reader([text]), []) if _is_csv(content_type) else json.loads(text)
    except ValueError:
        kind = "CSV" if _is_csv(content_type) else "JSON"
        raise JobFailed(
            f"a record, or an answer, is no {kind}, and so cannot be filtered or joined"
        ) from None


def _written(value: Any, content_type: str) -> bytes:
    if not _is_csv(content_type):
        return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()
    written = io.StringIO()
    csv.writer(written, lineterminator="").writerow(value if isinstance(value, list) else [value])
    return written.getvalue().encode()
