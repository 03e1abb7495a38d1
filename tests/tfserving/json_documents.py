# ruff: noqa: E501  a row stays on its line
"""Rows about the JSON document: its grammar, what the members of the body may be, which of them count."""

from tests.tfserving.cases import JsonCase, answer_case, error_case

_READER = "RapidJSON 1.1.0 reader.h "
_PARSE = "json_tensor.cc ParseJson"
_FILL = "json_tensor.cc FillPredictRequestFromJson"
_ERRORS = "json_tensor_test.cc SingleUnnamedTensorErrors"
_HANDLER = "http_rest_api_handler_test.cc PredictRequestErrors"
_NAME, _COLON = "Missing a name for object member.", "Missing a colon after a name of object member."
_MEMBER, _ELEMENT = (
    "Missing a comma or '}' after an object member.",
    "Missing a comma or ']' after an array element.",
)
_VALUE, _ESCAPE = "JSON Parse error: Invalid value.", "Invalid escape character in string."
_DEEP = "[" * 500_000 + "]" * 500_000

EMPTY = [
    error_case("an empty body", _ERRORS, "int32", "", "JSON Parse error: The document is empty"),
    error_case("white space only", _PARSE, "int32", " \r\n\t", "The document is empty."),
    error_case(
        "a bracket that closes first", _READER + "HandleError", "int32", "]", "The document is empty."
    ),
    error_case("a NUL byte first", _READER + "IterativeParse", "int32", "\0{}", "The document is empty."),
]

NOT_JSON = [
    error_case("an assignment", _HANDLER, "int32", "instances = [1, 2]", _VALUE),
    error_case("nothing after the brace", _READER + "HandleError", "int32", "{", _NAME),
    error_case("nothing after a name", _READER + "HandleError", "int32", '{"instances"', _COLON),
    error_case("nothing after a colon", _READER + "HandleError", "int32", '{"instances": ', _VALUE),
    error_case("nothing after an element", _READER + "HandleError", "int32", '{"instances": [1', _ELEMENT),
    error_case("nothing after a comma", _READER + "HandleError", "int32", '{"instances": [1,', _VALUE),
    error_case("nothing after a member", _READER + "HandleError", "int32", '{"instances": [1]', _MEMBER),
    error_case("the wrong bracket", _READER + "Predict", "int32", '{"instances": [1}', _ELEMENT),
    error_case("two elements without a comma", _READER + "Predict", "int32", '{"instances": [1 2]}', _ELEMENT),
    error_case("two members without a comma", _READER + "Predict", "int32", '{"instances": [1] "a": 1}', _MEMBER),
    error_case("an equals sign for a colon", _READER + "Predict", "int32", '{"instances" = [1]}', _COLON),
    error_case("a comma too many in a list", _READER + "Transit", "int32", '{"instances": [1,]}', _VALUE),
    error_case("two commas", _READER + "Predict", "int32", '{"instances": [1,,2]}', _VALUE),
    error_case("a comma first", _READER + "Predict", "int32", '{"instances": [,1]}', _VALUE),
    error_case("a comma too many in an object", _READER + "Transit", "int32", '{"instances": [1],}', _NAME),
    error_case("a name without quotes", _READER + "Predict", "int32", "{instances: [1]}", _NAME),
    error_case("a name in single quotes", _READER + "Predict", "int32", "{'instances': [1]}", _NAME),
    error_case("a number for a name", _READER + "Predict", "int32", '{1: [1], "instances": [1]}', _NAME),
    error_case("a comment first", _READER + "kParseCommentsFlag is off", "int32", '/* a */ {"instances": [1]}', _VALUE),
    error_case("a comment inside", _READER + "kParseCommentsFlag is off", "int32", '{"instances": [1] // a\n}', _MEMBER),
    error_case("a comment before an element", _READER + "kParseCommentsFlag is off", "int32",
            '{"instances": [/* a */ 1]}', _VALUE),
    error_case("a string without its end", _READER + "ParseStringToStream", "string", '{"instances": ["a',
            "Missing a closing quotation mark in string."),
    error_case("a string in single quotes", _READER + "ParseNumber", "string", "{\"instances\": ['a']}", _VALUE),
    error_case("an unknown escape", _READER + "ParseStringToStream", "string", r'{"instances": ["\q"]}', _ESCAPE),
    error_case("an escape of a byte", _READER + "ParseStringToStream", "string", r'{"instances": ["\x41"]}', _ESCAPE),
    error_case("a line break in a string", _READER + "ParseStringToStream", "string", '{"instances": ["a\nb"]}', _ESCAPE),
    error_case("a tab in a string", _READER + "ParseStringToStream", "string", '{"instances": ["a\tb"]}', _ESCAPE),
    error_case("a wrong hex digit", _READER + "ParseHex4", "string", r'{"instances": ["\u12G4"]}',
            r"Incorrect hex digit after \u escape in string."),
    error_case("half a surrogate pair", _READER + "ParseStringToStream", "string", r'{"instances": ["\ud83d"]}',
            "The surrogate pair in string is invalid."),
    error_case("a surrogate before a letter", _READER + "ParseStringToStream", "string",
            r'{"instances": ["\ud83d\u0041"]}', "The surrogate pair in string is invalid."),
    error_case("True with a capital", _READER + "ParseNumber", "bool", '{"instances": [True]}', _VALUE),
    error_case("half of true", _READER + "ParseTrue", "bool", '{"instances": [tru]}', _VALUE),
    error_case("None", _READER + "ParseNumber", "int32", '{"instances": [None]}', _VALUE),
    error_case("undefined", _READER + "ParseNumber", "int32", '{"instances": [undefined]}', _VALUE),
    error_case("a form feed between values", _READER + "SkipWhitespace", "int32", '{"instances":\f[1]}', _VALUE),
    error_case("UTF-16", _READER + "EncodedInputStream", "int32", '{"instances": [1]}'.encode("utf-16"), _VALUE),
    error_case("a form's body", _PARSE, "int32", "instances=1&x=2", _VALUE),
    error_case("a Python dict", _READER + "Predict", "int32", "{'instances': [1.0, 2.0]}", _NAME),
]  # fmt: skip

