# ruff: noqa: E501  a row stays on its line
"""Rows about answers: how numbers and strings are written, what cannot be written, how bodies are laid out."""

from tests.tfserving.cases import JsonCase, answer_case, error_case

_DECIMAL = "json_tensor.cc WriteDecimal"
_ROWS = "json_tensor.cc MakeRowFormatJsonFromTensors"
_COLUMNS = "json_tensor.cc MakeColumnarFormatJsonFromTensors"
_VALUE = "json_tensor.cc AddSingleValueAndAdvance"
_MANY = "json_tensor_test.cc FromJsonMultipleNamedTensors"
_FIVE = [
    {"double_scalar_tensor": 8.0, "float_tensor": [1.0], "int_tensor": [[1, 2], [3, 4], [5, 6]],
     "str_tensor": ["foo", "bar"], "str_tensor_bytes": [{"b64": "aGVsbG8="}, {"b64": "d29ybGQ="}]},
    {"double_scalar_tensor": 9.0, "float_tensor": [2.0], "int_tensor": [[7, 8], [9, 0], [1, 2]],
     "str_tensor": ["baz", "bat"], "str_tensor_bytes": [{"b64": "dGY="}, {"b64": "c2VydmluZw=="}]},
]  # fmt: skip


def layout_case(name: str, source: str, signature: str, body: str, text: str) -> JsonCase:
    return JsonCase(name, source, signature, body, text=text)


def number_case(name: str, source: str, signature: str, number: str, text: str) -> JsonCase:
    """One number, as the text of an answer in the column form has it."""
    body = f'{{"inputs": {number}}}'
    return layout_case(name, source, signature, body, f'{{\n    "outputs": {text}\n}}')


VALUES = [
    answer_case("rank three", "json_tensor_test.cc FromJsonSingleTensor", "int_tensor",
             '{"instances": [[[1,2],[3,4],[5,6]],[[7,8],[9,0],[1,2]]]}',
             [[[1, 2], [3, 4], [5, 6]], [[7, 8], [9, 0], [1, 2]]]),
    answer_case("rank three in the column form", "json_tensor_test.cc FromJsonSingleTensor", "int_tensor",
             '{"inputs": [[[1,2],[3,4],[5,6]],[[7,8],[9,0],[1,2]]]}',
             [[[1, 2], [3, 4], [5, 6]], [[7, 8], [9, 0], [1, 2]]]),
    answer_case("rank one", "json_tensor_test.cc FromJsonSingleScalarTensor", "int_tensor", '{"instances": [1,2,3,4,5]}',
             [1, 2, 3, 4, 5]),
    answer_case("rank one in the column form", "json_tensor_test.cc FromJsonSingleScalarTensor", "int_tensor",
             '{"inputs": [1,2,3,4,5]}', [1, 2, 3, 4, 5]),
    answer_case("bytes", "json_tensor_test.cc FromJsonSingleBytesTensor", "bytes",
             '{"instances": [["hello", "world"], ["tf", "serving"]]}',
             [[{"b64": "aGVsbG8="}, {"b64": "d29ybGQ="}], [{"b64": "dGY="}, {"b64": "c2VydmluZw=="}]]),
    answer_case("bytes in the column form", _COLUMNS, "bytes", '{"inputs": "hello"}', {"b64": "aGVsbG8="}),
    answer_case("_bytes of a number is a number", "json_tensor.cc IsNamedTensorBytes", "number_bytes", '{"instances": [1]}',
             [1]),
    answer_case("five outputs, by rows", _MANY, "five", """{"instances": [
        {"double_scalar_tensor": 8.0, "float_tensor": [1.0], "int_tensor": [[1,2],[3,4],[5,6]],
         "str_tensor": ["foo","bar"], "str_tensor_bytes": ["hello","world"]},
        {"double_scalar_tensor": 9.0, "float_tensor": [2.0], "int_tensor": [[7,8],[9,0],[1,2]],
         "str_tensor": ["baz","bat"], "str_tensor_bytes": ["tf","serving"]}]}""", _FIVE),
    answer_case("five outputs, by columns", _MANY, "five", """{"inputs": {
        "double_scalar_tensor": [8.0, 9.0], "float_tensor": [[1.0],[2.0]],
        "int_tensor": [[[1,2],[3,4],[5,6]],[[7,8],[9,0],[1,2]]], "str_tensor": [["foo","bar"],["baz","bat"]],
        "str_tensor_bytes": [["hello","world"],["tf","serving"]]}}""",
             {key: [row[key] for row in _FIVE] for key in _FIVE[0]}),
    answer_case("integers of a cast are integers", _VALUE, "to_int8", '{"instances": [1.0, -2.0]}', [1, -2]),
    answer_case("a uint64 beyond int64", _VALUE, "to_uint64", '{"instances": [9223372036854775808]}',
             [9223372036854775808]),
    answer_case("a scalar output in the column form", _COLUMNS, "with_scalar", '{"inputs": [1.0]}',
             {"total": 7, "x": [1.0]}),
    answer_case("outputs of different batch sizes in the column form", _COLUMNS, "with_one_row", '{"inputs": [1.0, 2.0]}',
             {"row": [[1, 2, 3]], "x": [1.0, 2.0]}),
    answer_case("the same batch size in the row form", _ROWS, "with_one_row", '{"instances": [1.0]}',
             [{"row": [1, 2, 3], "x": 1.0}]),
    answer_case("no rows in the column form", "json_tensor_test.cc FromJsonSingleZeroBatchTensor", "with_no_rows",
             '{"inputs": []}', {"none": [], "x": []}),
]  # fmt: skip

