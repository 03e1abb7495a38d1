"""The template's parameters, each with what it is for, and the groups in which a console shows them."""

from __future__ import annotations

import re
from typing import Any

from neuronserve.deploy.ecs import ami
from neuronserve.deploy.policy import images
from neuronserve.deploy.stack.plan import MIN_ROOT_GIB, RETENTION, Plan
from neuronserve.errors import InvalidInput

Parameter = dict[str, Any]
_BYTE = r"(25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)"
_CIDR = rf"{_BYTE}(\.{_BYTE}){{3}}/(3[0-2]|[12]?\d)"


# The options that are a parameter's default, which its own pattern has to take.
_OPTIONS = {
    "Image": "--image",
    "ModelBucket": "--model-uri",
    "ModelKey": "--model-uri",
    "ClientCidr": "--client-cidr",
    "CertificateArn": "--certificate",
    "DomainName": "--domain",
    "LogKmsKeyArn": "--log-kms-key",
    "AlarmTopicArn": "--alarms-topic",
}


def checked(plan: Plan) -> dict[str, Parameter]:
    """Parameters by name. Raises InvalidInput for a default that CloudFormation would refuse."""
    found = {name: one for group in groups(plan).values() for name, one in group.items()}
    for name, option in _OPTIONS.items():
        one = found.get(name, {})
        if "Default" in one and not re.fullmatch(one["AllowedPattern"], one["Default"]):
            raise InvalidInput(f"{option} {one['Default']!r}: expected {one['ConstraintDescription']}")
    return found


def groups(plan: Plan) -> dict[str, dict[str, Parameter]]:
    """Parameters by name, in groups that have a title."""
    return {
        "Network": _network(plan),
        "What runs": {"Image": _image(plan), **_model(plan)},
        "How much of it": {**_tasks(plan), **_instances(plan)},
        "What is kept and told": _watching(plan),
    }


def interface(plan: Plan) -> dict[str, Any]:
    """For consoles: AWS::CloudFormation::Interface."""
    made = [
        {"Label": {"default": title}, "Parameters": list(group)}
        for title, group in groups(plan).items()
        if group
    ]
    return {"AWS::CloudFormation::Interface": {"ParameterGroups": made}}


def _network(plan: Plan) -> dict[str, Parameter]:
    made: dict[str, Parameter] = {
        "VpcId": {"Type": "AWS::EC2::VPC::Id", "Description": "The VPC of the instances"},
        "SubnetIds": {
            "Type": "List<AWS::EC2::Subnet::Id>",
            "Description": "Subnets for the instances, in zones with the type, with a way to ECS, ECR, S3",
        },
    }
    if plan.balancer:
        made["LoadBalancerSubnetIds"] = {
            "Type": "List<AWS::EC2::Subnet::Id>",
            "Description": "Subnets for the load balancer, in two zones or more"
            + (", public ones" if plan.internet_facing else ""),
        }
        made |= _domain(plan) if plan.domain else {"CertificateArn": _certificate(plan)}
    made["ClientCidr"] = _clients(plan)
    return made


def _certificate(plan: Plan) -> Parameter:
    """A template made with a certificate never speaks HTTP: the parameter cannot be empty there."""
    arn = r"arn:aws[a-z-]*:(acm|iam):\S+"
    if plan.certificate:
        return {
            "Type": "String",
            "Default": plan.certificate,
            "AllowedPattern": arn,
            "ConstraintDescription": "the ARN of a certificate",
            "Description": "The certificate for HTTPS",
        }
    return {
        "Type": "String",
        "Default": "",
        "AllowedPattern": f"({arn})?",
        "ConstraintDescription": "the ARN of a certificate, or nothing",
        "Description": "A certificate for HTTPS; empty: HTTP, which anybody on the way can read",
    }


def _domain(plan: Plan) -> dict[str, Parameter]:
    return {
        "DomainName": {
            "Type": "String",
            "Default": plan.domain,
            "AllowedPattern": r"([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}",
            "ConstraintDescription": "a host name such as digits.example.com",
            "Description": "Where clients find the load balancer; the stack makes its certificate and record",
        },
        "HostedZoneId": {
            "Type": "AWS::Route53::HostedZone::Id",
            "Default": plan.hosted_zone,
            "Description": "The hosted zone of the domain, in Route 53",
        },
    }


def _clients(plan: Plan) -> Parameter:
    made: Parameter = {
        "Type": "String",
        "AllowedPattern": _CIDR,
        "Description": "Addresses that may send requests",
    }
    made["ConstraintDescription"] = "addresses such as 10.0.0.0/16"
    if plan.clients:
        made["Default"] = plan.clients
    elif not plan.balancer:
        made |= {"Default": "", "AllowedPattern": f"({_CIDR})?"}
        made["Description"] += ", to the tasks themselves; empty: none"
    return made


