"""The whole of it: ./serve with a real model in a rehearsal, asked by real clients."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from botocore.exceptions import ClientError

from neuronserve.deploy.sagemaker.local import jobs
from neuronserve.deploy.sagemaker.local.building import Ground
from neuronserve.deploy.sagemaker.local.store import Folder
from neuronserve.deploy.sagemaker.local.transform import Wanted
from neuronserve.deploy.sagemaker.local.wanted import Async, Container, Endpoint, Kind
from tests import handmade, sdk
from tests.deploying.rehearsals import CPU, KEYS, rehearsal, wait_for

BODY = b'{"instances": [[1.0, 2.0, 5.0], [0.5, 0.0, 1.0]]}'
ROWS = [[1.0, 2.0, 5.0], [0.5, 0.0, 1.0]]
TWICE = [[2.0, 4.0, 10.0], [1.0, 0.0, 2.0]]
HANDLERS = """
import json

def input_handler(data, context):
    return data.read()

def output_handler(response, context):
    if response.status_code != 200:
        raise ValueError(response.text)
    return json.dumps({"instances": response.json()["predictions"]}), "application/json"
"""


@pytest.fixture(scope="module")
def doubling(tmp_path_factory):
    """y = 2 x for rows of three."""
    folder = tmp_path_factory.mktemp("doubling")
    handmade.doubling_rows(folder / "1")
    return folder


@pytest.fixture(scope="module")
def single(doubling, tmp_path_factory):
    with rehearsal("realtime", [doubling], tmp_path_factory.mktemp("single")) as found:
        yield found


def test_boto3_gets_the_right_answer(single):
    assert json.loads(single.invoke(BODY)) == {"predictions": TWICE}


def test_a_bad_body_is_a_model_error_with_the_containers_own_words(single):
    with pytest.raises(ClientError) as caught:
        single.invoke(b'{"instances": [[1')
    response = caught.value.response
    assert (response["Error"]["Code"], response["OriginalStatusCode"]) == ("ModelError", 400)
    assert json.loads(response["OriginalMessage"])["code"] == "malformed_body"


def test_the_aws_cli_invokes_it_unchanged(single, tmp_path):
    (tmp_path / "body.json").write_bytes(BODY)
    aws = Path(sys.executable).with_name("aws")
    environ = {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "y", "AWS_DEFAULT_REGION": "us-east-1"}
    done = subprocess.run(
        [aws, "sagemaker-runtime", "invoke-endpoint", "--endpoint-url", single.url, "--endpoint-name",
         single.name, "--content-type", "application/json", "--body", "fileb://body.json", "answer.json"],
        cwd=tmp_path, env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), **environ},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["InvokedProductionVariant"] == "AllTraffic"
    assert json.loads((tmp_path / "answer.json").read_bytes()) == {"predictions": TWICE}


@pytest.fixture(scope="module")
def serializers():
    return sdk.load()


@pytest.mark.parametrize(
    ("serializer", "deserializer", "data"),
    [
        ("JSONSerializer", "JSONDeserializer", {"instances": ROWS}),
        ("JSONSerializer", "JSONDeserializer", ROWS),
        ("JSONLinesSerializer", "JSONLinesDeserializer", ROWS),
        ("CSVSerializer", "CSVDeserializer", ROWS),
        ("NumpySerializer", "NumpyDeserializer", np.array(ROWS, np.float32)),
        ("NumpySerializer", "JSONDeserializer", np.array(ROWS, np.float32)),
        ("CSVSerializer", "NumpyDeserializer", ROWS),
    ],
)
def test_the_sdks_serializers_round_trip(single, serializers, serializer, deserializer, data):
    to, back = (
        getattr(module, name)() for module, name in zip(serializers, (serializer, deserializer), strict=True)
    )
    answer = single.runtime.invoke_endpoint(
        EndpointName=single.name,
        Body=to.serialize(data),
        ContentType=to.CONTENT_TYPE,
        Accept=", ".join(back.ACCEPT),
    )
    found = back.deserialize(answer["Body"], answer["ContentType"])
    if isinstance(found, dict):
        found = found["predictions"]
    elif isinstance(found, list) and isinstance(found[0], dict):
        found = [row for line in found for row in line["predictions"]]
    assert np.array_equal(np.array(found, np.float32), TWICE)


def test_an_npz_archive_comes_back_for_one_that_is_accepted(single, serializers):
    back = serializers[1].NumpyDeserializer(accept="application/x-npz")
    answer = single.runtime.invoke_endpoint(
        EndpointName=single.name, Body=BODY, ContentType="application/json", Accept="application/x-npz"
    )
    found = back.deserialize(answer["Body"], answer["ContentType"])
    assert np.array_equal(found[found.files[0]], TWICE)


def test_streamed_json_lines_are_whole(single):
    rows = b"".join(b"[%d, 0, 1]\n" % n for n in range(500))
    answer = single.runtime.invoke_endpoint_with_response_stream(
        EndpointName=single.name,
        Body=rows,
        ContentType="application/jsonlines",
        Accept="application/jsonlines",
    )
    content = b"".join(event["PayloadPart"]["Bytes"] for event in answer["Body"])
    assert content.startswith((b"{", b"["))
    assert content.count(b"998.0") == 1


def test_the_answer_of_a_pipelines_first_container_is_the_input_of_the_second(doubling, tmp_path):
    """Both double; the first one's handler turns its predictions into the next one's instances."""
    first = tmp_path / "first"
    shutil.copytree(doubling, first)
    (first / "code").mkdir()
    (first / "code" / "inference.py").write_text(HANDLERS)
    with rehearsal("pipeline", [first, doubling], tmp_path) as found:
        assert json.loads(found.invoke(BODY)) == {"predictions": (2 * np.array(TWICE)).tolist()}
        with pytest.raises(ClientError, match=r"client error .400. from container-1 with"):
            found.invoke(b"{")


def test_two_containers_without_handlers_understand_each_other_by_csv(doubling, tmp_path):
    """The first one answers in what it is told to, where nobody says what is accepted: CSV, here."""
    first = {"SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT": "text/csv"}
    with rehearsal("pipeline", [doubling, doubling], tmp_path, environments=[first, {}]) as found:
        four_times = (2 * np.array(TWICE)).tolist()
        assert json.loads(found.invoke(BODY)) == {"predictions": four_times}
        assert found.invoke(b"1,2,5\n", "text/csv", Accept="text/csv") == b"4.0,8.0,20.0\n"
        with pytest.raises(ClientError, match=r"error .400. from container-1 with"):
            found.invoke(b"{")


SLOW = """
import pathlib, time

