# ruff: noqa: E501  a row stays on its line
"""Rows about ``:classify`` and ``:regress``: the tf.Examples that a body makes, and the results.

The model ``examples`` answers to classify with the examples that it got, to regress with their sizes in bytes;
``half_plus_two`` is that of TensorFlow Serving's tests.
"""

import dataclasses

from tests.tfserving.cases import JsonCase, error_case

_TYPED = "json_tensor_test.cc ClassifyRegressRequestTest."
_ERRORS = _TYPED + "JsonErrors"
_FILL = "json_tensor.cc FillClassifyRegressRequestFromJson"
_FEATURE = "json_tensor.cc AddValueToFeature"
_HANDLER = "http_rest_api_handler_test.cc "
_NAN, _INFINITY = float("nan"), float("inf")


def examples_case(name: str, source: str, body: str | bytes, *examples: dict) -> JsonCase:
    """The model gets these examples: name -> (kind of list, values)."""
    return JsonCase(name, source, "examples", body, verb="classify", examples=examples)


def result_case(
    name: str, source: str, verb: str, body: str, answer: list, signature: str = "half_plus_two"
) -> JsonCase:
    return JsonCase(name, source, signature, body, verb=verb, answer=answer)


def error_cases(name: str, source: str, body: str, error: str) -> list[JsonCase]:
    """The same body is refused for both methods."""
    case = dataclasses.replace(error_case(name, source, "examples", body, error), verb="classify")
    regress = dataclasses.replace(case, name=f"{name}, to regress", verb="regress")
    return [case, regress]


def _floats(*values: float) -> tuple[str, list]:
    return "float", [float(value) for value in values]


def _ints(*values: int) -> tuple[str, list]:
    return "int64", list(values)


def _bytes(*values: bytes) -> tuple[str, list]:
    return "bytes", list(values)


EXAMPLES = [
    examples_case("lists and scalars of three kinds", _TYPED + "RequestNoContext", """{"examples": [
        {"names": ["foo", "bar"], "ratings": [8.0, 9.0], "age": 20}, {"names": ["baz"], "ratings": 6.0}]}""",
        {"names": _bytes(b"foo", b"bar"), "ratings": _floats(8, 9), "age": _ints(20)},
        {"names": _bytes(b"baz"), "ratings": _floats(6)}),
    examples_case("a context, a signature, and mixtures", _TYPED + "RequestWithContextAndSignature", """{
        "signature_name": "custom_signature", "context": {"query": "pizza", "location": ["sfo"]},
        "examples": [{"names": ["foo", "bar"], "ratings": [8.0, 9.0, NaN, Infinity], "age": 20},
                     {"names": ["baz", {"b64": "aGVsbG8="}], "ratings": 6.0, "intboolmix": [1, true, false]},
                     {"names": "bar", "ratings": -Infinity}]}""",
        {"query": _bytes(b"pizza"), "location": _bytes(b"sfo"), "names": _bytes(b"foo", b"bar"),
         "ratings": _floats(8, 9, _NAN, _INFINITY), "age": _ints(20)},
        {"query": _bytes(b"pizza"), "location": _bytes(b"sfo"), "names": _bytes(b"baz", b"hello"),
         "ratings": _floats(6), "intboolmix": _ints(1, 1, 0)},
        {"query": _bytes(b"pizza"), "location": _bytes(b"sfo"), "names": _bytes(b"bar"), "ratings": _floats(-_INFINITY)}),
    examples_case("booleans are integers", _FEATURE, '{"examples": [{"x": [true, false], "y": true}]}',
        {"x": _ints(1, 0), "y": _ints(1)}),
    examples_case("integers, to the bounds of int64", _FEATURE,
        '{"examples": [{"x": [9223372036854775807, -9223372036854775808, -0]}]}', {"x": _ints(2**63 - 1, -(2**63), 0)}),
    examples_case("an integer beyond uint64 is a float", "RapidJSON 1.1.0 document.h IsDouble",
        '{"examples": [{"x": [18446744073709551616, 1.5]}]}', {"x": _floats(2.0**64, 1.5)}),
    examples_case("a float beyond float32 is infinite", _FEATURE, '{"examples": [{"x": [1e39, -1e39, 1e-46]}]}',
        {"x": _floats(_INFINITY, -_INFINITY, 0.0)}),
    examples_case("whole floats are floats", _FEATURE, '{"examples": [{"x": [1.0, 2e0]}]}', {"x": _floats(1, 2)}),
    examples_case("short forms of NaN and infinity", "RapidJSON 1.1.0 reader.h kParseNanAndInfFlag",
        '{"examples": [{"x": [-NaN, Inf, -Inf]}]}', {"x": _floats(_NAN, _INFINITY, -_INFINITY)}),
    examples_case("base64 and text", _FEATURE, '{"examples": [{"x": [{"b64": "/w"}, "\\u00e4", ""]}]}',
        {"x": _bytes(b"\xff", "ä".encode(), b"")}),
    examples_case("bytes that are no UTF-8", _FEATURE, b'{"examples": [{"x": "\xff"}]}', {"x": _bytes(b"\xff")}),
    examples_case("base64 with line breaks", "absl escaping.cc Base64UnescapeInternal",
        r'{"examples": [{"x": {"b64": "aGVs\nbG8=\n"}}]}', {"x": _bytes(b"hello")}),
    examples_case("an empty list is a feature without a kind", _FEATURE, '{"examples": [{"x": [], "y": 1}]}',
        {"x": ("", []), "y": _ints(1)}),
    examples_case("an example without features", "json_tensor.cc MakeExampleFromJsonObject",
        '{"examples": [{}, {"x": 1}]}', {}, {"x": _ints(1)}),
    examples_case("a feature twice: the last counts", "json_tensor.cc MakeExampleFromJsonObject",
        '{"examples": [{"x": 1, "x": "a"}]}', {"x": _bytes(b"a")}),
    examples_case("examples twice: the first count", "RapidJSON 1.1.0 document.h FindMember",
        '{"examples": [{"x": 1}], "examples": [{"x": 2}]}', {"x": _ints(1)}),
    examples_case("an empty context", _FILL, '{"context": {}, "examples": [{"x": 1}]}', {"x": _ints(1)}),
    examples_case("a member beside examples", _FILL, '{"id": [1], "examples": [{"x": 1}], "instances": 5}', {"x": _ints(1)}),
    examples_case("text after the document", "json_tensor.cc ParseJson (kParseStopWhenDoneFlag)", '{"examples": [{"x": 1}]} end',
        {"x": _ints(1)}),
]  # fmt: skip

