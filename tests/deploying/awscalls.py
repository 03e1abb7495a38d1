"""The calls of AWS that Python sources make, as IAM actions: read from the code, not run."""

from __future__ import annotations

import ast
import functools

import boto3
from botocore import xform_name

CLIENTS = {  # the names of clients in the code -> those of services
    "ecs": "ecs",
    "ec2": "ec2",
    "ecr": "ecr",
    "iam": "iam",
    "logs": "logs",
    "s3": "s3",
    "ssm": "ssm",
    "sts": "sts",
    "secretsmanager": "secretsmanager",
    "scaling": "application-autoscaling",
    "sagemaker": "sagemaker",
    "runtime": "sagemaker-runtime",
    "cloudwatch": "cloudwatch",
}
# what AWS's service authorization reference calls them otherwise
_OTHERWISE = {
    "s3:HeadBucket": "s3:ListBucket",
    "s3:HeadObject": "s3:GetObject",
    "s3:ListObjectsV2": "s3:ListBucket",
}
_UNCHECKED = {"sts:GetCallerIdentity"}  # IAM asks nobody for it


def actions(source):
    """IAM actions of the calls in a source that go to a client by its name: ``aws.ecs.run_task(...)``."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute) and (client := _client(node.value)):
            found |= _named(client, node.attr)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            client = _client(node.func.value) if node.func.attr == "get_paginator" else None
            if client and isinstance(node.args[0], ast.Constant):
                found |= _named(client, node.args[0].value)
    return {_OTHERWISE.get(one, one) for one in found} - _UNCHECKED


def _client(node):
    """The client that an expression is: ``aws.ecs``, ``desk.aws.ecs``, or a name such as ``ecr``."""
    if isinstance(node, ast.Attribute) and node.attr in CLIENTS:
        owner = node.value
        name = owner.attr if isinstance(owner, ast.Attribute) else getattr(owner, "id", "")
        return node.attr if name == "aws" else None
    if isinstance(node, ast.Name) and node.id in {*CLIENTS, "manager"}:
        return "secretsmanager" if node.id == "manager" else node.id
    return None


def _named(client, method):
    service = CLIENTS[client]
    prefix = service.removesuffix("-runtime")
    return {f"{prefix}:{name}" for name in _operations(service) if xform_name(name) == method}


@functools.cache
def _operations(service):
    keys = {"aws_access_key_id": "none", "aws_secret_access_key": "none"}
    return boto3.Session(region_name="us-east-1").client(service, **keys).meta.service_model.operation_names
