"""Where the arrays under each key lie in the text of a JSON document that has been parsed already."""

from __future__ import annotations

from neuronserve.payload.simd import Unsure

Text = bytes | bytearray
_MOST = 4096  # strings in the document; with more, finding them costs more than it saves


def arrays(text: Text) -> dict[bytes, list[Text]]:
    """The text of the arrays of numbers under each key, in the order of the document.

    Strings are stepped over, so a bracket inside one cannot mislead. The text up to the next string holds the
    value of a key whole, when that is an array without strings: it ends at the last bracket before a brace.
    Unsure: escapes, or very many strings.
    """
    found: dict[bytes, list[Text]] = {}
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


def _array(text: Text, start: int, stop: int) -> Text | None:
    opening = text.find(b"[", start, stop)
    if opening < 0 or text[start:opening].strip() != b":":
        return None
    brace = text.find(b"}", opening, stop)
    closing = text.rfind(b"]", opening, brace if brace >= 0 else stop)
    return text[opening : closing + 1] if closing >= 0 else None
