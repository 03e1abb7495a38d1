"""The forms in which task definitions lie in files."""

from __future__ import annotations

import json

import pytest

from neuronserve.deploy import shapes
from neuronserve.deploy.ecs import validation
from neuronserve.deploy.ecs.validation import forms
from neuronserve.errors import InvalidInput
from tests.deploying.task_definitions import MINIMAL, changed

BROKEN = changed(MINIMAL, "/containerDefinitions/0/memory", "128", "/networkMode", "brigde")


def read(tmp_path, content, name="task.json"):
    file = tmp_path / name
    file.write_text(content if isinstance(content, str) else json.dumps(content))
    return forms.read(str(file))


def pointers(definitions):
    return [{d.placed(f).pointer for f in validation.findings(d.request)} for d in definitions]


def test_a_request_is_taken_as_it_is(tmp_path):
    [definition] = read(tmp_path, BROKEN)
    assert definition.request == BROKEN
    assert pointers([definition]) == [{"/containerDefinitions/0/memory", "/networkMode"}]


def test_an_answer_of_ecs_has_its_tags_beside_it(tmp_path):
    answer = {"taskDefinition": {**BROKEN, "revision": 1}, "tags": [{"key": "aws:x", "value": ""}]}
    assert pointers(read(tmp_path, answer)) == [
        {
            "/taskDefinition",
            "/taskDefinition/containerDefinitions/0/memory",
            "/taskDefinition/networkMode",
            "/tags/0/key",
        }
    ]


def test_a_list_holds_any_of_the_forms(tmp_path):
    definitions = read(tmp_path, [BROKEN, {"taskDefinition": BROKEN}])
    assert [max(p) for p in pointers(definitions)] == [
        "/0/networkMode",
        "/1/taskDefinition/networkMode",
    ]


def test_a_bare_list_of_containers_is_what_terraform_takes(tmp_path):
    [definition] = read(tmp_path, BROKEN["containerDefinitions"])
    assert pointers([definition]) == [{"/0/memory"}]


def test_what_stands_beside_bare_containers_is_not_missed(tmp_path):
    """The task's memory, its volumes, its role, where its chips are: Terraform says all that elsewhere."""
    container = {
        "name": "model",
        "image": "model:1",
        "mountPoints": [{"sourceVolume": "models", "containerPath": "/models"}],
        "secrets": [{"name": "A", "valueFrom": "a"}],
        "portMappings": [{"containerPort": 80, "hostPort": 0}],
        "linuxParameters": {"devices": [{"hostPath": "/dev/neuron0"}]},
        "healthCheck": {"command": ["CMD", "true"], "startPeriod": 60},
    }
    assert pointers(read(tmp_path, [container])) == [set()]


TEMPLATE = """
AWSTemplateFormatVersion: "2010-09-09"
Resources:
  Role: {Type: AWS::IAM::Role}
  Task:
    Type: AWS::ECS::TaskDefinition
    Properties:
      Family: !Ref Name
      Cpu: 256
      NetworkMode: brigde
      ExecutionRoleArn: !GetAtt Role.Arn
      RuntimePlatform: !Ref AWS::NoValue
      ContainerDefinitions:
        - Name: web
          Image: !Sub "${Repository}:1"
          Memory: "128"
          Essential: "true"
          DockerLabels: {Some.Label: 5}
          PortMappings:
            - {ContainerPort: "80", Colour: red}
            - !If [Big, {ContainerPort: 81}, !Ref AWS::NoValue]
      Volumes:
        - {Name: efs, EFSVolumeConfiguration: {FilesystemId: fs-1}}
      ProxyConfiguration:
        ContainerName: web
        ProxyConfigurationProperties: [{Name: AppPorts, Value: 80}]
"""


def test_a_template_is_read_as_cloudformation_reads_it(tmp_path):
    [definition] = read(tmp_path, TEMPLATE, "stack.yaml")
    [container] = definition.request["containerDefinitions"]
    assert definition.request["cpu"] == "256"
    assert definition.request["proxyConfiguration"]["properties"] == [{"name": "AppPorts", "value": "80"}]
    assert (container["memory"], container["essential"]) == (128, True)
    assert container["dockerLabels"] == {"Some.Label": "5"}
    assert container["image"] is shapes.UNKNOWN


def test_findings_point_into_the_template(tmp_path):
    above = "/Resources/Task/Properties"
    assert pointers(read(tmp_path, TEMPLATE, "stack.yaml")) == [
        {f"{above}/NetworkMode", f"{above}/ContainerDefinitions/0/PortMappings/0/Colour"}
    ]


def test_a_template_in_json_has_long_functions(tmp_path):
    container = {"Name": "web", "Image": {"Fn::Sub": "${A}:1"}, "Memory": {"Ref": "Memory"}, "Links": ["x"]}
    properties = {"Family": "web", "ContainerDefinitions": [container]}
    resource = {"Type": "AWS::ECS::TaskDefinition", "Properties": properties}
    at = "/Properties/ContainerDefinitions/0/Links/0"
    assert pointers(read(tmp_path, {"Resources": {"a/b": resource}})) == [{f"/Resources/a~1b{at}"}]
    assert pointers(read(tmp_path, resource)) == [{at}]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "empty"),
        ("{", "line 1, column 2"),
        ("[]", "no task definition"),
        ("17", "an object, not an integer"),
        ("[[]]", "#/0: a task definition is an object, not a list"),
        ('{"Resources": {"A": {"Type": "AWS::S3::Bucket"}}}', "no task definition"),
        ("Resources:\n  A: {Type: AWS::S3::Bucket, Type: x}", "twice"),
        ("Resources: [", "line 1"),
        ("Resources:\n  A: !Ref B\n  A: {Type: x}", "task.yaml: a key is there twice"),
        ("Resources:\n  A: &a {Type: !Ref B}\n  B: *a", "task.yaml: aliases are not taken"),
        ('{"family": 1, "family": 2}', "twice"),
        ("family: !Ref A", "could not determine a constructor"),
    ],
)
def test_what_holds_no_task_definition_is_unreadable(tmp_path, content, message):
    with pytest.raises(InvalidInput, match=message):
        read(tmp_path, content, "task.json" if content[:1] in "{[" else "task.yaml")
