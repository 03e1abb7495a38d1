"""The platform's part of a rehearsal, with a container that does as it is told: a stand-in."""

from __future__ import annotations

import contextlib
import json
import threading
from pathlib import Path

import pytest
from botocore.exceptions import EventStreamError

from neuronserve.deploy.sagemaker.local.limits import Limits
from neuronserve.deploy.sagemaker.local.wanted import Async
from neuronserve.errors import DeploymentFailed
from tests.deploying.rehearsals import wait_for
from tests.deploying.standins import archives, refused, standing_in


@pytest.fixture(scope="module")
def single(tmp_path_factory):
    with standing_in("realtime", [""], tmp_path_factory.mktemp("single")) as found:
        yield found


def test_the_container_gets_the_clients_headers_that_the_api_knows_and_no_others(single):
    answer = single.invoke(
        b"headers",
        "text/csv",
        Accept="application/json",
        CustomAttributes="a=b",
        InferenceId="id-1",
        SessionId="s1",
    )
    seen = json.loads(answer)
    seen.pop("host")
    assert seen == {
        "content-type": "text/csv",
        "accept": "application/json",
        "content-length": "7",
        "x-amzn-sagemaker-custom-attributes": "a=b",
        "x-amzn-sagemaker-inference-id": "id-1",
        "x-amzn-sagemaker-session-id": "s1",
    }


@pytest.mark.parametrize(
    ("status", "side"), [(400, "client"), (404, "client"), (500, "server"), (503, "server")]
)
def test_an_error_of_the_container_is_a_model_error_with_its_status_and_text(single, status, side):
    response = refused(single.invoke, f"status {status} what was wrong".encode())
    assert response["Error"]["Code"] == "ModelError"
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 424
    assert (response["OriginalStatusCode"], response["OriginalMessage"]) == (status, "what was wrong")
    assert response["LogStreamArn"].endswith(":log-group:/aws/sagemaker/Endpoints/rehearsed")
    assert f"Received {side} error ({status}) from primary" in response["Error"]["Message"]


def test_an_answer_that_takes_too_long_is_a_model_error_without_a_status(tmp_path):
    with standing_in("realtime", [""], tmp_path, limits=Limits(answer=0.3)) as found:
        response = refused(found.invoke, b"sleep 20")
    assert (response["Error"]["Code"], response["OriginalStatusCode"]) == ("ModelError", 0)
    assert "timed out while waiting for a response from container primary" in response["OriginalMessage"]


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"EndpointName": "another"}, "Endpoint another of account"),
        ({"TargetVariant": "other"}, "Variant other"),
        ({"TargetModel": "m.tar.gz"}, "TargetModel"),
        ({"TargetContainerHostname": "c"}, "TargetContainerHostname"),
        ({"InferenceComponentName": "c"}, "inference components"),
        ({"SessionId": "not a session!"}, "SessionId"),
        ({"Body": b"x" * 6_291_457}, "less than or equal to 6291456"),
    ],
)  # fmt: skip
def test_what_the_platform_refuses_by_itself_is_a_validation_error(single, given, told):
    asked = {"EndpointName": single.name, "Body": b"x", **given}
    response = refused(single.runtime.invoke_endpoint, **asked)
    assert response["Error"]["Code"] == "ValidationError"
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 400
    assert told in response["Error"]["Message"]


def test_the_largest_body_goes_through(single):
    body = b"y" * 6_291_456
    assert single.invoke(body) == body


def test_custom_attributes_come_back_only_if_the_container_sets_them(single):
    def ask(**asked):
        found = single.runtime.invoke_endpoint(**asked)
        found["Body"].close()
        return found

    assert "CustomAttributes" not in ask(EndpointName=single.name, Body=b"x", CustomAttributes="a=b")
    found = ask(EndpointName=single.name, Body=b"x", CustomAttributes="back=seen")
    assert (found["CustomAttributes"], found["InvokedProductionVariant"]) == ("seen", "AllTraffic")