NUMBERS_THAT_ARE_NONE = [
    error_case("a leading zero", _READER + "ParseNumber", "int32", '{"instances": [01]}', _ELEMENT),
    error_case("a plus sign", _READER + "ParseNumber", "int32", '{"instances": [+1]}', _VALUE),
    error_case("a minus sign alone", _READER + "ParseNumber", "int32", '{"instances": [-]}', _VALUE),
    error_case("a point first", _READER + "ParseNumber", "float", '{"instances": [.5]}', _VALUE),
    error_case("a point last", _READER + "ParseNumber", "float", '{"instances": [1.]}', "Miss fraction part in number."),
    error_case("an exponent without digits", _READER + "ParseNumber", "float", '{"instances": [1e]}',
            "Miss exponent in number."),
    error_case("an exponent of a sign", _READER + "ParseNumber", "float", '{"instances": [1e+]}',
            "Miss exponent in number."),
    error_case("hexadecimal", _READER + "ParseNumber", "int32", '{"instances": [0x10]}', _ELEMENT),
    error_case("digits with an underscore", _READER + "ParseNumber", "int32", '{"instances": [1_000]}', _ELEMENT),
    error_case("an exponent beyond a double", _READER + "ParseNumber", "float", '{"instances": [1e400]}',
            "Number too big to be stored in double."),
    error_case("an exponent just beyond a double", _READER + "ParseNumber", "double", '{"instances": [1e309]}',
            "Number too big to be stored in double."),
    error_case("more digits than a double has", _READER + "ParseNumber", "double", f'{{"instances": [1{"0" * 400}]}}',
            "Number too big to be stored in double."),
    error_case("nan in small letters", _READER + "kParseNanAndInfFlag", "float", '{"instances": [nan]}', _VALUE),
    error_case("NAN in capitals", _READER + "kParseNanAndInfFlag", "float", '{"instances": [NAN]}', _VALUE),
    error_case("Nan as the documentation spells it", _READER + "kParseNanAndInfFlag", "float", '{"instances": [Nan]}',
            _VALUE),
    error_case("inf in small letters", _READER + "kParseNanAndInfFlag", "float", '{"instances": [inf]}', _VALUE),
    error_case("+Infinity", _READER + "kParseNanAndInfFlag", "float", '{"instances": [+Infinity]}', _VALUE),
    error_case("Infinit", _READER + "kParseNanAndInfFlag", "float", '{"instances": [Infinit]}', _VALUE),
    error_case("INFINITY", _READER + "kParseNanAndInfFlag", "float", '{"instances": [INFINITY]}', _VALUE),
]  # fmt: skip

