"""``scripts/sagemaker deploy``: what is sent, and what is not."""

from __future__ import annotations

import pytest

from neuronserve.deploy import exits
from neuronserve.deploy.sagemaker.plan import names
from tests.deploying.json_aws import Fault, Refused
from tests.deploying.sagemaker_steps import goes_on
from tests.wire.deploy.sagemaker.conftest import BASIC

WRITES = (
    "CreateModel", "CreateEndpointConfig", "CreateEndpoint", "UpdateEndpoint", "DeleteEndpoint", "AddTags",
)  # fmt: skip


def sent(sagemaker):
    return [name for name, _ in sagemaker.front.calls if name in WRITES]


def test_a_new_endpoint_is_model_configuration_and_endpoint_in_order(sagemaker, deploy_digits):
    sagemaker.script.extend([goes_on(), goes_on(message="pulling the image")])
    code, result, said = deploy_digits()
    assert code == exits.YES, said
    assert sent(sagemaker) == ["CreateModel", "CreateEndpointConfig", "CreateEndpoint"]
    assert result["status"] == "InService"
    assert result["serving"] == result["config"] == next(iter(sagemaker.configs))
    assert "digits: Creating; AllTraffic 0/1 instances (Creating: pulling the image) (10 s)" in said
    assert f"digits: deployed: {result['config']} is in service" in said


def test_the_same_again_sends_nothing(sagemaker, deploy_digits):
    deploy_digits("--tag", "team=a")
    sagemaker.front.calls.clear()
    code, result, said = deploy_digits("--tag", "team=a")
    assert (code, sent(sagemaker)) == (exits.YES, [])
    assert "it is so already; nothing is sent" in said
    assert result["status"] == "InService"


def test_only_tags_that_are_missing_are_added_to_what_is_there(sagemaker, deploy_digits):
    deploy_digits()
    sagemaker.front.calls.clear()
    assert deploy_digits("--tag", "team=a")[0] == exits.YES
    assert sent(sagemaker) == ["AddTags", "AddTags", "AddTags"]
    assert all(tags["team"] == "a" for tags in sagemaker.tags.values())


def test_another_model_updates_the_endpoint_and_keeps_what_auto_scaling_set(sagemaker, deploy_digits):
    deploy_digits()
    sagemaker.endpoints["digits"]["ProductionVariants"][0]["DesiredInstanceCount"] = 3
    sagemaker.front.calls.clear()
    code, result, said = deploy_digits(model="s3://models/digits-2.tar.gz")
    assert code == exits.YES, said
    (update,) = sagemaker.front.sent("UpdateEndpoint")
    assert update["RetainAllVariantProperties"] is True
    assert update["ExcludeRetainedVariantProperties"] == [{"VariantPropertyType": "DataCaptureConfig"}]
    assert result["instances"] == {"AllTraffic": 3}


def test_a_number_of_instances_that_is_asked_for_is_set_anew(sagemaker, deploy_digits):
    deploy_digits()
    code, result, said = deploy_digits("--instance-count", "2")
    assert code == exits.YES, said
    (update,) = sagemaker.front.sent("UpdateEndpoint")
    assert {"VariantPropertyType": "DesiredInstanceCount"} in update["ExcludeRetainedVariantProperties"]
    assert result["instances"] == {"AllTraffic": 2}


def test_the_way_back_is_remembered_and_taken(sagemaker, deploy_digits, run):
    _, first, _ = deploy_digits()
    _, second, _ = deploy_digits(model="s3://models/digits-2.tar.gz")
    arn = sagemaker.endpoints["digits"]["EndpointArn"]
    assert sagemaker.tags[arn][names.PREVIOUS] == first["config"]
    code, result, said = run("deploy", "digits", "--rollback")
    assert code == exits.YES, said
    assert result["serving"] == first["config"]
    assert f"back from {second['config']} to {first['config']} (it served before)" in said


