"""Changes that any bytes take: bits, numbers at their limits, texts that parsers stumble over, pieces."""

from __future__ import annotations

import random
import re
import struct
from collections.abc import Callable, Sequence

LARGEST = 1 << 20  # bytes of a case
_NUMBER = re.compile(rb"-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?")
NUMBERS = (
    b"0", b"-0", b"-1", b"1e308", b"1e309", b"-1e400", b"1e-400", b"127", b"128", b"255", b"256", b"32768",
    b"65535", b"65536", b"2147483647", b"2147483648", b"-2147483649", b"4294967296", b"9007199254740993",
    b"9223372036854775807", b"9223372036854775808", b"-9223372036854775809", b"18446744073709551615",
    b"18446744073709551616", b"3.4028236e38", b"NaN", b"Infinity", b"-Infinity", b"0x10", b"1_0", b"+1",
    b".5",
    b"01", b"1" * 400, b"0." + b"0" * 400 + b"1",
)  # fmt: skip
TEXTS = (
    b"", b"\0", b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xef\xbb\xbf", b"\\ud800",
    b"\\u0000",
    b"\\udc00\\ud800", "\u202e".encode(), "\u2028".encode(), b"\r", b"\r\n", b"\n\n\n", b'"', b"'", b"\\",
    b"%00",
    b"%s%n", b"../../", b"{}", b"[]", b"null", b"true", b'{"b64":"AA=="}', b'{"b64":1}', b"[[[[[[[[",
    b"{" * 40,
    b"[" * 3000, b'{"a":' * 1500, b",,,,", b":", b"A" * 5000, b"\x1f\x8b\x08\0", b"PK\x03\x04", b"\x93NUMPY",
)  # fmt: skip
_INTEGERS = (0, 1, 2, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)


def mutated(case: bytes, others: Sequence[bytes], rng: random.Random) -> bytes:
    """One to eight changes, few more often than many."""
    for _ in range(1 + int(rng.expovariate(0.7)) % 8):
        case = rng.choice(_ALL)(case, others, rng)[:LARGEST]
    return case


def _place(case: bytes, rng: random.Random) -> int:
    return rng.randrange(len(case) + 1)


def _span(case: bytes, rng: random.Random) -> tuple[int, int]:
    start = _place(case, rng)
    return start, min(len(case), start + int(rng.expovariate(0.05)) + 1)


def _flip(case: bytes, _others: Sequence[bytes], rng: random.Random) -> bytes:
    if not case:
        return bytes([rng.randrange(256)])
    changed = bytearray(case)
    for _ in range(rng.choice((1, 1, 1, 2, 8))):
        changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
    return bytes(changed)


def _byte(case: bytes, _others: Sequence[bytes], rng: random.Random) -> bytes:
    at = _place(case, rng)
    return case[:at] + bytes([rng.randrange(256)]) + case[at + 1 :]


def _remove(case: bytes, _others: Sequence[bytes], rng: random.Random) -> bytes:
    start, end = _span(case, rng)
    return case[:start] + case[end:]


def _cut(case: bytes, _others: Sequence[bytes], rng: random.Random) -> bytes:
    return case[: _place(case, rng)]


def _repeat(case: bytes, _others: Sequence[bytes], rng: random.Random) -> bytes:
    start, end = _span(case, rng)
    return case[:start] + case[start:end] * rng.choice((2, 2, 3, 10, 300)) + case[end:]


def _text(case: bytes, _others: Sequence[bytes], rng: random.Random) -> bytes:
    start, end = _span(case, rng)
    return case[:start] + rng.choice(TEXTS) + case[end if rng.random() < 0.5 else start :]


def _number(case: bytes, others: Sequence[bytes], rng: random.Random) -> bytes:
    found = list(_NUMBER.finditer(case))
    if not found:
        return _text(case, others, rng)
    one = rng.choice(found)
    return case[: one.start()] + rng.choice(NUMBERS) + case[one.end() :]


def _integer(case: bytes, _others: Sequence[bytes], rng: random.Random) -> bytes:
    form, size = rng.choice((("<B", 1), ("<H", 2), (">H", 2), ("<I", 4), (">I", 4), ("<Q", 8)))
    value = rng.choice(_INTEGERS) if rng.random() < 0.7 else rng.getrandbits(64)
    at = _place(case, rng)
    return case[:at] + struct.pack(form, value % (1 << (8 * size))) + case[at + size :]


def _splice(case: bytes, others: Sequence[bytes], rng: random.Random) -> bytes:
    if not others:
        return case
    other = rng.choice(others)
    start, end = _span(other, rng)
    at = _place(case, rng)
    return case[:at] + other[start : end if rng.random() < 0.5 else len(other)] + case[at:]


def _swap(case: bytes, _others: Sequence[bytes], rng: random.Random) -> bytes:
    first, last = sorted((_span(case, rng), _span(case, rng)))
    if first[1] > last[0]:
        return case
    parts = (
        case[: first[0]],
        case[slice(*last)],
        case[first[1] : last[0]],
        case[slice(*first)],
        case[last[1] :],
    )
    return b"".join(parts)


_ALL: tuple[Callable[[bytes, Sequence[bytes], random.Random], bytes], ...] = (
    _flip, _byte, _remove, _cut, _repeat, _text, _text, _number, _number, _integer, _splice, _swap,
)  # fmt: skip
