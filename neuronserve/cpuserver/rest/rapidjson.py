"""JSON texts to values, as TF Serving's parser (RapidJSON) reads them.

It differs from Python's: ``NaN``, ``Infinity``, ``Inf`` and their negatives are numbers, a number too large
for a double is an error, bytes that are no UTF-8 are kept, of a repeated name the first counts, nesting has
no limit, and what follows the document is ignored. Python's parser, which is fast, reads the texts on which
both agree; ``_Reader`` reads the others, and says in RapidJSON's words what is wrong with a text.

Strings hold bytes that are no UTF-8 as surrogates; ``as_bytes`` gives them back.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from typing import Any, Final, NoReturn

from neuronserve.cpuserver.status import invalid

_SURROGATES = re.compile(
    rb"\\u[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F])|(?<!\\u[dD][89abAB]..)\\u[dD][c-fC-F]", re.DOTALL
)
_LARGE = re.compile(rb"[eE]\+?(?:[3-9][0-9]{2}|2[5-9][0-9]|[0-9]{4})")  # may not fit into a double
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_WHITE = " \t\r\n"


class Repeated(dict[str, Any]):
    """An object that has a name more than once; as a dict it has the first value of each."""

    def __init__(self, pairs: Sequence[tuple[str, Any]]) -> None:
        super().__init__(reversed(pairs))
        self.pairs = pairs


def members(value: dict[str, Any]) -> Sequence[tuple[str, Any]]:
    """All names and values of an object, repeated ones too, in the order of the text."""
    return value.pairs if isinstance(value, Repeated) else list(value.items())


def as_bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def parse(body: bytes) -> Any:
    """The value that a text begins with; INVALID_ARGUMENT with RapidJSON's words when there is none."""
    if _is_usual(body):
        text = body.removeprefix(_BYTE_ORDER_MARK).decode("utf-8", "surrogateescape").lstrip(_WHITE)
        try:
            if text.startswith(("{", "[")):  # a number has no end that Python would see
                return _DECODER.raw_decode(text)[0]
        except (ValueError, RecursionError):  # wrong, or beyond what Python reads
            pass
    return _Reader(body).document()


def _is_usual(body: bytes) -> bool:
    return not (b"\\u" in body and _SURROGATES.search(body)) and not _LARGE.search(body)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    return value if len(value) == len(pairs) else Repeated(pairs)


_DECODER = json.JSONDecoder(object_pairs_hook=_object)

_EMPTY = "The document is empty."
_VALUE = "Invalid value."
_NAME = "Missing a name for object member."
_COLON = "Missing a colon after a name of object member."
_MEMBER = "Missing a comma or '}' after an object member."
_ELEMENT = "Missing a comma or ']' after an array element."
_QUOTE = "Missing a closing quotation mark in string."
_ESCAPE = "Invalid escape character in string."
_HEX = "Incorrect hex digit after \\u escape in string."
_SURROGATE = "The surrogate pair in string is invalid."
_TOO_BIG = "Number too big to be stored in double."
_FRACTION = "Miss fraction part in number."
_EXPONENT = "Miss exponent in number."

_SPACE = re.compile(rb"[ \t\r\n]*")
_PLAIN = re.compile(rb'[^"\\\x00-\x1f]*')
_INTEGER = re.compile(rb"0|[1-9][0-9]*")
_DIGITS = re.compile(rb"[0-9]+")
_FOUR_HEX = re.compile(rb"[0-9a-fA-F]{4}")
_ESCAPES: Final = {
    b'"': b'"',
    b"\\": b"\\",
    b"/": b"/",
    b"b": b"\b",
    b"f": b"\f",
    b"n": b"\n",
    b"r": b"\r",
    b"t": b"\t",
}
_LITERALS: Final = {b"n": (b"null", None), b"t": (b"true", True), b"f": (b"false", False)}
_NO_VALUE = (b"", b"]", b"}", b",", b":")
_INCOMPLETE = object()  # in the place of a value: a list or an object has begun
_LARGEST_EXPONENT = 308


class _Container:
    """A list or an object whose end has not been read."""

    __slots__ = ("_content", "is_list", "name")

    def __init__(self, *, is_list: bool) -> None:
        self.is_list = is_list
        self.name = ""  # the next value's, in an object
        self._content: list[Any] = []

    def put(self, value: Any) -> None:
        self._content.append(value if self.is_list else (self.name, value))

    def value(self) -> Any:
        return self._content if self.is_list else _object(self._content)


