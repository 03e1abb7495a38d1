"""What form the answer takes: the Accept header (RFC 9110), decided before the model is run."""

from __future__ import annotations

import functools

from neuronserve.errors import NotAcceptable
from neuronserve.payload import media
from neuronserve.payload.media import Kind, MediaType

# in the order of our preference
PREFERRED = (Kind.JSON, Kind.LINES, Kind.CSV, Kind.NPY, Kind.NPZ, Kind.PROTOBUF)
_RESULTS = (Kind.JSON, Kind.LINES)
_Range = tuple[str, dict[str, str], float]


def choose(accept: str | None, request: MediaType = media.JSON, method: str = "predict") -> MediaType:
    """The media type of the answer, named as the client named it.

    Without Accept, or where all is equally welcome, it is protobuf for a protobuf request and JSON for every
    other. A type that is named wins over a wildcard of the same quality; then our own order decides.
    ``classify`` and ``regress`` answer in JSON only, or protobuf to protobuf.
    NotAcceptable: nothing that can be made is welcome.
    """
    if accept and len(accept) > media.LONGEST:
        raise NotAcceptable(f"Accept has more than {media.LONGEST} characters")
    return _chosen(accept or "*/*", request.kind is Kind.PROTOBUF, method == "predict")


@functools.lru_cache(maxsize=256)
def _chosen(accept: str, protobuf: bool, predict: bool) -> MediaType:
    offers = PREFERRED if predict else _RESULTS + ((Kind.PROTOBUF,) if protobuf else ())
    ranges = [_range(item) for item in _items(accept)]
    best: tuple[float, int, bool] = (0.0, 0, False)
    chosen: MediaType | None = None
    for kind in offers:
        quality, specificity, answer = _welcome(kind, ranges)
        rank = (quality, specificity, protobuf and kind is Kind.PROTOBUF)
        if quality > 0 and rank > best:
            best, chosen = rank, answer
    if chosen is None:
        raise NotAcceptable(
            f'the answer cannot be made as "{accept[:200]}"', hint=f"available: {', '.join(offers)}"
        )
    return chosen


def _welcome(kind: Kind, ranges: list[_Range]) -> tuple[float, int, MediaType]:
    """Quality and specificity of the most specific range that matches; aliases match as well."""
    found: tuple[int, float, MediaType] = (-1, 0.0, MediaType(kind, kind.value))
    for wanted, parameters, quality in ranges:
        if media.NAMES.get(wanted) is kind:
            candidate = (2, quality, MediaType(kind, wanted, parameters))
        elif wanted == kind.partition("/")[0] + "/*":
            candidate = (1, quality, MediaType(kind, kind.value))
        elif wanted in ("*/*", "*"):
            candidate = (0, quality, MediaType(kind, kind.value))
        else:
            continue
        if candidate[:2] > found[:2]:
            found = candidate
    return found[1], found[0], found[2]


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
    try:
        quality = min(1.0, max(0.0, float(parameters.pop("q", "1"))))
    except ValueError:
        quality = 1.0  # the field's habit: what cannot be read does not count
    return name, parameters, quality
