# ruff: noqa: E501  a row stays on its line
"""Rows about named inputs: in the row form and in the column form."""

from tests.tfserving.cases import JsonCase, accepted, refused

_ROWS = "json_tensor.cc FillTensorMapFromInstancesList"
_COLUMNS = "json_tensor.cc FillTensorMapFromInputsMap"
_ERRORS = "json_tensor_test.cc MultipleNamedTensorErrors"
_NAN, _INFINITY = float("nan"), float("inf")

ROWS = [
    accepted("four inputs of four dtypes", "json_tensor_test.cc MultipleNamedTensor", "four", """{
        "instances": [
            {"int_tensor": [[1,2],[3,4],[5,6]], "str_tensor": ["foo", "bar"], "float_tensor": [1.0, NaN],
             "dbl_tensor": [NaN]},
            {"int_tensor": [[7,8],[9,0],[1,2]], "str_tensor": ["baz", "bat"], "float_tensor": [2.0, Infinity],
             "dbl_tensor": [2.0]}]}""", [
        {"dbl_tensor": [_NAN], "float_tensor": [1.0, _NAN], "int_tensor": [[1, 2], [3, 4], [5, 6]],
         "str_tensor": ["foo", "bar"]},
        {"dbl_tensor": [2.0], "float_tensor": [2.0, _INFINITY], "int_tensor": [[7, 8], [9, 0], [1, 2]],
         "str_tensor": ["baz", "bat"]}]),
    accepted("the order of names is free", _ROWS, "two",
             '{"instances": [{"str_tensor": "a", "int_tensor": 1}, {"int_tensor": 2, "str_tensor": "b"}]}',
             [{"int_tensor": 1, "str_tensor": "a"}, {"int_tensor": 2, "str_tensor": "b"}]),
    accepted("base64 under a name", _ROWS, "two", '{"instances": [{"int_tensor": 1, "str_tensor": {"b64": "aGVsbG8="}}]}',
             [{"int_tensor": 1, "str_tensor": "hello"}]),
    accepted("one input by its name", _ROWS, "float_tensor", '{"instances": [{"float_tensor": [1, 2.5]}]}', [[1.0, 2.5]]),
    accepted("one input by its name, twice", _ROWS, "int32", '{"instances": [{"default": 1}, {"default": 2}]}', [1, 2]),
    accepted("an input twice in a row: the first counts", _ROWS, "int32", '{"instances": [{"default": 1, "default": 2}]}',
             [1]),
    accepted("inputs of different shapes", _ROWS, "two",
             '{"instances": [{"int_tensor": [[1],[2]], "str_tensor": "a"}]}',
             [{"int_tensor": [[1], [2]], "str_tensor": "a"}]),
    refused("two shapes of one input", _ERRORS, "two", """{"instances": [
        {"int_tensor": [[1,2],[3,4],[5,6]], "str_tensor": ["foo", "bar"]},
        {"int_tensor": [[[7,8],[9,0],[1,2]]], "str_tensor": ["baz", "bat"]}]}""",
            "Expecting shape [3,2] but got: [1,3,2]"),
    refused("two sizes of one input", _ERRORS, "two", """{"instances": [
        {"int_tensor": [[1,2],[3,4],[5,6],[7,8]], "str_tensor": ["foo", "bar"]},
        {"int_tensor": [[7,8],[9,0],[1,2]], "str_tensor": ["baz", "bat"]}]}""", "Expecting tensor size: 8 but got: 6"),
    refused("a list among objects", _ERRORS, "two", """{"instances": [
        {"int_tensor": [[1,2],[3,4],[5,6]], "str_tensor": ["foo", "bar"]}, [1, 20, 30],
        {"int_tensor": [[[7,8],[9,0],[1,2]]], "str_tensor": ["baz", "bat"]}]}""",
            "Expecting object but got list at item 1 of input list"),
    refused("an object among lists", _ERRORS, "str_tensor",
            '{"instances": [["baz", "bar"], {"str_tensor": ["baz", "bat"]}]}',
            "Expecting value/list but got object at item 1 of input list"),
    refused("a base64 object among objects", _ROWS, "str_tensor", '{"instances": [{"str_tensor": "a"}, {"b64": "YQ=="}]}',
            "Expecting object but got list at item 1 of input list"),
    refused("an object among base64 objects", _ROWS, "str_tensor", '{"instances": [{"b64": "YQ=="}, {"str_tensor": "a"}]}',
            "Expecting value/list but got object at item 1 of input list"),
    refused("null among objects", _ROWS, "int32", '{"instances": [{"default": 1}, null]}',
            "Expecting object but got list at item 1 of input list"),
    refused("plain rows for two inputs", _ROWS, "two", '{"instances": [[1, "a"]]}',
            "instances is a plain list, but expecting list of objects as multiple input tensors required"),
    refused("plain values for two inputs", _ROWS, "two", '{"instances": [1]}', "instances is a plain list"),
    refused("base64 rows for two inputs", _ROWS, "two", '{"instances": [{"b64": "YQ=="}]}', ""),
    refused("an input too few", _ROWS, "two", '{"instances": [{"int_tensor": 1}]}',
            "keys must be equal to: int_tensor,str_tensor"),
    refused("an input too few in the second row", _ROWS, "two",
            '{"instances": [{"int_tensor": 1, "str_tensor": "a"}, {"int_tensor": 1}]}',
            "Failed to process element: 1 of 'instances' list."),
    refused("an input too many", "json_tensor.cc AddInstanceItem", "two",
            '{"instances": [{"int_tensor": 1, "str_tensor": "a", "other": 1}]}',
            "JSON object: does not have named input: other"),
    refused("an input of another name", "json_tensor.cc AddInstanceItem", "int32", '{"instances": [{"x": 1}]}',
            "Failed to process element: 0 key: x of 'instances' list."),
    refused("an empty object", _ROWS, "int32", '{"instances": [{}]}', "keys must be equal to: default"),
    refused("a wrong value under a name", _ROWS, "two", '{"instances": [{"int_tensor": "1", "str_tensor": "a"}]}',
            "Failed to process element: 0 key: int_tensor of 'instances' list."),
    refused("an object in a row of numbers", "json_tensor.cc FillTensorProto", "int32", '{"instances": [[{"default": 1}]]}',
            "Type: Object is not of expected type: int32"),
    refused("an object under a name", "json_tensor.cc FillTensorProto", "int32", '{"instances": [{"default": {"a": 1}}]}',
            "Type: Object is not of expected type: int32"),
]  # fmt: skip

