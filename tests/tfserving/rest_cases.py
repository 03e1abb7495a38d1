# ruff: noqa: E501  a row stays on its line
"""Rows about TensorFlow Serving's REST API below the JSON: methods, paths, statuses, content types.

They are for a server with the model ``half_plus_two`` (``signatures.py``), version 123, whose labels are
``good_label`` and ``RESERVED``, served a second time under the name ``RESERVED``. Sources are named as in
``cases.py``; "evhttp" is libevent 2.1.12's HTTP server, which TensorFlow Serving listens with.
"""

import dataclasses

RESERVED = "name!#$%&'()*+,/:;=?@[]"
QUOTED = "name%21%23%24%25%26%27%28%29%2A%2B%2C%2F%3A%3B%3D%3F%40%5B%5D"
JSON, HTML = "application/json", "text/html"
_ROWS, _EXAMPLES = (
    '{"instances": [1.0, 2.0]}',
    '{"signature_name": "regress_x_to_y", "examples": [{"x": 80.0}]}',
)
_CLASSES = '{"signature_name": "classify_x_to_y", "examples": [{"x": 20.0}]}'


@dataclasses.dataclass(frozen=True)
class RestCase:
    """One row: ``text`` is a part of the answer's body, ``content_type`` None when the answer has none."""

    source: str
    method: str
    path: str
    status: int
    text: str = ""
    body: str | None = None
    content_type: str | None = JSON
    headers: tuple[tuple[str, str], ...] = ()

    @property
    def id(self) -> str:
        return f"{self.method} {self.path}" + "".join(f" {name}={value}" for name, value in self.headers)


def _get(source: str, path: str, status: int, text: str) -> RestCase:
    return RestCase(source, "GET", path, status, text)


def _post(source: str, path: str, status: int, text: str, body: str = _ROWS) -> RestCase:
    return RestCase(source, "POST", path, status, text, body)


_HANDLER, _UTIL = "http_rest_api_handler_test.cc ", "http_rest_api_util_test.cc "
_REGEX = "http_rest_api_util.cc "
_SERVER = "http_server.cc "
_MALFORMED = "Malformed request: "
_MODEL = "/v1/models/half_plus_two"

SERVED = [
    _post(_HANDLER + "Predict", f"{_MODEL}:predict", 200, "2.5, 3.0"),
    _post(_HANDLER + "Predict", f"{_MODEL}/versions/123:predict", 200, "2.5, 3.0"),
    _post(_HANDLER + "Predict", f"{_MODEL}/labels/good_label:predict", 200, "2.5, 3.0"),
    _post(_HANDLER + "Regress", f"{_MODEL}:regress", 200, "[42.0]", _EXAMPLES),
    _post(_HANDLER + "Regress", f"{_MODEL}/versions/123:regress", 200, "[42.0]", _EXAMPLES),
    _post(_HANDLER + "Regress", f"{_MODEL}/labels/good_label:regress", 200, "[42.0]", _EXAMPLES),
    _post(_HANDLER + "Classify", f"{_MODEL}:classify", 200, '[["", 12.0]]', _CLASSES),
    _post(_HANDLER + "Classify", f"{_MODEL}/labels/good_label:classify", 200, '[["", 12.0]]', _CLASSES),
    _get(_HANDLER + "GetStatus", _MODEL, 200, '"state": "AVAILABLE"'),
    _get(_HANDLER + "GetStatus", f"{_MODEL}/versions/123", 200, '"version": "123"'),
    _get(_HANDLER + "GetStatus", f"{_MODEL}/labels/good_label", 200, '"error_code": "OK"'),
    _get(_HANDLER + "GetModelMetadata", f"{_MODEL}/metadata", 200, '"signature_def"'),
    _get(_UTIL + "TestParseModelInfoForGet", f"{_MODEL}/versions/123/metadata", 200, '"method_name": "tensorflow/serving/predict"'),
    _get(_UTIL + "TestParseModelInfoForGet", f"{_MODEL}/labels/good_label/metadata", 200, '"signature_def"'),
    _post(_REGEX + "kPredictionApiGegex (?i)", "/V1/Models/half_plus_two:predict", 200, "2.5, 3.0"),
    _post(_REGEX + "kPredictionApiGegex (?i)", f"{_MODEL}/VERSIONS/123:predict", 200, "2.5, 3.0"),
    _post(_REGEX + "kPredictionApiGegex (?i)", f"{_MODEL}/Labels/good_label:predict", 200, "2.5, 3.0"),
    _post(_REGEX + "kPredictionApiGegex", f"{_MODEL}/versions/0123:predict", 200, "2.5, 3.0"),
    _get(_REGEX + "kModelStatusApiRegex (?i)", "/v1/MODELS/half_plus_two", 200, '"AVAILABLE"'),
    _get("http_rest_api_handler.cc ProcessRequest", f"{_MODEL}/METADATA", 200, '"model_version_status"'),
]  # fmt: skip

