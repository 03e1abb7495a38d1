import io
import json
import logging
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuronserve import logs

SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"


@pytest.fixture
def logged():
    """``logged(form, environ)`` -> (logger, stream); the root logger is put back at the end."""
    root = logging.getLogger()
    before = (root.handlers[:], root.level, logging.raiseExceptions)

    def setup(form="json", environ=None, stream=None, **named):
        stream = stream or io.StringIO()
        output = logs.setup(form=form, environ=environ or {}, stream=stream, **named)
        return logging.getLogger("room"), stream, output

    yield setup
    root.handlers[:], root.level, logging.raiseExceptions = before[0], before[1], before[2]


class _Terminal(io.StringIO):
    def isatty(self):
        return True


def test_away_from_a_terminal_each_line_is_one_json_object(logged):
    log, stream, _ = logged("auto")
    log.warning("two\nlines %s", "é", extra={"fields": {"exit_code": 3}})
    line = json.loads(stream.getvalue())
    assert stream.getvalue().count("\n") == 1
    assert line.pop("time").endswith("Z")
    assert line == {"level": "warning", "source": "room", "message": "two\nlines é", "exit_code": 3}


def test_on_a_terminal_lines_are_text_in_colour(logged):
    log, stream, _ = logged("auto", stream=_Terminal())
    log.error("it broke")
    assert "\x1b[31m" in stream.getvalue()
    assert "room: it broke" in stream.getvalue()


def test_text_away_from_a_terminal_has_no_colour(logged):
    log, stream, _ = logged("text")
    log.error("it broke")
    assert "\x1b" not in stream.getvalue()


def test_a_traceback_is_part_of_its_line(logged):
    log, stream, _ = logged(environ={"AWS_SECRET_ACCESS_KEY": SECRET})
    try:
        raise ValueError(SECRET)
    except ValueError:
        log.exception("oh")
    line = json.loads(stream.getvalue())
    assert "ValueError" in line["traceback"]
    assert SECRET not in stream.getvalue()


def test_the_progress_line_stays_below_the_log(logged):
    log, stream, output = logged("auto", stream=_Terminal())
    output.progress("[##..] 50 %")
    log.info("by the way")
    assert stream.getvalue().endswith("\n[##..] 50 %")
    output.progress("")
    assert stream.getvalue().endswith("\r\x1b[K")


def test_there_is_no_progress_line_away_from_a_terminal(logged):
    _, stream, output = logged()
    output.progress("[##..] 50 %")
    assert stream.getvalue() == ""


def test_libraries_are_quiet_even_when_we_are_not(logged):
    _, stream, _ = logged(level="debug")
    logging.getLogger("botocore.auth").debug("CanonicalRequest: ...")
    assert stream.getvalue() == ""


def test_a_reader_that_went_away_does_not_end_us(logged):
    class Broken(io.StringIO):
        def write(self, _):
            raise BrokenPipeError

    log, _, _ = logged(stream=Broken())
    log.error("nobody hears this")


@pytest.mark.parametrize(
    "text",
    [
        "AWS_SECRET_ACCESS_KEY={secret}",
        "'aws_secret_access_key': '{secret}'",
        '{{"SecretAccessKey": "{secret}"}}',
        '{{\\"SecretAccessKey\\": \\"{secret}\\"}}',
        "aws_session_token = {secret}",
        "X-Amz-Security-Token: {secret}",
        "GET https://b.s3.amazonaws.com/k?X-Amz-Signature={secret}&X-Amz-Expires=60",
        "GET https://b.s3.amazonaws.com/k?AWSAccessKeyId=x&Signature={secret}&Expires=1",
        "Authorization: AWS4-HMAC-SHA256 Credential=AKIA/x, Signature={secret}",
        "Authorization: Bearer {secret}",
        "https://user:{secret}@example.org/simple",
        "password={secret}",
    ],
)
@pytest.mark.parametrize("known", [True, False])
def test_secrets_do_not_pass_whether_known_or_not(text, known):
    secret = SECRET.replace("/", "x")
    redact = logs.Redactor({"AWS_SECRET_ACCESS_KEY": secret} if known else {})
    assert secret not in redact(text.format(secret=secret))


def test_a_known_secret_does_not_pass_wherever_it_stands():
    assert logs.Redactor({"AWS_SESSION_TOKEN": SECRET})(f"it is {SECRET}!") == "it is [hidden]!"


def test_access_keys_keep_only_their_kind():
    redacted = logs.Redactor({})("from AKIAIOSFODNN7EXAMPLE to ASIAIOSFODNN7EXAMPLE")
    assert redacted == "from AKIAIO[hidden] to ASIAIO[hidden]"


def test_the_other_parameters_of_a_signed_address_stay():
    url = "https://b.s3.amazonaws.com/a/k.tar.gz?X-Amz-Expires=60&X-Amz-Signature=abc&versionId=7"
    assert logs.Redactor({})(url) == url.replace("abc", "[hidden]")


@pytest.mark.parametrize(
    "text",
    [
        "s3://bucket/a/model.tar.gz: no such key (check MODEL_URI)",
        "download: 45 % of 1,024 MB",
        "default signature: serving_default",
        "signature_name=serving_default",
        "2024-01-31 12:00:00: I tensorflow_serving/model_servers/server.cc:430] gRPC at 0.0.0.0:8500",
    ],
)
def test_plain_lines_stay_as_they_are(text):
    assert logs.Redactor({"AWS_SESSION_TOKEN": "short"})(text) == text


@given(st.text())
def test_redaction_takes_any_text_and_twice_is_once(text):
    redact = logs.Redactor({"AWS_SECRET_ACCESS_KEY": SECRET})
    once = redact(text)
    assert redact(once) == once
    assert SECRET not in redact(text + SECRET + text)


def test_time_is_utc_in_milliseconds():
    assert logs._moment(0.0004) == "1970-01-01T00:00:00.000Z"
    assert logs._moment(1706702400.9996) == "2024-01-31T12:00:01.000Z"


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.binary(max_size=9)
    | st.text(st.characters(codec=None), max_size=40)
    | st.sampled_from(["\udcff", "\x7f", "\x9f", '\\"', "\u2028", "\n"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(st.text(st.characters(codec=None), max_size=80), values)
def test_every_line_is_json_in_utf8_whatever_is_in_the_record(message, value):
    stream = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    output = logs.Output(stream)
    output.setFormatter(logs.JsonLines(logs.Redactor({})))
    record = logging.LogRecord("x", logging.INFO, "", 0, "%s", (message,), None)
    record.fields = {"value": value}
    output.handle(record)
    stream.flush()
    line = stream.buffer.getvalue()
    assert line.count(b"\n") == 1

    def no_constant(name):
        raise AssertionError(f"{name} is no JSON")

    assert json.loads(line.decode(), parse_constant=no_constant)["level"] == "info"
    assert not re.search("[\x00-\x1f\x7f-\x9f\u2028\u2029]", line.decode()[:-1])
