# ruff: noqa: E501  a row stays on its line
"""Rows about the JSON document: its grammar, what the members of the body may be, which of them count."""

from tests.tfserving.cases import JsonCase, accepted, refused

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
    refused("an empty body", _ERRORS, "int32", "", "JSON Parse error: The document is empty"),
    refused("white space only", _PARSE, "int32", " \r\n\t", "The document is empty."),
    refused("a bracket that closes first", _READER + "HandleError", "int32", "]", "The document is empty."),
    refused("a NUL byte first", _READER + "IterativeParse", "int32", "\0{}", "The document is empty."),
]

NOT_JSON = [
    refused("an assignment", _HANDLER, "int32", "instances = [1, 2]", _VALUE),
    refused("nothing after the brace", _READER + "HandleError", "int32", "{", _NAME),
    refused("nothing after a name", _READER + "HandleError", "int32", '{"instances"', _COLON),
    refused("nothing after a colon", _READER + "HandleError", "int32", '{"instances": ', _VALUE),
    refused("nothing after an element", _READER + "HandleError", "int32", '{"instances": [1', _ELEMENT),
    refused("nothing after a comma", _READER + "HandleError", "int32", '{"instances": [1,', _VALUE),
    refused("nothing after a member", _READER + "HandleError", "int32", '{"instances": [1]', _MEMBER),
    refused("the wrong bracket", _READER + "Predict", "int32", '{"instances": [1}', _ELEMENT),
    refused("two elements without a comma", _READER + "Predict", "int32", '{"instances": [1 2]}', _ELEMENT),
    refused("two members without a comma", _READER + "Predict", "int32", '{"instances": [1] "a": 1}', _MEMBER),
    refused("an equals sign for a colon", _READER + "Predict", "int32", '{"instances" = [1]}', _COLON),
    refused("a comma too many in a list", _READER + "Transit", "int32", '{"instances": [1,]}', _VALUE),
    refused("two commas", _READER + "Predict", "int32", '{"instances": [1,,2]}', _VALUE),
    refused("a comma first", _READER + "Predict", "int32", '{"instances": [,1]}', _VALUE),
    refused("a comma too many in an object", _READER + "Transit", "int32", '{"instances": [1],}', _NAME),
    refused("a name without quotes", _READER + "Predict", "int32", "{instances: [1]}", _NAME),
    refused("a name in single quotes", _READER + "Predict", "int32", "{'instances': [1]}", _NAME),
    refused("a number for a name", _READER + "Predict", "int32", '{1: [1], "instances": [1]}', _NAME),
    refused("a comment first", _READER + "kParseCommentsFlag is off", "int32", '/* a */ {"instances": [1]}', _VALUE),
    refused("a comment inside", _READER + "kParseCommentsFlag is off", "int32", '{"instances": [1] // a\n}', _MEMBER),
    refused("a comment before an element", _READER + "kParseCommentsFlag is off", "int32",
            '{"instances": [/* a */ 1]}', _VALUE),
    refused("a string without its end", _READER + "ParseStringToStream", "string", '{"instances": ["a',
            "Missing a closing quotation mark in string."),
    refused("a string in single quotes", _READER + "ParseNumber", "string", "{\"instances\": ['a']}", _VALUE),
    refused("an unknown escape", _READER + "ParseStringToStream", "string", r'{"instances": ["\q"]}', _ESCAPE),
    refused("an escape of a byte", _READER + "ParseStringToStream", "string", r'{"instances": ["\x41"]}', _ESCAPE),
    refused("a line break in a string", _READER + "ParseStringToStream", "string", '{"instances": ["a\nb"]}', _ESCAPE),
    refused("a tab in a string", _READER + "ParseStringToStream", "string", '{"instances": ["a\tb"]}', _ESCAPE),
    refused("a wrong hex digit", _READER + "ParseHex4", "string", r'{"instances": ["\u12G4"]}',
            r"Incorrect hex digit after \u escape in string."),
    refused("half a surrogate pair", _READER + "ParseStringToStream", "string", r'{"instances": ["\ud83d"]}',
            "The surrogate pair in string is invalid."),
    refused("a surrogate before a letter", _READER + "ParseStringToStream", "string",
            r'{"instances": ["\ud83d\u0041"]}', "The surrogate pair in string is invalid."),
    refused("True with a capital", _READER + "ParseNumber", "bool", '{"instances": [True]}', _VALUE),
    refused("half of true", _READER + "ParseTrue", "bool", '{"instances": [tru]}', _VALUE),
    refused("None", _READER + "ParseNumber", "int32", '{"instances": [None]}', _VALUE),
    refused("undefined", _READER + "ParseNumber", "int32", '{"instances": [undefined]}', _VALUE),
    refused("a form feed between values", _READER + "SkipWhitespace", "int32", '{"instances":\f[1]}', _VALUE),
    refused("UTF-16", _READER + "EncodedInputStream", "int32", '{"instances": [1]}'.encode("utf-16"), _VALUE),
    refused("a form's body", _PARSE, "int32", "instances=1&x=2", _VALUE),
    refused("a Python dict", _READER + "Predict", "int32", "{'instances': [1.0, 2.0]}", _NAME),
]  # fmt: skip

