"""CreateTransformJob requests: what is built, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuronserve.deploy.sagemaker import rules
from neuronserve.deploy.sagemaker.rules import Context
from neuronserve.deploy.sagemaker.transform.request import Job, build

GOLDEN = Path(__file__).parent / "golden"
JOB = Job("digits", "s3://b/in/", "s3://b/out/", "ml.inf2.xlarge")
JOBS = {
    "plain": JOB,
    "lines": Job(
        "digits", "s3://b/in/", "s3://b/out/", "ml.trn1.2xlarge", name="nightly", count=2,
        content_type="application/jsonlines", accept="application/jsonlines", split="Line", assemble="Line",
        strategy="MultiRecord", payload_mb=10, at_once=4, timeout=600, retries=1, join=True,
        input_filter="$.features", output_filter="$['id','SageMakerOutput']",
        environment={"SERVE_LOG_LEVEL": "debug"}, tags={"team": "vision"},
        output_kms_key="alias/out", volume_kms_key="alias/disk",
    ),
    "stream": Job(
        "digits", "s3://b/manifest.json", "s3://b/out/", "ml.inf2.48xlarge", manifest=True, payload_mb=0,
        content_type="text/csv", compression="Gzip",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", JOBS)
def test_a_request_is_the_recorded_one_and_valid(name):
    made = build(JOBS[name])
    assert made == json.loads((GOLDEN / f"{name}.json").read_text())
    assert rules.findings("CreateTransformJob", made) == []


def test_the_same_job_has_the_same_name_and_another_job_another():
    assert build(JOB)["TransformJobName"] == build(JOB)["TransformJobName"]
    other = Job("digits", "s3://b/in2/", "s3://b/out/", "ml.inf2.xlarge")
    assert build(JOB)["TransformJobName"] != build(other)["TransformJobName"]


def codes(request, **context):
    return {one.code for one in rules.findings("CreateTransformJob", request, Context(**context))}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"instance_type": "ml.inf1.xlarge"}, "transform-on-inf1"),
        ({"payload_mb": 101}, "payload-too-large"),
        ({"payload_mb": 60, "at_once": 2}, "too-much-at-once"),
        ({"at_once": 17}, "too-much-at-once"),
        ({"strategy": "MultiRecord"}, "nothing-to-batch"),
        ({"assemble": "Line"}, "nothing-to-assemble"),
        ({"split": "TFRecord"}, "records-not-read"),
        ({"split": "Line", "content_type": "application/x-npy"}, "binary-in-lines"),
        ({"split": "Line", "payload_mb": 0}, "stream-not-split"),
        ({"join": True, "split": "Line"}, "join-needs-lines"),
        ({"count": 0}, "out-of-range"),
        ({"output": "s3:/b"}, "pattern"),
    ],
)
def test_what_cannot_work_is_found_by_its_code(change, code):
    job = Job(**{**JOB.__dict__, **change})
    assert code in codes(build(job))


def test_models_that_batch_transform_does_not_take_are_found():
    request = build(JOB)
    several = {"PrimaryContainer": {"Mode": "MultiModel", "ModelDataUrl": "s3://b/models/"}}
    assert codes(request, models={"digits": several}) == {"multi-model-transform"}
    loose = {"PrimaryContainer": {"ModelDataSource": {"S3DataSource": {"CompressionType": "None"}}}}
    assert codes(request, models={"digits": loose}) == {"uncompressed-transform"}


def test_an_archive_is_taken_though_sagemaker_describes_it_as_a_data_source_too():
    source = {"S3Uri": "s3://b/m.tar.gz", "S3DataType": "S3Object", "CompressionType": "Gzip"}
    described = {"PrimaryContainer": {"ModelDataUrl": "s3://b/m.tar.gz"}}
    described["PrimaryContainer"]["ModelDataSource"] = {"S3DataSource": source}
    assert codes(build(JOB), models={"digits": described}) == set()


@given(payload=st.none() | st.integers(0, 200), at_once=st.none() | st.integers(1, 120))
def test_requests_at_once_times_their_size_is_bounded(payload, at_once):
    job = Job(**{**JOB.__dict__, "payload_mb": payload, "at_once": at_once})
    total = (6 if payload is None else payload) * (at_once or 1)
    found = codes(build(job)) & {"payload-too-large", "too-much-at-once"}
    assert bool(found) == ((payload or 0) > 100 or (at_once is not None and total > 100))


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    [
                        "TransformInput",
                        "TransformResources",
                        "InstanceType",
                        "MaxPayloadInMB",
                        "DataProcessing",
                        "JoinSource",
                        "SplitType",
                        "ModelName",
                    ]
                ),
                inner,
                max_size=4,
            )
        ),
        max_leaves=12,
    )
)
def test_any_value_is_judged_and_none_raises(value):
    rules.findings("CreateTransformJob", value)
