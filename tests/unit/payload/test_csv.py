from __future__ import annotations

import csv
import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuronserve.errors import InputMismatch, MalformedBody, UnsupportedMediaType
from neuronserve.payload import Form, Kind, MediaType, csvfast, decode, encode
from tests.unit.payload.specs import THREE, outputs, signatures

TABLE = signatures(x=("float32", (None, None)))
COLUMN = signatures(x=("float32", (None,)))
TEXTS = signatures(t=("string", (None, None)))


def read(body, known=TABLE, content_type="text/csv"):
    return decode(body if isinstance(body, bytes) else body.encode(), content_type, known)


@pytest.mark.parametrize(
    ("body", "rows"),
    [
        ("1,2,3", [[1, 2, 3]]),
        ("1,2,3\n4,5,6\n", [[1, 2, 3], [4, 5, 6]]),
        ("1,2,3\r\n4,5,6\r\n\r\n\n", [[1, 2, 3], [4, 5, 6]]),
        ("\ufeff1,2,3", [[1, 2, 3]]),
        ("0,0,0", [[0, 0, 0]]),
        ('1, 2 ,\t3\n"4", "5",6e0', [[1, 2, 3], [4, 5, 6]]),
        (".5,+1,1.", [[0.5, 1, 1]]),
    ],
)
def test_rows_of_numbers_are_instances(body, rows):
    found = read(body, THREE)
    assert found.form is Form.ROW
    assert found.arrays["x"].tolist() == rows
    assert found.rows == len(rows)


def test_one_column_is_a_scalar_per_row_where_the_input_takes_that():
    assert read("1\n0\n3", COLUMN).arrays["x"].tolist() == [1, 0, 3]
    assert read("1\n0\n3", TABLE).arrays["x"].tolist() == [[1], [0], [3]]
    assert read("1\n0", signatures(x=("float32", None))).arrays["x"].tolist() == [1, 0]


def test_a_row_fills_an_instance_of_a_fixed_shape_in_c_order():
    known = signatures(x=("uint8", (None, 2, 2, 1)))
    assert read("1,2,3,4\n5,6,7,8", known).arrays["x"][1].tolist() == [[[5], [6]], [[7], [8]]]
    with pytest.raises(InputMismatch, match=r"shape \[1, 3\]; the signature wants \[\?, 2, 2, 1\]"):
        read("1,2,3", known)


def test_quoted_fields_hold_commas_line_ends_and_quotes():
    body = '"a,b","c\nd","say ""hi"""\r\nplain,"", "x y"\r\n'
    assert read(body, TEXTS).arrays["t"].tolist() == [[b"a,b", b"c\nd", b'say "hi"'], [b"plain", b"", b"x y"]]


def test_a_field_may_be_longer_than_the_csv_modules_own_limit():
    assert len(read("x" * 200_000, TEXTS).arrays["t"][0, 0]) == 200_000


def test_several_inputs_take_a_column_each_in_order_or_by_name():
    known = signatures(a=("float32", (None,)), b=("string", (None,)), c=("int64", (None, 1)))
    for body, kind in (("1,x,2\n3,y,4", "text/csv"), ("b,c,a\nx,2,1\ny,4,3", "text/csv; header=present")):
        arrays = read(body, known, kind).arrays
        assert list(arrays) == ["a", "b", "c"]
        assert arrays["a"].tolist() == [1, 3]
        assert arrays["b"].tolist() == [b"x", b"y"]
        assert arrays["c"].tolist() == [[2], [4]]
    with pytest.raises(InputMismatch, match="2 columns for 3 inputs: CSV gives each"):
        read("1,x", known)
    with pytest.raises(InputMismatch, match='the header row: "c" is missing, "z" is unknown'):
        read("a,b,z\n1,x,2", known, "text/csv; header=present")


def test_a_header_row_that_names_an_input_twice_is_refused():
    known = signatures(a=("float32", (None,)), b=("float32", (None,)))
    with pytest.raises(MalformedBody, match='the header row names "a" twice'):
        read("a,b, a\n1,2,3", known, "text/csv; header=present")


def test_a_fault_names_the_column_that_it_is_in():
    known = signatures(a=("float32", (None,)), b=("string", (None,)), c=("int64", (None,)))
    with pytest.raises(InputMismatch, match='line 2, column 3: "z" is no int64 for input "c"'):
        read("1,x,2\n3,y,z", known)


BEYOND = ["9007199254740993.0", "9223372036854775295e0", "1e300", "-9.1e15"]


@pytest.mark.parametrize("field", BEYOND)
@pytest.mark.parametrize("dtype", ["int64", "uint64"])
def test_a_whole_number_that_may_have_lost_digits_is_refused(field: str, dtype: str):
    with pytest.raises(InputMismatch, match=f"is no {dtype}"):
        read(field, signatures(x=(dtype, (None,))))
    assert read("9007199254740993", signatures(x=(dtype, (None,)))).arrays["x"].tolist() == [9007199254740993]
    assert read("9007199254740991.0", signatures(x=(dtype, (None,)))).arrays["x"].tolist() == [2**53 - 1]


def test_a_header_row_alone_is_a_table_without_rows():
    assert read("a,b,c", THREE, "text/csv; header=present").arrays["x"].shape == (0, 3)


def test_a_header_row_of_one_input_is_stepped_over():
    assert read("one,two\n1,2", TABLE, 'text/csv; header="present"').arrays["x"].tolist() == [[1, 2]]


