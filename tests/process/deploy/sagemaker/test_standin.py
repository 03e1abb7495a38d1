"""The platform's part of a rehearsal, with a container that does as it is told: a stand-in."""

from __future__ import annotations

import contextlib
import gzip
import io
import json
import sys
import tarfile
import threading
from pathlib import Path

import pytest
from botocore.exceptions import ClientError, EventStreamError

from neuronserve.deploy.sagemaker.local import jobs
from neuronserve.deploy.sagemaker.local.joining import Processing
from neuronserve.deploy.sagemaker.local.limits import Limits
from neuronserve.deploy.sagemaker.local.transform import Wanted
from neuronserve.deploy.sagemaker.local.wanted import Async
from neuronserve.errors import DeploymentFailed, JobFailed
from tests.deploying.rehearsals import rehearsal, together, wait_for

STANDIN = (
    sys.executable,
    str(Path(__file__).resolve().parents[3] / "deploying/standin_container.py"),
    "serve",
)
QUICK = Limits(answer=30, ping_every=0.05, retry_pause=0.01)


def standing_in(kind, models, folder, **more):
    return rehearsal(
        kind, models, folder, program=STANDIN, environment=more.pop("environment", {}),
        limits=more.pop("limits", QUICK), startup=more.pop("startup", 20), **more,
    )  # fmt: skip


@pytest.fixture(scope="module")
def single(tmp_path_factory):
    with standing_in("realtime", [""], tmp_path_factory.mktemp("single")) as found:
        yield found


def refused(call, *args, **more):
    with pytest.raises(ClientError) as caught:
        call(*args, **more)
    return caught.value.response


def archives(folder, *names, broken=()):
    """A multi-model prefix: each archive holds its own name."""
    folder.mkdir()
    for name in names:
        with tarfile.open(folder / f"{name}.tar.gz", "w:gz") as tar:
            for file in ("name", *(["broken"] if name in broken else [])):
                info = tarfile.TarInfo(file)
                info.size = len(name)
                tar.addfile(info, io.BytesIO(name.encode()))
    return folder


# --- one container


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


def test_a_model_is_loaded_on_its_first_use_once_for_all_who_ask_together(tmp_path):
    models = archives(tmp_path / "models", "a", "b")
    with standing_in("multi-model", [models], tmp_path, environment={"STANDIN_LOAD_SECONDS": "0.2"}) as found:
        answers = together(8, lambda n: found.invoke(b"who", TargetModel=f"{'ab'[n % 2]}.tar.gz"))
        assert answers == [b"a", b"b"] * 4
        assert sorted(line.split()[-1] for line in found.logged if " load " in line) == ["a", "b"]
        assert sorted(found.rehearsal.loaded()) == ["a.tar.gz", "b.tar.gz"]
        assert found.invoke(b"environ SAGEMAKER_MULTI_MODEL", TargetModel="a.tar.gz") == b"true"


def test_when_there_is_no_room_the_model_that_was_idle_longest_goes(tmp_path):
    models = archives(tmp_path / "models", "a", "b", "c")
    with standing_in("multi-model", [models], tmp_path, environment={"STANDIN_ROOM": "2"}) as found:
        for name in "abac":
            assert found.invoke(b"who", TargetModel=f"{name}.tar.gz") == name.encode()
        assert found.rehearsal.loaded() == ["a.tar.gz", "c.tar.gz"]


def test_more_models_than_fit_are_all_answered_under_load(tmp_path):
    names = [f"m{n}" for n in range(6)]
    models = archives(tmp_path / "models", *names)
    limits = Limits(answer=20, ping_every=0.05)
    with standing_in(
        "multi-model", [models], tmp_path, environment={"STANDIN_ROOM": "2"}, limits=limits
    ) as found:

        def ask(caller):
            wanted = [names[(caller + turn) % len(names)] for turn in range(12)]
            return [found.invoke(b"who", TargetModel=f"{n}.tar.gz").decode() for n in wanted] == wanted

        assert together(4, ask) == [True] * 4