RESULTS = [
    result_case("regress", _HANDLER + "Regress", "regress", '{"signature_name": "regress_x_to_y", "examples": [{"x": 80.0}]}',
           [42.0]),
    result_case("regress two", "api_rest.md Example", "regress",
           '{"signature_name": "tensorflow/serving/regress", "examples": [{"x": 1.0}, {"x": 2.0}]}', [2.5, 3.0]),
    result_case("regress with the value in the context", _FILL, "regress",
           '{"signature_name": "regress_x_to_y", "context": {"x": 2.0}, "examples": [{"y": 1}]}', [3.0]),
    result_case("the example's feature before the context's", "input.proto ExampleListWithContext", "regress",
           '{"signature_name": "regress_x_to_y", "context": {"x": 2.0}, "examples": [{"x": 80.0}]}', [42.0]),
    result_case("classify without labels", _HANDLER + "Classify", "classify",
           '{"signature_name": "classify_x_to_y", "examples": [{"x": 20.0}]}', [[["", 12.0]]]),
    result_case("classify two", "json_tensor_test.cc JsonFromClassificationResult", "classify",
           '{"signature_name": "classify_x_to_y", "examples": [{"x": 10.0}, {"x": 20.0}]}', [[["", 7.0]], [["", 12.0]]]),
    result_case("regress what is not finite", "json_tensor_test.cc JsonFromRegressionResultWithNonFinite", "regress",
           '{"signature_name": "regress_x_to_y", "examples": [{"x": Infinity}, {"x": -Infinity}, {"x": NaN}, {"x": 1.0}]}',
           [_INFINITY, -_INFINITY, _NAN, 2.5]),
    JsonCase("results of regress are in one line", "json_tensor.cc MakeJsonFromRegressionResult", "half_plus_two",
             '{"signature_name": "regress_x_to_y", "examples": [{"x": 80.0}, {"x": 0.4}]}',
             text='{\n    "results": [42.0, 2.2]\n}', verb="regress"),
    JsonCase("results of classify", "json_tensor.cc MakeJsonFromClassificationResult", "half_plus_two",
             '{"signature_name": "classify_x_to_y", "examples": [{"x": 20.0}, {"x": 10.0}]}',
             text='{\n    "results": [[["", 12.0]], [["", 7.0]]\n    ]\n}', verb="classify"),
]  # fmt: skip