def _image(plan: Plan) -> Parameter:
    """Of the repository that the execution role may pull from; another one needs another template."""
    repository = images.bare(plan.spec.image)
    return {
        "Type": "String",
        "Default": plan.spec.image,
        "AllowedPattern": re.escape(repository) + r"(:[A-Za-z0-9_][A-Za-z0-9_.-]*)?(@sha256:[0-9a-f]{64})?",
        "ConstraintDescription": f"an image of {repository}; for others make a new template",
        "Description": "The container image; a digest instead of a tag says exactly which",
    }


def _model(plan: Plan) -> dict[str, Parameter]:
    if plan.model is None:
        return {}
    key: Parameter = {
        "Type": "String",
        "Default": plan.model.key,
        "AllowedPattern": r"[^*?$]*/" if plan.model.prefix else r"[^*?$]*[^*?$/]",
        "ConstraintDescription": "a prefix that ends in a slash" if plan.model.prefix else "an object's key",
        "Description": "The prefix of the model's objects"
        if plan.model.prefix
        else "The key of the model's archive",
    }
    bucket: Parameter = {
        "Type": "String",
        "Default": plan.model.bucket,
        "AllowedPattern": "[a-z0-9][a-z0-9._-]+[a-z0-9]",
        "ConstraintDescription": "a bucket's name",
        "Description": "The bucket with the model; tasks may read the model there and nothing else",
    }
    return {"ModelBucket": bucket, "ModelKey": key}


def _tasks(plan: Plan) -> dict[str, Parameter]:
    what = (
        "tasks of each slot, on as many instances"
        if len(plan.names()) > 1
        else "tasks, each on its own instance"
    )
    how = "The least" if plan.scale else "How many"
    made = {"Tasks": _number(f"{how} {what}", plan.tasks, least=1 if plan.scale else 0)}
    if plan.scale:
        made["MaxTasks"] = _number(f"The most {what}", plan.max_tasks, least=1)
    made["MinimumHealthyPercent"] = _number(
        "Percent of a service's tasks that go on running during a deployment: 0 with one task, as a new "
        "one needs its chips; 50 with two or more keeps half of them serving",
        0,
        least=0,
        most=99,
    )
    return made


def _instances(plan: Plan) -> dict[str, Parameter]:
    root = _number(
        "The instances' root volume in GiB: the image, the unpacked model, logs",
        plan.root_gib,
        least=MIN_ROOT_GIB,
    )
    if plan.managed:
        return {"RootVolumeGiB": root}
    return {
        "MinInstances": _number(
            f"The least instances ({plan.spec.instance_type.name}); 0: they start with the first task",
            plan.tasks, least=0,
        ),
        "MaxInstances": _number("The most instances", max(plan.tasks, plan.max_tasks, 1), least=1),
        "RootVolumeGiB": root,
        "NeuronAmi": {
            "Type": "AWS::SSM::Parameter::Value<AWS::EC2::Image::Id>",
            "Default": ami.RECOMMENDED,
            "Description": "The SSM parameter with the AMI: the newest that ECS recommends for Neuron",
        },
        "TerminationProtection": {
            "Type": "String",
            "Default": "ENABLED" if plan.scale else "DISABLED",
            "AllowedValues": ["ENABLED", "DISABLED"],
            "Description": "ENABLED: scaling in never ends an instance with tasks; before the stack is "
            "deleted, make it DISABLED and then do what the output BeforeDeletion says",
        },
    }  # fmt: skip


def _watching(plan: Plan) -> dict[str, Parameter]:
    made: dict[str, Parameter] = {}
    if plan.own_log_group:
        made["LogRetentionDays"] = {
            "Type": "Number",
            "Default": plan.retention_days,
            "AllowedValues": list(RETENTION),
            "Description": "Days until a line of the log is deleted; the group outlives the stack",
        }
        made["LogKmsKeyArn"] = {
            "Type": "String",
            "Default": plan.log_kms_key,
            "AllowedPattern": r"(arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key/[A-Za-z0-9-]+)?",
            "ConstraintDescription": "the ARN of a KMS key, or nothing",
            "Description": "A KMS key for the log group, whose policy lets logs.REGION.amazonaws.com use it; "
            "empty: the log is encrypted with a key of AWS's",
        }
    if plan.access_logs == "":
        made["AccessLogDays"] = _number("Days until an access log is deleted", 90, least=1)
    if plan.alarms:
        made["AlarmTopicArn"] = {
            "Type": "String",
            "Default": plan.topic,
            "AllowedPattern": r"(arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:[A-Za-z0-9_.-]+)?",
            "ConstraintDescription": "the ARN of an SNS topic, or nothing",
            "Description": "A topic for alarms and failed deployments, whose policy lets "
            "cloudwatch.amazonaws.com and events.amazonaws.com publish; empty: alarms tell nobody",
        }
    return made


def _number(description: str, default: int, *, least: int, most: int | None = None) -> Parameter:
    made: Parameter = {"Type": "Number", "Default": default, "MinValue": least, "Description": description}
    if most is not None:
        made["MaxValue"] = most
    return made
