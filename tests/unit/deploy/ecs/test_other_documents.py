"""Files that people give in the place of task definitions: each is named, with what to do."""

from __future__ import annotations

import json

import pytest

from neuronserve.deploy.ecs import validation
from neuronserve.deploy.ecs.registry import files
from neuronserve.deploy.ecs.validation import forms
from neuronserve.errors import InvalidInput
from tests.deploying.task_definitions import MINIMAL, NEURON, changed, told

C = "/containerDefinitions/0"
BATCH = {
    "jobDefinitionName": "compile",
    "type": "container",
    "containerProperties": {"image": "app:1", "command": ["a"], "resourceRequirements": []},
}
OTHERS = {
    "Batch": (BATCH, "AWS Batch job definition"),
    "Batch without a name": ({"type": "container", "containerProperties": {}}, "AWS Batch job definition"),
    "Batch's ECS properties": ({"type": "container", "ecsProperties": {}}, "AWS Batch job definition"),
    "Batch's answer": ({"jobDefinitions": [BATCH]}, "AWS Batch"),
    "Compose": ({"services": {"web": {"image": "nginx"}}}, "Compose file"),
    "Kubernetes": ({"apiVersion": "v1", "kind": "Pod", "spec": {}}, "Kubernetes manifest"),
    "a service": ({"serviceName": "web", "taskDefinition": "web:1", "desiredCount": 1}, "a service"),
    "services": ({"services": [{"serviceName": "web"}], "failures": []}, "DescribeServices"),
    "a run": ({"cluster": "default", "taskDefinition": "web:1"}, "a run"),
    "a list of names": ({"taskDefinitionArns": ["arn"]}, "list of task definitions"),
    "Terraform as JSON": ({"resource": {"aws_ecs_task_definition": {"a": {}}}}, "Terraform"),
    "Terraform's plan": ({"format_version": "1.2", "planned_values": {}}, "Terraform's plan"),
    "ecspresso": ({"cluster": "c", "service": "s", "task_definition": "taskdef.json"}, "taskdef.json"),
    "CodePipeline": ([{"name": "web", "imageUri": "nginx:1"}], "imagedefinitions.json"),
    "Elastic Beanstalk": ({"AWSEBDockerrunVersion": 2, "containerDefinitions": []}, "Elastic Beanstalk"),
    "SageMaker": ({"ModelName": "m", "PrimaryContainer": {}}, "SageMaker"),
    "CloudFormation": ({"Resources": {"B": {"Type": "AWS::S3::Bucket"}}}, "AWS::S3::Bucket"),
    "CloudFormation with Batch": (
        {"Resources": {"J": {"Type": "AWS::Batch::JobDefinition"}}},
        "AWS Batch makes task definitions",
    ),
}


@pytest.mark.parametrize("reader", [forms.read, files.read], ids=["validate", "register"])
@pytest.mark.parametrize("name", OTHERS)
def test_what_is_no_task_definition_is_named(name, reader, tmp_path):
    document, word = OTHERS[name]
    file = tmp_path / "file.json"
    file.write_text(json.dumps(document))
    with pytest.raises(InvalidInput) as caught:
        reader(str(file))
    assert word in str(caught.value)
    assert caught.value.hint


TERRAFORM = 'resource "aws_ecs_task_definition" "web" {\n  family = "web"\n}'
MANIFESTS = "apiVersion: v1\nkind: Pod\n---\napiVersion: v1\nkind: Service\n"
UNQUOTED = '{"family": "a", "containerDefinitions": [{"memory": ${MEMORY}, "image": "${IMAGE}"}]}'
ECSPRESSO = '{"family": "a", "cpu": {{ must_env `CPU` }}}'
JINJA = '{"family": "a", "containerDefinitions": [{% for c in all %} {} {% endfor %}]}'


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (TERRAFORM, ["Terraform"]),
        (MANIFESTS, ["Kubernetes"]),
        (UNQUOTED, ["${MEMORY}", "envsubst"]),
        (ECSPRESSO, ["must_env", "ecspresso render"]),
        (JINJA, ["{% for c in all %}", "Jinja"]),
        ("local x = 1;\n{family: x}", ["Jsonnet"]),
    ],
)
def test_what_no_reader_understands_is_named_too(text, words, tmp_path):
    file = tmp_path / "file.json"
    file.write_text(text)
    with pytest.raises(InvalidInput) as caught:
        forms.read(str(file))
    for word in words:
        assert word in str(caught.value)


def test_what_describe_task_definition_answers_is_a_task_definition(tmp_path):
    file = tmp_path / "file.json"
    file.write_text(json.dumps({"taskDefinition": {**MINIMAL, "revision": 3}}))
    assert files.read(str(file)) == [MINIMAL]
    [definition] = forms.read(str(file))
    assert {(f.code, str(f.severity)) for f in validation.findings(definition.request)} == {
        ("response-only", "note")
    }


@pytest.mark.parametrize(
    ("place", "text", "program"),
    [
        ("/family", "${FAMILY}", "envsubst"),
        (f"{C}/image", "${ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com/app:${TAG}", "envsubst"),
        (f"{C}/image", "{{ must_env `IMAGE` }}", "ecspresso"),
        (f"{C}/image", "{{ image }}", "Jinja"),
        (f"{C}/image", "${var.image}", "Terraform"),
        (f"{C}/image", "<account-id>.dkr.ecr.us-east-1.amazonaws.com/app:1", "write what is meant"),
        ("/placementConstraints/0/expression", "attribute:ecs.instance-type == ${TYPE}", "envsubst"),
        (f"{C}/linuxParameters/devices/0/hostPath", "/dev/neuron${CHIP}", "envsubst"),
    ],
)
def test_a_template_is_told_once_and_its_values_are_judged_by_no_other_rule(place, text, program):
    request = changed(NEURON, place, text)
    assert told(request) == {(place, "placeholder"): "error"}
    [finding] = validation.findings(request)
    assert program in finding.fix


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (f"{C}/command", ["sh", "-c", "exec serve --port ${PORT}"]),
        (f"{C}/environment", [{"name": "JAVA_OPTS", "value": "${HEAP}"}]),
        (f"{C}/healthCheck/command", ["CMD-SHELL", "curl -f http://localhost:8080/${STAGE}"]),
        (f"{C}/dockerLabels", {"traefik.rule": "Host(`{{ .Name }}`)"}),
    ],
)
def test_what_the_containers_own_programs_fill_in_is_no_template(place, value):
    assert told(changed(NEURON, place, value)) == {}


def test_a_variable_of_the_runtime_is_not_filled_in_by_ecs():
    variables = [{"name": "NEURON_RT_NUM_CORES", "value": "${CORES}"}]
    assert told(changed(NEURON, f"{C}/environment", variables)) == {
        (f"{C}/environment/0/value", "placeholder"): "warning"
    }


def test_cloudformations_own_references_are_known_later(tmp_path):
    container = {"Name": "a", "Image": "{{resolve:ssm:/images/a}}", "Memory": 128}
    properties = {"Family": "a", "ContainerDefinitions": [container]}
    resources = {"T": {"Type": "AWS::ECS::TaskDefinition", "Properties": properties}}
    file = tmp_path / "template.json"
    file.write_text(json.dumps({"Resources": resources}))
    [definition] = forms.read(str(file))
    assert validation.findings(definition.request) == []
