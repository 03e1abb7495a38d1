"""`scripts/sagemaker autoscale` against moto's Application Auto Scaling and CloudWatch."""

from __future__ import annotations

import json

import pytest

from neuronserve.deploy import exits, program
from neuronserve.deploy.sagemaker.verbs import autoscale
from tests.wire.deploy.sagemaker import furnished

ASYNC = {"AsyncInferenceConfig": {"OutputConfig": {"S3OutputPath": "s3://b/out"}}}


@pytest.fixture
def run(desk):
    def run(*argv):
        desk.out.truncate(0), desk.out.seek(0)
        return program.main("scripts/sagemaker", "", {"autoscale": autoscale}, ["autoscale", *argv], desk)

    return run


def policies(cloud):
    found = cloud.scaling.describe_scaling_policies(ServiceNamespace="sagemaker")["ScalingPolicies"]
    return {one["PolicyName"]: one for one in found}


def test_invocations_are_tracked_and_the_same_is_not_sent_again(cloud, desk, run):
    furnished.endpoint(cloud)
    asked = ("digits", "--min", "1", "--max", "4", "--target-invocations", "600", "--in-cooldown", "300")
    assert run(*asked) == exits.YES
    (policy,) = policies(cloud).values()
    configuration = policy["TargetTrackingScalingPolicyConfiguration"]
    assert policy["ResourceId"] == "endpoint/digits/variant/AllTraffic"
    assert configuration["TargetValue"] == 600
    assert configuration["ScaleInCooldown"] == 300
    assert "RegisterScalableTarget, PutScalingPolicy" in desk.err.getvalue()
    assert run(*asked) == exits.YES
    assert "it is so already; nothing is sent" in desk.err.getvalue()


def test_an_asynchronous_endpoint_goes_down_to_no_instance_and_wakes_by_an_alarm(cloud, desk, run):
    furnished.endpoint(cloud, **ASYNC)
    assert run("digits", "--min", "0", "--max", "3", "--target-backlog", "5") == exits.YES
    assert set(policies(cloud)) == {"neuronserve-backlog", "neuronserve-wake"}
    (alarm,) = cloud.cloudwatch.describe_alarms()["MetricAlarms"]
    assert alarm["MetricName"] == "HasBacklogWithoutCapacity"
    assert alarm["AlarmActions"] == [policies(cloud)["neuronserve-wake"]["PolicyARN"]]
    assert run("digits", "--off") == exits.YES
    assert cloud.scaling.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"] == []
    assert cloud.cloudwatch.describe_alarms()["MetricAlarms"] == []


def test_what_was_interrupted_halfway_is_completed_and_ended(cloud, run):
    furnished.endpoint(cloud, **ASYNC)
    asked = ("digits", "--min", "0", "--max", "3", "--target-backlog", "5")
    assert run(*asked) == exits.YES
    name = cloud.cloudwatch.describe_alarms()["MetricAlarms"][0]["AlarmName"]
    assert name.startswith("neuronserve/digits/")  # those that `delete` takes along
    cloud.cloudwatch.delete_alarms(AlarmNames=[name])
    assert run(*asked) == exits.YES
    assert len(cloud.cloudwatch.describe_alarms()["MetricAlarms"]) == 1
    target = cloud.scaling.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"][0]
    members = ("ServiceNamespace", "ResourceId", "ScalableDimension")
    cloud.scaling.deregister_scalable_target(**{member: target[member] for member in members})
    assert run("digits", "--off") == exits.YES
    assert cloud.cloudwatch.describe_alarms()["MetricAlarms"] == []


def test_a_dry_run_prints_each_request_and_sends_none(cloud, desk, run):
    furnished.endpoint(cloud, **ASYNC)
    assert run("digits", "--min", "0", "--max", "3", "--target-backlog", "5", "--dry-run") == exits.YES
    assert [min(one) for one in json.loads(desk.out.getvalue())] == [
        "MaxCapacity", "PolicyName", "PolicyName", "AlarmActions",
    ]  # fmt: skip
    assert policies(cloud) == {}


def test_what_it_has_is_shown(cloud, desk, run):
    furnished.endpoint(cloud)
    assert run("digits", "--show") == exits.YES
    assert json.loads(desk.out.getvalue()) == {"target": None, "policies": []}


@pytest.mark.parametrize(
    ("argv", "config", "said"),
    [
        (("--min", "0", "--max", "2", "--target-invocations", "9"), {}, "only asynchronous endpoints"),
        (("--min", "1", "--max", "2", "--target-backlog", "9"), {}, "have a backlog"),
        (("--min", "1", "--max", "2", "--target-invocations", "9"), ASYNC, "requests in a queue"),
        (("--min", "3", "--max", "2", "--target-cpu", "60"), {}, "--min 3 is more than --max 2"),
        (("--min", "1", "--max", "2"), {}, "bounds alone scale nothing"),
        (("--min", "1", "--target-cpu", "60"), {}, "both needed the first time"),
        (
            ("--min", "1", "--max", "2", "--target-cpu", "60", "--variant", "B"),
            {},
            "no variant 'B' (it has AllTraffic)",
        ),
        ((), {}, "nothing to do"),
        (("--off", "--show"), {}, "several jobs at once"),
    ],
)
def test_what_cannot_be_is_told(cloud, desk, run, argv, config, said):
    furnished.endpoint(cloud, **config)
    assert run("digits", *argv) == exits.INPUT
    assert said in desk.err.getvalue()
    assert policies(cloud) == {}


def test_an_endpoint_that_is_not_there_is_told(cloud, desk, run):
    assert run("absent", "--show") == exits.NO
    assert "there is no endpoint 'absent' in us-east-1" in desk.err.getvalue()
