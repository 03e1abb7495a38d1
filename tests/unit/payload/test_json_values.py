from __future__ import annotations

import json
import math
from concurrent.futures import ThreadPoolExecutor

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuronserve.errors import InputMismatch, MalformedBody
from neuronserve.payload import decode, jsonfast
from tests.unit.payload.specs import signatures

INTEGERS = ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")


def column(text, dtype, shape=None):
    body = text if isinstance(text, bytes) else f'{{"inputs": {text}}}'.encode("utf-8", "surrogatepass")
    return decode(body, "application/json", signatures(x=(dtype, shape))).arrays["x"]


@pytest.mark.parametrize("dtype", INTEGERS)
def test_the_whole_range_of_an_integer_is_exact_and_one_beyond_is_refused(dtype):
    info = np.iinfo(dtype)
    edges = [info.min, info.max]
    for padding in (0, 1000):  # value by value, and through simdjson
        values = edges + [1] * padding
        assert column(json.dumps(values), dtype).tolist() == values
        for beyond in (info.min - 1, info.max + 1):
            with pytest.raises(
                InputMismatch, match=rf'input "x"\[0\]: {beyond} is out of the range of {dtype}'
            ):
                column(json.dumps([beyond, *values]), dtype)


@pytest.mark.parametrize("padding", [0, 1000])
def test_a_whole_number_written_as_a_fraction_is_an_integer_and_another_is_not(padding):
    ones = ["1"] * padding
    assert column(f"[{','.join(['1.0', '-2e3', '9007199254740993', *ones])}]", "int64").tolist()[:3] == [
        1,
        -2000,
        9007199254740993,
    ]
    with pytest.raises(
        InputMismatch, match=r'input "x"\[1\]: 1.5 is no whole number; the signature wants int64'
    ):
        column(f"[{','.join(['1', '1.5', *ones])}]", "int64")


@pytest.mark.parametrize("value", ["NaN", "Infinity", "1e400"])
def test_no_integer_is_made_of_what_is_none(value):
    with pytest.raises(InputMismatch, match=r'input "x"\[0\]'):
        column(f"[{value}]", "int32")


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
def test_nan_and_the_infinities_are_taken_where_floats_go(dtype):
    found = column("[NaN, Infinity, -Infinity, 1]", dtype)
    assert found.dtype == (ml_dtypes.bfloat16 if dtype == "bfloat16" else dtype)
    assert math.isnan(found[0])
    assert found[1:].astype(np.float64).tolist() == [math.inf, -math.inf, 1.0]


@pytest.mark.parametrize(
    ("dtype", "value"),
    [
        ("float16", "65520"),
        ("bfloat16", "3.4e38"),
        ("float32", "1e40"),
        ("float32", "-3.5e38"),
        ("float64", "1e400"),
    ],
)
@pytest.mark.parametrize("padding", [0, 1000])
def test_a_number_too_large_for_the_float_is_refused_and_not_made_infinite(dtype, value, padding):
    with pytest.raises(
        InputMismatch, match=r'input "x"\[0\]: .* (is beyond|is out of the range of) ' + dtype
    ):
        column(f"[{','.join([value, *['1'] * padding])}]", dtype)


def test_an_integer_too_large_for_a_double_is_refused():
    with pytest.raises(InputMismatch, match="a huge number is out of the range of float64"):
        column(f"[{10**400}]", "float64")
    with pytest.raises(MalformedBody, match="cannot be read"):
        column("[1" + "0" * 5000 + "]", "float64")


@given(st.lists(st.floats(width=32, allow_nan=False), min_size=1, max_size=20))
def test_float32_comes_back_as_it_was(values):
    array = np.array(values, np.float32)
    assert column(json.dumps(array.tolist()), "float32").tobytes() == array.tobytes()


def test_bool_is_true_or_false_and_no_number():
    assert column("[true, false]", "bool").tolist() == [True, False]
    for value in ("1", "0", '"true"', "null"):
        with pytest.raises(InputMismatch, match=rf'input "x"\[0\]: {value} where a bool was expected'):
            column(f"[{value}]", "bool")


@pytest.mark.parametrize("dtype", ["float32", "int32", "string"])
@pytest.mark.parametrize(("value", "told"), [("null", "null"), ("true", "true"), ("[[]]", "a list")])
def test_what_is_no_value_of_the_dtype_is_refused_with_its_place(dtype, value, told):
    good = '"s"' if dtype == "string" else "1"
    with pytest.raises((InputMismatch, MalformedBody), match=rf'input "x"\[1\]\[0\]: {told} where'):
        column(f"[[{good}], [{value}]]", dtype)


