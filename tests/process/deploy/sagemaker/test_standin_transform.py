"""What the platform does with the files of a transform job, before a stand-in."""

from __future__ import annotations

import gzip

import pytest

from neuronserve.deploy.sagemaker.local import jobs
from neuronserve.deploy.sagemaker.local.joining import Processing
from neuronserve.deploy.sagemaker.local.transform import Wanted
from neuronserve.errors import JobFailed
from tests.deploying.standins import QUICK, STANDIN


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
