# ruff: noqa: E501  a row stays on its line
"""Rows about tensors: shapes, dtypes, numbers, strings, base64."""

from tests.tfserving.cases import JsonCase, answer_case, error_case

_ADD = "json_tensor.cc AddValueToTensor"
_FILL = "json_tensor.cc FillTensorProto"
_SHAPE = "json_tensor.cc GetDenseTensorShape"
_ERRORS = "json_tensor_test.cc SingleUnnamedTensorErrors"
_BASE64 = "absl escaping.cc Base64UnescapeInternal"
_PROTO = "tensorflow tensor.cc FromProtoField"


def _row(values: str) -> str:
    return f'{{"instances": {values}}}'


def _column(values: str) -> str:
    return f'{{"inputs": {values}}}'


SHAPES = [
    answer_case("rows of two", "json_tensor_test.cc SingleUnnamedTensor", "int32", _row("[[1,2],[3,4],[5,6]]"),
             [[1, 2], [3, 4], [5, 6]]),
    answer_case("one row of one", _SHAPE, "int32", _row("[[1]]"), [[1]]),
    answer_case("rows that are scalars", _SHAPE, "int32", _row("[1, 2, 3]"), [1, 2, 3]),
    answer_case("rows of rank three", _SHAPE, "int32", _row("[[[[1],[2]]],[[[3],[4]]]]"), [[[[1], [2]]], [[[3], [4]]]]),
    answer_case("rows that are empty", _SHAPE, "int32", _row("[[], []]"), [[], []]),
    answer_case("a column of rank two", "json_tensor_test.cc SingleUnnamedTensorColumnarFormat", "int_tensor",
             _column("[[[1,2],[3,4],[5,6]]]"), [[[1, 2], [3, 4], [5, 6]]]),
    answer_case("a column by its name", "json_tensor_test.cc SingleUnnamedTensorColumnarFormat", "int_tensor",
             _column('{"int_tensor": [[[1,2],[3,4],[5,6]]]}'), [[[1, 2], [3, 4], [5, 6]]]),
    answer_case("a column that is a scalar", _SHAPE, "int32", _column("5"), 5),
    answer_case("a column that is a scalar, by its name", _SHAPE, "int32", _column('{"default": 5}'), 5),
    answer_case("a column that is empty", _SHAPE, "int32", _column("[]"), []),
    answer_case("a column of empty rows", _SHAPE, "int32", _column("[[], []]"), [[], []]),
    error_case("a longer row", _ERRORS, "int32", _row("[[1,2],[3,4],[5,6,7]]"), "Expecting tensor size: 2 but got: 3"),
    error_case("a shorter row", _ERRORS, "int32", _row("[[1,2],[3]]"), "Expecting tensor size: 2 but got: 1"),
    error_case("a row of one more list", _ERRORS, "int32", _row("[[1,2],[3,4],[[5,6]]]"),
            "Expecting shape [2] but got: [1,2]"),
    error_case("a scalar, then a list", _ERRORS, "int32", _row("[1, [1]]"), "Expecting shape [] but got: [1]"),
    error_case("a list, then a scalar", _ERRORS, "int32", _row("[[1], 1]"), "Expecting shape [1] but got: []"),
    error_case("an empty row after a full one", _ERRORS, "int32", _row("[[1], []]"), "Expecting tensor size: 1 but got: 0"),
    error_case("a row and the same turned", _ERRORS, "int32", _row("[[[1,2]],[[1],[2]]]"),
            "Expecting shape [1,2] but got: [2,1]"),
    error_case("a list beside scalars", _FILL, "int32", _row("[[1, [2]]]"),
            "Encountered list at unexpected level: 1 expected < 1"),
    error_case("a scalar beside lists", _FILL, "int32", _row("[[[1], 2]]"),
            "found at incorrect level: 2 in the JSON DOM. Expected at level: 2"),
    error_case("a longer list inside a row", _FILL, "int32", _row("[[[1],[2,3]]]"),
            "Encountered list at unexpected size: 2 at level: 1 expected size: 1"),
    error_case("a ragged column", _FILL, "int32", _column("[[1,2],[3]]"),
            "Encountered list at unexpected size: 1 at level: 1 expected size: 2"),
    error_case("an empty list before a full one", _FILL, "int32", _column("[[], [1]]"),
            "Encountered list at unexpected size: 1 at level: 1 expected size: 0"),
    error_case("a column of a scalar and a list", _FILL, "int32", _column("[1, [2]]"),
            "Encountered list at unexpected level: 1 expected < 1"),
    error_case("where in the rows it went wrong", "json_tensor.cc FillTensorMapFromInstancesList", "int32",
            _row('[1, 2, "x"]'), "Failed to process element: 2 of 'instances' list."),
]  # fmt: skip

