"""``scripts/sagemaker invoke`` against a rehearsal whose container does as it is told."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from neuronserve.deploy import exits, program
from neuronserve.deploy.aws import Aws
from neuronserve.deploy.desk import Desk
from neuronserve.deploy.sagemaker.local.limits import Limits
from neuronserve.deploy.sagemaker.local.wanted import Async
from neuronserve.deploy.sagemaker.verbs import invoke
from tests.deploying.rehearsals import NAME, rehearsal
from tests.stored_models import isolate

STANDIN = Path(__file__).resolve().parents[3] / "deploying/standin_container.py"
QUICK = Limits(answer=2, ping_every=0.05)
NO_KEYS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION")


def standing_in(kind, models, folder, **more):
    program_ = (sys.executable, str(STANDIN), "serve")
    return rehearsal(kind, models, folder, program=program_, environment={}, limits=QUICK, **more)


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory):
    with standing_in("realtime", [""], tmp_path_factory.mktemp("realtime")) as found:
        yield found


@pytest.fixture(autouse=True)
def nobody(monkeypatch, tmp_path):
    """Someone without a region, without credentials, and without an instance's role."""
    isolate(monkeypatch, tmp_path)
    for name in NO_KEYS:
        monkeypatch.delenv(name)


def run(*argv, url, name=NAME, feed=None):
    """Exit code, standard output as bytes, standard error."""
    out, err = io.TextIOWrapper(io.BytesIO(), write_through=True), io.StringIO()
    desk = Desk(aws=Aws(), out=out, err=err, environ={})
    words = ["invoke", name, *map(str, argv), *(("--endpoint-url", url) if url else ())]
    with pytest.MonkeyPatch.context() as patch:
        if feed is not None:
            patch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(feed)))
        code = program.main("scripts/sagemaker", "", {"invoke": invoke}, words, desk)
    return code, out.buffer.getvalue(), err.getvalue()


def test_data_is_sent_as_json_and_the_answer_is_printed_as_it_is(endpoint):
    code, out, err = run("--data", "[1, 2]", url=endpoint.url)
    assert (code, out) == (exits.YES, b"[1, 2]")
    assert "InvokedProductionVariant: AllTraffic" in err


def test_what_is_asked_reaches_the_container(endpoint):
    words = (
        "--data", "headers", "--content-type", "text/csv", "--accept", "a/b", "--attributes", "back=seen",
        "--inference-id", "id-1", "--session-id", "s1",
    )  # fmt: skip
    code, out, err = run(*words, url=endpoint.url)
    assert code == exits.YES
    for seen in (b'"content-type": "text/csv"', b'"accept": "a/b"', b'"id-1"', b'"s1"', b'"back=seen"'):
        assert seen in out
    assert "CustomAttributes: seen" in err


@pytest.mark.parametrize(
    ("name", "kind"),
    [("rows.csv", b"text/csv"), ("rows.jsonl", b"application/jsonlines"), ("x.JPG", b"image/jpeg")],
)
def test_a_files_type_follows_from_its_name_also_when_options_stand_before_it(endpoint, tmp_path, name, kind):
    (tmp_path / name).write_bytes(b"headers")
    code, out, _ = run("--accept", "a/b", tmp_path / name, url=endpoint.url)
    assert code == exits.YES
    assert b'"content-type": "%b"' % kind in out


def test_an_array_from_standard_input_comes_back_in_a_file_byte_for_byte(endpoint, tmp_path):
    held = io.BytesIO()
    np.save(held, np.arange(256, dtype=np.uint8))
    code, out, _ = run("-", "--to", tmp_path / "answer.npy", url=endpoint.url, feed=held.getvalue())
    assert (code, out) == (exits.YES, b"")
    assert (tmp_path / "answer.npy").read_bytes() == held.getvalue()


def test_bytes_that_are_no_text_go_to_standard_output_unchanged(endpoint, tmp_path):
    body = bytes(range(256))
    (tmp_path / "x.png").write_bytes(body)
    assert run(tmp_path / "x.png", url=endpoint.url)[:2] == (exits.YES, body)


def test_a_stream_is_printed_part_by_part(endpoint):
    code, out, err = run("--data", "stream 3", "--stream", url=endpoint.url)
    assert (code, out) == (exits.YES, b"part 0\npart 1\npart 2\n")
    assert "ContentType: application/jsonlines" in err


def test_a_stream_that_breaks_ends_with_1_after_what_came(endpoint):
    code, out, err = run("--data", "break", "--stream", url=endpoint.url)
    assert (code, out) == (exits.NO, b"part 0\npart 1\n")
    assert "rehearsed: the answer broke off: " in err