REFUSED = [
    *error_cases("signature_name is a list", _ERRORS, '{"signature_name": ["hello"], "examples": [{"names": ["foo", "bar"]}]}',
           "'signature_name' key must be a string"),
    *error_cases("signature_name is a number", _ERRORS, '{"signature_name": 1, "examples": [{}]}',
           "'signature_name' key must be a string"),
    *error_cases("context is a list", _ERRORS, '{"context": [{"names": ["foo", "bar"]}]}', "Example must be JSON object"),
    *error_cases("context is null, examples are there", _FILL, '{"context": null, "examples": [{"x": 1}]}',
           "Example must be JSON object but got JSON Null"),
    *error_cases("context has a wrong feature", _FILL, '{"context": {"x": null}, "examples": [{"x": 1}]}',
           "x has element with unexpected JSON type: Null"),
    *error_cases("examples are an object", _ERRORS, '{"examples": {"names": ["foo", "bar"]}}', "list/array"),
    *error_cases("examples are null", _FILL, '{"examples": null}', "Expecting 'examples' value to be an list/array"),
    *error_cases("examples are an empty list", _FILL, '{"examples": []}', "'examples' value is an empty array"),
    *error_cases("examples are missing", _FILL, '{"instances": [1]}', "key 'examples' is expected and was not found"),
    *error_cases("an example is a list", _ERRORS, '{"examples": [[{"names": ["foo", "bar"]}]]}',
           "Example must be JSON object but got JSON Array"),
    *error_cases("an example is a number", _ERRORS, '{"examples": [{"x": 1}, 1.5]}',
           "Example must be JSON object but got JSON Number"),
    *error_cases("an example is text", _ERRORS, '{"examples": ["x"]}', "Example must be JSON object but got JSON String"),
    *error_cases("null in a feature", _ERRORS, '{"examples": [{"names": [10, null]}]}',
           "names has element with unexpected JSON type: Null"),
    *error_cases("a feature is null", _ERRORS, '{"examples": [{"names": null}]}',
           "names has element with unexpected JSON type: Null"),
    *error_cases("an integer, then a float", _ERRORS, '{"examples": [{"names": [10, 10.0]}]}',
           "feature: names expecting type: int64"),
    *error_cases("a float, then an integer", _FEATURE, '{"examples": [{"names": [10.0, 10]}]}',
           "feature: names expecting type: float"),
    *error_cases("a float, then a boolean", _FEATURE, '{"examples": [{"names": [10.0, true]}]}',
           "feature: names expecting type: float"),
    *error_cases("text, then a number", _FEATURE, '{"examples": [{"names": ["a", 1]}]}', "feature: names expecting type: bytes"),
    *error_cases("a number, then text", _FEATURE, '{"examples": [{"names": [1, "a"]}]}', "feature: names expecting type: int64"),
    *error_cases("a number, then base64", _FEATURE, '{"examples": [{"names": [1.5, {"b64": "YQ=="}]}]}',
           "feature: names expecting type: float"),
    *error_cases("an object in a feature", _ERRORS, '{"examples": [{"names": [10, {"test": 10}]}]}',
           "names has element with unexpected JSON type: Object"),
    *error_cases("a feature is an object", _FEATURE, '{"examples": [{"names": {"test": 10}}]}',
           "names has element with unexpected JSON type: Object"),
    *error_cases("a list in a feature's list", _ERRORS, '{"examples": [{"names": [[10], 20]}]}',
           "names has element with unexpected JSON type: Array"),
    *error_cases("an integer beyond int64", _ERRORS, '{"examples": [{"names": [20, 18446744073709551603]}]}',
           "Only int64_t is supported"),
    *error_cases("base64 that is none", "json_tensor.cc JsonDecodeBase64Object", '{"examples": [{"x": {"b64": "-_"}}]}',
           "Unable to base64 decode"),
    *error_cases("an empty body", _FILL, "", "JSON Parse error: The document is empty"),
    *error_cases("a list for a body", _FILL, "[]", "Is not object"),
    *error_cases("a comma too many", "RapidJSON 1.1.0 reader.h Transit", '{"examples": [{"x": 1},]}', "Invalid value."),
    *error_cases("a signature that is not there", "classifier.cc and regressor.cc", '{"signature_name": "foo", "examples": [{}]}',
           "foo"),
]  # fmt: skip

CASES: list[JsonCase] = [*EXAMPLES, *RESULTS, *REFUSED]