NUMBERS_THAT_ARE_NONE = [
    refused("a leading zero", _READER + "ParseNumber", "int32", '{"instances": [01]}', _ELEMENT),
    refused("a plus sign", _READER + "ParseNumber", "int32", '{"instances": [+1]}', _VALUE),
    refused("a minus sign alone", _READER + "ParseNumber", "int32", '{"instances": [-]}', _VALUE),
    refused("a point first", _READER + "ParseNumber", "float", '{"instances": [.5]}', _VALUE),
    refused("a point last", _READER + "ParseNumber", "float", '{"instances": [1.]}', "Miss fraction part in number."),
    refused("an exponent without digits", _READER + "ParseNumber", "float", '{"instances": [1e]}',
            "Miss exponent in number."),
    refused("an exponent of a sign", _READER + "ParseNumber", "float", '{"instances": [1e+]}',
            "Miss exponent in number."),
    refused("hexadecimal", _READER + "ParseNumber", "int32", '{"instances": [0x10]}', _ELEMENT),
    refused("digits with an underscore", _READER + "ParseNumber", "int32", '{"instances": [1_000]}', _ELEMENT),
    refused("an exponent beyond a double", _READER + "ParseNumber", "float", '{"instances": [1e400]}',
            "Number too big to be stored in double."),
    refused("an exponent just beyond a double", _READER + "ParseNumber", "double", '{"instances": [1e309]}',
            "Number too big to be stored in double."),
    refused("more digits than a double has", _READER + "ParseNumber", "double", f'{{"instances": [1{"0" * 400}]}}',
            "Number too big to be stored in double."),
    refused("nan in small letters", _READER + "kParseNanAndInfFlag", "float", '{"instances": [nan]}', _VALUE),
    refused("NAN in capitals", _READER + "kParseNanAndInfFlag", "float", '{"instances": [NAN]}', _VALUE),
    refused("Nan as the documentation spells it", _READER + "kParseNanAndInfFlag", "float", '{"instances": [Nan]}',
            _VALUE),
    refused("inf in small letters", _READER + "kParseNanAndInfFlag", "float", '{"instances": [inf]}', _VALUE),
    refused("+Infinity", _READER + "kParseNanAndInfFlag", "float", '{"instances": [+Infinity]}', _VALUE),
    refused("Infinit", _READER + "kParseNanAndInfFlag", "float", '{"instances": [Infinit]}', _VALUE),
    refused("INFINITY", _READER + "kParseNanAndInfFlag", "float", '{"instances": [INFINITY]}', _VALUE),
]  # fmt: skip

NOT_AN_OBJECT = [
    refused(f"the document is {what}", _PARSE, "int32", body, "Is not object")
    for what, body in (("a list", "[1, 2]"), ("an empty list", "[]"), ("a string", '"instances"'), ("a number", "1"),
                       ("null", "null"), ("true", "true"), ("NaN", "NaN"), ("a list of bodies", '[{"instances": [1]}]'))
]  # fmt: skip

AFTER_THE_DOCUMENT = [
    accepted("a letter after the document", _PARSE + " (kParseStopWhenDoneFlag)", "int32",
             '{"instances": [[1, 2], [3, 4]]}X', [[1, 2], [3, 4]]),
    accepted("a second document", _PARSE + " (kParseStopWhenDoneFlag)", "int32",
             '{"instances": [1]} {"instances": [2]}', [1]),
    accepted("a brace too many", _PARSE + " (kParseStopWhenDoneFlag)", "int32", '{"instances": [1]}}', [1]),
    accepted("a comment after the document", _PARSE + " (kParseStopWhenDoneFlag)", "int32",
             '{"instances": [1]} // the end', [1]),
    accepted("a NUL byte after the document", "json_tensor_test.cc TensorFromNonNullTerminatedBuffer", "int32",
             '{"instances": [1]}\0', [1]),
    accepted("a byte order mark before it", _READER + "EncodedInputStream", "int32", b'\xef\xbb\xbf{"instances": [1]}',
             [1]),
    accepted("white space of all four kinds", _READER + "SkipWhitespace", "int32", ' \t\r\n{ "instances"\t:\r[\n1 ] }\n',
             [1]),
]  # fmt: skip

DEEP = [
    accepted("half a million lists in a member that nobody reads", "json_tensor_test.cc DeeplyNestedWellFormed", "int32",
             f'{{"instances":[1], "nested":{_DEEP}}}', [1]),
    refused("half a million lists for a name", "json_tensor_test.cc DeeplyNestedMalformed", "int32",
            f'{{"signature_name":{_DEEP}}}', "key must be a string value"),
    refused("deep lists that do not end", _READER + "IterativeParse", "int32", '{"nested":' + "[" * 100_000, _VALUE),
    accepted("deep objects in a member that nobody reads", _READER + "IterativeParse", "int32",
             '{"nested":' + '{"a":' * 20_000 + "1" + "}" * 20_000 + ', "instances":[1]}', [1]),
]  # fmt: skip

