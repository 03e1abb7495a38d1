"""Java's regular expressions, as java.util.regex.Pattern documents them."""

from __future__ import annotations

import pytest

from neuronserve.deploy.ecs.query import patterns
from neuronserve.errors import InvalidInput


@pytest.mark.parametrize(
    ("pattern", "value"),
    [
        (r"inf1\..*", "inf1.xlarge"),
        (r"\p{Alpha}+\p{Digit}\.\p{Lower}+", "inf1.xlarge"),
        (r"\Qinf1.x\Elarge", "inf1.xlarge"),
        (r"\Qa.b", "a.b"),
        (r"[a-z&&[^q]]+", "abc"),
        (r"(?<kind>inf)1\.\k<kind>", "inf1.inf"),
        (r"(?i)INF1.*", "inf1.xlarge"),
        (r"(?i:INF)1.*", "inf1.xlarge"),
        (r"in(?i)F1", "inf1"),
        (r"(?Ui)A", "a"),
        (r"(?d)a", "a"),
        (r"(?u:a)", "a"),
        (r"a++b", "aab"),
        (r"(?>a|ab)c", "ac"),
        (r"(?!trn).*", "inf1"),
        (r"(?<!x)a", "a"),
        (r"\x61\u0062\x{63}\0144", "abcd"),
        (r"\Aab\z", "ab"),
        (r"^ab$", "ab"),
        (r"[|~:]+", "|~:"),
        (r"[]a]+", "]a"),
        (r"[^]a]+", "bc"),
        (r"a}", "a}"),
        (r"\w{2,3}", "abc"),
        (r"\h", " "),
        (r"\cA", "\x01"),
        (r"[{(?P]+", "{(?P"),
        ("([0-9a-f]{4}-?){8} " + "(?:[0-9a-f]{4}-?){8}", "0123-" * 8 + " " + "0123" * 8),
    ],
)
def test_what_java_matches(pattern, value):
    assert patterns.matches(pattern, value)


@pytest.mark.parametrize(
    ("pattern", "value"),
    [
        ("inf1", "inf1.xlarge"),
        ("xlarge", "inf1.xlarge"),
        ("INF1.*", "inf1.xlarge"),
        (r"\Qinf1.x\E.*", "inf1-xlarge"),
        (r"[a-z&&[^q]]+", "aqc"),
        ("a.c", "abcd"),
        (r"(?-i)A", "a"),
        (r"\h", "a"),
        (r"\H", " "),
        (r"\w", "é"),
        ("", "a"),
    ],
)
def test_what_java_does_not_match(pattern, value):
    assert not patterns.matches(pattern, value)


@pytest.mark.parametrize(
    ("pattern", "told"),
    [
        ("(a", "missing"),
        ("[a", "unterminated"),
        ("*a", "nothing to repeat"),
        ("a{", "counts nothing"),
        (r"\y", r"unknown escape \\y"),
        (r"\m", "unknown escape"),
        ("(?P<a>b)", "unknown group"),
        ("(?R)", "unknown flag"),
        ("(?&a)", "unknown group"),
        ("(?a)b", "unknown flag"),
        ("(a){e<=1}", "counts nothing"),
        (r"\p{javaWhitespace}", "property"),
        (r"\k<none>", "unknown group"),
        (r"\x{110000}", "range"),
        ("a" + "\\", "escape"),
        ("(?<a>x)(?<a>y)", "two groups of one name"),
    ],
)
def test_what_java_refuses_is_refused(pattern, told):
    with pytest.raises(InvalidInput, match=f"is no Java regular expression: .*{told}"):
        patterns.compiled(pattern)


@pytest.mark.parametrize(
    "pattern", ["((a{999}){999}){999}", "a{2147483647}", "(?:(?:a|bb){999}){999}", "(" * 9 + "x" + "{9})" * 9]
)
def test_a_pattern_that_would_fill_memory_is_refused(pattern):
    with pytest.raises(InvalidInput, match="repeats too much"):
        patterns.compiled(pattern)