NOT_WRITTEN = [
    error_case("an output without a batch in the row form", "json_tensor_test.cc FromJsonSingleTensorErrors", "with_scalar",
            '{"instances": [1.0]}', "Tensor name: total has no shape information"),
    error_case("outputs of two batch sizes", "json_tensor_test.cc FromJsonMultipleNamedTensorsErrors", "with_one_row",
            '{"instances": [1.0, 2.0]}', "has inconsistent batch size:"),
    error_case("outputs of no rows and of one", "json_tensor_test.cc FromJsonMultipleZeroBatchTensorsErrors", "with_no_rows",
            '{"instances": [1.0]}', "has inconsistent batch size:"),
    *(error_case(f"{name} outputs in the form of {form}", "json_tensor_test.cc FromJsonSingleTensorErrors", f"to_{name}",
              f'{{"{form}": [1.0]}}', f"Failed to write JSON value for tensor type: {name}")
      for name in ("half", "bfloat16", "uint16", "complex64", "complex128")
      for form in ("instances", "inputs")),
]  # fmt: skip

NUMBERS = [
    answer_case("six digits", "json_tensor_test.cc FromJsonSingleFloatTensorSixDigitPrecision", "float",
             '{"instances": [[9000000, 999999, 0.50000], [0.0003, 0.00003, 555557.5]]}',
             [[9e06, 999999.0, 0.5], [0.0003, 3e-05, 555557.5]]),
    answer_case("what is not finite", "json_tensor_test.cc FromJsonSingleFloatTensorNonFinite", "float",
             '{"instances": [[NaN, Infinity], [3, -Infinity]]}',
             [[float("nan"), float("inf")], [3.0, float("-inf")]]),
    *(number_case(f"{number} as {kind} is written {text}", _DECIMAL, kind, number, text) for kind, number, text in (
        ("float", "9000000", "9e+06"), ("float", "0.00003", "3e-05"), ("float", "555557.5", "555557.5"),
        ("float", "999999", "999999.0"), ("float", "1000000", "1e+06"), ("float", "0.2", "0.2"), ("float", "2", "2.0"),
        ("float", "16777217", "16777216.0"), ("float", "123456.789", "123456.789"), ("float", "1234567", "1234567.0"),
        ("float", "0.1234567", "0.123456702"), ("float", "1e10", "1e+10"), ("float", "-0.0", "-0.0"),
        ("float", "3.4028235e38", "3.40282347e+38"), ("float", "1e-45", "1.4013e-45"), ("float", "1e-7", "1e-07"),
        ("float", "NaN", "NaN"), ("float", "Infinity", "Infinity"), ("float", "-Infinity", "-Infinity"),
        ("double", "0.1", "0.1"), ("double", "1234567", "1234567.0"), ("double", "123456789012", "123456789012.0"),
        ("double", "0.3333333333333333", "0.33333333333333331"), ("double", "1e300", "1e+300"),
        ("double", "1e22", "1e+22"), ("double", "NaN", "NaN"), ("double", "-Infinity", "-Infinity"),
        ("int64", "-9223372036854775808", "-9223372036854775808"), ("uint64", "18446744073709551615",
        "18446744073709551615"), ("bool", "true", "true"),
    )),
]  # fmt: skip