def test_without_the_tag_the_way_back_is_what_was_made_before(sagemaker, deploy_digits, run):
    _, first, _ = deploy_digits()
    deploy_digits(model="s3://models/digits-2.tar.gz")
    del sagemaker.tags[sagemaker.endpoints["digits"]["EndpointArn"]][names.PREVIOUS]
    code, result, said = run("deploy", "digits", "--rollback")
    assert (code, result["serving"]) == (exits.YES, first["config"])
    assert "whether it ever served is not known" in said


@pytest.mark.parametrize("gone", ["nothing", "model"])
def test_without_a_way_back_nothing_is_sent(sagemaker, deploy_digits, run, gone):
    deploy_digits()
    if gone == "model":
        deploy_digits(model="s3://models/digits-2.tar.gz")
        del sagemaker.models[next(iter(sagemaker.models))]
    sagemaker.front.calls.clear()
    code, _, said = run("deploy", "digits", "--rollback")
    assert (code, sent(sagemaker)) == (exits.NO, [])
    assert ("which was deleted" if gone == "model" else "nothing to go back to") in said


def test_what_sagemaker_does_not_see_yet_is_asked_for_again(sagemaker, deploy_digits):
    sagemaker.unseen = 3
    code, _, said = deploy_digits()
    assert code == exits.YES, said


def test_throttling_is_bridged(sagemaker, deploy_digits):
    sagemaker.front.faults.append(
        Fault("DescribeEndpoint", Refused("ThrottlingException", "Rate exceeded"), times=4)
    )
    assert deploy_digits()[0] == exits.YES


def test_a_name_that_holds_something_else_is_refused(sagemaker, deploy_digits):
    deploy_digits()
    next(iter(sagemaker.models.values()))["ExecutionRoleArn"] = "arn:aws:iam::123456789012:role/other"
    code, _, said = deploy_digits()
    assert code == exits.INPUT
    assert "exists, and differs at /ExecutionRoleArn" in said


def test_older_models_and_configurations_go_and_the_way_back_stays(sagemaker, deploy_digits):
    configs = [
        deploy_digits(*more, model=f"s3://models/{number}.tar.gz")[1]["config"]
        for number, more in ((1, ()), (2, ()), (3, ("--prune",)))
    ]
    assert list(sagemaker.configs) == configs[1:]
    assert len(sagemaker.models) == 2


def test_what_others_use_is_never_pruned(sagemaker, deploy_digits):
    first = deploy_digits(model="s3://models/1.tar.gz")[1]["config"]
    sagemaker.create_endpoint({"EndpointName": "other", "EndpointConfigName": first})
    deploy_digits(model="s3://models/2.tar.gz")
    _, _, said = deploy_digits("--prune", model="s3://models/3.tar.gz")
    assert first in sagemaker.configs
    assert f"{first} stays: other has it" in said
    assert len(sagemaker.models) == 3


def test_a_compilation_jobs_artefact_is_deployed(sagemaker, run, job):
    sagemaker.jobs["resnet"] = job("ml_inf2")
    words = ("--compilation-job", "resnet", "--instance-type", "inf2.xlarge")
    code, _, said = run("deploy", "resnet", *words, *BASIC)
    assert code == exits.YES, said
    (model,) = sagemaker.front.sent("CreateModel")
    assert model["PrimaryContainer"]["ModelDataUrl"] == "s3://out/resnet/model.tar.gz"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"CompilationJobStatus": "FAILED", "FailureReason": "no such op"}, "is FAILED: no such op"),
        ({"CompilationJobStatus": "INPROGRESS"}, "is INPROGRESS"),
        ({"OutputConfig": {"S3OutputLocation": "s3://o/", "TargetDevice": "ml_inf1"}}, "compiled for Inf1"),
    ],
)
def test_a_job_that_gives_nothing_for_this_instance_is_refused(sagemaker, run, job, change, said):
    sagemaker.jobs["resnet"] = job("ml_inf2") | change
    words = ("--compilation-job", "resnet", "--instance-type", "inf2.xlarge")
    code, _, told = run("deploy", "resnet", *words, *BASIC)
    assert (code, sent(sagemaker)) == (exits.INPUT, [])
    assert said in told
