# ruff: noqa: E501  a row stays on its line
"""Rows about named inputs: in the row form and in the column form."""

from tests.tfserving.cases import JsonCase, answer_case, error_case

_ROWS = "json_tensor.cc FillTensorMapFromInstancesList"
_COLUMNS = "json_tensor.cc FillTensorMapFromInputsMap"
_ERRORS = "json_tensor_test.cc MultipleNamedTensorErrors"
_NAN, _INFINITY = float("nan"), float("inf")

ROWS = [
    answer_case("four inputs of four dtypes", "json_tensor_test.cc MultipleNamedTensor", "four", """{
        "instances": [
            {"int_tensor": [[1,2],[3,4],[5,6]], "str_tensor": ["foo", "bar"], "float_tensor": [1.0, NaN],
             "dbl_tensor": [NaN]},
            {"int_tensor": [[7,8],[9,0],[1,2]], "str_tensor": ["baz", "bat"], "float_tensor": [2.0, Infinity],
             "dbl_tensor": [2.0]}]}""", [
        {"dbl_tensor": [_NAN], "float_tensor": [1.0, _NAN], "int_tensor": [[1, 2], [3, 4], [5, 6]],
         "str_tensor": ["foo", "bar"]},
        {"dbl_tensor": [2.0], "float_tensor": [2.0, _INFINITY], "int_tensor": [[7, 8], [9, 0], [1, 2]],
         "str_tensor": ["baz", "bat"]}]),
    answer_case("the order of names is free", _ROWS, "two",
             '{"instances": [{"str_tensor": "a", "int_tensor": 1}, {"int_tensor": 2, "str_tensor": "b"}]}',
             [{"int_tensor": 1, "str_tensor": "a"}, {"int_tensor": 2, "str_tensor": "b"}]),
    answer_case("base64 under a name", _ROWS, "two", '{"instances": [{"int_tensor": 1, "str_tensor": {"b64": "aGVsbG8="}}]}',
             [{"int_tensor": 1, "str_tensor": "hello"}]),
    answer_case("one input by its name", _ROWS, "float_tensor", '{"instances": [{"float_tensor": [1, 2.5]}]}', [[1.0, 2.5]]),
    answer_case("one input by its name, twice", _ROWS, "int32", '{"instances": [{"default": 1}, {"default": 2}]}', [1, 2]),
    answer_case("an input twice in a row: the first counts", _ROWS, "int32", '{"instances": [{"default": 1, "default": 2}]}',
             [1]),
    answer_case("inputs of different shapes", _ROWS, "two",
             '{"instances": [{"int_tensor": [[1],[2]], "str_tensor": "a"}]}',
             [{"int_tensor": [[1], [2]], "str_tensor": "a"}]),
    error_case("two shapes of one input", _ERRORS, "two", """{"instances": [
        {"int_tensor": [[1,2],[3,4],[5,6]], "str_tensor": ["foo", "bar"]},
        {"int_tensor": [[[7,8],[9,0],[1,2]]], "str_tensor": ["baz", "bat"]}]}""",
            "Expecting shape [3,2] but got: [1,3,2]"),
    error_case("two sizes of one input", _ERRORS, "two", """{"instances": [
        {"int_tensor": [[1,2],[3,4],[5,6],[7,8]], "str_tensor": ["foo", "bar"]},
        {"int_tensor": [[7,8],[9,0],[1,2]], "str_tensor": ["baz", "bat"]}]}""", "Expecting tensor size: 8 but got: 6"),
    error_case("a list among objects", _ERRORS, "two", """{"instances": [
        {"int_tensor": [[1,2],[3,4],[5,6]], "str_tensor": ["foo", "bar"]}, [1, 20, 30],
        {"int_tensor": [[[7,8],[9,0],[1,2]]], "str_tensor": ["baz", "bat"]}]}""",
            "Expecting object but got list at item 1 of input list"),
    error_case("an object among lists", _ERRORS, "str_tensor",
            '{"instances": [["baz", "bar"], {"str_tensor": ["baz", "bat"]}]}',
            "Expecting value/list but got object at item 1 of input list"),
    error_case("a base64 object among objects", _ROWS, "str_tensor", '{"instances": [{"str_tensor": "a"}, {"b64": "YQ=="}]}',
            "Expecting object but got list at item 1 of input list"),
    error_case("an object among base64 objects", _ROWS, "str_tensor", '{"instances": [{"b64": "YQ=="}, {"str_tensor": "a"}]}',
            "Expecting value/list but got object at item 1 of input list"),
    error_case("null among objects", _ROWS, "int32", '{"instances": [{"default": 1}, null]}',
            "Expecting object but got list at item 1 of input list"),
    error_case("plain rows for two inputs", _ROWS, "two", '{"instances": [[1, "a"]]}',
            "instances is a plain list, but expecting list of objects as multiple input tensors required"),
    error_case("plain values for two inputs", _ROWS, "two", '{"instances": [1]}', "instances is a plain list"),
    error_case("base64 rows for two inputs", _ROWS, "two", '{"instances": [{"b64": "YQ=="}]}', ""),
    error_case("an input too few", _ROWS, "two", '{"instances": [{"int_tensor": 1}]}',
            "keys must be equal to: int_tensor,str_tensor"),
    error_case("an input too few in the second row", _ROWS, "two",
            '{"instances": [{"int_tensor": 1, "str_tensor": "a"}, {"int_tensor": 1}]}',
            "Failed to process element: 1 of 'instances' list."),
    error_case("an input too many", "json_tensor.cc AddInstanceItem", "two",
            '{"instances": [{"int_tensor": 1, "str_tensor": "a", "other": 1}]}',
            "JSON object: does not have named input: other"),
    error_case("an input of another name", "json_tensor.cc AddInstanceItem", "int32", '{"instances": [{"x": 1}]}',
            "Failed to process element: 0 key: x of 'instances' list."),
    error_case("an empty object", _ROWS, "int32", '{"instances": [{}]}', "keys must be equal to: default"),
    error_case("a wrong value under a name", _ROWS, "two", '{"instances": [{"int_tensor": "1", "str_tensor": "a"}]}',
            "Failed to process element: 0 key: int_tensor of 'instances' list."),
    error_case("an object in a row of numbers", "json_tensor.cc FillTensorProto", "int32", '{"instances": [[{"default": 1}]]}',
            "Type: Object is not of expected type: int32"),
    error_case("an object under a name", "json_tensor.cc FillTensorProto", "int32", '{"instances": [{"default": {"a": 1}}]}',
            "Type: Object is not of expected type: int32"),
]  # fmt: skip