def test_text_is_no_number_and_a_number_no_text():
    with pytest.raises(InputMismatch, match=r'input "x": "1" where a float32 was expected'):
        column('"1"', "float32")
    with pytest.raises(InputMismatch, match=r'input "x": 1 where a string was expected'):
        column("1", "string")
    with pytest.raises(InputMismatch, match="an object where a string"):
        column('[{"b64": "aGk=", "x": 1}]', "string")


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"])), max_size=8), st.booleans())
def test_any_unicode_comes_through_as_utf_8(texts, escaped):
    found = column(json.dumps(texts, ensure_ascii=escaped), "string", (None,))
    assert found.tolist() == [text.encode() for text in texts]


def test_nul_is_a_character():
    assert column('["\\u0000a\\u0000"]', "string").tolist() == [b"\0a\0"]


@pytest.mark.parametrize("text", ['["\\ud800"]', '["a\\udfff"]'])
def test_half_a_surrogate_pair_is_refused(text):
    with pytest.raises(MalformedBody, match="surrogate"):
        column(text, "string")
    assert column('["\\ud83d\\ude00"]', "string").tolist() == ["\U0001f600".encode()]


@pytest.mark.parametrize("raw", [b'["\xff"]', b'["\xed\xa0\x80"]', b'["\xc0\xaf"]'])
def test_bytes_that_are_no_utf_8_are_refused(raw):
    for body in (raw, b" " * 2000 + raw):
        with pytest.raises(MalformedBody, match="not UTF-8: byte"):
            column(body, "string")


@given(st.binary(), st.booleans())
def test_base64_carries_any_bytes(data, urlsafe):
    import base64

    text = (base64.urlsafe_b64encode if urlsafe else base64.b64encode)(data).decode()
    assert column(json.dumps([{"b64": text}]), "string").tolist() == [data]


@pytest.mark.parametrize(
    "text", ["aGVs\nbG8=\n", "aGVs\r\nbG8=\r\n", " aGVsbG8= ", "aG Vs\tbG8", "a G V s b G 8"]
)
def test_base64_may_hold_white_space_as_mime_and_the_base64_program_write_it(text):
    assert column(json.dumps([{"b64": text}]), "string").tolist() == [b"hello"]


@pytest.mark.parametrize("text", ["a", "a b c d e", "é", "****", "aGk\u00a0="])
def test_what_is_no_base64_is_refused(text):
    with pytest.raises(MalformedBody, match=r'input "x"\[0\]: the value of b64 is not base64'):
        column(json.dumps([{"b64": text}]), "string")


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("[[1, 2], [3, 4, 5], [6]]", r'input "x"\[1\]: 3 values where 2 were expected'),
        ("[[1, 2], 3]", r'input "x"\[1\]: 3 where a list of 2 was expected'),
        ("[1, [2]]", r'input "x"\[1\]: a list where a single value was expected'),
        ("[[[1], [2]], [[3], [4, 5]]]", r'input "x"\[1\]\[1\]: 2 values where 1 were expected'),
        ("[[], [1]]", r'input "x"\[1\]: 1 values where 0 were expected'),
    ],
)
def test_ragged_lists_are_refused_with_their_place(text, place):
    for body in (text, text.replace("[1", "[" + " " * 2000 + "1")):
        with pytest.raises(MalformedBody, match=place):
            column(body, "float32")


@pytest.mark.parametrize("depth", [65, 900, 100_000])
def test_deep_nesting_is_refused(depth):
    for body in ("[" * depth + "]" * depth, "[" * depth + "1" + "]" * depth, "[" * depth, '{"a":' * depth):
        with pytest.raises((MalformedBody, InputMismatch)):
            column(body.encode() + b" " * 1000, "float32")  # long enough to be read by simdjson first


def test_a_dtype_that_json_cannot_carry_is_named():
    with pytest.raises(InputMismatch, match="complex64, which JSON cannot carry"):
        column("[1]", "complex64")
    with pytest.raises(InputMismatch, match="resource, which a request cannot carry"):
        column("[1]", "resource")


# The quick reading must come to what the exact one comes to, or say nothing.