def test_a_model_without_any_room_is_a_model_error_507(tmp_path):
    models = archives(tmp_path / "models", "a")
    with standing_in("multi-model", [models], tmp_path, environment={"STANDIN_ROOM": "0"}) as found:
        assert refused(found.invoke, b"who", TargetModel="a.tar.gz")["OriginalStatusCode"] == 507


def test_a_model_that_cannot_be_loaded_is_a_model_error_and_can_be_replaced(tmp_path):
    models = archives(tmp_path / "models", "a", broken="a")
    with standing_in("multi-model", [models], tmp_path) as found:
        response = refused(found.invoke, b"who", TargetModel="a.tar.gz")
        assert (response["OriginalStatusCode"], response["OriginalMessage"]) == (
            500,
            "this model cannot be loaded",
        )
        archives(tmp_path / "whole", "a")
        (tmp_path / "whole" / "a.tar.gz").replace(models / "a.tar.gz")
        assert found.invoke(b"who", TargetModel="a.tar.gz") == b"a"


@pytest.mark.parametrize("target", ["absent.tar.gz", "../models/a.tar.gz", "notes.txt"])
def test_a_model_that_is_not_there_is_a_validation_error(tmp_path, target):
    models = archives(tmp_path / "models", "a")
    (models / "notes.txt").touch()
    with standing_in("multi-model", [models], tmp_path) as found:
        assert refused(found.invoke, b"who", TargetModel=target)["Error"]["Code"] == "ValidationError"
        assert refused(found.invoke, b"who")["Error"]["Code"] == "ValidationError"


def test_a_container_that_was_replaced_gets_its_models_again(tmp_path):
    models = archives(tmp_path / "models", "a")
    with standing_in("multi-model", [models], tmp_path) as found:
        assert found.invoke(b"who", TargetModel="a.tar.gz") == b"a"
        refused(found.invoke, b"exit 1", TargetModel="a.tar.gz")
        found.wait_told("in service again")
        assert found.invoke(b"who", TargetModel="a.tar.gz") == b"a"
        assert sum(" load " in line for line in found.logged) == 2


def test_a_model_that_loads_for_long_is_not_ready_and_later_is(tmp_path):
    models = archives(tmp_path / "models", "a")
    limits = Limits(ping_every=0.05, ready=0.2)
    environment = {"STANDIN_LOAD_SECONDS": "0.6"}
    with standing_in("multi-model", [models], tmp_path, environment=environment, limits=limits) as found:
        response = refused(found.invoke, b"who", TargetModel="a.tar.gz")
        assert response["Error"]["Code"] == "ModelNotReadyException"
        assert response["ResponseMetadata"]["HTTPStatusCode"] == 429
        wait_for("the load", found.rehearsal.loaded)
        assert found.invoke(b"who", TargetModel="a.tar.gz") == b"a"


def test_without_a_cache_a_model_goes_after_its_invocation(tmp_path):
    models = archives(tmp_path / "models", "a")
    with standing_in("multi-model", [models], tmp_path, cached=False) as found:
        assert found.invoke(b"who", TargetModel="a.tar.gz") == b"a"
        wait_for("the unload", lambda: not found.rehearsal.loaded())


# --- asynchronous


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


def transformed(tmp_path, wanted, content, environment=None):
    """What came out, and how many requests it took."""
    from neuronserve.deploy.sagemaker.local.building import Ground
    from neuronserve.deploy.sagemaker.local.store import Folder
    from neuronserve.deploy.sagemaker.local.wanted import Container, Endpoint, Kind

    work, source = tmp_path / "work", tmp_path / "in"
    work.mkdir()
    source.mkdir(exist_ok=True)
    for name, data in content.items():
        (source / name).write_bytes(data)
    told = []
    ground = Ground(
        work, Folder(tmp_path), "us-east-1", told.append, told.append, program=STANDIN, limits=QUICK
    )
    endpoint = Endpoint(
        "job", Kind.REALTIME, (Container("primary", environment=environment or {}),), startup=20
    )
    return list(jobs.run(endpoint, ground, wanted, str(source), str(tmp_path / "out"))), told


