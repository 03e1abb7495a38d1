"""What ``deploy --dry-run`` and ``batch --dry-run`` print is what a rehearsal takes."""

from __future__ import annotations

import io
import json

import pytest

from neuronserve.deploy import program
from neuronserve.deploy.aws import Aws
from neuronserve.deploy.sagemaker.verbs import batch, local
from tests.deploying import endpoint_commands

KINDS = {
    "realtime": "realtime", "realtime-everything": "realtime", "realtime-uncompressed": "realtime",
    "realtime-linear": "realtime", "realtime-rolling": "realtime", "async": "async",
    "multi-model": "multi-model", "pipeline": "pipeline", "direct": "direct",
}  # fmt: skip


@pytest.fixture
def printed(tmp_path, desk_with):
    """A file as ``deploy --dry-run > FILE`` makes it."""

    def of(name):
        desk = desk_with(aws=Aws(region="us-east-1"), out=io.StringIO())
        calls = endpoint_commands.calls(endpoint_commands.order(endpoint_commands.COMMANDS[name], desk))
        desk.would_send(calls)
        file = tmp_path / f"{name}.json"
        file.write_text(desk.out.getvalue())
        return file, calls

    return of


@pytest.fixture
def rehearse(desk_with):
    """The plan of ``local --dry-run``, or what went wrong."""

    def of(*argv):
        desk = desk_with(aws=Aws(region="us-east-1"), out=io.StringIO(), err=io.StringIO())
        words = ["local", *map(str, argv), "--dry-run"]
        code = program.main("scripts/sagemaker", "", {"local": local}, words, desk)
        out = desk.out.getvalue()
        return code, json.loads(out) if out else desk.err.getvalue()

    return of


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_that_deploy_prints_is_rehearsed_as_it_is(printed, rehearse, name):
    file, calls = printed(name)
    code, plan = rehearse("--request", file)
    assert code == 0, plan
    assert (plan["endpoint"], plan["kind"]) == ("digits", KINDS[name])
    model = dict(calls)["CreateModel"]
    listed = model.get("Containers") or [model["PrimaryContainer"]]
    assert [one["runs"] for one in plan["containers"]] == [one["Image"] for one in listed]
    for one, asked in zip(plan["containers"], listed, strict=True):
        assert asked.get("Environment", {}).items() <= one["environment"].items()
    assert plan["isolated"] is (name == "realtime-everything")


def test_several_variants_are_refused_with_what_to_do(printed, rehearse):
    code, told = rehearse("--request", printed("realtime-variants")[0])
    assert (code, "one endpoint is rehearsed at a time" in told) == (2, True)


def test_the_checkout_may_stand_in_for_the_requests_image(printed, rehearse):
    code, plan = rehearse("--request", printed("realtime")[0], "--checkout", "m.tar.gz", "--name", "mine")
    assert (code, plan["endpoint"]) == (0, "mine")
    (only,) = plan["containers"]
    assert (only["runs"][-1], only["model"]) == ("serve", "m.tar.gz")


def test_a_batch_job_is_rehearsed_with_the_model_that_deploy_prints(printed, rehearse, desk_with, tmp_path):
    desk = desk_with(aws=Aws(region="us-east-1"), out=io.StringIO())
    words = (
        "batch", "digits", "s3://models/in/", "s3://models/out/", "--instance-type", "ml.inf2.xlarge",
        "--content-type", "text/csv", "--accept", "text/csv", "--split", "Line", "--assemble", "Line",
        "--join", "--input-filter", "$[1:]", "--payload-mb", "2", "--at-once", "3", "--dry-run",
    )  # fmt: skip
    assert program.main("scripts/sagemaker", "", {"batch": batch}, list(words), desk) == 0
    job = tmp_path / "job.json"
    job.write_text(desk.out.getvalue())
    code, plan = rehearse("--request", printed("realtime")[0], "--request", job)
    assert code == 0, plan
    assert plan["transform"] == {"input": "s3://models/in/", "output": "s3://models/out/"}
    seen = plan["containers"][0]["environment"]
    assert (seen["SAGEMAKER_BATCH"], seen["SAGEMAKER_MAX_PAYLOAD_IN_MB"]) == ("true", "2")
    assert seen["SAGEMAKER_MAX_CONCURRENT_TRANSFORMS"] == "3"
