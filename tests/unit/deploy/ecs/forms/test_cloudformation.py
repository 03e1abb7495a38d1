"""Task definitions as CloudFormation, against CloudFormation's own schema."""

from __future__ import annotations

import json

import pytest
from cfnlint import lint_all
from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER

from neuronserve.deploy.ecs.forms import cloudformation
from neuronserve.errors import InvalidInput
from tests.deploying.task_specs import MODES, ROLE, ecs, full, possible, requests

TYPE = "AWS::ECS::TaskDefinition"


def faults(template):
    """What cfn-lint reports unless asked for more: errors and warnings."""
    return [one for one in lint_all(json.dumps(template)) if one.rule.severity != "informational"]


@pytest.mark.parametrize("role", [ROLE, "neuronserve"], ids=["arn", "name"])
@pytest.mark.parametrize("mode", MODES)
def test_a_template_of_all_types_is_clean(mode, role):
    def make(name, **changes):
        return full(name, execution_role=role, task_role=role, **changes)

    every = [request for name in possible(mode) for request in requests(mode, name, make)]
    assert faults(cloudformation.template(every)) == []


def test_a_role_that_is_a_name_is_that_of_the_stacks_own_account():
    [request] = requests("whole", "inf1.xlarge")
    named = {**request, "executionRoleArn": "execution", "taskRoleArn": "/models/task"}
    made = cloudformation.resource(named)["Properties"]
    here = "arn:${AWS::Partition}:iam::${AWS::AccountId}:role/"
    assert made["ExecutionRoleArn"] == {"Fn::Sub": here + "execution"}
    assert made["TaskRoleArn"] == {"Fn::Sub": here + "models/task"}
    assert cloudformation.resource(request)["Properties"]["TaskRoleArn"] == ROLE


def test_the_linter_sees_a_fault():
    template = cloudformation.template(requests("whole", "inf1.xlarge"))
    template["Resources"]["TaskDefinition"]["Properties"]["NetworkMode"] = "bridged"
    assert faults(template) != []


def test_every_member_of_the_request_has_its_property():
    schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", TYPE).schema
    model = ecs().operation_model("RegisterTaskDefinition").input_shape
    known = cloudformation._ABSENT
    absent = list(without_property(sample(model), cloudformation._renamed(sample(model), ""), schema, schema))
    assert set(absent) == {name[:1].upper() + name[1:] for name in known}


def sample(model):
    """A value that has every member that there is."""
    if model.type_name == "structure":
        return {name: sample(member) for name, member in model.members.items()}
    if model.type_name == "list":
        return [sample(model.member)]
    return {} if model.type_name == "map" else model.type_name


def without_property(request, renamed, node, schema):
    """The names in ``renamed`` that CloudFormation does not know."""
    while "$ref" in node:
        inner = schema
        for step in node["$ref"].removeprefix("#/").split("/"):
            inner = inner[step]
        node = inner
    if isinstance(renamed, dict):
        for (key, value), before in zip(renamed.items(), request.values(), strict=True):
            if key not in node.get("properties", {}):
                yield key
            else:
                yield from without_property(before, value, node["properties"][key], schema)
    elif isinstance(renamed, list):
        for value, before in zip(renamed, request, strict=True):
            yield from without_property(before, value, node["items"], schema)


def test_the_users_own_keys_stay():
    made = cloudformation.resource(
        {
            "family": "a",
            "containerDefinitions": [
                {
                    "dockerLabels": {"some.label": "x"},
                    "logConfiguration": {"logDriver": "awslogs", "options": {"awslogs-group": "/a"}},
                }
            ],
        }
    )
    [container] = made["Properties"]["ContainerDefinitions"]
    assert made["Type"] == TYPE
    assert container["DockerLabels"] == {"some.label": "x"}
    assert container["LogConfiguration"] == {"LogDriver": "awslogs", "Options": {"awslogs-group": "/a"}}


def test_each_task_definition_is_a_resource_with_its_arn_as_output():
    made = cloudformation.template(requests("slots", "inf1.6xlarge"))
    assert list(made["Resources"]) == ["TaskDefinition0", "TaskDefinition1"]
    assert made["Outputs"]["TaskDefinition1Arn"]["Value"] == {"Ref": "TaskDefinition1"}


def test_what_cloudformation_has_not_is_refused():
    with pytest.raises(InvalidInput, match="a: CloudFormation has no trustedExecutionConfiguration"):
        cloudformation.resource({"family": "a", "trustedExecutionConfiguration": {}})