def test_lines_are_sent_together_as_far_as_they_fit_and_put_together_in_order(tmp_path):
    lines = b"".join(b"%07d\n" % n for n in range(400_000))
    wanted = Wanted(split="Line", assemble="Line", max_payload_mb=1, concurrent=4, strategy="MultiRecord")
    done, _ = transformed(tmp_path, wanted, {"a.csv": lines})
    assert (tmp_path / "out" / "a.csv.out").read_bytes() == lines
    assert done[0].requests == 4  # 3.2 MB


def test_a_single_record_is_a_request_and_the_container_says_what_the_job_leaves_open(tmp_path):
    environment = {"STANDIN_PARAMETERS": '{"MaxConcurrentTransforms": 2, "BatchStrategy": "SINGLE_RECORD"}'}
    done, _ = transformed(tmp_path, Wanted(split="Line", assemble="Line"), {"a": b"x\ny\nz\n"}, environment)
    assert (done[0].requests, (tmp_path / "out" / "a.out").read_bytes()) == (3, b"x\ny\nz\n")


def test_without_a_limit_a_file_is_sent_in_chunks(tmp_path):
    content = b"z" * 7_000_000
    done, _ = transformed(tmp_path, Wanted(max_payload_mb=0), {"large": content})
    assert (done[0].requests, (tmp_path / "out" / "large.out").read_bytes()) == (1, content)


def test_inputs_may_be_packed_lie_in_folders_end_anyhow_or_be_empty(tmp_path):
    wanted = Wanted(split="Line", assemble="Line", compressed=True)
    content = {"whole": b"a\nb\n", "open": b"a\nb", "crlf": b"a\r\nb\r\n", "empty": b""}
    (tmp_path / "in/sub").mkdir(parents=True)
    packed = {f"sub/{name}.gz": gzip.compress(data) for name, data in content.items()}
    done, _ = transformed(tmp_path, wanted, packed)
    found = {name: (tmp_path / f"out/sub/{name}.gz.out").read_bytes() for name in content}
    assert found == {"whole": b"a\nb\n", "open": b"a\nb\n", "crlf": b"a\nb\n", "empty": b""}
    assert sorted(one.requests for one in done) == [0, 1, 1, 1]


def test_what_is_no_gzip_or_too_long_a_line_fails_its_file_by_name(tmp_path):
    files = {
        "plain": b"x",
        "cut": gzip.compress(b"y" * 999)[:-9],
        "long": gzip.compress(b"a\n" + b"z" * (2 << 20)),
    }
    done, _ = transformed(tmp_path, Wanted(split="Line", compressed=True, max_payload_mb=1), files)
    told = [one.failure.removeprefix(f"{tmp_path}/in/") for one in done]
    assert "cut" in told[0]
    assert told[1].startswith("long, line 2: 2097152 bytes, more than MaxPayloadInMB, 1")
    assert "plain: CompressionType is Gzip, and this is no gzip data" in told[2]
    assert not (tmp_path / "out").exists()


def test_part_of_each_record_is_sent_and_joined_with_its_answer(tmp_path):
    processing = Processing("$[1:]", "$[0,-1]", joins=True)
    wanted = Wanted("text/csv", "text/csv", "Line", "Line", processing=processing)
    done, _ = transformed(tmp_path, wanted, {"a.csv": b'7,"x, y",1\n8,z,2\n'})
    assert done[0].failure == ""
    assert (tmp_path / "out/a.csv.out").read_bytes() == b"7,1\n8,2\n"


def test_a_bad_file_fails_the_job_and_leaves_no_output_while_others_go_on(tmp_path):
    done, told = transformed(
        tmp_path, Wanted(), {"a": b"status 400 bad", "b": b"good", "c": b"status 500 oh"}
    )
    assert [one.output.rpartition("/")[2] for one in done] == ["", "b.out", ""]
    assert ("400: bad" in done[0].failure, "500: oh" in done[2].failure) == (True, True)
    assert sum("tried again" in line for line in told) == 3  # a server's error, and no client's


def test_limits_that_together_are_too_large_fail_the_job(tmp_path):
    environment = {"STANDIN_PARAMETERS": '{"MaxConcurrentTransforms": 64}'}
    with pytest.raises(JobFailed, match="64 x MaxPayloadInMB 6 is more than 100"):
        transformed(tmp_path, Wanted(), {"a": b"x"}, environment)