@pytest.mark.parametrize(
    ("body", "known", "error", "text"),
    [
        ("1,2,3\n4,5", TABLE, MalformedBody, "line 2 has 2 values where 3 were expected"),
        ("1,2\n\n3,4", TABLE, MalformedBody, "line 2 is blank"),
        ("", TABLE, MalformedBody, "empty"),
        ("\n\n", TABLE, MalformedBody, "empty"),
        ('1,"2', TABLE, MalformedBody, "not CSV: line 1"),
        ('1,"2"x', TABLE, MalformedBody, "not CSV: line 1"),
        ("1,2\n3,", TABLE, InputMismatch, 'line 2, column 2: "" is no float32 for input "x"'),
        ("1,1_000", TABLE, InputMismatch, 'column 2: "1_000" is no float32'),
        ("1,٣", TABLE, InputMismatch, "no float32"),
        ("1,1e400", TABLE, InputMismatch, "no float32"),
        ("1,1e40", TABLE, InputMismatch, "is beyond float32"),
        ("1.5", signatures(x=("int32", (None,))), InputMismatch, 'line 1, column 1: "1.5" is no int32'),
        ("300", signatures(x=("uint8", (None,))), InputMismatch, '"300" is no uint8'),
        ("1", signatures(x=("bool", (None,))), InputMismatch, '"1" is no bool'),
        ("1", signatures(x=("complex64", (None,))), InputMismatch, "CSV cannot carry"),
        (b"\xff", TEXTS, MalformedBody, "not UTF-8"),
    ],
)
def test_a_wrong_table_is_refused_with_its_line(body, known, error, text):
    with pytest.raises(error, match=text):
        read(body, known)


def test_words_for_bool_nan_and_infinity_have_any_case():
    assert read("true,False", signatures(x=("bool", (None, None)))).arrays["x"].tolist() == [[True, False]]
    assert str(read("nan,-Infinity,INF").arrays["x"].tolist()) == "[[nan, -inf, inf]]"


def test_classify_takes_no_csv():
    with pytest.raises(UnsupportedMediaType, match="classify takes JSON"):
        decode(b"1", "text/csv", TABLE, method="classify")


@given(
    st.integers(1, 4).flatmap(
        lambda k: st.lists(
            st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=k, max_size=k),
            min_size=1,
            max_size=5,
        )
    ),
    st.sampled_from(["\n", "\r\n"]),
)
def test_what_the_csv_module_writes_is_read_back(rows, ending):
    stream = io.StringIO()
    csv.writer(stream, lineterminator=ending, quoting=csv.QUOTE_ALL).writerows(rows)
    assert read(stream.getvalue(), TEXTS).arrays["t"].tolist() == [[f.encode() for f in row] for row in rows]


CELL = (
    st.floats(width=32).map(str)
    | st.integers(-5, 300).map(str)
    | st.sampled_from(["1.0", "", " 2 ", "x", ".5", "[1]", "1e40", "007"])
)


@given(
    st.lists(st.lists(CELL, min_size=1, max_size=3), min_size=1, max_size=4)
    | st.integers(1, 3).flatmap(
        lambda k: st.lists(st.lists(CELL, min_size=k, max_size=k), min_size=1, max_size=4)
    ),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.sampled_from(["float32", "int64", "uint8"]),
)
def test_quick_and_exact_reading_agree(rows, ending, dtype):
    body = ending.join(",".join(row) for row in rows).encode() + ending.encode()
    known = signatures(x=(dtype, None))
    found = []
    for small in (0, 1 << 60):
        before, csvfast._SMALL = csvfast._SMALL, small
        try:
            array = read(body, known).arrays["x"]
            found.append((array.dtype, array.shape, array.tobytes()))
        except (MalformedBody, InputMismatch) as error:
            found.append((type(error), str(error)))
        finally:
            csvfast._SMALL = before
    assert found[0] == found[1]


def test_a_large_table_takes_the_quick_way():
    table = np.arange(3000, dtype=np.float32).reshape(-1, 3)
    body = "\r\n".join(",".join(map(str, row)) for row in table.tolist()).encode()
    known = THREE["serving_default"].only
    assert np.array_equal(csvfast.table(body, known), table)
    assert csvfast.table(body + b"\r\n1,2", known) is None


# Answers


def write(arrays, **parameters):
    media = MediaType(Kind.CSV, "text/csv", parameters)
    body, content_type = encode(arrays, media, Form.ROW, outputs(**dict.fromkeys(arrays, "float32")))
    assert content_type == "text/csv"
    return body.decode()


def strings(*values):
    array = np.empty(len(values), object)
    array[:] = values
    return array


def test_an_answer_has_one_row_per_instance():
    assert write({"y": np.array([[0.1, 2], [3, 4]], np.float32)}) == "0.1,2.0\n3.0,4.0\n"
    assert write({"y": np.array([1, 2])}) == "1\n2\n"
    assert write({"y": np.arange(8).reshape(2, 2, 2)}) == "0,1,2,3\n4,5,6,7\n"
    assert write({"y": np.array([[np.nan, np.inf]], np.float32)}) == "NaN,Infinity\n"
    assert write({"y": np.zeros((0, 3), np.float32)}) == ""


def test_several_outputs_stand_side_by_side_with_names_on_wish():
    arrays = {"s": np.array([[0.5, 1], [2, 3]], np.float32), "label": strings(b"a", b'say "b", twice')}
    assert write(arrays) == 'a,0.5,1.0\n"say ""b"", twice",2.0,3.0\n'
    assert write(arrays, header="present").startswith("label,s_0,s_1\n")


def test_bytes_that_are_no_text_are_base64():
    assert write({"y": strings(b"\xff")}) == "/w==\n"
    assert write({"y_bytes": strings(b"hi")}) == "aGk=\n"


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1), min_size=1, max_size=5))
def test_answers_of_text_are_read_back_by_the_csv_module(texts):
    body = write({"y": strings(*(t.encode() for t in texts))})
    assert [row[0] for row in csv.reader(io.StringIO(body, newline=""))] == texts