def test_a_new_session_gets_an_id_with_an_end(single):
    found = single.runtime.invoke_endpoint(EndpointName=single.name, Body=b"x", SessionId="NEW_SESSION")
    found["Body"].close()
    assert "; Expires=" in found["NewSessionId"]


def streamed(single, body):
    return single.runtime.invoke_endpoint_with_response_stream(EndpointName=single.name, Body=body)


def test_a_streamed_answer_comes_in_parts(single):
    found = streamed(single, b"stream 3")
    assert found["ContentType"] == "application/jsonlines"
    assert [e["PayloadPart"]["Bytes"] for e in found["Body"]] == [b"part 0\n", b"part 1\n", b"part 2\n"]


def test_a_stream_that_breaks_ends_in_a_model_stream_error_after_what_came(single):
    parts = []
    with (
        contextlib.closing(streamed(single, b"break")["Body"]) as stream,
        pytest.raises(EventStreamError, match="ModelStreamError"),
    ):
        parts.extend(event["PayloadPart"]["Bytes"] for event in stream)  # what came before it raised
    assert parts == [b"part 0\n", b"part 1\n"]


def test_an_error_before_a_stream_began_is_a_model_error(single):
    assert refused(streamed, single, b"status 400 no")["OriginalStatusCode"] == 400


def test_a_container_that_dies_in_life_is_replaced(tmp_path):
    with standing_in("realtime", [""], tmp_path) as found:
        assert refused(found.invoke, b"exit 3")["OriginalStatusCode"] == 0
        found.wait_told("in service again")
        assert found.invoke(b"hello") == b"hello"
        assert any("ended with 3" in line for line in found.told)


def test_a_container_that_ends_before_it_is_healthy_fails_the_endpoint_with_its_last_lines(tmp_path):
    with (
        pytest.raises(DeploymentFailed, match=r"ended with 7(.|\n)*this container cannot start"),
        standing_in("realtime", [""], tmp_path, environment={"STANDIN_EXIT": "7"}),
    ):
        pytest.fail("it is not in service")


def test_a_container_that_is_never_healthy_fails_the_endpoint_when_the_time_is_up(tmp_path):
    with (
        pytest.raises(DeploymentFailed, match=r"did not pass the ping health check within 1 s: .*503"),
        standing_in("realtime", [""], tmp_path, environment={"STANDIN_UNHEALTHY": "1"}, startup=1),
    ):
        pytest.fail("it is not in service")


def test_a_container_that_ignores_sigterm_is_killed(tmp_path):
    limits = Limits(ping_every=0.05, stop=0.3)
    with standing_in("realtime", [""], tmp_path, environment={"STANDIN_DEAF": "1"}, limits=limits) as found:
        container = found.rehearsal.containers[0]
    assert container.code == 137
    assert any("0.3 s after SIGTERM: killed" in line for line in found.told)


def test_a_model_is_unpacked_before_the_container_starts(tmp_path):
    archive = archives(tmp_path / "a", "m") / "m.tar.gz"
    with standing_in("realtime", [archive], tmp_path) as found:
        folder = Path(found.invoke(b"environ MODEL_URI").decode())
        assert (folder / "name").read_text() == "m"


# --- several containers


def test_a_pipeline_hands_the_answer_and_its_type_to_the_next_and_accept_to_the_last(tmp_path):
    environments = [{"STANDIN_TYPE": "text/csv"}, {"STANDIN_PREFIX": "2"}]
    with standing_in("pipeline", ["", ""], tmp_path, environments=environments) as found:
        assert found.invoke(b"body") == b"2body"
        answer = found.runtime.invoke_endpoint(EndpointName=found.name, Body=b"say headers", Accept="a/b")
        seen = json.loads(answer["Body"].read())
        assert (seen["accept"], seen["content-type"]) == ("a/b", "text/csv")
        answer = found.runtime.invoke_endpoint(EndpointName=found.name, Body=b"headers", Accept="a/b")
        assert "accept" not in json.loads(answer["Body"].read()[1:])
        assert refused(found.invoke, b"status 418 no")["OriginalStatusCode"] == 418


