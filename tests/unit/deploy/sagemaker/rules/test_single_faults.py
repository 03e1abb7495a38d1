"""One fault in a request that is right: the rule that names it, and where."""

from __future__ import annotations

import copy

import jsonpointer
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from neuronserve.deploy.findings import Severity
from neuronserve.deploy.sagemaker import rules
from neuronserve.deploy.sagemaker.rules import Built, Context
from neuronserve.generation import Generation
from tests.deploying.endpoint_commands import ECR, IMAGE, ROLE
from tests.deploying.task_definitions import json_values, mutated

ARCHIVE = "s3://models/a.tar.gz"
MODEL = {
    "ModelName": "m",
    "PrimaryContainer": {"Image": IMAGE, "ModelDataUrl": ARCHIVE, "Environment": {}},
    "ExecutionRoleArn": ROLE,
    "Tags": [{"Key": "team", "Value": "a"}],
    "VpcConfig": {"SecurityGroupIds": ["sg-0123456789abcdef0"], "Subnets": ["subnet-0123456789abcdef0"]},
}
PIPELINE = {
    "ModelName": "m",
    "Containers": [
        {"ContainerHostname": name, "Image": IMAGE, "ModelDataUrl": ARCHIVE} for name in ("a", "b")
    ],
    "InferenceExecutionConfig": {"Mode": "Direct"},
    "ExecutionRoleArn": ROLE,
}
MULTI = {
    "ModelName": "m",
    "PrimaryContainer": {"Image": IMAGE, "Mode": "MultiModel", "ModelDataUrl": "s3://models/all/"},
    "ExecutionRoleArn": ROLE,
}
CONFIG = {
    "EndpointConfigName": "c",
    "ProductionVariants": [
        {
            "VariantName": "v", "ModelName": "m", "InstanceType": "ml.inf2.xlarge", "InitialInstanceCount": 4,
        }
    ],
    "DataCaptureConfig": {
        "InitialSamplingPercentage": 10, "DestinationS3Uri": "s3://seen/",
        "CaptureOptions": [{"CaptureMode": "Input"}],
    },
}  # fmt: skip
ASYNC = {
    **CONFIG, "AsyncInferenceConfig": {"OutputConfig": {"S3OutputPath": "s3://out/"}},
}  # fmt: skip
CANARY = {
    "EndpointName": "e", "EndpointConfigName": "c",
    "DeploymentConfig": {
        "BlueGreenUpdatePolicy": {
            "TrafficRoutingConfiguration": {
                "Type": "CANARY", "WaitIntervalInSeconds": 300,
                "CanarySize": {"Type": "CAPACITY_PERCENT", "Value": 25},
            },
            "MaximumExecutionTimeoutInSeconds": 3600, "TerminationWaitInSeconds": 300,
        },
        "AutoRollbackConfiguration": {"Alarms": [{"AlarmName": "errors"}]},
    },
}  # fmt: skip
ROLLING = {
    "EndpointName": "e", "EndpointConfigName": "c",
    "DeploymentConfig": {
        "RollingUpdatePolicy": {
            "MaximumBatchSize": {"Type": "INSTANCE_COUNT", "Value": 2}, "WaitIntervalInSeconds": 60,
        }
    },
}  # fmt: skip
OPERATIONS = {
    "model": ("CreateModel", MODEL),
    "pipeline": ("CreateModel", PIPELINE),
    "multi": ("CreateModel", MULTI),
    "config": ("CreateEndpointConfig", CONFIG),
    "async": ("CreateEndpointConfig", ASYNC),
    "canary": ("UpdateEndpoint", CANARY),
    "rolling": ("UpdateEndpoint", ROLLING),
}
HERE = Context(region="us-east-1", models={"m": MODEL}, config=CONFIG, variants=frozenset({"v"}))
_V, _C = "/ProductionVariants/0", "/PrimaryContainer"
_TRAFFIC = "/DeploymentConfig/BlueGreenUpdatePolicy/TrafficRoutingConfiguration"
_GONE = object()