def both(body, known, content_type="application/json"):
    found = []
    for small in (0, 1 << 60):
        before, jsonfast._SMALL = jsonfast._SMALL, small
        try:
            result = decode(body, content_type, known)
            found.append(
                {n: (a.dtype, a.shape, a.tobytes()) for n, a in result.arrays.items()} | {"form": result.form}
            )
        except (MalformedBody, InputMismatch) as error:
            found.append((type(error), str(error)))
        finally:
            jsonfast._SMALL = before
    return found


SPACE = st.sampled_from(["", "", " ", "\n", "\t ", "\r\n"])
INTS = st.integers(-(2**64), 2**65) | st.integers(-3, 3)
NUMBERS = (
    INTS.map(str)
    | st.floats(allow_nan=False, allow_infinity=False).map(repr)
    | st.sampled_from(
        ["1.0", "-0", "1e2", "1E+2", "0.5", "1e400", "NaN", "-Infinity", "9007199254740993", "1e19"]
    )
)


@st.composite
def nested(draw, leaf=NUMBERS, ragged=True):
    """JSON text of nested lists with random white space: rectangular, or nearly so."""
    shape = draw(st.lists(st.integers(1, 3), max_size=3))

    def build(level):
        if draw(st.integers(0, 60)) == 0 and ragged:
            return draw(st.sampled_from(["[]", "1", "[1]", "[[2]]", "{}", "null", '"["', "[1,2]"]))
        if level == len(shape):
            return draw(leaf)
        items = [build(level + 1) for _ in range(shape[level])]
        space = draw(SPACE)
        return "[" + space + f"{space},{draw(SPACE)}".join(items) + draw(SPACE) + "]"

    return build(0)


DTYPES = st.sampled_from(["float32", "float64", "int64", "uint64", "int8", "bfloat16"])


@given(
    nested(),
    DTYPES,
    st.sampled_from(['{"inputs":%s}', '{"instances":%s}', '{"instances":[%s,%s]}', "%s", "[%s,%s]"]),
)
def test_quick_and_exact_reading_agree(text, dtype, frame):
    body = frame.replace("%s", text).encode()
    quick, exact = both(body, signatures(x=(dtype, None)))
    assert quick == exact


@given(
    nested(), nested(), DTYPES,
    st.sampled_from([
        '{"inputs":{"a":%s,"b":%s}}', '{"instances":[{"a":%s,"b":%s},{"b":%s,"a":%s}]}', '{"a":%s,"b":%s}',
        '{"note":"][","inputs":{"a":%s,"b":%s}}', '{"inputs":{"a":%s,"b":%s},"a":[1,2]}',
        '{"inputs":{"a":%s,"b":%s},"p":{"q":1,"q":2}}',
        '{"inputs":{"a":%s,"a":%s,"b":1}}', '{"x\\"y":[1],"inputs":{"a":%s,"b":%s}}', '{"inputs":{"a":%s}}',
    ]),
)  # fmt: skip
def test_quick_and_exact_reading_agree_on_several_inputs(one, two, dtype, frame):
    values = iter([one, two, two, one])
    while "%s" in frame:
        frame = frame.replace("%s", next(values), 1)
    quick, exact = both(frame.encode(), signatures(a=(dtype, None), b=("float32", None)))
    assert quick == exact


@given(st.lists(nested() | st.sampled_from(["", "[1],[2]", "[[1]", "[2]]", "1,2"]), max_size=4), DTYPES)
def test_quick_and_exact_reading_agree_on_lines(lines, dtype):
    quick, exact = both("\n".join(lines).encode(), signatures(x=(dtype, None)), "application/jsonlines")
    assert quick == exact


@pytest.mark.parametrize(
    "body",
    [
        b'{"instances":[[1,2],[3,4]]}',
        b'{"inputs":{"x":[[1,2],[3,4]]}}',
        b'\xef\xbb\xbf{"signature_name":"serving_default","inputs":[[1,2],[3,4]]}',
        b'{"instances":[{"x":[1,2]},{"x":[3,4]}]}',
        b"[[1,2],[3,4]]",
        b"[1,2]\n[3,4]\n",
    ],
)
def test_plain_numbers_do_take_the_quick_way(body, monkeypatch):
    monkeypatch.setattr(jsonfast, "_SMALL", 0)
    for raw in (body, bytearray(body), memoryview(body)):
        found = jsonfast.read(raw, signatures(x=("float32", (None, 2))), None)
        assert found[2]["x"].tolist() == [[1, 2], [3, 4]]


