"""What each verb of ``scripts/task-definition`` and ``scripts/ecs`` asks of AWS: actions, and on what.

Data alone; ``deployer.py`` makes statements of it. An action's resources are those of AWS's service
authorization reference; ``NO_RESOURCE`` tells why some have to be ``*``.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class On(StrEnum):
    """What a right is on; the value is the statement's Sid."""

    ANYTHING = "WhatHasNoResourceInIam"
    IN_CLUSTER = "ListWhatIsInTheCluster"
    FAMILY = "TaskDefinitionsOfTheFamily"
    FAMILY_TAGS = "TagTaskDefinitions"
    RUN = "RunTheFamilyInTheCluster"
    CLUSTER = "LookAtTheCluster"
    INSTANCES = "LookAtContainerInstances"
    TASKS = "TasksOfTheCluster"
    TASK_TAGS = "TagTasksWhenTheyStart"
    SERVICES = "TheServices"
    SERVICE_TAGS = "TagServicesWhenMade"
    DEPLOYMENTS = "DeploymentsOfTheServices"
    PASS = "PassTheTasksRoles"  # noqa: S105  roles, no passwords
    ROLES = "LookAtTheTasksRoles"
    LOG_GROUP = "TheLogGroup"
    LOG_STREAM = "TheLog"
    REPOSITORY = "LookAtTheImage"
    MODEL = "Model"  # its statements are those of the task role
    SECRETS = "LookAtSecretsNotTheirValues"
    PARAMETERS = "LookAtParameters"
    AMI = "FindTheNeuronAmi"
    TARGETS = "ScaleTheServices"
    ALARMS = "AlarmsOfTargetTracking"
    SCALING_ROLE = "MakeTheRoleOfAutoScalingOnce"


_TAKE_DEFINITION = {
    On.ANYTHING: ("ecs:DescribeTaskDefinition",),
    On.FAMILY: ("ecs:RegisterTaskDefinition",),
    On.FAMILY_TAGS: ("ecs:TagResource",),
    On.PASS: ("iam:PassRole",),
}
_SCALING = (
    "application-autoscaling:DeleteScalingPolicy",
    "application-autoscaling:DeregisterScalableTarget",
    "application-autoscaling:PutScalingPolicy",
    "application-autoscaling:RegisterScalableTarget",
)

RIGHTS: Mapping[str, Mapping[On, tuple[str, ...]]] = {
    "render": {On.MODEL: ()},
    "validate": {},
    "diff": {On.ANYTHING: ("ecs:DescribeTaskDefinition",)},
    "register": _TAKE_DEFINITION,
    "init": {On.ANYTHING: ("ecs:DescribeTaskDefinition",)},
    "revisions": {On.ANYTHING: ("ecs:DescribeTaskDefinition", "ecs:ListTaskDefinitions")},
    "prune": {
        On.ANYTHING: (
            "ecs:DeregisterTaskDefinition",
            "ecs:DescribeTaskDefinition",
            "ecs:ListTaskDefinitions",
        ),
        On.FAMILY: ("ecs:DeleteTaskDefinitions",),
    },
    "verify": {
        On.ANYTHING: ("ecr:GetAuthorizationToken", "ecs:DescribeTaskDefinition", "logs:DescribeLogGroups"),
        On.REPOSITORY: ("ecr:BatchGetImage", "ecr:DescribeImages", "ecr:GetDownloadUrlForLayer"),
        On.ROLES: ("iam:GetRole", "iam:SimulatePrincipalPolicy"),
        On.SECRETS: ("secretsmanager:DescribeSecret",),
        On.PARAMETERS: ("ssm:GetParameters",),
        On.AMI: ("ssm:GetParameter",),
        On.MODEL: (),
        On.CLUSTER: ("ecs:DescribeClusters", "ecs:ListContainerInstances"),
        On.INSTANCES: ("ecs:DescribeContainerInstances",),
    },
    "run-task": {
        **_TAKE_DEFINITION,
        On.RUN: ("ecs:RunTask",),
        On.CLUSTER: ("ecs:DescribeClusters", "ecs:ListContainerInstances"),
        On.INSTANCES: ("ecs:DescribeContainerInstances",),
        On.TASKS: ("ecs:DescribeTasks", "ecs:StopTask"),
        On.TASK_TAGS: ("ecs:TagResource",),
        On.LOG_STREAM: ("logs:GetLogEvents",),
    },
    "deploy-service": {
        **_TAKE_DEFINITION,
        On.SERVICES: ("ecs:CreateService", "ecs:DescribeServices", "ecs:UpdateService"),
        On.SERVICE_TAGS: ("ecs:TagResource",),
        On.IN_CLUSTER: ("ecs:ListTasks",),
        On.TASKS: ("ecs:DescribeTasks",),
    },
    "scale": {
        On.SERVICES: ("ecs:DescribeServices", "ecs:UpdateService"),
        On.ANYTHING: (
            "application-autoscaling:DescribeScalableTargets",
            "application-autoscaling:DescribeScalingPolicies",
        ),
        On.TARGETS: _SCALING,
        On.ALARMS: ("cloudwatch:DeleteAlarms", "cloudwatch:DescribeAlarms", "cloudwatch:PutMetricAlarm"),
        On.SCALING_ROLE: ("iam:CreateServiceLinkedRole",),
    },
    "status": {
        On.IN_CLUSTER: ("ecs:ListServices", "ecs:ListTasks"),
        On.SERVICES: ("ecs:DescribeServices",),
        On.TASKS: ("ecs:DescribeTasks",),
    },
    "logs": {
        On.ANYTHING: ("ecs:DescribeTaskDefinition",),
        On.IN_CLUSTER: ("ecs:ListTasks",),
        On.TASKS: ("ecs:DescribeTasks",),
        On.LOG_GROUP: ("logs:FilterLogEvents",),
        On.LOG_STREAM: ("logs:GetLogEvents",),
    },
    "stop": {
        On.SERVICES: ("ecs:DescribeServices", "ecs:UpdateService"),
        On.IN_CLUSTER: ("ecs:ListTasks",),
        On.TASKS: ("ecs:DescribeTasks", "ecs:StopTask"),
    },
    "ami": {On.AMI: ("ssm:GetParameter",)},
    "run-local": {On.ANYTHING: ("ecs:DescribeTaskDefinition",)},
}

NO_RESOURCE: Mapping[str, str] = {
    "application-autoscaling:DescribeScalableTargets": "has no resource type",
    "application-autoscaling:DescribeScalingPolicies": "has no resource type",
    "ec2:DescribeTags": "has no resource type",
    "ecr:GetAuthorizationToken": "has no resource type: the token is for the registry",
    "ecs:DeregisterTaskDefinition": "has no resource type",
    "ecs:DescribeTaskDefinition": "has no resource type",
    "ecs:DiscoverPollEndpoint": "has no resource type",
    "ecs:ListServices": "has no resource type; the condition ecs:cluster bounds it",
    "ecs:ListTaskDefinitions": "has no resource type",
    "ecs:ListTasks": "its resource type is a container instance, and a list by service or family names none; "
    "the condition ecs:cluster bounds it, as in AWS's own example",
    "logs:DescribeLogGroups": "has no resource type",
    "ssmmessages:CreateControlChannel": "has no resource type",
    "ssmmessages:CreateDataChannel": "has no resource type",
    "ssmmessages:OpenControlChannel": "has no resource type",
    "ssmmessages:OpenDataChannel": "has no resource type",
}