FAULTS = [
    # the request, the place of the change, what is put there, the code, where it is told
    ("model", "/ExecutionRoleArn", "arn:aws-cn:iam::123456789012:role/r", "other-partition", None),
    ("model", f"{_C}/Image", "docker.io/library/nginx:1", "not-in-ecr", None),
    ("model", f"{_C}/Image", IMAGE.replace("us-east-1", "eu-west-1"), "image-region", None),
    ("model", f"{_C}/Image", f"{ECR}/neuronserve", "image-not-pinned", None),
    ("model", f"{_C}/Image", _GONE, "no-image", _C),
    ("model", f"{_C}/ModelDataUrl", "s3://models/a.zip", "model-not-archive", None),
    ("model", f"{_C}/ModelDataSource", {"S3DataSource": {
        "S3Uri": "s3://a/b/", "S3DataType": "S3Prefix", "CompressionType": "None"}}, "two-models", None),
    ("model", f"{_C}/MultiModelConfig", {"ModelCacheSetting": "Enabled"}, "not-multi-model", None),
    ("model", f"{_C}/Environment/SAGEMAKER_BIND_TO_PORT", "8081", "platform-variable", None),
    ("model", f"{_C}/Environment/AWS_SECRET_ACCESS_KEY", "x", "credentials", None),
    ("model", f"{_C}/Environment/AWS_NEURON_VISIBLE_DEVICES", "0", "no-visible-devices", None),
    ("model", f"{_C}/Environment/SERVE_MAX_BODY_MB", "much", "bad-setting", None),
    ("model", f"{_C}/Environment/SERVE_DRAIN_SECONDS", "40", "drain-too-long", None),
    ("model", f"{_C}/Environment", {f"A{n}": "x" * 1000 for n in range(33)}, "environment-too-large", ""),
    ("model", f"{_C}/Environment/A", "x" * 1025, "out-of-range", None),
    ("model", "/ExecutionRoleArn", "serving", "pattern", None),
    ("model", "/ExecutionRoleArn", _GONE, "no-execution-role", ""),
    ("model", "/PrimaryContainer", _GONE, "no-container", ""),
    ("model", "/Containers", [{"Image": IMAGE}], "two-forms", None),
    ("model", "/VpcConfig/Subnets/0", "sg-0123456789abcdef0", "vpc-form", None),
    ("model", "/Tags/0/Key", "aws:team", "reserved-tag", None),
    ("model", "/Tags", [{"Key": "a", "Value": "1"}] * 2, "duplicate-tag", "/Tags/1/Key"),
    ("pipeline", "/Containers/1/ContainerHostname", _GONE, "hostnames-all-or-none", "/Containers/1"),
    ("pipeline", "/Containers/1/ContainerHostname", "a", "duplicate-hostname", None),
    ("pipeline", "/Containers", [{"Image": IMAGE}] * 2, "hostnames-needed", None),
    ("pipeline", "/Containers", [PIPELINE["Containers"][0]], "container-count", None),
    ("pipeline", "/Containers/0/Mode", "MultiModel", "multi-model-direct", None),
    ("multi", f"{_C}/ModelDataUrl", ARCHIVE, "multi-model-prefix", None),
    ("multi", f"{_C}/ModelDataUrl", "s3://models/all", "multi-model-prefix", None),
    ("config", f"{_V}/InstanceType", "ml.trn2.48xlarge", "trn2", None),
    ("config", f"{_V}/InstanceType", "ml.trn2.3xlarge", "not-hosted", None),
    ("config", f"{_V}/InstanceType", "inf2.xlarge", "no-ml", None),
    ("config", f"{_V}/InstanceType", "ml.eia2.medium", "elastic-inference", None),
    ("config", f"{_V}/InstanceType", "ml.c5.xlarge", "no-chips", None),
    ("config", f"{_V}/InstanceType", _GONE, "no-instance-type", _V),
    ("config", f"{_V}/ModelName", _GONE, "missing-member", _V),
    ("config", f"{_V}/ServerlessConfig", {"MemorySizeInMB": 1024, "MaxConcurrency": 1}, "serverless", None),
    ("config", f"{_V}/AcceleratorType", "ml.eia2.medium", "elastic-inference", None),
    ("config", f"{_V}/VolumeSizeInGB", 513, "out-of-range", None),
    ("config", f"{_V}/InferenceAmiVersion", "al2-ami-sagemaker-inference-gpu-2", "ami-family", None),
    ("config", f"{_V}/InitialVariantWeight", 0, "no-weight", "/ProductionVariants"),
    ("config", f"{_V}/RoutingConfig", {"RoutingStrategy": "KV_AWARE"}, "routing-by-prompt",
     f"{_V}/RoutingConfig/RoutingStrategy"),
    ("config", f"{_V}/ManagedInstanceScaling", {"MinInstanceCount": 3, "MaxInstanceCount": 2},
     "scaling-bounds", None),
    ("config", f"{_V}/ManagedInstanceScaling", {"MinInstanceCount": 1, "MaxInstanceCount": 2},
     "scaling-bounds", f"{_V}/InitialInstanceCount"),
    ("config", "/ProductionVariants", CONFIG["ProductionVariants"] * 2, "duplicate-variant",
     "/ProductionVariants/1/VariantName"),
    ("config", "/ShadowProductionVariants", CONFIG["ProductionVariants"] * 2, "shadow-count", None),
    ("config", "/DataCaptureConfig/InitialSamplingPercentage", 0, "captures-nothing", None),
    ("config", "/DataCaptureConfig/CaptureOptions", [{"CaptureMode": "Input"}] * 2, "capture-twice",
     "/DataCaptureConfig/CaptureOptions/1/CaptureMode"),
    ("async", f"{_V}/InstanceType", "ml.inf1.xlarge", "async-family", None),
    ("async", "/AsyncInferenceConfig/OutputConfig/S3OutputPath", _GONE, "async-output",
     "/AsyncInferenceConfig/OutputConfig"),
    ("async", "/AsyncInferenceConfig/OutputConfig/NotificationConfig",
     {"IncludeInferenceResponseIn": ["ERROR_NOTIFICATION_TOPIC"]}, "async-topic",
     "/AsyncInferenceConfig/OutputConfig/NotificationConfig/IncludeInferenceResponseIn/0"),
    ("canary", f"{_TRAFFIC}/CanarySize/Value", 51, "step-size", None),
    ("canary", f"{_TRAFFIC}/CanarySize", {"Type": "INSTANCE_COUNT", "Value": 3}, "step-size",
     f"{_TRAFFIC}/CanarySize/Value"),
    ("canary", f"{_TRAFFIC}/CanarySize", _GONE, "no-size", _TRAFFIC),
    ("canary", f"{_TRAFFIC}/Type", "LINEAR", "size-of-another", f"{_TRAFFIC}/CanarySize"),
    ("canary", f"{_TRAFFIC}/WaitIntervalInSeconds", 3600, "no-time",
     "/DeploymentConfig/BlueGreenUpdatePolicy/MaximumExecutionTimeoutInSeconds"),
    ("canary", "/DeploymentConfig/AutoRollbackConfiguration/Alarms", [{"AlarmName": "a"}] * 2,
     "duplicate-alarm", "/DeploymentConfig/AutoRollbackConfiguration/Alarms/1/AlarmName"),
    ("canary", "/DeploymentConfig/AutoRollbackConfiguration/Alarms",
     [{"AlarmName": f"a{n}"} for n in range(11)], "out-of-range", None),
    ("canary", "/DeploymentConfig/RollingUpdatePolicy", ROLLING["DeploymentConfig"]["RollingUpdatePolicy"],
     "two-policies", None),
    ("canary", "/RetainDeploymentConfig", True, "two-deployments", None),
    ("canary", "/ExcludeRetainedVariantProperties", [{"VariantPropertyType": "DesiredWeight"}],
     "nothing-retained", None),
    ("rolling", "/DeploymentConfig/RollingUpdatePolicy/MaximumBatchSize/Value", 3, "step-size", None),
]  # fmt: skip