INTEGERS = [
    answer_case("the bounds of int32", _ADD, "int32", _row("[2147483647, -2147483648]"), [2147483647, -2147483648]),
    answer_case("minus zero is an integer", _ADD, "int32", _row("[-0]"), [0]),
    error_case("one beyond int32", _ADD, "int32", _row("[2147483648]"), "Type: Number is not of expected type: int32"),
    error_case("one below int32", _ADD, "int32", _row("[-2147483649]"), "Type: Number is not of expected type: int32"),
    error_case("a whole float for int32", _ADD, "int32", _row("[1.0]"), "Type: Number is not of expected type: int32"),
    error_case("an exponent for int32", _ADD, "int32", _row("[1e2]"), "Type: Number is not of expected type: int32"),
    error_case("NaN for int32", _ADD, "int32", _row("[NaN]"), "Type: Number is not of expected type: int32"),
    error_case("true for int32", _ADD, "int32", _row("[1, true, false]"), "Type: True is not of expected type: int32"),
    error_case("a string for int32", _ERRORS, "int32", _row('[[1,2],["a", "b"]]'),
            "Type: String is not of expected type: int32"),
    error_case("digits in a string for int32", _ADD, "int32", _row('["1"]'), 'JSON Value: "1" Type: String'),
    error_case("null for int32", _ADD, "int32", _row("[null]"), "Type: Null is not of expected type: int32"),
    error_case("a base64 object for int32", _FILL, "int32", _row('[{"b64": "AQ=="}]'),
            "Type: Object is not of expected type: int32"),
    answer_case("int16 wraps", _PROTO, "int16", _row("[32767, 32768, 70000, -32769]"), [32767, -32768, 4464, 32767]),
    answer_case("int8 wraps", _PROTO, "int8", _row("[127, 128, 300, -129]"), [127, -128, 44, 127]),
    answer_case("uint8 wraps", _PROTO, "uint8", _row("[255, 256, 300, -1]"), [255, 0, 44, 255]),
    error_case("beyond int32 for int8", _ADD, "int8", _row("[2147483648]"), "is not of expected type: int8"),
    error_case("beyond int32 for uint8", _ADD, "uint8", _row("[4294967295]"), "is not of expected type: uint8"),
    error_case("a float for int16", _ADD, "int16", _row("[1.5]"), "is not of expected type: int16"),
    answer_case("the bounds of int64", _ADD, "int64", _row("[9223372036854775807, -9223372036854775808]"),
             [9223372036854775807, -9223372036854775808]),
    error_case("one beyond int64", _ADD, "int64", _row("[9223372036854775808]"), "is not of expected type: int64"),
    error_case("one below int64", _ADD, "int64", _row("[-9223372036854775809]"), "is not of expected type: int64"),
    error_case("a float for int64", _ADD, "int64", _row("[1.0]"), "is not of expected type: int64"),
    answer_case("the bounds of uint32", _ADD, "uint32", _row("[0, 4294967295]"), [0, 4294967295]),
    error_case("a negative uint32", _ADD, "uint32", _row("[-1]"), "is not of expected type: uint32"),
    error_case("one beyond uint32", _ADD, "uint32", _row("[4294967296]"), "is not of expected type: uint32"),
    answer_case("the bounds of uint64", _ADD, "uint64", _row("[0, 18446744073709551615]"), [0, 18446744073709551615]),
    error_case("a negative uint64", _ADD, "uint64", _row("[-1]"), "is not of expected type: uint64"),
    error_case("one beyond uint64", _ADD, "uint64", _row("[18446744073709551616]"), "is not of expected type: uint64"),
    answer_case("booleans", _ADD, "bool", _row("[true, false]"), [True, False]),
    error_case("1 for bool", _ADD, "bool", _row("[1]"), "Type: Number is not of expected type: bool"),
    error_case("a string for bool", _ADD, "bool", _row('["true"]'), "Type: String is not of expected type: bool"),
    error_case("null for bool", _ADD, "bool", _row("[null]"), "Type: Null is not of expected type: bool"),
]  # fmt: skip

