"""A stack at moto's CloudFormation, which makes most of the resources.

It does not know capacity providers, alarms and scaling, drops a task definition's roles, and updates none.
"""

from __future__ import annotations

import ast
import base64
import json

import pytest

from neuronserve.deploy import exits, program
from neuronserve.deploy.stack import program as stack
from tests.deploying.iam import may

WORDS = [
    "--instance-type", "inf1.6xlarge",
    "--image", "123456789012.dkr.ecr.us-east-1.amazonaws.com/neuronserve:1",
    "--model-uri", "s3://models/digits/",
    "--slots", "2",
    "--no-alarms",
]  # fmt: skip
REPOSITORY = "123456789012.dkr.ecr.us-east-1.amazonaws.com/neuronserve"
# what moto says of resources that it does not know
pytestmark = pytest.mark.filterwarnings("ignore:Tried to parse:UserWarning")


@pytest.fixture
def deploy(cloud, desk):
    """``deploy(*words, **parameters)`` makes the stack ``digits``; returns its outputs."""
    subnets = cloud.ec2.describe_subnets()["Subnets"]
    network = {
        "VpcId": subnets[0]["VpcId"],
        "SubnetIds": ",".join(one["SubnetId"] for one in subnets[:2]),
        "LoadBalancerSubnetIds": ",".join(one["SubnetId"] for one in subnets[:2]),
        "ClientCidr": "10.0.0.0/16",
    }

    def deploy(*words, **changes):
        desk.out.truncate(0)
        desk.out.seek(0)
        assert program.single("stack", stack, [*WORDS, *words], desk) == exits.YES
        body = desk.out.getvalue()
        known = json.loads(body)["Parameters"]
        values = {key: value for key, value in (network | changes).items() if key in known}
        cloud.cloudformation.create_stack(
            StackName="digits",
            TemplateBody=body,
            Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in values.items()],
            Capabilities=["CAPABILITY_IAM"],
        )
        (made,) = cloud.cloudformation.describe_stacks(StackName="digits")["Stacks"]
        assert made["StackStatus"] == "CREATE_COMPLETE"
        return {one["OutputKey"]: one["OutputValue"] for one in made["Outputs"]}

    return deploy


def _definition(cloud, outputs, slot):
    (service,) = cloud.ecs.describe_services(
        cluster=outputs["ClusterName"], services=[outputs[f"ServiceSlot{slot}Name"]]
    )["services"]
    return cloud.ecs.describe_task_definition(taskDefinition=service["taskDefinition"])["taskDefinition"]


def test_services_run_the_task_definitions_with_what_the_stack_made(cloud, deploy):
    outputs = deploy()
    definition = _definition(cloud, outputs, 1)
    (container,) = definition["containerDefinitions"]
    assert container["image"] == f"{REPOSITORY}:1"
    assert container["linuxParameters"]["devices"][0]["hostPath"] == "/dev/neuron2"
    assert container["portMappings"][0]["hostPort"] == 8081
    assert {"name": "MODEL_URI", "value": "s3://models/digits/"} in container["environment"]
    assert container["logConfiguration"]["options"]["awslogs-group"] == outputs["LogGroupName"]


def test_the_task_role_reads_the_model_of_the_parameters(cloud, deploy):
    outputs = deploy(ModelBucket="others", ModelKey="letters/")
    name = outputs["TaskRoleArn"].rpartition("/")[2]
    (policy,) = cloud.iam.list_role_policies(RoleName=name)["PolicyNames"]
    told = cloud.iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]
    rights = ast.literal_eval(told)  # where AWS has JSON, moto writes a Python value
    assert may(rights, "s3:GetObject", "arn:aws:s3:::others/letters/1/saved_model.pb")
    assert not may(rights, "s3:GetObject", "arn:aws:s3:::models/digits/1/saved_model.pb")


def test_instances_are_of_the_type_and_may_join_the_cluster(cloud, deploy):
    outputs = deploy()
    template = cloud.ec2.describe_launch_templates()["LaunchTemplates"][0]["LaunchTemplateId"]
    (version,) = cloud.ec2.describe_launch_template_versions(LaunchTemplateId=template)[
        "LaunchTemplateVersions"
    ]
    data = version["LaunchTemplateData"]
    assert data["InstanceType"] == "inf1.6xlarge"
    assert data["ImageId"].startswith("ami-")
    told = base64.b64decode(data["UserData"]).decode()
    assert f"ECS_CLUSTER={outputs['ClusterName']}\n" in told


def test_a_balancer_says_where_it_is(deploy):
    assert deploy("--load-balancer")["Url"].startswith("http://")