class _Reader:
    """Reads one document without recursion."""

    def __init__(self, body: bytes) -> None:
        end = body.find(b"\0")  # a NUL byte ends the text
        self._body = body if end < 0 else body[:end]
        self._at = 0
        for byte in _BYTE_ORDER_MARK:  # any of the three may be missing
            self._take(bytes([byte]))

    def document(self) -> Any:
        self._skip()
        if self._peek() in _NO_VALUE:
            self._fail(_EMPTY)
        stack: list[_Container] = []
        while True:
            value = self._value(stack)
            while value is not _INCOMPLETE:
                if not stack:
                    return value
                stack[-1].put(value)
                value = self._after(stack)

    def _after(self, stack: list[_Container]) -> Any:
        """Behind a value: the whole that ends there, or ``_INCOMPLETE`` when another value follows."""
        last = stack[-1]
        self._skip()
        if self._take(b","):
            self._skip()
            if not last.is_list:
                self._read_name(last)
            return _INCOMPLETE
        if self._take(b"]" if last.is_list else b"}"):
            return stack.pop().value()
        return self._fail(_ELEMENT if last.is_list else _MEMBER)

    def _value(self, stack: list[_Container]) -> Any:
        char = self._peek()
        if char in _NO_VALUE:
            self._fail(_VALUE)
        if char in (b"[", b"{"):
            self._at += 1
            return self._begin(stack, is_list=char == b"[")
        if char == b'"':
            return self._string()
        if char in _LITERALS:
            return self._literal(*_LITERALS[char])
        return self._number()

    def _begin(self, stack: list[_Container], *, is_list: bool) -> Any:
        self._skip()
        new = _Container(is_list=is_list)
        if self._take(b"]" if is_list else b"}"):
            return new.value()
        if not is_list:
            self._read_name(new)
        stack.append(new)
        return _INCOMPLETE

    def _read_name(self, target: _Container) -> None:
        if self._peek() != b'"':
            self._fail(_NAME)
        target.name = self._string()
        self._skip()
        if not self._take(b":"):
            self._fail(_COLON)
        self._skip()

    def _literal(self, word: bytes, value: Any) -> Any:
        self._word(word)
        return value

    def _word(self, word: bytes) -> None:
        for letter in word:
            if not self._take(bytes([letter])):
                self._fail(_VALUE)

    def _string(self) -> str:
        self._at += 1
        parts = []
        while True:
            parts.append(self._matched(_PLAIN))
            char = self._peek()
            if char == b'"':
                self._at += 1
                return b"".join(parts).decode("utf-8", "surrogateescape")
            if char != b"\\":
                self._fail(_ESCAPE if char else _QUOTE)
            parts.append(self._escape())

    def _escape(self) -> bytes:
        start = self._at
        self._at += 2
        char = self._body[start + 1 : start + 2]
        if char in _ESCAPES:
            return _ESCAPES[char]
        if char != b"u":
            self._fail(_ESCAPE, start)
        code = self._hex(start)
        if 0xD800 <= code <= 0xDBFF:
            if not self._take(b"\\u"):
                self._fail(_SURROGATE, start)
            second = self._hex(start)
            if not 0xDC00 <= second <= 0xDFFF:
                self._fail(_SURROGATE, start)
            code = 0x10000 + ((code - 0xD800) << 10 | second - 0xDC00)
        return chr(code).encode("utf-8", "surrogatepass")

    def _hex(self, start: int) -> int:
        digits = self._matched(_FOUR_HEX)
        if not digits:
            self._fail(_HEX, start)
        return int(digits, 16)

    def _number(self) -> Any:
        start = self._at
        negative = self._take(b"-")
        whole = self._matched(_INTEGER)
        if not whole:
            return self._not_finite(negative=negative)
        end_of_whole = self._at
        fraction, exponent = self._fraction(), self._exponent()
        text = self._body[start : self._at]
        if exponent and int(exponent[:9]) > _LARGEST_EXPONENT + len(fraction):
            self._fail(_TOO_BIG, start)
        if self._at > end_of_whole:
            return float(text)
        if len(whole) > _LARGEST_EXPONENT and math.isinf(float(text)):
            self._fail(_TOO_BIG, start)
        return int(text)

    def _fraction(self) -> bytes:
        if not self._take(b"."):
            return b""
        return self._matched(_DIGITS) or self._fail(_FRACTION)

    def _exponent(self) -> bytes:
        """The digits of an exponent that is not negative."""
        if not (self._take(b"e") or self._take(b"E")):
            return b""
        negative = not self._take(b"+") and self._take(b"-")
        digits = self._matched(_DIGITS) or self._fail(_EXPONENT)
        return b"" if negative else digits.lstrip(b"0")

    def _not_finite(self, *, negative: bool) -> float:
        """NaN, Inf or Infinity."""
        if self._peek() == b"N":
            self._word(b"NaN")
            return math.nan
        self._word(b"Inf")
        if self._peek() == b"i":
            self._word(b"inity")
        return -math.inf if negative else math.inf

    def _skip(self) -> None:
        self._matched(_SPACE)

    def _peek(self) -> bytes:
        return self._body[self._at : self._at + 1]

    def _take(self, text: bytes) -> bool:
        present = self._body.startswith(text, self._at)
        self._at += len(text) if present else 0
        return present

    def _matched(self, pattern: re.Pattern[bytes]) -> bytes:
        match = pattern.match(self._body, self._at)
        if match is None:
            return b""
        self._at = match.end()
        return match[0]

    def _fail(self, what: str, at: int | None = None) -> NoReturn:
        raise invalid(f"JSON Parse error: {what} at offset: {self._at if at is None else at}")