MEMBERS = [
    refused("no member", _FILL, "int32", "{}", "Missing 'inputs' or 'instances' key"),
    refused("a member of another name", _FILL, "int32", '{"Instances": [1]}', "Missing 'inputs' or 'instances' key"),
    refused("only a name of a signature", _FILL, "int32", '{"signature_name": "serving_default"}',
            "Missing 'inputs' or 'instances' key"),
    refused("examples for predict", _FILL, "int32", '{"examples": [{"x": 1}]}', "Missing 'inputs' or 'instances' key"),
    refused("both forms", _ERRORS, "int32", '{"instances": [[1, 2]], "inputs": [[1, 2]]}',
            "Not formatted correctly expecting only one of 'inputs' or 'instances' keys to exist"),
    refused("both forms, one of them null", _FILL, "int32", '{"instances": [1], "inputs": null}',
            "Not formatted correctly expecting only one of"),
    refused("instances is a number", _FILL, "int32", '{"instances": 1}', "Expecting 'instances' to be an list/array"),
    refused("instances is an object", _FILL, "int32", '{"instances": {"default": [1]}}',
            "Expecting 'instances' to be an list/array"),
    refused("instances is a string", _FILL, "string", '{"instances": "a"}', "Expecting 'instances' to be an list/array"),
    refused("instances is null", _FILL, "int32", '{"instances": null}', "Expecting 'instances' to be an list/array"),
    refused("instances is a base64 object", _FILL, "string", '{"instances": {"b64": "YQ=="}}',
            "Expecting 'instances' to be an list/array"),
    refused("instances is empty", _FILL, "int32", '{"instances": []}', "No values in 'instances' array"),
    accepted("a member beside instances", _FILL, "int32", '{"id": "7", "instances": [1], "parameters": {"a": [1]}}', [1]),
    accepted("a member beside inputs", _FILL, "int32", '{"inputs": [1], "timeout": 1.5}', [1]),
    accepted("a name with an escape", _READER + "ParseString", "int32", r'{"\u0069nstances": [1]}', [1]),
    accepted("instances twice: the first counts", "RapidJSON 1.1.0 document.h FindMember", "int32",
             '{"instances": [1], "instances": [2, 3]}', [1]),
    accepted("inputs twice: the first counts", "RapidJSON 1.1.0 document.h FindMember", "int32",
             '{"inputs": [1], "inputs": "x"}', [1]),
    refused("instances twice, the first wrong", "RapidJSON 1.1.0 document.h FindMember", "int32",
            '{"instances": 1, "instances": [1]}', "Expecting 'instances' to be an list/array"),
    accepted("signature_name twice: the first counts", "RapidJSON 1.1.0 document.h FindMember", "int32",
             '{"signature_name": "serving_default", "signature_name": 5, "instances": [1]}', [1]),
    accepted("an input twice: the first counts", "RapidJSON 1.1.0 document.h FindMember", "int32",
             '{"inputs": {"default": [1], "default": [2]}}', [1]),
]  # fmt: skip

SIGNATURE_NAME = [
    *(refused(f"signature_name is {what}", _HANDLER, "int32", f'{{"signature_name": {value}, "instances": [1]}}',
              "'signature_name' key must be a string value.")
      for what, value in (("a number", "100"), ("null", "null"), ("a list", '["a"]'), ("an object", "{}"),
                          ("true", "true"), ("a float", "1.5"))),
    refused("signature_name is wrong, and instances too", _ERRORS, "int32",
            '{"signature_name": 5, "instances": [[1,2],[3,4],[5,6,7]]}', "must be a string value"),
    refused("signature_name is wrong, and nothing else there", _HANDLER, "int32", '{"signature_name": 100}',
            "'signature_name' key must be a string value."),
    refused("signature_name of no signature", "http_rest_api_handler.cc GetInfoMap", "int32",
            '{"signature_name": "foo", "instances": [1]}', 'Serving signature name: "foo" not found in signature def'),
    refused("signature_name of no signature, before anything else", "http_rest_api_handler.cc GetInfoMap", "int32",
            '{"signature_name": "foo", "instances": 1}', 'Serving signature name: "foo" not found in signature def'),
    accepted("signature_name is empty: the default", "http_rest_api_handler.cc GetInfoMap", "int32",
             '{"signature_name": "", "instances": [1]}', [1]),
    accepted("signature_name names the default", "http_rest_api_handler_test.cc Predict", "int32",
             '{"signature_name": "serving_default", "instances": [3, 4]}', [3, 4]),
    accepted("signature_name in the column form", "http_rest_api_handler_test.cc Predict", "int32",
             '{"signature_name": "serving_default", "inputs": [3, 4]}', [3, 4]),
    accepted("signature_name after instances", _FILL, "int32", '{"instances": [1], "signature_name": "serving_default"}',
             [1]),
]  # fmt: skip

CASES: list[JsonCase] = [
    *EMPTY, *NOT_JSON, *NUMBERS_THAT_ARE_NONE, *NOT_AN_OBJECT, *AFTER_THE_DOCUMENT, *DEEP, *MEMBERS, *SIGNATURE_NAME,
]  # fmt: skip