QUOTED_NAMES = [
    _get(_UTIL + "TestParseModelInfoForGet", f"/v1/models/{QUOTED}", 200, '"AVAILABLE"'),
    _get(_UTIL + "TestParseModelInfoForGet", f"/v1/models/{QUOTED}/metadata", 200, '"signature_def"'),
    _get(_UTIL + "TestParseModelInfoForGet", f"{_MODEL}/labels/{QUOTED}", 200, '"AVAILABLE"'),
    _get(_UTIL + "TestParseModelInfoForGet", f"/v1/models/{QUOTED}/labels/{QUOTED}/metadata", 200, '"signature_def"'),
    _post(_UTIL + "TestParseModelInfoForPost", f"/v1/models/{QUOTED}:predict", 200, "2.5, 3.0"),
    _post(_UTIL + "TestParseModelInfoForPost", f"/v1/models/{QUOTED}/versions/123:predict", 200, "2.5, 3.0"),
    _post(_UTIL + "TestParseModelInfoForPost", f"{_MODEL}/labels/{QUOTED}:predict", 200, "2.5, 3.0"),
    _post(_UTIL + "TestParseModelInfoForPost", f"/v1/models/{QUOTED}/labels/{QUOTED}:predict", 200, "2.5, 3.0"),
    _post(_REGEX + "DecodeArg", "/v1/models/half%5Fplus%5ftwo:predict", 200, "2.5, 3.0"),
    _post(_REGEX + "kPredictionApiGegex", f"{_MODEL}%3Apredict", 400, _MALFORMED),
    _post(_REGEX + "kPredictionApiGegex", f"{_MODEL}:pre%64ict", 400, _MALFORMED),
    _post(_REGEX + "kPredictionApiGegex", "/v1/models%2Fhalf_plus_two:predict", 400, _MALFORMED),
    _post(_REGEX + "DecodeArg", "/v1/models/half+plus+two:predict", 404, "Servable not found for request: Latest(half+plus+two)"),
    _get(_REGEX + "DecodeArg", "/v1/models/%ff", 404, "Could not find any versions of model"),
    _post(_REGEX + "DecodeArg", "/v1/models/a%2Fb:predict", 404, "Servable not found for request: Latest(a/b)"),
]  # fmt: skip

