"""Calls of endpoints as values: the requests they become, and what is read from answers and errors."""

from __future__ import annotations

import json

import pytest
from botocore.exceptions import ClientError

from neuronserve.deploy.sagemaker import invocations, results
from neuronserve.deploy.sagemaker.invocations import Call
from neuronserve.errors import AwsFailed, InvalidInput, TimedOut

STREAM, ASYNC = "InvokeEndpointWithResponseStream", "InvokeEndpointAsync"


def test_only_what_was_said_is_asked():
    assert Call("e", b"{}").request("InvokeEndpoint") == {
        "EndpointName": "e", "Body": b"{}", "ContentType": "application/json",
    }  # fmt: skip


def test_an_empty_body_is_one_and_an_asynchronous_one_lies_in_s3():
    assert Call("e").request("InvokeEndpoint")["Body"] == b""
    asked = Call("e", location="s3://b/in.json", ttl=60, timeout=30).request(ASYNC)
    assert asked == {
        "EndpointName": "e", "ContentType": "application/json", "InputLocation": "s3://b/in.json",
        "RequestTTLSeconds": 60, "InvocationTimeoutSeconds": 30,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("call", "operation", "told"),
    [
        (Call("e", b"x" * 6_291_457), "InvokeEndpoint", "6,291,457 bytes, and SageMaker takes 6,291,456"),
        (Call("bad name!"), "InvokeEndpoint", "EndpointName"),
        (Call("e", attributes="ü"), "InvokeEndpoint", "CustomAttributes holds a character"),
        (Call("e", accept="a\r\nX-Other: b"), "InvokeEndpoint", "Accept holds a character"),
        (Call("e", attributes="a" * 1025), "InvokeEndpoint", "1025 characters"),
        (Call("e", inference_id=" x"), "InvokeEndpoint", "InferenceId"),
        (Call("e", session_id="no session!"), "InvokeEndpoint", "SessionId"),
        (Call("e", ttl=60), "InvokeEndpoint", "RequestTTLSeconds cannot be said of such a call"),
        (Call("e", target_model="m"), STREAM, "TargetModel cannot be said of a stream"),
        (
            Call("e", location="s3://b/i", target_variant="v"),
            ASYNC,
            "TargetVariant cannot be said of an asynchronous call",
        ),
        (Call("e", location="file"), ASYNC, "InputLocation"),
        (Call("e", location="s3://b/i", ttl=59), ASYNC, "RequestTTLSeconds"),
        (Call("e", location="s3://b/i", timeout=3601), ASYNC, "InvocationTimeoutSeconds"),
    ],
)
def test_what_sagemaker_would_refuse_is_named(call, operation, told):
    with pytest.raises(InvalidInput, match=told):
        call.request(operation)


@pytest.mark.parametrize(
    ("file", "body", "kind"),
    [
        ("a/rows.CSV", b"1,2", "text/csv"),
        ("rows.jsonl", b"[1]\n[2]", "application/jsonlines"),
        ("x.npz", b"PK", "application/x-npz"),
        ("", b"\x93NUMPY\x01", "application/x-npy"),
        ("", b' {"instances": []}', "application/json"),
        ("request", b"[1]", "application/json"),
    ],
)
def test_the_content_type_follows_from_the_name_or_the_body(file, body, kind):
    assert invocations.content_type(file, body) == kind


@pytest.mark.parametrize(("file", "named"), [("rows.dat", "rows.dat"), ("", "standard input")])
def test_a_body_that_may_be_anything_needs_a_content_type(file, named):
    with pytest.raises(InvalidInput, match=f"{named}: its content type cannot be told"):
        invocations.content_type(file, b"1,2,3\n")


def error(code, **members):
    return ClientError({"Error": {"Code": code, "Message": "said"}, **members}, "InvokeEndpoint")


@pytest.mark.parametrize(
    ("status", "message", "line"),
    [
        (
            400,
            json.dumps({"error": "no", "code": "malformed_body"}),
            "e: the container answered 400: no [malformed_body]",
        ),
        (500, '{"error": "no"}', "e: the container answered 500: no"),
        (500, "<html>", "e: the container answered 500: <html>"),
        (503, '["x"]', 'e: the container answered 503: ["x"]'),
        (502, "", "e: the container answered 502: said"),
        (0, "Your invocation timed out", "e: the container gave no answer: Your invocation timed out"),
    ],
)
def test_a_model_error_is_the_containers_own(status, message, line):
    found = invocations.refusal(error("ModelError", OriginalStatusCode=status, OriginalMessage=message))
    assert found.line("e") == line


def test_other_errors_are_sagemakers():
    assert invocations.refusal(error("ThrottlingException")) is None


@pytest.mark.parametrize(
    ("code", "message", "absent"),
    [
        ("ValidationError", "Endpoint digits of account 123456789012 not found.", True),
        ("ValidationError", "TargetModel is required", False),
        ("ModelError", "Endpoint digits of account 123456789012 not found.", False),
    ],
)
def test_an_endpoint_that_is_not_there_is_told_by_its_text(code, message, absent):
    told = ClientError({"Error": {"Code": code, "Message": message}}, "InvokeEndpoint")
    assert invocations.is_absent(told) is absent


# --- results


ANSWER = {"OutputLocation": "s3://b/out/1.out", "FailureLocation": "s3://b/bad/1-error.out"}


class Store:
    """S3's get_object: what is there, after so many looks."""

    def __init__(self, objects, code="NoSuchKey", after=0):
        self.objects, self.code, self.after, self.looks = objects, code, after, 0

    def get_object(self, **asked):
        self.looks += 1
        place = asked["Bucket"], asked["Key"]
        if self.looks <= self.after or place not in self.objects:
            raise ClientError({"Error": {"Code": self.code}}, "GetObject")
        return {"Body": self.objects[place]}


class Text(bytes):
    def read(self):
        return bytes(self)


@pytest.mark.parametrize("code", ["NoSuchKey", "AccessDenied"])
def test_a_result_is_waited_for_while_s3_says_that_it_is_not_there(desk, code):
    store = Store({("b", "out/1.out"): Text(b"yes")}, code, after=6)
    found = results.wait(desk, results.from_s3(store), ANSWER, 60)
    assert (found.body, found.failed) == (b"yes", False)
    assert desk.clock.monotonic() >= 6  # three rounds of two looks, 2 s apart


def test_a_failure_is_a_result_too(desk):
    store = Store({("b", "bad/1-error.out"): Text(b"oh")})
    assert results.wait(desk, results.from_s3(store), ANSWER, 60) == results.Result(b"oh", failed=True)


def test_another_answer_than_s3s_ends_the_wait_at_once(desk):
    with pytest.raises(ClientError):
        results.wait(desk, results.from_s3(Store({}, "404")), ANSWER, 60)


def test_a_rehearsals_results_are_files(desk, tmp_path):
    read = results.from_folder(tmp_path)
    with pytest.raises(TimedOut, match=r"no result at s3://b/out/1\.out after 5 s"):
        results.wait(desk, read, ANSWER, 5)
    (tmp_path / "b/out").mkdir(parents=True)
    (tmp_path / "b/out/1.out").write_bytes(b"yes")
    assert results.wait(desk, read, ANSWER, 5).body == b"yes"


def test_an_answer_without_a_place_is_no_answer_of_sagemakers(desk):
    with pytest.raises(AwsFailed, match="no place"):
        results.wait(desk, lambda uri: None, {}, 5)