@pytest.mark.parametrize("more", [(), ("--stream",)])
def test_the_containers_error_is_shown_with_status_and_text_and_ends_with_1(endpoint, more):
    code, out, err = run("--data", "status 418 no tea", *more, url=endpoint.url)
    assert (code, out) == (exits.NO, b"")
    assert "rehearsed: the container answered 418: no tea (its log: arn:aws:logs:" in err


def test_a_container_that_does_not_answer_in_time_ends_with_1(endpoint):
    code, _, err = run("--data", "sleep 20", url=endpoint.url)
    assert code == exits.NO
    assert "rehearsed: the container gave no answer: Your invocation timed out" in err


def test_an_endpoint_that_is_not_there_ends_with_1(endpoint):
    code, _, err = run("--data", "{}", name="absent", url=endpoint.url)
    assert (code, "there is no endpoint 'absent'" in err) == (exits.NO, True)


@pytest.mark.parametrize(
    ("argv", "told"),
    [
        ([], "nothing to send"),
        (["file", "--data", "x"], "several bodies at once"),
        (["--data", "x", "--location", "s3://b/k"], "several bodies at once"),
        (["/nowhere/file"], "/nowhere/file: No such file"),
        (["/"], "/: Is a directory"),
        (["--data", "x", "--to", "/nowhere/answer"], "there is no folder /nowhere"),
        (["--data", "x", "--to", "/"], "/: Is a directory"),
        (["--data", "x", "--to", "/dev/full"], "/dev/full: No space left on device"),
        (["--data", "x", "--attributes", "ü"], "CustomAttributes holds a character"),
        (["--data", "x", "--ttl", "60"], "RequestTTLSeconds cannot be said"),
    ],
)
def test_what_cannot_be_sent_or_written_ends_with_2(endpoint, argv, told):
    code, _, err = run(*argv, url=endpoint.url)
    assert (code, told in err.splitlines()[-1]) == (exits.INPUT, True), err


def test_the_address_may_be_that_of_the_sdks_variable(endpoint, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME", endpoint.url)
    assert run("--data", "[3]", url="")[:2] == (exits.YES, b"[3]")


def test_a_dry_run_sends_nothing(endpoint):
    code, out, _ = run("--data", "exit 9", "--dry-run", url=endpoint.url)
    assert (code, b'"Body": "<6 bytes>"' in out) == (exits.YES, True)


# --- asynchronous


@pytest.fixture(scope="module")
def queued(tmp_path_factory):
    asked = Async("s3://bucket/out", "s3://bucket/failed")
    with standing_in("async", [""], tmp_path_factory.mktemp("async"), asynchronous=asked) as found:
        (found.buckets / "bucket").mkdir()
        yield found


def later(queued, content, *more):
    (queued.buckets / "bucket/in.jsonl").write_bytes(content)
    there = ("--s3-dir", queued.buckets, "--timeout", "30")
    return run("--location", "s3://bucket/in.jsonl", *there, *more, url=queued.url)


def test_the_result_of_an_asynchronous_call_is_waited_for(queued):
    code, out, err = later(queued, b"headers")
    assert code == exits.YES
    assert b'"content-type": "application/jsonlines"' in out
    assert "OutputLocation: s3://bucket/out/" in err


def test_a_failed_asynchronous_call_ends_with_1_and_the_failures_text(queued):
    code, out, err = later(queued, b"status 400 bad row")
    assert (code, out) == (exits.NO, b"")
    assert 'error (400) from primary with message "bad row"' in err


def test_without_waiting_the_places_are_printed(queued):
    code, out, _ = later(queued, b"[1]", "--no-wait")
    assert (code, b'"FailureLocation": "s3://bucket/failed/' in out) == (exits.YES, True)


@pytest.mark.parametrize(
    ("more", "told"),
    [((), "no AWS region is set"), (("--s3-dir", "/nowhere"), "--s3-dir /nowhere: no such folder")],
)
def test_a_result_that_could_not_be_had_is_told_before_anything_is_asked(queued, more, told):
    code, _, err = run("--location", "s3://bucket/in.jsonl", *more, url=queued.url)
    assert (code, told in err) == (exits.INPUT, True)
    assert "OutputLocation" not in err  # which is said of each request that was taken


def test_what_answers_in_s3s_place_and_is_not_s3_is_not_waited_for(queued, monkeypatch):
    for name in NO_KEYS:
        monkeypatch.setenv(name, "us-east-1")
    code, _, err = run("--location", "s3://bucket/in.jsonl", url=queued.url)
    assert (code, "what answers is not AWS: GetObject" in err) == (exits.UNAVAILABLE, True)
