"""Any spec: botocore takes what is made of it, and nothing but a named rule refuses it."""

from __future__ import annotations

import dataclasses

import pytest
from botocore.validate import ParamValidator
from hypothesis import given, settings
from hypothesis import strategies as st

from neuronserve.deploy import shapes
from neuronserve.deploy.findings import Severity
from neuronserve.deploy.sagemaker.plan import checked, environment, names
from neuronserve.deploy.sagemaker.plan.requests import build
from neuronserve.deploy.sagemaker.plan.rollout import Policy, Rollout, Size
from neuronserve.deploy.sagemaker.plan.spec import (
    Async,
    Capture,
    Container,
    EndpointSpec,
    Hosting,
    Kind,
    Variant,
)
from neuronserve.deploy.sagemaker.rules.cores import CORES
from neuronserve.errors import InvalidInput
from neuronserve.instances import catalogue
from tests.deploying.endpoint_commands import IMAGE, ROLE

TYPES = [one.sagemaker for one in catalogue().values() if one.sagemaker]
# what a spec may ask for, and AWS or the chips have not
KNOWN = {
    "trn2", "volume-on-local-disk", "async-family", "step-size", "ami-family", "no-time", "rolling-variants",
    "scaling-bounds",
}  # fmt: skip
endpoints = st.from_regex(r"[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?", fullmatch=True)
maybe = st.none() | st.integers(60, 3600)
rollouts = st.builds(
    Rollout,
    policy=st.sampled_from(Policy),
    step=st.none() | st.builds(Size, st.integers(1, 60), st.booleans()),
    wait=st.integers(0, 3600),
    most=st.none() | st.integers(600, 28800),
    alarms=st.lists(st.sampled_from(["a", "b"]), unique=True).map(tuple),
)
hosting = st.builds(
    Hosting,
    volume_gb=st.none() | st.integers(1, 512),
    download_seconds=maybe,
    startup_seconds=maybe,
    routing=st.sampled_from([None, "RANDOM"]),
    ami=st.sampled_from([None, "al2-ami-sagemaker-inference-neuron-2"]),
    managed=st.none() | st.tuples(st.integers(0, 3), st.integers(1, 4)),
)


@st.composite
def specs(draw):
    kind = draw(st.sampled_from(Kind))
    several = kind.several
    data = "s3://models/all/" if kind is Kind.MULTI_MODEL else "s3://models/a.tar.gz"
    containers = tuple(
        Container(IMAGE, data, f"c{number}" if several else None)
        for number in range(draw(st.integers(2, 15)) if several else 1)
    )
    return EndpointSpec(
        name=draw(endpoints),
        kind=kind,
        role=ROLE,
        variants=(Variant(containers, draw(st.sampled_from(TYPES)), count=draw(st.integers(1, 9))),),
        hosting=draw(hosting),
        isolated=draw(st.booleans()),
        asynchronous=Async("s3://out/") if kind is Kind.ASYNC else None,
        capture=draw(st.none() | st.builds(Capture, st.just("s3://seen/"), st.integers(0, 100))),
        rollout=draw(st.none() | rollouts),
        metrics=draw(st.none() | st.sampled_from([10, 60, 300])),
    )


@settings(max_examples=40, deadline=None)
@given(specs())
def test_what_is_made_of_a_spec_is_taken_by_botocore_and_refused_by_known_rules_alone(spec):
    try:
        made = build(spec)
    except InvalidInput as error:
        assert "cores" in str(error)
        return
    for call, request in made.calls():
        report = ParamValidator().validate(request, shapes.operation_model("sagemaker", call).input_shape)
        assert not report.has_errors(), report.generate_report()
    errors = {
        one.finding.code
        for one in checked.findings(made, "us-east-1")
        if one.finding.severity is Severity.ERROR
    }
    assert errors <= KNOWN


@settings(max_examples=40, deadline=None)
@given(specs())
def test_containers_of_one_instance_have_cores_of_their_own(spec):
    (variant,) = spec.variants
    try:
        told = [one.get(CORES) for one in environment.merged(spec, variant)]
    except InvalidInput:
        return
    spans = [range(int(t.split("-")[0]), int(t.split("-")[-1]) + 1) for t in told if t]
    taken = [core for span in spans for core in span]
    assert len(taken) == len(set(taken))
    assert (len(variant.containers) > 1) == bool(taken)


@given(endpoints)
def test_derived_names_are_names_and_belong_to_their_endpoint(endpoint):
    name = names.derived(endpoint, {"a": 1})
    assert names.check(name, "model") == name
    assert names.is_derived(name, endpoint)
    assert name != names.derived(endpoint, {"a": 2})


@pytest.mark.parametrize("name", ["", "-a", "a-", "a_b", "a" * 64, f"a{'-' * 62}b", "é", "a\n"])
def test_what_is_no_name_is_refused(name):
    with pytest.raises(InvalidInput, match="expected 1 to 63 letters"):
        names.check(name, "endpoint")


def spec(kind, *containers, instance="ml.inf1.6xlarge", **more):
    return EndpointSpec("e", kind, ROLE, (Variant(containers, instance),), **more)


def test_asynchronous_endpoints_take_a_gigabyte_and_an_hour_unless_told_otherwise():
    own = Container(IMAGE, "s3://m/a.tar.gz", environment={"SERVE_DEADLINE_SECONDS": "900"})
    made = build(spec(Kind.ASYNC, own, asynchronous=Async("s3://out/")))
    assert made.models[0]["PrimaryContainer"]["Environment"] == {
        "SERVE_MAX_BODY_MB": "1024", "SERVE_DEADLINE_SECONDS": "900",
    }  # fmt: skip


def test_cores_that_somebody_chose_are_left_alone():
    one = Container(IMAGE, "s3://m/a.tar.gz", "a", cores="0-11")
    other = Container(IMAGE, "s3://m/b.tar.gz", "b", environment={CORES: "12-15"})
    asked = spec(Kind.DIRECT, one, other)
    assert [env[CORES] for env in environment.merged(asked, asked.variants[0])] == ["0-11", "12-15"]


def test_more_models_than_cores_is_refused():
    containers = [Container(IMAGE, "s3://m/a.tar.gz", f"c{n}") for n in range(3)]
    with pytest.raises(InvalidInput, match="which has 2 cores"):
        build(spec(Kind.DIRECT, *containers, instance="ml.inf2.xlarge"))


def test_tags_do_not_change_names():
    one = spec(Kind.REALTIME, Container(IMAGE, "s3://m/a.tar.gz"))
    other = dataclasses.replace(one, tags={"team": "a"})
    assert build(one).config["EndpointConfigName"] == build(other).config["EndpointConfigName"]
