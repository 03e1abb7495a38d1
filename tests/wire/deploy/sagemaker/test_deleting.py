"""``scripts/sagemaker delete``: all that belongs to the endpoint, and nothing of others."""

from __future__ import annotations

import pytest

from neuronserve.deploy import exits
from tests.deploying.sagemaker_steps import goes_on

TARGET = {
    "ServiceNamespace": "sagemaker",
    "ResourceId": "endpoint/digits/variant/AllTraffic",
    "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
}


def test_nothing_is_left_of_an_endpoint_with_all_that_deploy_and_autoscale_make(
    sagemaker, deploy_digits, run, cloud
):
    deploy_digits("--errors-alarm", "5")
    deploy_digits("--errors-alarm", "5", model="s3://models/digits-2.tar.gz")
    cloud.scaling.register_scalable_target(**TARGET, MinCapacity=1, MaxCapacity=3)
    cloud.logs.create_log_group(logGroupName="/aws/sagemaker/Endpoints/digits")
    code, result, said = run("delete", "digits", "--logs")
    assert code == exits.YES, said
    assert (sagemaker.endpoints, sagemaker.configs, sagemaker.models) == ({}, {}, {})
    assert cloud.scaling.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"] == []
    assert cloud.cloudwatch.describe_alarms()["MetricAlarms"] == []
    assert cloud.logs.describe_log_groups()["logGroups"] == []
    assert [one["call"] for one in result["deleted"]] == [
        "DeregisterScalableTarget", "DeleteEndpoint", "DeleteEndpointConfig", "DeleteEndpointConfig",
        "DeleteModel", "DeleteModel", "DeleteAlarms", "DeleteLogGroup",
    ]  # fmt: skip


def test_saying_it_again_is_fine(sagemaker, deploy_digits, run):
    deploy_digits()
    assert run("delete", "digits")[0] == exits.YES
    code, result, said = run("delete", "digits")
    assert (code, result["deleted"]) == (exits.YES, [])
    assert "digits: nothing of it is there" in said


def test_what_an_endpoint_that_is_gone_left_behind_goes(sagemaker, deploy_digits, run):
    deploy_digits()
    del sagemaker.endpoints["digits"]
    assert run("delete", "digits")[0] == exits.YES
    assert (sagemaker.configs, sagemaker.models) == ({}, {})


def test_what_another_endpoint_has_stays_and_is_told(sagemaker, deploy_digits, run):
    config = deploy_digits()[1]["config"]
    sagemaker.create_endpoint({"EndpointName": "other", "EndpointConfigName": config})
    code, result, said = run("delete", "digits")
    assert code == exits.YES
    assert list(sagemaker.endpoints) == ["other"]
    assert list(sagemaker.configs) == [config]
    assert len(sagemaker.models) == 1
    assert f"stays: endpoint configuration {config}: other has it" in said
    assert result["kept"][1].endswith(f"endpoint configuration {config} has it")


def test_the_model_of_a_transform_job_that_runs_stays(sagemaker, deploy_digits, run):
    deploy_digits()
    (model,) = sagemaker.models
    sagemaker.transforms["nightly"] = {"TransformJobStatus": "InProgress", "ModelName": model}
    _, result, _ = run("delete", "digits")
    assert list(sagemaker.models) == [model]
    assert result["kept"] == [f"model {model}: transform job nightly has it"]


def test_an_endpoint_whose_name_begins_alike_keeps_its_own(sagemaker, deploy_digits, run, cloud):
    deploy_digits()
    deploy_digits("--errors-alarm", "5", endpoint="digits-0123456789")
    before = dict(sagemaker.configs)
    deploy_digits("--errors-alarm", "5", endpoint="digits-blue")
    run("delete", "digits")
    assert set(sagemaker.endpoints) == {"digits-0123456789", "digits-blue"}
    assert len(sagemaker.configs) == len(before) == 2
    assert len(cloud.cloudwatch.describe_alarms()["MetricAlarms"]) == 2


def test_an_endpoint_that_others_made_goes_with_its_configuration_and_model(sagemaker, run):
    sagemaker.create_model({"ModelName": "theirs", "PrimaryContainer": {"Image": "i"}})
    variant = {
        "VariantName": "AllTraffic", "ModelName": "theirs", "InitialInstanceCount": 1,
        "InstanceType": "ml.inf1.xlarge",
    }  # fmt: skip
    sagemaker.create_endpoint_config({"EndpointConfigName": "theirs", "ProductionVariants": [variant]})
    sagemaker.create_endpoint({"EndpointName": "digits", "EndpointConfigName": "theirs"})
    sagemaker.describe_endpoint({"EndpointName": "digits"})
    assert run("delete", "digits")[0] == exits.YES
    assert (sagemaker.endpoints, sagemaker.configs, sagemaker.models) == ({}, {}, {})


def test_an_update_that_goes_on_is_waited_for(sagemaker, deploy_digits, run):
    deploy_digits()
    sagemaker.script.extend([goes_on("Updating")] * 7)
    deploy_digits("--no-wait", model="s3://models/digits-2.tar.gz")
    code, _, said = run("delete", "digits")
    assert (code, sagemaker.endpoints) == (exits.YES, {}), said
    assert "waiting until that ended" in said


def test_a_dry_run_deletes_nothing(sagemaker, deploy_digits, run):
    deploy_digits()
    code, _, said = run("delete", "digits", "--dry-run")
    assert (code, list(sagemaker.endpoints)) == (exits.YES, ["digits"])
    assert [line for line in said.splitlines() if line.startswith("would send")] == [
        "would send DeleteEndpoint", "would send DeleteEndpointConfig", "would send DeleteModel",
    ]  # fmt: skip


def test_captured_data_and_the_log_stay_and_are_told(sagemaker, deploy_digits, run, cloud):
    deploy_digits("--capture", "s3://captured/digits")
    cloud.logs.create_log_group(logGroupName="/aws/sagemaker/Endpoints/digits")
    _, result, said = run("delete", "digits")
    assert "stays: captured data below s3://captured/digits" in said
    assert result["left"][1].startswith("the log group /aws/sagemaker/Endpoints/digits (--logs")


@pytest.mark.parametrize("name", ["-digits", "digits/", "d" * 64])
def test_a_name_that_none_can_have_is_refused_before_aws_is_asked(sagemaker, run, name):
    code, _, said = run("delete", "--", name)
    assert (code, sagemaker.front.calls) == (exits.INPUT, [])
    assert "expected 1 to 63 letters, digits and '-'" in said