FLOATS = [
    answer_case("integers among floats", "json_tensor_test.cc MixedInputForFloatTensor", "float",
             _row("[1, 2.0, 3, 4, 5.003, 0.007, 0.0]"), [1.0, 2.0, 3.0, 4.0, 5.003, 0.007, 0.0]),
    answer_case("integers among doubles", "json_tensor_test.cc MixedInputForDoubleTensor", "double",
             _row("[1.0, 2, 3, 4, 0.662, 0, 0.0]"), [1.0, 2.0, 3.0, 4.0, 0.662, 0.0, 0.0]),
    answer_case("an integer that float32 rounds", "json_tensor_test.cc FloatTensorWithPrecisionLoss", "float",
             _row("[1435774380]"), [1.43577434e9]),
    answer_case("the same with a point", "json_tensor_test.cc FloatTensorWithPrecisionLoss", "float",
             _row("[1435774380.0]"), [1.43577434e9]),
    answer_case("two to the 24th, and one more", "json_tensor_test.cc FloatTensorWithPrecisionLoss", "float",
             _row("[16777216, 16777217, -16777217]"), [16777216.0, 16777216.0, -16777216.0]),
    answer_case("integers beyond uint64 are doubles", "RapidJSON 1.1.0 reader.h ParseNumber", "float",
             _row("[18446744073709551616, -99999999999999999999]"), [1.84467441e19, -1e20]),
    answer_case("an integer that a double rounds", _ADD, "double", _row("[9007199254740993]"), [9007199254740992.0]),
    answer_case("the largest double is infinite as a float", "json_tensor_test.cc FloatTensorThatExceedsMaxReturnsInf",
             "float", _row("[1.7976931348623157e+308]"), [float("inf")]),
    answer_case("the lowest double is infinite as a float", "json_tensor_test.cc FloatTensorThatExceedsMaxReturnsInf",
             "float", _row("[-1.7976931348623157e+308]"), [float("-inf")]),
    answer_case("just beyond float32", "json_tensor_test.cc FloatTensorThatExceedsMaxReturnsInf", "float",
             _row("[1e39, -1e39, 3.4028234663852886e38]"), [float("inf"), float("-inf"), 3.40282347e38]),
    answer_case("an integer beyond float32", "json_tensor_test.cc FloatTensorThatExceedsMaxReturnsInf", "float",
             _row(f"[1{'0' * 39}]"), [float("inf")]),
    answer_case("the smallest double is zero as a float", "json_tensor_test.cc FloatTensorThatExceedsMinReturnsZero",
             "float", _row("[2.2250738585072014e-308, -2.2250738585072014e-308]"), [0.0, -0.0]),
    answer_case("below float32", "json_tensor_test.cc FloatTensorThatExceedsMinReturnsZero", "float", _row("[1e-46, -1e-46]"),
             [0.0, -0.0]),
    answer_case("below a double", "RapidJSON 1.1.0 reader.h ParseNumber", "double", _row("[1e-400, -1e-400]"), [0.0, -0.0]),
    answer_case("minus zero with a point", _ADD, "float", _row("[-0.0, 0.0]"), [-0.0, 0.0]),
    answer_case("minus zero without a point is an integer", _ADD, "float", _row("[-0]"), [0.0]),
    answer_case("exponents", "api_rest.md JSON mapping", "float", _row("[1e2, 1E2, 1e+2, 25e-2, 0e0]"),
             [100.0, 100.0, 100.0, 0.25, 0.0]),
    answer_case("NaN and both infinities", "json_tensor_test.cc MultipleNamedTensor", "float",
             _row("[NaN, Infinity, -Infinity]"), [float("nan"), float("inf"), float("-inf")]),
    answer_case("their short forms", "RapidJSON 1.1.0 reader.h kParseNanAndInfFlag", "float", _row("[Inf, -Inf, -NaN]"),
             [float("inf"), float("-inf"), float("nan")]),
    answer_case("NaN and infinity as doubles", "json_tensor_test.cc MultipleNamedTensor", "double",
             _column("[NaN, Infinity, -Infinity, 1e300]"), [float("nan"), float("inf"), float("-inf"), 1e300]),
    answer_case("doubles of seventeen digits", "json_tensor.cc WriteDecimal", "double", _row("[0.1, 0.30000000000000004]"),
             [0.1, 0.30000000000000004]),
    error_case("NaN in a string", _ADD, "float", _row('["NaN"]'), 'JSON Value: "NaN" Type: String'),
    error_case("letters for float", "http_rest_api_handler_test.cc PredictRequestErrors", "float", _row('["x", "y"]'),
            "not of expected type: float"),
    error_case("digits in a string for float", _ADD, "float", _row('["1.5"]'), "Type: String is not of expected type: float"),
    error_case("true for float", _ADD, "float", _row("[1.0, true]"), "Type: True is not of expected type: float"),
    error_case("false for double", _ADD, "double", _row("[false]"), "Type: False is not of expected type: double"),
    error_case("null for float", _ADD, "float", _row("[null]"), "Type: Null is not of expected type: float"),
    error_case("null for the whole column", _ADD, "float", _column("null"), "Type: Null is not of expected type: float"),
    error_case("base64 for float", _FILL, "float", _column('{"b64": "AACAPw=="}'),
            "Type: Object is not of expected type: float"),
]  # fmt: skip