def test_direct_invokes_the_container_that_is_named(tmp_path):
    environments = [{"STANDIN_PREFIX": "a"}, {"STANDIN_PREFIX": "b"}]
    with standing_in(
        "direct", ["", ""], tmp_path, names=("first", "second"), environments=environments
    ) as found:
        assert found.invoke(b"x", TargetContainerHostname="first") == b"ax"
        assert found.invoke(b"x", TargetContainerHostname="second") == b"bx"
        for more in ({}, {"TargetContainerHostname": "third"}):
            response = refused(found.invoke, b"x", **more)
            assert "first, second" in response["Error"]["Message"]
        ports = {
            found.invoke(b"environ SAGEMAKER_BIND_TO_PORT", TargetContainerHostname=n)
            for n in ("first", "second")
        }
        assert len(ports) == 2


# --- multi-model


@pytest.fixture(scope="module")
def queued(tmp_path_factory):
    asked = Async(
        "s3://bucket/out",
        "s3://bucket/failed",
        2,
        "arn:aws:sns:us-east-1:1:yes",
        "arn:aws:sns:us-east-1:1:no",
    )
    with standing_in("async", [""], tmp_path_factory.mktemp("async"), asynchronous=asked) as found:
        (found.buckets / "bucket").mkdir()
        yield found


def put(queued, name, content):
    (queued.buckets / "bucket" / name).write_bytes(content)
    return f"s3://bucket/{name}"


def stored(queued, uri):
    path = queued.buckets / uri.removeprefix("s3://")
    return wait_for(uri, lambda: path.exists() and path.read_bytes())


def test_an_asynchronous_answer_is_an_object(queued):
    location = put(queued, "in", b"content")
    found = queued.runtime.invoke_endpoint_async(
        EndpointName=queued.name, InputLocation=location, InferenceId="id-7", InvocationTimeoutSeconds=60
    )
    assert found["ResponseMetadata"]["HTTPStatusCode"] == 202
    assert found["InferenceId"] == "id-7"
    assert found["OutputLocation"].startswith("s3://bucket/out/")
    assert found["FailureLocation"].startswith("s3://bucket/failed/")
    assert stored(queued, found["OutputLocation"]) == b"content"
    assert '"invocationStatus": "Completed"' in queued.wait_told(
        "would publish to arn:aws:sns:us-east-1:1:yes"
    )


@pytest.mark.parametrize(
    ("content", "told"),
    [(b"status 400 not so", b"(400)"), (b"sleep 3", b"timed out"), (None, b"could not be read")],
)
def test_an_asynchronous_failure_is_an_object_too(queued, content, told):
    location = put(queued, "bad", content) if content else "s3://bucket/absent"
    found = queued.runtime.invoke_endpoint_async(
        EndpointName=queued.name, InputLocation=location, InvocationTimeoutSeconds=1
    )
    assert told in stored(queued, found["FailureLocation"])
    assert not (queued.buckets / found["OutputLocation"].removeprefix("s3://")).exists()


def test_operations_of_another_kind_of_endpoint_are_refused(queued, single):
    for call, more in (
        (queued.runtime.invoke_endpoint, {"EndpointName": queued.name, "Body": b""}),
        (
            single.runtime.invoke_endpoint_async,
            {"EndpointName": single.name, "InputLocation": "s3://bucket/in"},
        ),
    ):
        assert refused(call, **more)["Error"]["Code"] == "ValidationError"


# --- stopping


def test_what_is_under_way_when_the_endpoint_is_deleted_ends_and_what_comes_then_is_refused(tmp_path):
    with standing_in("realtime", [""], tmp_path, limits=Limits(ping_every=0.05, answer=20)) as found:
        results = []
        thread = threading.Thread(target=lambda: results.append(found.invoke(b"sleep 1")))
        thread.start()
        wait_for("the request is under way", lambda: found.rehearsal._api._under_way)
        found.rehearsal._api.close()
        assert refused(found.invoke, b"late")["Error"]["Code"] in ("ServiceUnavailable", "503")
        thread.join()
        assert results == [b"slept"]


# --- batch transform