NOT_AN_OBJECT = [
    error_case(f"the document is {what}", _PARSE, "int32", body, "Is not object")
    for what, body in (("a list", "[1, 2]"), ("an empty list", "[]"), ("a string", '"instances"'), ("a number", "1"),
                       ("null", "null"), ("true", "true"), ("NaN", "NaN"), ("a list of bodies", '[{"instances": [1]}]'))
]  # fmt: skip

AFTER_THE_DOCUMENT = [
    answer_case("a letter after the document", _PARSE + " (kParseStopWhenDoneFlag)", "int32",
             '{"instances": [[1, 2], [3, 4]]}X', [[1, 2], [3, 4]]),
    answer_case("a second document", _PARSE + " (kParseStopWhenDoneFlag)", "int32",
             '{"instances": [1]} {"instances": [2]}', [1]),
    answer_case("a brace too many", _PARSE + " (kParseStopWhenDoneFlag)", "int32", '{"instances": [1]}}', [1]),
    answer_case("a comment after the document", _PARSE + " (kParseStopWhenDoneFlag)", "int32",
             '{"instances": [1]} // the end', [1]),
    answer_case("a NUL byte after the document", "json_tensor_test.cc TensorFromNonNullTerminatedBuffer", "int32",
             '{"instances": [1]}\0', [1]),
    answer_case("a byte order mark before it", _READER + "EncodedInputStream", "int32", b'\xef\xbb\xbf{"instances": [1]}',
             [1]),
    answer_case("white space of all four kinds", _READER + "SkipWhitespace", "int32", ' \t\r\n{ "instances"\t:\r[\n1 ] }\n',
             [1]),
]  # fmt: skip

DEEP = [
    answer_case("half a million lists in a member that nobody reads", "json_tensor_test.cc DeeplyNestedWellFormed", "int32",
             f'{{"instances":[1], "nested":{_DEEP}}}', [1]),
    error_case("half a million lists for a name", "json_tensor_test.cc DeeplyNestedMalformed", "int32",
            f'{{"signature_name":{_DEEP}}}', "key must be a string value"),
    error_case("deep lists that do not end", _READER + "IterativeParse", "int32", '{"nested":' + "[" * 100_000, _VALUE),
    answer_case("deep objects in a member that nobody reads", _READER + "IterativeParse", "int32",
             '{"nested":' + '{"a":' * 20_000 + "1" + "}" * 20_000 + ', "instances":[1]}', [1]),
]  # fmt: skip