NOT_CONVERTED = [
    *(error_case(f"{name} in the column form", _ADD, name, _column("[1]"), f"Conversion of JSON Value: 1 to type: {name}",
              status=501)
      for name in ("half", "bfloat16", "uint16", "complex64")),
    *(error_case(f"{name} in the row form", "json_tensor.cc FillTensorMapFromInstancesList", name, _row("[1]"),
              f"to type: {name}")
      for name in ("half", "bfloat16", "uint16", "complex64")),
    error_case("an object for half", _FILL, "half", _column('[{"b64": "AA=="}]'), "is not of expected type: half"),
    answer_case("nothing to convert", _FILL, "half", _column("[]"), []),
]  # fmt: skip

STRINGS = [
    answer_case("strings", "api_rest.md row format", "string", _row('["foo", "bar", ""]'), ["foo", "bar", ""]),
    answer_case("strings beyond ASCII", _ADD, "string", _row('["Zürich", "日本", "\U0001f600"]'),
             ["Zürich", "日本", "\U0001f600"]),
    answer_case("all escapes", "RapidJSON 1.1.0 reader.h ParseStringToStream", "string", _row(r'["\"\\\/\b\f\n\r\t\u00e9"]'),
             ['"\\/\b\f\n\r\té']),
    answer_case("a surrogate pair", "RapidJSON 1.1.0 reader.h ParseStringToStream", "string", _row(r'["\ud83d\ude00"]'),
             ["\U0001f600"]),
    answer_case("a backslash before the letters of a surrogate", "RapidJSON 1.1.0 reader.h ParseStringToStream", "string",
             _row(r'["\\ud83d"]'), ["\\ud83d"]),
    answer_case("a NUL character", "json_tensor.cc AddValueToTensor", "bytes", _row(r'["a\u0000b"]'), [{"b64": "YQBi"}]),
    answer_case("bytes that are no UTF-8", "json_tensor.cc ParseJson (no kParseValidateEncodingFlag)", "bytes",
             b'{"instances": ["\xff\x80"]}', [{"b64": "/4A="}]),
    answer_case("the second half of a surrogate pair", "RapidJSON 1.1.0 reader.h ParseStringToStream", "bytes",
             _row(r'["\udc00"]'), [{"b64": "7bCA"}]),
    error_case("a number for a string", _ADD, "string", _row("[1]"), "Type: Number is not of expected type: string"),
    error_case("true for a string", _ADD, "string", _row("[true]"), "Type: True is not of expected type: string"),
    error_case("null for a string", _ADD, "string", _row("[null]"), "Type: Null is not of expected type: string"),
    error_case("a number among strings", _ADD, "string", _row('["a", 1]'), "Type: Number is not of expected type: string"),
    answer_case("base64 for scalars", "json_tensor_test.cc SingleUnnamedTensorBase64Scalars", "string",
             _row('[ { "b64" : "aGVsbG8=" }, { "b64": "d29ybGQ=" } ]'), ["hello", "world"]),
    answer_case("base64 in lists", "json_tensor_test.cc SingleUnnamedTensorBase64Lists", "string",
             _row('[ [{ "b64" : "aGVsbG8=" }], [{ "b64": "d29ybGQ=" }] ]'), [["hello"], ["world"]]),
    answer_case("base64 in lists, by name", "json_tensor_test.cc SingleNamedTensorBase64", "string",
             _row('[{"default": [ [{ "b64" : "aGVsbG8=" }], [{ "b64": "d29ybGQ=" }] ]}]'), [[["hello"], ["world"]]]),
    answer_case("base64 beside text", "json_tensor.cc FillTensorProto", "string", _row('["hello", {"b64": "d29ybGQ="}]'),
             ["hello", "world"]),
    answer_case("base64 as the whole column", "json_tensor.cc FillTensorMapFromInputsMap", "string",
             _column('{"b64": "aGVsbG8="}'), "hello"),
    answer_case("an input named b64, in the column form, is taken for base64", "json_tensor.cc IsValBase64Object",
             "input_b64", _column('{"b64": "aGVsbG8="}'), "hello"),
    answer_case("an input named b64 that is a list is no base64", "json_tensor.cc IsValBase64Object", "input_b64",
             _column('{"b64": ["hello"]}'), ["hello"]),
]  # fmt: skip