COLUMNS = [
    accepted("three inputs, base64 among them", "json_tensor_test.cc MultipleNamedTensorColumnarFormat", "three",
             """{"inputs": {"int_tensor": [[[1,2],[3,4],[5,6]]], "str_tensor": ["foo", "bar"],
                            "bin_tensor": { "b64" : "aGVsbG8=" }}}""",
             {"bin_tensor": "hello", "int_tensor": [[[1, 2], [3, 4], [5, 6]]], "str_tensor": ["foo", "bar"]}),
    accepted("inputs of different batch sizes", "api_rest.md column format", "two",
             '{"inputs": {"int_tensor": [1, 2, 3], "str_tensor": ["a"]}}',
             {"int_tensor": [1, 2, 3], "str_tensor": ["a"]}),
    accepted("an input that the signature has not is ignored", _COLUMNS, "two",
             '{"inputs": {"int_tensor": [1], "str_tensor": ["a"], "other": {"x": [null]}}}',
             {"int_tensor": [1], "str_tensor": ["a"]}),
    accepted("the same for one input", _COLUMNS, "int32", '{"inputs": {"default": [1], "id": "7"}}', [1]),
    accepted("one input as a plain list", _COLUMNS, "str_tensor", '{"inputs": ["a", "b"]}', ["a", "b"]),
    accepted("one input as a plain value", _COLUMNS, "float_tensor", '{"inputs": 1}', 1.0),
    accepted("one input that is a plain string", _COLUMNS, "str_tensor", '{"inputs": "hello"}', "hello"),
    refused("a plain list for two inputs", _COLUMNS, "two", '{"inputs": [1, 2]}',
            "inputs is a plain value/list, but expecting an object as multiple input tensors required"),
    refused("a plain value for two inputs", _COLUMNS, "two", '{"inputs": 1}', "inputs is a plain value/list"),
    refused("null for two inputs", _COLUMNS, "two", '{"inputs": null}', "inputs is a plain value/list"),
    refused("base64 for two inputs", _COLUMNS, "two", '{"inputs": {"b64": "YQ=="}}', "inputs is a plain value/list"),
    refused("a list of objects", "json_tensor.cc FillTensorProto", "int32", '{"inputs": [{"default": 1}]}',
            "Type: Object is not of expected type: int32"),
    refused("a column too few", _COLUMNS, "two", '{"inputs": {"int_tensor": [1]}}',
            "Missing named input: str_tensor in 'inputs' object."),
    refused("no column", _COLUMNS, "int32", '{"inputs": {}}', "Missing named input: default in 'inputs' object."),
    refused("a column of another name", _COLUMNS, "int32", '{"inputs": {"x": [1]}}',
            "Missing named input: default in 'inputs' object."),
    refused("an object in a column", "json_tensor.cc FillTensorProto", "int32", '{"inputs": {"default": {"a": 1}}}',
            "Type: Object is not of expected type: int32"),
    refused("a wrong value in a column", "json_tensor.cc AddValueToTensor", "two",
            '{"inputs": {"int_tensor": ["1"], "str_tensor": ["a"]}}', "Type: String is not of expected type: int32"),
]  # fmt: skip

CASES: list[JsonCase] = [*ROWS, *COLUMNS]