STRINGS = [
    layout_case("escapes of a string", "RapidJSON 1.1.0 writer.h WriteString", "string",
             r'{"inputs": "\"\\/\b\f\n\r\t\u001f\u007f"}',
             '{\n    "outputs": "\\"\\\\/\\b\\f\\n\\r\\t\\u001F\x7f"\n}'),
    layout_case("letters beyond ASCII stay as they are", "RapidJSON 1.1.0 writer.h WriteString", "string",
             r'{"inputs": "Z\u00fcrich \ud83d\ude00"}', '{\n    "outputs": "Zürich \U0001f600"\n}'),
]  # fmt: skip

LAYOUT = [
    layout_case("rows of scalars", _ROWS, "float", '{"instances": [2.5, 3, 4.5]}',
             '{\n    "predictions": [2.5, 3.0, 4.5\n    ]\n}'),
    layout_case("rows of lists", _ROWS, "int32", '{"instances": [[[1,2],[3,4]],[[5,6],[7,8]]]}',
             '{\n    "predictions": [[[1, 2], [3, 4]], [[5, 6], [7, 8]]\n    ]\n}'),
    layout_case("rows of objects", _ROWS, "two",
             '{"instances": [{"int_tensor": [1,2], "str_tensor": "a"}, {"int_tensor": [3,4], "str_tensor": "b"}]}',
             '{\n    "predictions": [\n        {\n            "int_tensor": [1, 2],\n            "str_tensor": "a"\n'
             '        },\n        {\n            "int_tensor": [3, 4],\n            "str_tensor": "b"\n        }\n'
             "    ]\n}"),
    layout_case("rows of bytes", _ROWS, "bytes", '{"instances": ["a"]}',
             '{\n    "predictions": [{\n            "b64": "YQ=="\n        }\n    ]\n}'),
    layout_case("a column", _COLUMNS, "int32", '{"inputs": [[1,2],[3,4]]}',
             '{\n    "outputs": [\n        [\n            1,\n            2\n        ],\n        [\n            3,\n'
             "            4\n        ]\n    ]\n}"),
    layout_case("columns", _COLUMNS, "two", '{"inputs": {"int_tensor": [1], "str_tensor": []}}',
             '{\n    "outputs": {\n        "int_tensor": [\n            1\n        ],\n        "str_tensor": []\n'
             "    }\n}"),
    layout_case("a scalar column", _COLUMNS, "int32", '{"inputs": 5}', '{\n    "outputs": 5\n}'),
    layout_case("a column of bytes", _COLUMNS, "bytes", '{"inputs": "a"}',
             '{\n    "outputs": {\n        "b64": "YQ=="\n    }\n}'),
    layout_case("an empty column", _COLUMNS, "int32", '{"inputs": []}', '{\n    "outputs": []\n}'),
]  # fmt: skip

CASES: list[JsonCase] = [*VALUES, *NOT_WRITTEN, *NUMBERS, *STRINGS, *LAYOUT]