MEMBERS = [
    error_case("no member", _FILL, "int32", "{}", "Missing 'inputs' or 'instances' key"),
    error_case("a member of another name", _FILL, "int32", '{"Instances": [1]}', "Missing 'inputs' or 'instances' key"),
    error_case("only a name of a signature", _FILL, "int32", '{"signature_name": "serving_default"}',
            "Missing 'inputs' or 'instances' key"),
    error_case("examples for predict", _FILL, "int32", '{"examples": [{"x": 1}]}', "Missing 'inputs' or 'instances' key"),
    error_case("both forms", _ERRORS, "int32", '{"instances": [[1, 2]], "inputs": [[1, 2]]}',
            "Not formatted correctly expecting only one of 'inputs' or 'instances' keys to exist"),
    error_case("both forms, one of them null", _FILL, "int32", '{"instances": [1], "inputs": null}',
            "Not formatted correctly expecting only one of"),
    error_case("instances is a number", _FILL, "int32", '{"instances": 1}', "Expecting 'instances' to be an list/array"),
    error_case("instances is an object", _FILL, "int32", '{"instances": {"default": [1]}}',
            "Expecting 'instances' to be an list/array"),
    error_case("instances is a string", _FILL, "string", '{"instances": "a"}', "Expecting 'instances' to be an list/array"),
    error_case("instances is null", _FILL, "int32", '{"instances": null}', "Expecting 'instances' to be an list/array"),
    error_case("instances is a base64 object", _FILL, "string", '{"instances": {"b64": "YQ=="}}',
            "Expecting 'instances' to be an list/array"),
    error_case("instances is empty", _FILL, "int32", '{"instances": []}', "No values in 'instances' array"),
    answer_case("a member beside instances", _FILL, "int32", '{"id": "7", "instances": [1], "parameters": {"a": [1]}}', [1]),
    answer_case("a member beside inputs", _FILL, "int32", '{"inputs": [1], "timeout": 1.5}', [1]),
    answer_case("a name with an escape", _READER + "ParseString", "int32", r'{"\u0069nstances": [1]}', [1]),
    answer_case("instances twice: the first counts", "RapidJSON 1.1.0 document.h FindMember", "int32",
             '{"instances": [1], "instances": [2, 3]}', [1]),
    answer_case("inputs twice: the first counts", "RapidJSON 1.1.0 document.h FindMember", "int32",
             '{"inputs": [1], "inputs": "x"}', [1]),
    error_case("instances twice, the first wrong", "RapidJSON 1.1.0 document.h FindMember", "int32",
            '{"instances": 1, "instances": [1]}', "Expecting 'instances' to be an list/array"),
    answer_case("signature_name twice: the first counts", "RapidJSON 1.1.0 document.h FindMember", "int32",
             '{"signature_name": "serving_default", "signature_name": 5, "instances": [1]}', [1]),
    answer_case("an input twice: the first counts", "RapidJSON 1.1.0 document.h FindMember", "int32",
             '{"inputs": {"default": [1], "default": [2]}}', [1]),
]  # fmt: skip

SIGNATURE_NAME = [
    *(error_case(f"signature_name is {what}", _HANDLER, "int32", f'{{"signature_name": {value}, "instances": [1]}}',
              "'signature_name' key must be a string value.")
      for what, value in (("a number", "100"), ("null", "null"), ("a list", '["a"]'), ("an object", "{}"),
                          ("true", "true"), ("a float", "1.5"))),
    error_case("signature_name is wrong, and instances too", _ERRORS, "int32",
            '{"signature_name": 5, "instances": [[1,2],[3,4],[5,6,7]]}', "must be a string value"),
    error_case("signature_name is wrong, and nothing else there", _HANDLER, "int32", '{"signature_name": 100}',
            "'signature_name' key must be a string value."),
    error_case("signature_name of no signature", "http_rest_api_handler.cc GetInfoMap", "int32",
            '{"signature_name": "foo", "instances": [1]}', 'Serving signature name: "foo" not found in signature def'),
    error_case("signature_name of no signature, before anything else", "http_rest_api_handler.cc GetInfoMap", "int32",
            '{"signature_name": "foo", "instances": 1}', 'Serving signature name: "foo" not found in signature def'),
    answer_case("signature_name is empty: the default", "http_rest_api_handler.cc GetInfoMap", "int32",
             '{"signature_name": "", "instances": [1]}', [1]),
    answer_case("signature_name names the default", "http_rest_api_handler_test.cc Predict", "int32",
             '{"signature_name": "serving_default", "instances": [3, 4]}', [3, 4]),
    answer_case("signature_name in the column form", "http_rest_api_handler_test.cc Predict", "int32",
             '{"signature_name": "serving_default", "inputs": [3, 4]}', [3, 4]),
    answer_case("signature_name after instances", _FILL, "int32", '{"instances": [1], "signature_name": "serving_default"}',
             [1]),
]  # fmt: skip

CASES: list[JsonCase] = [
    *EMPTY, *NOT_JSON, *NUMBERS_THAT_ARE_NONE, *NOT_AN_OBJECT, *AFTER_THE_DOCUMENT, *DEEP, *MEMBERS, *SIGNATURE_NAME,
]  # fmt: skip