COLUMNS = [
    answer_case("three inputs, base64 among them", "json_tensor_test.cc MultipleNamedTensorColumnarFormat", "three",
             """{"inputs": {"int_tensor": [[[1,2],[3,4],[5,6]]], "str_tensor": ["foo", "bar"],
                            "bin_tensor": { "b64" : "aGVsbG8=" }}}""",
             {"bin_tensor": "hello", "int_tensor": [[[1, 2], [3, 4], [5, 6]]], "str_tensor": ["foo", "bar"]}),
    answer_case("inputs of different batch sizes", "api_rest.md column format", "two",
             '{"inputs": {"int_tensor": [1, 2, 3], "str_tensor": ["a"]}}',
             {"int_tensor": [1, 2, 3], "str_tensor": ["a"]}),
    answer_case("an input that the signature has not is ignored", _COLUMNS, "two",
             '{"inputs": {"int_tensor": [1], "str_tensor": ["a"], "other": {"x": [null]}}}',
             {"int_tensor": [1], "str_tensor": ["a"]}),
    answer_case("the same for one input", _COLUMNS, "int32", '{"inputs": {"default": [1], "id": "7"}}', [1]),
    answer_case("one input as a plain list", _COLUMNS, "str_tensor", '{"inputs": ["a", "b"]}', ["a", "b"]),
    answer_case("one input as a plain value", _COLUMNS, "float_tensor", '{"inputs": 1}', 1.0),
    answer_case("one input that is a plain string", _COLUMNS, "str_tensor", '{"inputs": "hello"}', "hello"),
    error_case("a plain list for two inputs", _COLUMNS, "two", '{"inputs": [1, 2]}',
            "inputs is a plain value/list, but expecting an object as multiple input tensors required"),
    error_case("a plain value for two inputs", _COLUMNS, "two", '{"inputs": 1}', "inputs is a plain value/list"),
    error_case("null for two inputs", _COLUMNS, "two", '{"inputs": null}', "inputs is a plain value/list"),
    error_case("base64 for two inputs", _COLUMNS, "two", '{"inputs": {"b64": "YQ=="}}', "inputs is a plain value/list"),
    error_case("a list of objects", "json_tensor.cc FillTensorProto", "int32", '{"inputs": [{"default": 1}]}',
            "Type: Object is not of expected type: int32"),
    error_case("a column too few", _COLUMNS, "two", '{"inputs": {"int_tensor": [1]}}',
            "Missing named input: str_tensor in 'inputs' object."),
    error_case("no column", _COLUMNS, "int32", '{"inputs": {}}', "Missing named input: default in 'inputs' object."),
    error_case("a column of another name", _COLUMNS, "int32", '{"inputs": {"x": [1]}}',
            "Missing named input: default in 'inputs' object."),
    error_case("an object in a column", "json_tensor.cc FillTensorProto", "int32", '{"inputs": {"default": {"a": 1}}}',
            "Type: Object is not of expected type: int32"),
    error_case("a wrong value in a column", "json_tensor.cc AddValueToTensor", "two",
            '{"inputs": {"int_tensor": ["1"], "str_tensor": ["a"]}}', "Type: String is not of expected type: int32"),
]  # fmt: skip

CASES: list[JsonCase] = [*ROWS, *COLUMNS]
