"""Every request that changes something, as the verbs send it over their lives, in files that a person reads.

``RENEW_GOLDEN=1 pytest tests/wire/deploy/sagemaker/test_record.py`` writes them anew. Those of new endpoints,
jobs and packages in all their kinds are beside the tests of what builds them.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
from pathlib import Path

import pytest

from neuronserve.deploy import exits, program, shapes
from neuronserve.deploy.neo import jobs
from neuronserve.deploy.packing import archive, upload
from neuronserve.deploy.sagemaker.invocations import Call
from neuronserve.deploy.sagemaker.verbs import autoscale, batch, delete, deploy
from tests.deploying import awscalls
from tests.deploying.neo_jobs import PretendNeo
from tests.wire.deploy.sagemaker import furnished

GOLDEN = Path(__file__).with_name("golden")
ROOT = Path(__file__).parents[4]
DEPLOY = ROOT / "neuronserve/deploy"
ASYNC = {"AsyncInferenceConfig": {"OutputConfig": {"S3OutputPath": "s3://b/out"}}}
METRIC = {
    "TargetValue": 60.0,
    "CustomizedMetricSpecification": {
        "MetricName": "neuronserve_neuroncore_utilization", "Namespace": "neuronserve",
        "Statistic": "Average",
    },
}  # fmt: skip
_READS = re.compile(r"Describe|List|Get|Head")
_DIGITS = ("digits", "--image", "123456789012.dkr.ecr.us-east-1.amazonaws.com/neuronserve:1",
           "--role", furnished.ROLE, "--instance-type", "ml.inf2.xlarge")  # fmt: skip


@pytest.fixture
def sent(sdk):
    """The requests that are sent, as [service, operation, request]; what is only read is left out."""
    found = []

    def note(params, model, **_):
        if not _READS.match(model.name):
            found.append([model.service_model.service_name, model.name, _readable(params)])

    sdk.events.register("provide-client-params", note, unique_id="record")
    yield found
    sdk.events.unregister("provide-client-params", unique_id="record")


def _readable(value):
    if isinstance(value, dict):
        return {key: _readable(item) for key, item in value.items() if not callable(item)}
    if isinstance(value, (list, tuple)):
        return [_readable(item) for item in value]
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, str):  # moto's policies have an id that is made by chance
        return re.sub(r"scalingPolicy:[0-9a-f-]{36}", "scalingPolicy:ID", value)
    return value if isinstance(value, (int, float, bool, type(None))) else "BYTES"


def compare(name, found):
    text = json.dumps(found, indent=2) + "\n"
    file = GOLDEN / f"{name}.json"
    if os.environ.get("RENEW_GOLDEN"):
        file.parent.mkdir(exist_ok=True)
        file.write_text(text)
    assert text == file.read_text()


@pytest.fixture
def verb(desk):
    """Runs a verb that ends well."""
    known = {"deploy": deploy, "delete": delete, "autoscale": autoscale, "batch": batch}

    def run(*words, code=exits.YES):
        assert program.main("scripts/sagemaker", "", known, [*map(str, words)], desk) == code, (
            desk.err.getvalue()
        )

    return run


def test_the_life_of_an_endpoint(sagemaker, cloud, sent, verb):
    first, second = (("--model-data", f"s3://models/digits-{number}.tar.gz") for number in (1, 2))
    verb("deploy", *_DIGITS, *first, "--errors-alarm", "5", "--tag", "team=a")
    verb("deploy", *_DIGITS, *first, "--tag", "team=b")
    verb("deploy", *_DIGITS, *second, "--policy", "canary", "--step", "50%", "--instance-count", "2")
    verb("deploy", "digits", "--rollback")
    verb("deploy", *_DIGITS, "--model-data", "s3://models/digits-3.tar.gz", "--prune")
    sagemaker.endpoints["digits"]["EndpointStatus"] = "Failed"
    verb("deploy", *_DIGITS, *second, "--recreate")
    verb("autoscale", "digits", "--min", "1", "--max", "3", "--target-invocations", "600")
    cloud.logs.create_log_group(logGroupName="/aws/sagemaker/Endpoints/digits")
    sent[:] = [one for one in sent if one[1] != "CreateLogGroup"]
    verb("delete", "digits", "--logs")
    assert (sagemaker.endpoints, sagemaker.configs, sagemaker.models) == ({}, {}, {})
    compare("endpoint", sent)


def test_auto_scaling_begun_and_ended(cloud, sent, verb, tmp_path):
    file = tmp_path / "metric.json"
    file.write_text(json.dumps(METRIC))
    furnished.endpoint(cloud)
    furnished.endpoint(cloud, "later", **ASYNC)
    sent.clear()
    targets = ("--target-invocations", "600", "--target-concurrency", "4", "--target-cpu", "60")
    cooldowns = ("--in-cooldown", "600", "--out-cooldown", "30")
    verb("autoscale", "digits", "--min", "1", "--max", "4", *targets, *cooldowns, "--metric", file)
    verb("autoscale", "later", "--min", "0", "--max", "4", "--target-backlog", "5")
    for endpoint in ("digits", "later"):
        verb("autoscale", endpoint, "--off")
    assert cloud.cloudwatch.describe_alarms()["MetricAlarms"] == []
    compare("autoscale", sent)


@pytest.mark.parametrize("stop", [True, False])
def test_a_transform_job_begun_and_interrupted(sagemaker, sent, verb, desk, monkeypatch, stop):
    def ctrl_c(_):
        raise KeyboardInterrupt

    verb("deploy", *_DIGITS, "--model-data", "s3://models/digits.tar.gz")
    (model,) = sagemaker.models
    sent.clear()
    monkeypatch.setattr(desk.clock, "sleep", ctrl_c)
    words = (
        "--split",
        "Line",
        "--env",
        "A=b=c",
        "--tag",
        "team=ä",
        *(["--stop-on-interrupt"] if stop else []),
    )
    verb("batch", model, "s3://in/rows/", "s3://out", "--instance-type", "ml.inf2.xlarge", *words,
         code=exits.INTERRUPTED)  # fmt: skip
    (job,) = sagemaker.transforms.values()
    assert job["TransformJobStatus"] == ("Stopping" if stop else "InProgress")
    said = "asked to stop" if stop else f"goes on: scripts/sagemaker batch --follow {job['TransformJobName']}"
    assert said in desk.err.getvalue()
    if stop:
        compare("batch", sent)


def test_a_compilation_job_stopped(cloud, sent, monkeypatch):
    neo = PretendNeo()
    with neo.front.serving(neo) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL_SAGEMAKER", url)
        recorded = json.loads((ROOT / "tests/unit/deploy/neo/golden/savedmodel-inf1.json").read_text())[-1]
        neo.create_compilation_job(recorded)
        jobs.stop(cloud, recorded["CompilationJobName"])
    compare("compile", sent)


def test_archives_sent_whole_and_in_parts(cloud, sent, tmp_path, monkeypatch):
    content = b"x" * (11 << 20)
    (tmp_path / "model.tar.gz").write_bytes(content)
    digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
    made = archive.Packed(tmp_path / "model.tar.gz", len(content), 1, 1, digest, "blake2b:")
    cloud.s3.create_bucket(Bucket="models")
    sent.clear()
    upload.sent(cloud, made, upload.target("s3://models/p/", "model.tar.gz", kms_key="alias/models"))
    monkeypatch.setattr(upload, "_ONE_CALL", 8 << 20)
    upload.sent(cloud, made, upload.target("s3://models/q/", "model.tar.gz", overwrite=True))
    sent.sort(key=lambda one: one[2].get("PartNumber", 0) if one[1] == "UploadPart" else _PLACES[one[1]])
    for _, _, request in sent:
        request.update({"UploadId": "ID"} if "UploadId" in request else {})
        for part in request.get("MultipartUpload", {}).get("Parts", ()):
            part.pop("ETag")
    compare("upload", sent)


_PLACES = {"PutObject": -2, "CreateMultipartUpload": -1, "CompleteMultipartUpload": 99}


def test_a_request_of_each_kind_to_an_endpoint():
    answer = {"body": b"1,2\n", "content_type": "text/csv", "accept": "text/csv"}
    named = {"attributes": "tfs-model-name=a", "inference_id": "id-1", "target_variant": "blue"}
    later = {
        "location": "s3://in/rows.jsonl",
        "content_type": "application/jsonlines",
        "ttl": 60,
        "timeout": 900,
    }
    calls = {
        "InvokeEndpoint": Call("digits", **answer, **named, session_id="NEW_SESSION"),
        "InvokeEndpointWithResponseStream": Call("digits", **answer, **named),
        "InvokeEndpointAsync": Call("digits", **later, inference_id="id-1"),
    }
    compare(
        "invoke", [["sagemaker-runtime", name, _readable(call.request(name))] for name, call in calls.items()]
    )


@pytest.mark.parametrize("file", sorted(GOLDEN.glob("*.json")), ids=lambda file: file.stem)
def test_no_shape_refuses_what_is_on_record(file):
    for service, operation, request in json.loads(file.read_text()):
        assert shapes.findings(service, operation, request) == [], (operation, request)


def test_all_that_the_scripts_can_change_is_on_record():
    sources = [*(DEPLOY / "neo").rglob("*.py"), *(DEPLOY / "packing").rglob("*.py"), DEPLOY / "scaling.py"]
    sources += [one for one in (DEPLOY / "sagemaker").rglob("*.py") if "local" not in one.parts]
    asked = {action for one in sources for action in awscalls.actions(one.read_text())}
    changes = {one.partition(":")[2] for one in asked if not _READS.match(one.partition(":")[2])}
    assert len(changes) > 15
    assert changes - _recorded() == set()


def _recorded():
    found = {operation for file in GOLDEN.glob("*.json") for _, operation, _ in json.loads(file.read_text())}
    for file in ROOT.glob("tests/unit/deploy/sagemaker/plan/golden/*.json"):
        found |= {operation for one in json.loads(file.read_text()) for operation in one}
    return found | {"CreateCompilationJob", "CreateModelPackage"}  # beside what builds them
