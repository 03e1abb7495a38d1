"""What each verb of ``scripts/sagemaker``, ``compile-model`` and ``package-model`` asks of AWS.

Data alone; ``deployer.py`` makes statements of it. A verb's name is what is typed; what an option adds has a
row of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from neuronserve.deploy.policy.model import READ


class On(StrEnum):
    """What a right is on; the value is the statement's Sid."""

    ANYTHING = "WhatHasNoResourceInIam"
    ENDPOINT = "TheEndpoint"
    ROLLOUT = "PutConfigurationsIntoService"
    CONFIGS = "ConfigurationsOfTheEndpoint"
    MODELS = "ModelsOfTheEndpoint"
    USERS = "SeeWhoUsesModelsAndConfigurations"
    TRANSFORMS = "TransformJobs"
    COMPILATIONS = "CompilationJobs"
    PACKAGE = "TheModelPackage"
    PASS = "PassTheExecutionRole"  # noqa: S105  roles, no passwords
    ROLES = "LookAtTheExecutionRole"
    LOG = "FindTheLog"
    LOG_STREAMS = "ReadTheLog"
    LOG_GROUP = "DeleteTheLog"
    TRANSFORM_LOG = "FindTheLogOfTransformJobs"
    TRANSFORM_STREAMS = "ReadTheLogOfTransformJobs"
    ALARMS = "AlarmsOfTheEndpoint"
    TRACKING = "AlarmsOfTargetTracking"
    ALL_ALARMS = "FindAlarms"
    TARGETS = "ScaleTheEndpoint"
    SCALING_ROLE = "MakeTheRoleOfAutoScalingOnce"
    VOLUME_KEYS = "EncryptVolumes"
    REPOSITORY = "LookAtTheImage"
    BUCKETS = "SeeWhereBucketsAre"
    MODEL = "ReadTheModel"
    RESULTS = "ReadAsyncResults"
    INPUTS = "ReadInput"
    OUTPUTS = "WriteOutput"
    SOURCES = "ReadModelsToPack"
    PACKED = "UploadPackedModels"
    NEO_SOURCES = "ReadModelsToCompile"
    NEO_UPLOADS = "UploadModelsToCompile"
    NEO_COMPILED = "LookAtWhatIsCompiled"
    NEO_BUCKETS = "LookAtNeosBuckets"


Rights = Mapping[On, tuple[str, ...]]

_GET = ("s3:GetObject",)
_UPLOAD = ("s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject")
_LOG: Rights = {On.LOG: ("logs:DescribeLogStreams",), On.LOG_STREAMS: ("logs:GetLogEvents",)}
_PASS: Rights = {On.PASS: ("iam:PassRole",), On.ROLES: ("iam:GetRole",)}
_TAGS = ("sagemaker:AddTags", "sagemaker:ListTags")
_USERS: Rights = {
    On.ANYTHING: (
        "sagemaker:ListEndpointConfigs", "sagemaker:ListEndpoints", "sagemaker:ListModels",
        "sagemaker:ListTransformJobs",
    ),
    On.USERS: (
        "sagemaker:DescribeEndpoint", "sagemaker:DescribeEndpointConfig", "sagemaker:DescribeTransformJob",
    ),
}  # fmt: skip
_DELETE: Rights = {
    On.CONFIGS: ("sagemaker:DeleteEndpointConfig", "sagemaker:ListTags"),
    On.MODELS: ("sagemaker:DeleteModel", "sagemaker:DescribeModel", "sagemaker:ListTags"),
}

