"""The reader of JSON: as Python's where both agree, as RapidJSON where they differ."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuronserve.cpuserver.rest import rapidjson, text
from neuronserve.cpuserver.rest.rapidjson import as_bytes, members, parse
from neuronserve.cpuserver.status import StatusError

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats()
    | st.text(st.characters(codec="utf-8")),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=4),
    max_leaves=12,
)


def exactly(body: bytes):
    """As the reader that knows all of RapidJSON reads it, which ``parse`` asks only when it has to."""
    return rapidjson._Reader(body).document()


def shown(value) -> str:
    return json.dumps(value)


@given(VALUES, st.booleans())
def test_what_python_writes_is_read_alike_by_both_readers(value, ensure_ascii):
    body = json.dumps(value, ensure_ascii=ensure_ascii).encode("utf-8", "surrogatepass")
    assert shown(parse(body)) == shown(value)
    assert shown(exactly(body)) == shown(value)


@given(VALUES, st.data())
def test_a_text_cut_anywhere_is_a_value_or_an_error_and_the_same_for_both_readers(value, data):
    body = json.dumps({"a": value}).encode()
    cut = body[: data.draw(st.integers(0, len(body) - 1))]
    with pytest.raises(StatusError) as slow:
        exactly(cut)
    with pytest.raises(StatusError) as fast:
        parse(cut)
    assert fast.value.message == slow.value.message
    assert fast.value.message.startswith("JSON Parse error: ")


@given(st.binary(max_size=40))
def test_any_bytes_are_a_value_or_an_error_in_rapidjsons_words(body):
    try:
        parse(body)
    except StatusError as error:
        assert error.message.startswith("JSON Parse error: ")


@given(st.binary(max_size=30).filter(lambda b: not set(b) & {*range(32), 0x22, 0x5C}))
def test_bytes_in_a_string_come_back_as_they_are(content):
    assert as_bytes(parse(b'["' + content + b'"]')[0]) == content


@pytest.mark.parametrize(("body", "offset"), [
    (b"instances = [1, 2]", 0), (b'{"instances": [1,]}', 17), (b'{"a": tru}', 9),
    (b"1.", 2), (b"[Infinit]", 8), (b"1ex", 2), (b'{"a": [1 2]}', 9),
    (b'{"a": "\\q"}', 7), (b'{"a": 1e400}', 6), (b'{"a" 1}', 5), (b"\xef\xbb\xbf{1}", 4),
])  # fmt: skip
def test_an_error_says_where(body, offset):
    with pytest.raises(StatusError) as caught:
        parse(body)
    assert caught.value.message.endswith(f" at offset: {offset}")


@pytest.mark.parametrize(("body", "expected"), [
    (b"[1.0e309]", math.inf), (b"[-1.0e309]", -math.inf), (b"[1e308]", 1e308), (b"[1e-400]", 0.0),
    (b"[1e0000308]", 1e308), (b"[12e308]", math.inf), (b"[Infinity]", math.inf), (b"[-Inf]", -math.inf),
    (b"[0e999]", None),
    (b"[1e309]", None), (b"[1e99999999999999999999]", None), (b"[1e-99999999999999999999]", 0.0),
])  # fmt: skip
def test_exponents_beyond_a_double_are_refused_as_rapidjson_refuses_them(body, expected):
    """It compares the exponent, less the digits behind the point, with 308 (ParseNumber)."""
    if expected is None:
        with pytest.raises(StatusError, match="Number too big to be stored in double"):
            parse(body)
    else:
        assert parse(body) == [expected]


def test_of_a_repeated_name_the_first_counts_and_all_are_there():
    value = parse(b'{"a": 1, "b": 2, "a": 3}')
    assert (value["a"], value["b"], len(value)) == (1, 2, 2)
    assert members(value) == [("a", 1), ("b", 2), ("a", 3)]
    assert members(exactly(b'{"a": 1, "a": {"c": 1, "c": 2}}'))[1][1].pairs == [("c", 1), ("c", 2)]


@pytest.mark.parametrize(("value", "expected"), [
    ([1, 2.5, "a", None, True], '[1, 2.5, "a", null, true]'), ({}, "{}"), ([], "[]"),
    ({"a": [1, {"b": {}}]}, '{\n    "a": [1, {\n            "b": {}\n        }]\n}'), (math.nan, "NaN"),
])  # fmt: skip
def test_a_value_in_an_error_is_laid_out_as_tensorflow_serving_does(value, expected):
    assert text.show(value) == expected


@pytest.mark.parametrize("value", [
    list(range(10_000)), parse(b"[" * 100_000 + b"]" * 100_000), {str(at): at for at in range(10_000)},
])  # fmt: skip
def test_a_long_value_in_an_error_is_cut(value):
    assert len(text.show(value)) < 600