def changed(request, place, value):
    made = copy.deepcopy(request)
    *steps, last = place.strip("/").split("/")
    owner = jsonpointer.resolve_pointer(made, "".join(f"/{step}" for step in steps))
    key = int(last) if isinstance(owner, list) else last
    if value is _GONE:
        del owner[key]
    else:
        owner[key] = value
    return made


def test_the_requests_that_are_changed_here_are_right():
    for operation, request in OPERATIONS.values():
        assert [one.line("") for one in rules.findings(operation, request, HERE)] == []


@pytest.mark.parametrize(("name", "place", "value", "code", "where"), FAULTS)
def test_a_fault_is_named_in_its_place_with_what_to_do(name, place, value, code, where):
    operation, request = OPERATIONS[name]
    found = rules.findings(operation, changed(request, place, value), HERE)
    assert (code, place if where is None else where) in [(one.code, one.pointer) for one in found]
    assert all(one.fix for one in found)


@pytest.mark.parametrize("family", ["trn1.2xlarge", "trn1.32xlarge", "trn1n.32xlarge"])
def test_volumes_and_keys_are_not_for_instances_with_disks_of_their_own(family):
    request = changed(CONFIG, f"{_V}/InstanceType", f"ml.{family}")
    request["ProductionVariants"][0]["VolumeSizeInGB"] = 100
    request["KmsKeyId"] = "alias/k"
    found = {one.code: one.severity for one in rules.findings("CreateEndpointConfig", request)}
    assert found == {"volume-on-local-disk": Severity.ERROR, "kms-on-local-disk": Severity.WARNING}


@pytest.mark.parametrize("model", [MULTI, PIPELINE])
def test_what_a_request_must_name_cannot_be_asynchronous(model):
    found = rules.findings("CreateEndpointConfig", ASYNC, Context(models={"m": model}))
    assert {"async-multi-model", "async-direct"} & {one.code for one in found}