RIGHTS: Mapping[str, Rights] = {
    "deploy": {
        **_LOG,
        **_PASS,
        On.ENDPOINT: ("sagemaker:DescribeEndpoint", *_TAGS),
        On.ROLLOUT: ("sagemaker:CreateEndpoint", "sagemaker:UpdateEndpoint"),
        On.CONFIGS: ("sagemaker:CreateEndpointConfig", "sagemaker:DescribeEndpointConfig", *_TAGS),
        On.MODELS: ("sagemaker:CreateModel", "sagemaker:DescribeModel", *_TAGS),
        On.ALARMS: ("cloudwatch:PutMetricAlarm",),
        On.VOLUME_KEYS: ("kms:CreateGrant",),
    },
    "deploy --compilation-job": {On.COMPILATIONS: ("sagemaker:DescribeCompilationJob",)},
    "deploy --model": {On.MODEL: READ},
    "deploy --prune": {
        **_USERS,
        **_DELETE,
        On.ENDPOINT: ("sagemaker:DescribeEndpoint", "sagemaker:ListTags"),
    },
    "deploy --recreate": {On.ENDPOINT: ("sagemaker:DeleteEndpoint",)},
    "deploy --rollback": {
        **_LOG,
        On.ANYTHING: ("sagemaker:ListEndpointConfigs",),
        On.ENDPOINT: ("sagemaker:DescribeEndpoint", *_TAGS),
        On.ROLLOUT: ("sagemaker:UpdateEndpoint",),
        On.CONFIGS: ("sagemaker:DescribeEndpointConfig", "sagemaker:ListTags"),
        On.MODELS: ("sagemaker:DescribeModel",),
        On.VOLUME_KEYS: ("kms:CreateGrant",),
    },
    "status": {
        **_LOG,
        On.ANYTHING: ("application-autoscaling:DescribeScalingActivities",),
        On.ENDPOINT: ("sagemaker:DescribeEndpoint",),
        On.CONFIGS: ("sagemaker:DescribeEndpointConfig",),
    },
    "invoke": {
        On.ENDPOINT: (
            "sagemaker:InvokeEndpoint",
            "sagemaker:InvokeEndpointAsync",
            "sagemaker:InvokeEndpointWithResponseStream",
        ),
        On.RESULTS: _GET,
    },
    "autoscale": {
        On.ANYTHING: (
            "application-autoscaling:DescribeScalableTargets",
            "application-autoscaling:DescribeScalingPolicies",
        ),
        On.ENDPOINT: ("sagemaker:DescribeEndpoint", "sagemaker:UpdateEndpointWeightsAndCapacities"),
        On.CONFIGS: ("sagemaker:DescribeEndpointConfig",),
        On.TARGETS: (
            "application-autoscaling:DeregisterScalableTarget",
            "application-autoscaling:PutScalingPolicy",
            "application-autoscaling:RegisterScalableTarget",
        ),
        On.ALARMS: ("cloudwatch:DeleteAlarms", "cloudwatch:PutMetricAlarm"),
        On.TRACKING: ("cloudwatch:DeleteAlarms", "cloudwatch:PutMetricAlarm"),
        On.ALL_ALARMS: ("cloudwatch:DescribeAlarms",),
        On.SCALING_ROLE: ("iam:CreateServiceLinkedRole",),
    },
    "batch": {
        On.MODELS: ("sagemaker:DescribeModel",),
        On.TRANSFORMS: (
            "sagemaker:AddTags",
            "sagemaker:CreateTransformJob",
            "sagemaker:DescribeTransformJob",
            "sagemaker:StopTransformJob",
        ),
        On.TRANSFORM_LOG: ("logs:DescribeLogStreams",),
        On.TRANSFORM_STREAMS: ("logs:GetLogEvents",),
        On.VOLUME_KEYS: ("kms:CreateGrant",),
    },
    "delete": {
        **_USERS,
        **_DELETE,
        On.ANYTHING: (
            *_USERS[On.ANYTHING],
            "application-autoscaling:DescribeScalableTargets",
            "logs:DescribeLogGroups",
        ),
        On.ENDPOINT: ("sagemaker:DeleteEndpoint", "sagemaker:DescribeEndpoint"),
        On.TARGETS: ("application-autoscaling:DeregisterScalableTarget",),
        On.ALARMS: ("cloudwatch:DeleteAlarms",),
        On.TRACKING: ("cloudwatch:DeleteAlarms",),
        On.ALL_ALARMS: ("cloudwatch:DescribeAlarms",),
    },
    "delete --logs": {On.LOG_GROUP: ("logs:DeleteLogGroup",)},
    "local": {On.MODEL: READ, On.INPUTS: _GET, On.OUTPUTS: ("s3:AbortMultipartUpload", "s3:PutObject")},
    "marketplace-check": {
        On.MODEL: READ,
        On.REPOSITORY: ("ecr:DescribeImages",),
        On.BUCKETS: ("s3:GetBucketLocation",),
    },
    "marketplace-check --create": {
        **_PASS,
        On.PACKAGE: (
            "sagemaker:AddTags",
            "sagemaker:CreateModelPackage",
            "sagemaker:DescribeModelPackage",
        ),
    },
    "compile-model run": {
        **_PASS,
        On.COMPILATIONS: (
            "sagemaker:AddTags",
            "sagemaker:CreateCompilationJob",
            "sagemaker:DescribeCompilationJob",
            "sagemaker:StopCompilationJob",
        ),
        On.NEO_SOURCES: _GET,
        On.NEO_UPLOADS: _UPLOAD,
        On.NEO_COMPILED: _GET,
        On.NEO_BUCKETS: ("s3:ListBucket",),
    },
    "compile-model describe": {
        On.COMPILATIONS: ("sagemaker:DescribeCompilationJob", "sagemaker:ListTags"),
    },
    "compile-model list": {On.ANYTHING: ("sagemaker:ListCompilationJobs",)},
    "compile-model stop": {
        On.COMPILATIONS: ("sagemaker:DescribeCompilationJob", "sagemaker:StopCompilationJob"),
    },
    "package-model": {On.SOURCES: READ, On.PACKED: _UPLOAD},
}

NO_RESOURCE: Mapping[str, str] = {
    "application-autoscaling:DescribeScalableTargets": "has no resource type",
    "application-autoscaling:DescribeScalingActivities": "has no resource type",
    "application-autoscaling:DescribeScalingPolicies": "has no resource type",
    "cloudwatch:PutMetricData": "its resource type, a dataset, is none of metrics'; the condition "
    "cloudwatch:namespace bounds it, as in AWS's own policies",
    "ec2:DescribeDhcpOptions": "has no resource type",
    "ec2:DescribeNetworkInterfaces": "has no resource type",
    "ec2:DescribeSecurityGroups": "has no resource type",
    "ec2:DescribeSubnets": "has no resource type",
    "ec2:DescribeVpcs": "has no resource type",
    "ecr:GetAuthorizationToken": "has no resource type: the token is for the registry",
    "logs:DescribeLogGroups": "has no resource type",
    "sagemaker:ListCompilationJobs": "has no resource type",
    "sagemaker:ListEndpointConfigs": "has no resource type",
    "sagemaker:ListEndpoints": "has no resource type",
    "sagemaker:ListModels": "has no resource type",
    "sagemaker:ListTransformJobs": "has no resource type",
}
