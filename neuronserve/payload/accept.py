"""What form the answer takes: the Accept header (RFC 9110), decided before the model is run."""

from __future__ import annotations

import dataclasses
import functools
import re

from neuronserve.errors import NotAcceptable
from neuronserve.payload import media
from neuronserve.payload.media import Kind, MediaType

# in the order of our preference
PREFERRED = (Kind.JSON, Kind.LINES, Kind.CSV, Kind.NPY, Kind.NPZ, Kind.PROTOBUF)
_RESULTS = (Kind.JSON, Kind.LINES)
_Range = tuple[str, dict[str, str], float]
_QVALUE = re.compile(r"[0-9]+(\.[0-9]*)?|\.[0-9]+")


def choose(accept: str | None, request: MediaType = media.JSON, method: str = "predict") -> MediaType:
    """The media type of the answer, named as the client named it.

    Without Accept, or where all is equally welcome, it is protobuf for a protobuf request and JSON for every
    other. Of what has the same quality a type that is named wins over a wildcard, then the first in the list,
    as AWS's container and SDK have it; below one wildcard our own order decides.
    ``classify`` and ``regress`` answer in JSON only, or protobuf to protobuf.
    NotAcceptable: nothing that can be made is welcome.
    """
    if accept and len(accept) > media.LONGEST:
        raise NotAcceptable(f"Accept has more than {media.LONGEST} characters")
    return _chosen(accept or "*/*", request.kind is Kind.PROTOBUF, method == "predict")


@functools.lru_cache(maxsize=256)
def _chosen(accept: str, protobuf: bool, predict: bool) -> MediaType:
    offers = PREFERRED if predict else _RESULTS + ((Kind.PROTOBUF,) if protobuf else ())
    if protobuf and Kind.PROTOBUF in offers:
        offers = (Kind.PROTOBUF, *offers)
    ranges = [_range(item) for item in _items(accept)]
    welcome = [
        found for kind in offers if (found := _welcome(kind, ranges)) is not None and found.quality > 0
    ]
    if not welcome:
        named = ", ".join(dict.fromkeys(offers))
        raise NotAcceptable(f'the answer cannot be made as "{accept[:200]}"', hint=f"available: {named}")
    return max(welcome, key=lambda found: found.rank).answer  # the first of equal ones


@dataclasses.dataclass(frozen=True)
class _Match:
    """The range of an Accept header that decides about one kind of answer (RFC 9110, 12.5.1)."""

    specificity: int  # 2 a type by its name, 1 text/*, 0 */*
    quality: float
    place: int  # in the list
    answer: MediaType

    @property
    def rank(self) -> tuple[float, int, int]:
        return self.quality, self.specificity, -self.place


def _welcome(kind: Kind, ranges: list[_Range]) -> _Match | None:
    """The most specific range that matches, whatever its quality; of several names of the kind the best."""
    matches = []
    for place, (name, parameters, quality) in enumerate(ranges):
        if media.NAMES.get(name) is kind:
            matches.append(_Match(2, quality, place, MediaType(kind, name, parameters)))
        elif name == kind.partition("/")[0] + "/*":
            matches.append(_Match(1, quality, place, MediaType(kind, kind.value)))
        elif name in ("*/*", "*"):
            matches.append(_Match(0, quality, place, MediaType(kind, kind.value)))
    return max(matches, key=lambda match: (match.specificity, match.quality, -match.place), default=None)


def _items(accept: str) -> list[str]:
    """The list's members; a comma inside quotes does not part them."""
    items, quoted, start = [], False, 0
    for at, char in enumerate(accept):
        if char == '"':
            quoted = not quoted
        elif char == "," and not quoted:
            items.append(accept[start:at])
            start = at + 1
    items.append(accept[start:])
    return [item for item in items if item.strip()]


def _range(item: str) -> _Range:
    name, parameters = media.split(item)
    written = parameters.pop("q", "1")
    # the field's habit: what cannot be read does not count
    quality = min(1.0, float(written)) if _QVALUE.fullmatch(written) else 1.0
    return name, parameters, quality