UNKNOWN = [
    _post(_HANDLER + "PredictModelNameVersionErrors", "/v1/models/foo:predict", 404, "Servable not found for request: Latest(foo)", '{ "instances": [1] }'),
    _post(_HANDLER + "PredictModelNameVersionErrors", "/v1/models/foo/versions/50:predict", 404, "Servable not found for request: Specific(foo, 50)", '{ "instances": [1] }'),
    _post(_HANDLER + "PredictModelNameVersionErrors", f"{_MODEL}99:predict", 404, "Servable not found for request: Latest(half_plus_two99)"),
    _post(_HANDLER + "PredictModelNameVersionErrors", f"{_MODEL}/versions/99:predict", 404, "Servable not found for request: Specific(half_plus_two, 99)"),
    _post("api_rest.md Example", "/v1/models/half:predict", 404, "Servable not found for request: Latest(half)", '{"instances": [1.0,5.0]}'),
    _post("http_rest_api_handler.cc ProcessRegressRequest", "/v1/models/foo:regress", 404, "Servable not found for request: Latest(foo)", _EXAMPLES),
    _post("http_rest_api_handler.cc ProcessClassifyRequest", "/v1/models/foo:classify", 404, "Servable not found for request: Latest(foo)", _CLASSES),
    _post("json_tensor.cc FillPredictRequestFromJson", "/v1/models/foo:predict", 400, "JSON Parse error", "{"),
    _post("json_tensor.cc FillPredictRequestFromJson", "/v1/models/foo:predict", 404, "Servable not found", "{}"),
    _post(_HANDLER + "PredictRequestErrors", f"{_MODEL}/labels/bad:predict", 400, "Unrecognized servable version label", '{ "instances": ["x", "y"] }'),
    _post(_HANDLER + "PredictRequestErrors", f"{_MODEL}/labels/bad:regress", 400, "Unrecognized servable version label", _EXAMPLES),
    _get("get_model_status_impl.cc", "/v1/models/foo", 404, "Could not find any versions of model foo"),
    _get("get_model_status_impl.cc", f"{_MODEL}/versions/99", 404, "Could not find version 99 of model half_plus_two"),
    _get("get_model_status_impl.cc", f"{_MODEL}/labels/bad", 400, "Unrecognized servable version label"),
    _get("get_model_metadata_impl.cc", "/v1/models/foo/metadata", 404, "Servable not found for request: Latest(foo)"),
    _get("get_model_metadata_impl.cc", f"{_MODEL}/versions/99/metadata", 404, "Servable not found for request: Specific(half_plus_two, 99)"),
    _post(_HANDLER + "PredictRequestErrors", f"{_MODEL}:predict", 400, "The document is empty", ""),
    _post(_HANDLER + "PredictRequestErrors", f"{_MODEL}:predict", 400, "JSON Parse error: Invalid value", "instances = [1, 2]"),
    _post(_HANDLER + "PredictRequestErrors", f"{_MODEL}:predict", 400, "not of expected type: float", '{ "instances": ["x", "y"] }'),
    _post(_HANDLER + "PredictRequestErrors", f"{_MODEL}:predict", 400, "'signature_name' key must be a string value.", '{ "signature_name": 100 }'),
]  # fmt: skip

MALFORMED = [
    *(_get(_HANDLER + "UnsupportedApiCalls", path, 400, f"{_MALFORMED}GET {path}")
      for path in ("/v1/foo", "/v1/models/debug/model_name", "/v1/models/foo:predict", "/v1/models/foo/version/50:predict",
                   "/v1/", "/v1/models/", f"{_MODEL}/", f"{_MODEL}/versions", f"{_MODEL}/versions/", f"{_MODEL}/versions/x",
                   f"{_MODEL}/versions/-1", f"{_MODEL}/versions/1.0", f"{_MODEL}/labels/", f"{_MODEL}/metadata/",
                   f"{_MODEL}/metadata?x=1", f"{_MODEL}/versions/123?x=1", f"{_MODEL}//metadata", f"{_MODEL}:status",
                   f"{_MODEL}/versions/123/labels/good_label", "/v1//models/half_plus_two", "/v1/modelshalf_plus_two")),
    *(_post(_HANDLER + "UnsupportedApiCalls", path, 400, f"{_MALFORMED}POST {path}")
      for path in ("/v1/foo", "/v1/models", "/v1/models/foo/version/50:regress", "/v1/models/foo/versions/HELLO:regress",
                   "/v1/models/foo/metadata", "/v1/models/foo/label/some_label:regress",
                   "/v1/models/foo/versions/50/labels/some_label:regress", "/v1/models/foo/versions/some_label:regress",
                   _MODEL, f"{_MODEL}/predict", f"{_MODEL}:forecast", f"{_MODEL}:predict/", f"{_MODEL}:predict:predict",
                   f"{_MODEL}:PREDICT", f"{_MODEL}:Classify", f"{_MODEL}:predict?signature_name=x", f"{_MODEL}:predict?",
                   f"{_MODEL}/versions/:predict", f"{_MODEL}/labels/:predict", "/v1/models/:predict", "/v1/models:predict",
                   "/v1/models/versions/123:predict")),
    *(_get("http_rest_api_handler.cc ProcessModelStatusRequest", path, 400, "Missing model name")
      for path in ("/v1/models", "/v1/models/versions/1", "/v1/models/labels/x", "/V1/MODELS")),
    _get(_REGEX + "kModelStatusApiRegex", "/v1/models/metadata", 404, "Could not find any versions of model metadata"),
    _get(_REGEX + "kModelStatusApiRegex", f"{_MODEL}?x=1", 404, "Could not find any versions of model half_plus_two?x=1"),
    _get(_REGEX + "kModelStatusApiRegex", "/v1/models?x=1", 400, _MALFORMED),
    _post(_HANDLER + "UnsupportedApiCalls", "/v1/models/foo/versions/18446744073709551615:regress", 400, "Failed to convert version"),
    _post(_UTIL + "TestParseModelInfoForPost", "/v1/models/foo/versions/18446744073709551615:predict", 400, "Failed to convert version"),
    _post(_REGEX + "ParseModelInfo", "/v1/models/foo/versions/9223372036854775808:predict", 400, "Failed to convert version"),
    _get(_REGEX + "ParseModelInfo", f"{_MODEL}/versions/99999999999999999999", 400, "Failed to convert version"),
    _get(_REGEX + "ParseModelInfo", f"{_MODEL}/versions/9223372036854775807", 404, "Could not find version 9223372036854775807"),
]  # fmt: skip

