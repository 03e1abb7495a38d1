"""Whether text is a rectangular array: proven by its brackets and commas.

simdjson's buffer is flat, and a total says nothing: ``[[1,2],[3,4,5],[6]]`` holds as many numbers as a
``[3, 2]`` array. A document of numbers alone that has been parsed is rectangular exactly when its text,
without what numbers and white space are made of, is that of the array of its shape. At about 1 ns a byte
nothing cheaper was found that is still exact (positions by numpy's compares and popcounts take longer).
"""

from __future__ import annotations

Text = bytes | bytearray
_BLOCK = 1 << 16  # bytes: copies of the whole text would cost more than the work
_NUMBERS = b"0123456789+-.eE \t\r\n"
_FIELDS = b"0123456789+-.eE \t"
_FIELDS_CR = _FIELDS + b"\r"


def is_array(text: Text, span: tuple[int, int], shape: tuple[int, ...]) -> bool:
    """Whether this span of ``text`` (JSON, numbers only) is a rectangular array of ``shape``, without a 0."""
    start, stop = span
    wanted = of_array(shape)
    at = 0
    for block in range(start, stop, _BLOCK):
        marks = text[block : min(block + _BLOCK, stop)].translate(None, _NUMBERS)
        if not wanted.startswith(marks, at):
            return False
        at += len(marks)
    return at == len(wanted)


def is_table(text: Text, rows: int, columns: int) -> bool:
    """Whether ``text`` (lines parted by LF, of numbers parted by commas) has this many of both."""
    marks = text.translate(None, _FIELDS)
    # the count first: what is built must not be larger than what came
    if len(marks) != rows * columns - 1:
        return False
    row = b"," * (columns - 1)
    return marks == (row + b"\n") * (rows - 1) + row


def marks(text: Text, start: int, stop: int, *, line_ends: bool = False) -> bytes:
    """What is left of this span without numbers and white space; LF stays with ``line_ends``."""
    dropped = _FIELDS_CR if line_ends else _NUMBERS
    blocks = range(start, stop, _BLOCK)
    return b"".join(bytes(text[at : min(at + _BLOCK, stop)].translate(None, dropped)) for at in blocks)


def of_text(text: Text) -> Text:
    """What is left without what numbers and white space are made of."""
    return text.translate(None, _NUMBERS)


def of_array(shape: tuple[int, ...]) -> bytes:
    """``[[,,],[,,]]`` for ``(2, 3)``; nothing for a scalar."""
    if not shape:
        return b""
    inner = b"[" + b"," * (shape[-1] - 1) + b"]"
    for size in reversed(shape[:-1]):
        inner = b"[" + (inner + b",") * (size - 1) + inner + b"]"
    return inner