def handler(data, context):
    mark = pathlib.Path(data.read().decode())
    mark.write_text("asked")
    while mark.read_text() == "asked":
        time.sleep(0.01)
    return b"answered", "text/plain"
"""


def slow_model(doubling, folder):
    """Its handler writes a file that the body names, and answers once somebody else wrote into it."""
    shutil.copytree(doubling, folder)
    (folder / "code").mkdir()
    (folder / "code" / "inference.py").write_text(SLOW)
    return folder


def ask_in_background(found, mark):
    """What became of the request; it is in the container when this returns."""
    outcome = []

    def ask():
        try:
            outcome.append(found.invoke(str(mark).encode(), "text/plain"))
        except ClientError as error:
            outcome.append(error.response)

    thread = threading.Thread(target=ask)
    thread.start()
    wait_for("the request is in the container", mark.exists)
    return thread, outcome


def test_a_request_in_flight_when_sigterm_comes_is_answered_and_the_container_ends_with_0(doubling, tmp_path):
    mark = tmp_path / "mark"
    with rehearsal("realtime", [slow_model(doubling, tmp_path / "slow")], tmp_path) as found:
        thread, outcome = ask_in_background(found, mark)
        (container,) = found.rehearsal.containers
        stop = threading.Thread(target=found.rehearsal.stop)
        stop.start()
        wait_for("it drains", lambda: any("draining" in line for line in found.logged))
        assert outcome == []
        mark.write_text("go on")
        stop.join()
        thread.join()
    assert outcome == [b"answered"]
    assert container.code == 0


def test_a_container_that_is_killed_in_flight_is_a_model_error_and_is_replaced(doubling, tmp_path):
    mark = tmp_path / "mark"
    with rehearsal("realtime", [slow_model(doubling, tmp_path / "slow")], tmp_path) as found:
        thread, outcome = ask_in_background(found, mark)
        (container,) = found.rehearsal.containers
        os.kill(container._runner._process.pid, signal.SIGKILL)
        thread.join()  # nothing of the container outlives it: the mark says "asked" still
        assert (outcome[0]["Error"]["Code"], outcome[0]["OriginalStatusCode"]) == ("ModelError", 0)
        found.wait_told("in service again", 60)
        again = tmp_path / "again"
        thread, outcome = ask_in_background(found, again)
        again.write_text("go on")
        thread.join()
        assert outcome == [b"answered"]


def test_an_asynchronous_endpoint_leaves_results_and_failures_in_s3(doubling, tmp_path):
    asked = Async("s3://bucket/out", "s3://bucket/failed")
    with rehearsal("async", [doubling], tmp_path, asynchronous=asked) as found:
        (found.buckets / "bucket").mkdir()
        outcomes = {}
        for name, body in (("good", BODY), ("bad", b"{")):
            (found.buckets / "bucket" / name).write_bytes(body)
            outcomes[name] = found.runtime.invoke_endpoint_async(
                EndpointName=found.name, InputLocation=f"s3://bucket/{name}", ContentType="application/json"
            )

        def content(name, where):
            path = found.buckets / outcomes[name][where].removeprefix("s3://")
            return wait_for(str(path), lambda: path.exists() and path.read_bytes())

        assert json.loads(content("good", "OutputLocation")) == {"predictions": TWICE}
        assert b"Received client error (400) from primary" in content("bad", "FailureLocation")
    assert KEYS["aws_secret_access_key"] not in "".join(found.logged)


@pytest.mark.parametrize(
    ("name", "content_type", "line", "read"),
    [
        ("rows.csv", "text/csv", "{0},0,1\n", lambda text: float(text.split(",")[0])),
        (
            "rows.jsonl",
            "application/jsonlines",
            "[{0},0,1]\n",
            lambda text: json.loads(text)["predictions"][0][0],
        ),
    ],
)
def test_batch_transform_keeps_the_lines_and_their_order(doubling, tmp_path, name, content_type, line, read):
    """MultiRecord, as many requests at once as the container says that it takes."""
    source, target, work = tmp_path / name, tmp_path / "out", tmp_path / "work"
    source.write_text("".join(line.format(n) for n in range(1000)))
    work.mkdir()
    told = []
    ground = Ground(work, Folder(tmp_path), "us-east-1", told.append, told.append)
    endpoint = Endpoint(
        "job", Kind.REALTIME, (Container("primary", str(doubling), environment=CPU),), startup=120
    )
    wanted = Wanted(content_type, content_type, split="Line", assemble="Line")
    (done,) = jobs.run(endpoint, ground, wanted, str(source), str(target))
    assert done.output == str(target / f"{name}.out"), done.failure
    lines = (target / f"{name}.out").read_text().splitlines()
    assert [read(text) for text in lines] == [2.0 * n for n in range(1000)]
