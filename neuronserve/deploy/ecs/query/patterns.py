r"""Java's regular expressions, which the operators ``=~`` and ``!~`` take.

The ``regex`` package knows most of what Java has and Python's ``re`` has not: ``\p{Alpha}``,
``[a-z&&[^q]]``, flags in the middle. The rest is translated here, and what Java does not know is refused.
A pattern has to match the whole value, as Java's ``String.matches`` has it: AWS's own examples end in ``.*``.
"""

from __future__ import annotations

import functools
import re

import regex  # type: ignore[import-untyped]  # it ships no types

from neuronserve.errors import InvalidInput

SECONDS = 1.0  # for one value, which has at most 128 characters; patterns can be made to take years
LARGEST = 10_000  # parts once counted repetitions are written out, as `regex` does: more of them fill memory

_TOKEN = re.compile(
    r"""\\Q(?P<literal>.*?)(?:\\E|$)
    |\\(?P<property>[pP](?:\{[^}]*\}|[A-Z]))
    |\\k<(?P<reference>[A-Za-z][A-Za-z0-9]*)>
    |\\x\{(?P<point>[0-9A-Fa-f]{1,6})\}
    |\\0(?P<octal>[0-3]?[0-7]{1,2})
    |\\c(?P<control>[@-_a-z])
    |\\(?P<escape>.?)
    |\(\?(?P<group><?[=!]|[:>]|<[A-Za-z][A-Za-z0-9]*>)
    |\(\?(?P<flags>[a-zA-Z]*(?:-[a-zA-Z]+)?)(?P<end>[:)])
    |(?P<extension>\(\?)
    |(?P<repeat>\{\d+(?:,\d*)?\})
    |(?P<other>.)""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPES = frozenset("tnrfaexudDhHsSvVwWbBAGZzRX")
_DIFFERENT = {"e": r"\x1b", "v": r"[\n\x0b\f\r\x85\u2028\u2029]", "h": r"[ \t\xa0]", "H": r"[^ \t\xa0]"}
_FLAGS = frozenset("idmsuxU")
_OURS = frozenset("imsx")  # the others are about Unicode and line ends, which no value has


@functools.lru_cache(maxsize=256)
def compiled(pattern: str) -> regex.Pattern:
    """The pattern, ready. Raises InvalidInput where Java would refuse it, or where it is huge."""
    if _size(pattern) > LARGEST:
        raise InvalidInput(
            f"the regular expression {pattern!r} repeats too much to be judged",
            hint="a value has at most 128 characters",
        )
    try:
        return regex.compile(_translated(pattern), regex.V1 | regex.ASCII)
    except (regex.error, OverflowError, RecursionError, ValueError) as error:
        what = str(error).partition(" at position")[0]
        raise InvalidInput(f"{pattern!r} is no Java regular expression: {what}") from None


@functools.lru_cache(maxsize=4096)  # many instances have the same few values
def matches(pattern: str, value: str) -> bool:
    """Whether the whole value matches. Raises InvalidInput for a pattern that does not come to an end."""
    try:
        return compiled(pattern).fullmatch(value, timeout=SECONDS) is not None
    except (TimeoutError, MemoryError):
        raise InvalidInput(
            f"the regular expression {pattern!r} takes too long on {value!r}",
            hint="do not nest repetitions such as (a*)*",
        ) from None


def _size(pattern: str) -> int:
    """How many parts it has, each counted as often as it is repeated at least."""
    sizes, last = [0], 0
    for token in _TOKEN.finditer(pattern):
        text = token.group()
        if token["repeat"]:
            times = max(1, int(re.findall(r"\d+", text)[0]))
            sizes[-1] += last * (times - 1)
            last *= times
        elif text.startswith("(") and token["end"] != ")":
            sizes.append(0)
        elif text == ")" and len(sizes) > 1:
            last = sizes.pop()
            sizes[-1] += last
        else:
            last = 1
            sizes[-1] += 1
    return sum(sizes)


def _translated(pattern: str) -> str:
    _check_names(pattern)
    written: list[str] = []
    depth = 0
    for token in _TOKEN.finditer(pattern):
        text = token.group()
        opens_class = written[-1:] in (["["], ["[^"])
        if text == "[":
            depth += 1
        elif text == "^" and written[-1:] == ["["]:
            written[-1] = "[^"
            continue
        elif text == "]" and depth and not opens_class:
            depth -= 1
        written.append(_in_class(token) if depth else _outside(token))
    return "".join(written)


def _check_names(pattern: str) -> None:
    groups = [token["group"] for token in _TOKEN.finditer(pattern) if token["group"]]
    named = [group for group in groups if group.startswith("<") and group.endswith(">")]
    if len(set(named)) < len(named):
        raise ValueError("two groups of one name")


def _in_class(token: re.Match[str]) -> str:
    text = token.group()
    if text.startswith("\\"):
        return _escaped(token)
    return re.sub(r"([|~:])", r"\\\1", text)  # these are operators of `regex` in a class, not of Java


def _outside(token: re.Match[str]) -> str:
    text = token.group()
    if text.startswith("\\"):
        return _escaped(token)
    if token["extension"]:
        raise ValueError(f"unknown group {token.string[token.start() : token.start() + 4]!r}")
    if token["end"]:
        return _with_flags(token["flags"], token["end"])
    if text == "{":
        raise ValueError("a { that counts nothing: write \\{")
    return "\\}" if text == "}" else text


def _escaped(token: re.Match[str]) -> str:
    if (literal := token["literal"]) is not None:
        return str(regex.escape(literal))
    if token["property"]:
        return token.group()
    if token["reference"]:
        return f"(?P={token['reference']})"
    if token["point"]:
        return str(regex.escape(chr(int(token["point"], 16))))
    if token["octal"]:
        return str(regex.escape(chr(int(token["octal"], 8))))
    if token["control"]:
        return str(regex.escape(chr(ord(token["control"]) ^ 64)))
    letter = token["escape"]
    if not letter:
        raise ValueError("it ends in an escape")
    if letter.isascii() and letter.isalpha() and letter not in _ESCAPES:
        raise ValueError(f"unknown escape \\{letter}")
    return _DIFFERENT.get(letter, token.group())


def _with_flags(flags: str, end: str) -> str:
    if unknown := set(flags) - _FLAGS - {"-"}:
        raise ValueError(f"unknown flag {min(unknown)!r}")
    on, _, off = flags.partition("-")
    kept_on = "".join(letter for letter in on if letter in _OURS)
    kept_off = "".join(letter for letter in off if letter in _OURS)
    kept = kept_on + (f"-{kept_off}" if kept_off else "")
    if not kept:
        return "(?:" if end == ":" else ""
    return f"(?{kept}{end}"