BASE64 = [
    *(answer_case(f"base64 {what}", _BASE64, "bytes", _column(f'[{{"b64": "{text}"}}]'), [{"b64": back}])
      for what, text, back in (
          ("of nothing", "", ""), ("without padding", "aGVsbG8", "aGVsbG8="), ("of one byte without padding", "/w", "/w=="),
          ("with line breaks", r"aGVs\nbG8=\n", "aGVsbG8="), ("in MIME's lines", r"aGVs\r\nbG8=", "aGVsbG8="),
          ("with blanks and tabs", r" aG Vs\tbG8 = ", "aGVsbG8="), ("padded with points", "/w..", "/w=="),
          ("with bits left over", "/x==", "/w=="), ("with white space only", r" \n", ""),
          ("with its padding apart", r"/w=\n=", "/w=="), ("of plus and slash", "+/+/", "+/+/"),
      )),
    *(error_case(f"base64 {what}", _BASE64, "bytes", _column(f'[{{"b64": "{text}"}}]'), "Unable to base64 decode")
      for what, text in (
          ("in the URL's alphabet", "-_-_"), ("of one letter", "a"), ("of five letters", "aGVsb"), ("that is none", "!!!!"),
          ("with half its padding", "/w="), ("with padding too much", "aGVsbG8=="), ("of padding only", "="),
          ("with letters after the padding", "/w==/w=="), ("with four signs of padding", "aGVs===="),
          ("beyond ASCII", "aGVsbGä="),
      )),
    *(error_case(f"{what} is not base64", "json_tensor.cc IsValBase64Object", "string", _column(f"[{value}]"),
              "not formatted correctly for base64 data")
      for what, value in (
          ("an object without b64", '{"x": "YQ=="}'), ("an empty object", "{}"), ("b64 and another key",
          '{"b64": "YQ==", "x": 1}'), ("b64 that is a number", '{"b64": 1}'), ("b64 that is null", '{"b64": null}'),
          ("b64 that is a list", '{"b64": ["YQ=="]}'), ("B64 in capitals", '{"B64": "YQ=="}'),
          ("b64 twice", '{"b64": "YQ==", "b64": "Yg=="}'),
      )),
]  # fmt: skip

CASES: list[JsonCase] = [*SHAPES, *INTEGERS, *FLOATS, *NOT_CONVERTED, *STRINGS, *BASE64]