OTHER_PATHS = [
    *(RestCase(_HANDLER + "kPathRegex", "GET", path, 404, "<TITLE>404 Not Found</TITLE>", content_type=HTML)
      for path in ("/", "/statuspage", "/index", "/v1", "/v2/models", "/models/half_plus_two", "/v1x/models", "//v1/models/x",
                   "/health", "/v1?x=/v1/models")),
    RestCase(_HANDLER + "kPathRegex", "POST", "/predict", 404, "<H1>Not Found</H1>", _ROWS, HTML),
    *(RestCase("evhttp_request.cc decode", "GET", path, 400, "<H1>Bad Request</H1>", content_type=HTML)
      for path in ("/v1/models/%zz", "/v1/models/%", '/v1/models/"x"', "/v1/models/{x}", "/v1/models/a|b", "/v1/models/[x]")),
]  # fmt: skip

METHODS = [
    *(RestCase("http_rest_api_handler.cc ProcessRequest", method, f"{_MODEL}:predict", 400, f"{_MALFORMED}{method} {_MODEL}:predict", _ROWS)
      for method in ("PUT", "DELETE", "PATCH")),
    *(RestCase("http_rest_api_handler.cc ProcessRequest", method, _MODEL, 400, f"{_MALFORMED}{method} {_MODEL}")
      for method in ("PUT", "DELETE", "PATCH")),
    RestCase("http_rest_api_handler.cc ProcessRequest", "HEAD", _MODEL, 400),
    RestCase("evhttp_server.cc DispatchEvRequest", "HEAD", "/", 404, content_type=HTML),
    *(RestCase("evhttp_server.cc evhttp_set_allowed_methods", method, _MODEL, 501, "<H1>Not Implemented</H1>", content_type=HTML)
      for method in ("TRACE", "PROPFIND", "FOO")),
    RestCase(_SERVER + "ProcessRequest", "OPTIONS", f"{_MODEL}:predict", 400, content_type=None),
    RestCase(_SERVER + "ProcessRequest", "OPTIONS", f"{_MODEL}:predict", 200, content_type=None, headers=(("Origin", "http://example.org"),)),
    RestCase(_SERVER + "ProcessRequest", "OPTIONS", _MODEL, 200, content_type=None, headers=(("Origin", "https://example.org"),)),
    RestCase(_SERVER + "ProcessRequest", "OPTIONS", _MODEL, 400, content_type=None, headers=(("Origin", "null"),)),
    RestCase(_HANDLER + "kPathRegex", "OPTIONS", "/other", 404, "404", content_type=HTML, headers=(("Origin", "http://example.org"),)),
]  # fmt: skip

HEADERS = [
    RestCase(_SERVER + "ProcessRequest", "POST", f"{_MODEL}:predict", 200, "2.5, 3.0", _ROWS, headers=((name, value),))
    for name, value in (
        ("Content-Type", "application/x-www-form-urlencoded"), ("Content-Type", "text/csv"), ("Content-Type", ""),
        ("Accept", "text/csv"), ("Accept-Encoding", "gzip"), ("Content-Encoding", "identity"),
    )
]  # fmt: skip

CASES: list[RestCase] = [
    *SERVED, *QUOTED_NAMES, *UNKNOWN, *MALFORMED, *OTHER_PATHS, *METHODS, *HEADERS,
]  # fmt: skip