def test_a_total_that_fits_is_no_proof(monkeypatch):
    monkeypatch.setattr(jsonfast, "_SMALL", 0)
    known = signatures(x=("float32", (None, 2)))
    for body in (b"[[1,2],[3,4,5],[6]]", b"[[1,2],[[3,4]],[5,6]]", b"[[1,2],3,[4,5,6]]", b"[[1,2],[[3],4]]"):
        assert jsonfast.read(b'{"instances":' + body + b"}", known, None) is None


def test_a_shape_that_is_only_claimed_costs_nothing(monkeypatch):
    monkeypatch.setattr(jsonfast, "_SMALL", 0)
    row = b"[" + b",".join([b"0"] * 3000) + b"]"
    for _ in range(4):  # the first element of each level says 3000: 3000**5 numbers
        row = b"[" + row + b",0" * 2999 + b"]"
    assert jsonfast.read(row, signatures(x=("float32", None)), None) is None


def test_threads_do_not_share_a_parser():
    known = signatures(x=("float64", None))

    def read(number):
        wanted = [float(number)] * 2000
        return all(
            decode(json.dumps(wanted).encode(), None, known).arrays["x"].tolist() == [wanted]
            for _ in range(20)
        )

    with ThreadPoolExecutor(4) as threads:
        assert all(threads.map(read, range(8)))


def test_a_fault_that_is_kept_does_not_spoil_the_next_request():
    known = signatures(x=("float32", None))
    kept = []
    for body in (b"[" + b"1," * 2000 + b"1e40]", b"[[1],[2,3]" + b",[1]" * 2000 + b"]"):
        try:
            decode(body, None, known)
        except (MalformedBody, InputMismatch) as error:
            kept.append(error)
        assert jsonfast.read(b"[" + b"1," * 2000 + b"1]", known, None) is not None
    assert len(kept) == 2


def test_arrays_outlive_the_parsers_next_document():
    known = signatures(x=("float64", None))
    first = decode(json.dumps(list(range(2000))).encode(), None, known).arrays["x"]
    decode(json.dumps([-1] * 5000).encode(), None, known)
    assert first.tolist() == [list(range(2000))]


@pytest.mark.parametrize("text", ["9007199254740993.0", "1e300", "-9007199254740992.0"])
def test_an_integer_written_with_a_point_is_refused_where_it_may_have_lost_digits(text):
    with pytest.raises(InputMismatch, match=r"x.*(may have lost digits|out of the range)"):
        decode(f"[{text}]".encode(), None, signatures(x=("int64", None)))


@pytest.mark.parametrize(
    ("text", "dtype", "words"),
    [
        ('"]["', "float32", 'JSON Value: "][" Type: String is not of expected type: float'),
        ("true", "float64", "JSON Value: true Type: True is not of expected type: double"),
        ("null", "int64", "JSON Value: null Type: Null is not of expected type: int64"),
        ("0.5", "string", "JSON Value: 0.5 Type: Number is not of expected type: string"),
        ('"x"', "bool", 'JSON Value: "x" Type: String is not of expected type: bool'),
        ("false", "float16", "JSON Value: false Type: False is not of expected type: half"),
    ],
)
def test_a_value_of_another_type_is_told_in_tensorflow_servings_words_last(text, dtype, words):
    """TypeError in json_tensor.cc; AWS's container test asserts the end."""
    for body in (f"[{text}]", text):
        with pytest.raises(InputMismatch) as caught:
            column(body, dtype)
        assert str(caught.value).endswith(words)


@pytest.mark.parametrize(
    "body",
    [
        rb'{"instances":[{"x\u0000y":[1,2]}]}',
        rb'{"inputs":{"x":[[1,2]],"x\u0000":[[3,4]]}}',
        rb'{"\u0000":1,"instances":[[1,2]]}',
        rb'{"x\u0000":[1,2],"x":[3,4]}',
    ],
)
def test_a_key_with_a_nul_is_no_other_key(body, monkeypatch):
    """simdjson looks keys up in C's strings."""
    monkeypatch.setattr(jsonfast, "_SMALL", 0)
    known = signatures(x=("float32", (None, 2)))
    assert jsonfast.read(body, known, None) is None  # left to the exact reading
