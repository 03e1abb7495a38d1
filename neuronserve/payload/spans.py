"""Where the arrays under each key lie in the text of a JSON document that has been parsed already."""

from __future__ import annotations

from neuronserve.payload.simd import Unsure

Text = bytes | bytearray
Span = tuple[int, int]
_MOST = 4096  # strings in the document; with more, finding them costs more than it saves


class Spans:
    """The spans of ``text`` that arrays of numbers take, by the key before them."""

    def __init__(self, text: Text) -> None:
        """Unsure: escapes in strings, or very many strings."""
        self.text = text
        self._found = _arrays(text)

    def all(self) -> list[list[Span]]:
        """The arrays under each key."""
        return list(self._found.values())

    def of(self, key: str, count: int = 1) -> list[Span]:
        """The ``count`` arrays under ``key``, in the order of the document. Unsure: more or fewer."""
        found = self._found.get(key.encode(), [])
        if len(found) != count:
            raise Unsure
        return found


def _arrays(text: Text) -> dict[bytes, list[Span]]:
    """Strings are stepped over, so a bracket inside one cannot mislead. The text up to the next string holds
    the value of a key whole, when that is an array without strings: it ends at the last bracket before a
    brace.
    """
    found: dict[bytes, list[Span]] = {}
    start = text.find(b'"')
    for _ in range(_MOST):
        if start < 0:
            return found
        end = text.find(b'"', start + 1)
        if text.find(b"\\", start, end) >= 0:
            raise Unsure
        following = text.find(b'"', end + 1)
        value = _array(text, end + 1, following if following >= 0 else len(text))
        if value:
            found.setdefault(bytes(text[start + 1 : end]), []).append(value)
        start = following
    raise Unsure


def _array(text: Text, start: int, stop: int) -> Span | None:
    opening = text.find(b"[", start, stop)
    if opening < 0 or text[start:opening].strip() != b":":
        return None
    brace = text.find(b"}", opening, stop)
    closing = text.rfind(b"]", opening, brace if brace >= 0 else stop)
    return (opening, closing + 1) if closing >= 0 else None