@pytest.mark.parametrize(
    ("built", "code"),
    [
        (Built(Generation.V1), "other-generation"),
        (Built(Generation.V2, 3), "too-few-cores"),
        (Built(Generation.V2, 2), None),
        (Built(None, 9), None),
    ],
)
def test_a_model_that_the_chips_cannot_run_is_refused(built, code):
    found = rules.findings("CreateEndpointConfig", CONFIG, Context(built={"m": (built,)}))
    assert [one.code for one in found] == ([code] if code else [])


@pytest.mark.parametrize("name", ["ml.inf2.xlarge", "ml.inf1.6xlarge", "ml.trn1.2xlarge"])
def test_an_uncompiled_model_on_chips_is_warned_of(name):
    context = Context(built={"m": (Built(uncompiled=("half_plus_two",)),)})
    found = rules.findings("CreateEndpointConfig", changed(CONFIG, f"{_V}/InstanceType", name), context)
    [warning] = [one for one in found if one.code == "uncompiled"]
    assert warning.severity is Severity.WARNING
    assert "half_plus_two" in warning.message


def test_an_uncompiled_model_on_the_processor_is_what_was_meant():
    context = Context(built={"m": (Built(uncompiled=("half_plus_two",)),)})
    found = rules.findings(
        "CreateEndpointConfig", changed(CONFIG, f"{_V}/InstanceType", "ml.c5.xlarge"), context
    )
    assert [one for one in found if one.code == "uncompiled"] == []


def test_inf1_has_no_deployment_guardrails_and_that_is_told():
    config = changed(CONFIG, f"{_V}/InstanceType", "ml.inf1.xlarge")
    found = rules.findings("UpdateEndpoint", CANARY, Context(config=config))
    assert [(one.code, one.severity) for one in found] == [("no-guardrails", Severity.WARNING)]


def test_rolling_is_for_one_variant():
    other = {**CONFIG["ProductionVariants"][0], "VariantName": "w"}
    config = {**CONFIG, "ProductionVariants": [*CONFIG["ProductionVariants"], other]}
    found = rules.findings("UpdateEndpoint", ROLLING, Context(config=config))
    assert [one.code for one in found] == ["rolling-variants"]


def test_variants_keep_their_names_where_traffic_is_shifted():
    context = Context(config=CONFIG, variants=frozenset({"another"}))
    assert [one.code for one in rules.findings("UpdateEndpoint", CANARY, context)] == ["other-variants"]


def test_sizes_are_of_the_instances_that_run_not_of_those_to_begin_with():
    context = Context(config=CONFIG, instances={"v": 10})
    assert rules.findings("UpdateEndpoint", ROLLING, context) == []
    context = Context(config=CONFIG, instances={"v": 2})
    assert [one.code for one in rules.findings("UpdateEndpoint", ROLLING, context)] == ["step-size"]


@pytest.mark.parametrize("name", ["MODEL_URI", "COMPILATION_JOB"])
def test_an_isolated_container_fetches_nothing(name):
    value = "s3://a/b.tar.gz" if name == "MODEL_URI" else "job"
    request = changed(MODEL, f"{_C}/Environment/{name}", value) | {"EnableNetworkIsolation": True}
    found = rules.findings("CreateModel", request)
    assert [one.code for one in found] == ["isolated-fetch"]
    assert rules.findings("CreateModel", request | {"EnableNetworkIsolation": False}) == []


def test_overlapping_cores_are_refused():
    request = copy.deepcopy(PIPELINE)
    for container, cores in zip(request["Containers"], ("0-1", "1"), strict=True):
        container["Environment"] = {"NEURON_RT_VISIBLE_CORES": cores}
    assert [one.code for one in rules.findings("CreateModel", request)] == ["cores-overlap"]


def test_a_type_that_the_region_has_not_is_a_warning():
    found = rules.findings("CreateEndpointConfig", CONFIG, Context(region="eu-west-9"))
    assert [(one.code, one.severity) for one in found] == [("not-in-region", Severity.WARNING)]


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.sampled_from(sorted(OPERATIONS)).flatmap(
    lambda name: st.tuples(st.just(OPERATIONS[name][0]), mutated(OPERATIONS[name][1]) | json_values())
))  # fmt: skip
def test_whatever_a_request_is_rules_find_something_or_nothing_and_point_into_it(case):
    operation, request = case
    models = {"m": request if operation == "CreateModel" else MULTI}
    for finding in rules.findings(operation, request, Context("us-east-1", models, CONFIG)):
        assert finding.message
        jsonpointer.resolve_pointer(request, finding.pointer)
