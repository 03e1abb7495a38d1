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
    EVERYWHERE = "SeeWhoUsesATaskDefinition"
    FAMILY = "TaskDefinitionsOfTheFamily"
    RUN = "RunTheFamilyInTheCluster"
    CLUSTER = "LookAtTheCluster"
    INSTANCES = "LookAtContainerInstances"
    TASKS = "TasksOfTheCluster"
    TASK_TAGS = "TagTasksWhenTheyStart"
    SEEN = "LookAtServicesOfTheCluster"
    SERVICES = "TheServices"
    REVISIONS = "RevisionsOfTheServices"
    PASS = "PassTheTasksRoles"  # noqa: S105  roles, no passwords
    ROLES = "LookAtTheTasksRoles"
    LOG_STREAM = "TheLog"
    REPOSITORY = "LookAtTheImage"
    MODEL = "Model"  # its statements are those of the task role
    SECRETS = "LookAtSecretsNotTheirValues"
    JSON_KEYS = "ReadSecretsOfWhichAJsonKeyIsNamed"
    PARAMETERS = "LookAtParameters"
    AMI = "FindTheNeuronAmi"
    TARGETS = "ScaleTheServices"
    ALARMS = "AlarmsOfTargetTracking"
    ALL_ALARMS = "FindAlarms"
    SCALING_ROLE = "MakeTheRoleOfAutoScalingOnce"


Rights = Mapping[On, tuple[str, ...]]

_FETCH: Rights = {On.ANYTHING: ("ecs:DescribeTaskDefinition", "ecs:ListTaskDefinitions")}
_REGISTER: Rights = {
    **_FETCH,
    On.FAMILY: ("ecs:RegisterTaskDefinition", "ecs:TagResource", "ecs:UntagResource"),
    On.PASS: ("iam:PassRole",),
}
_USERS: Rights = {
    On.ANYTHING: ("ecs:ListClusters", "ecs:ListServices", "ecs:ListTaskDefinitions", "ecs:ListTasks"),
    On.EVERYWHERE: ("ecs:DescribeServices", "ecs:DescribeTasks"),
}
_CAPACITY: Rights = {
    On.CLUSTER: ("ecs:DescribeClusters", "ecs:ListContainerInstances"),
    On.INSTANCES: ("ecs:DescribeContainerInstances",),
    On.IN_CLUSTER: ("ecs:ListTasks",),
}
_WATCH: Rights = {
    On.IN_CLUSTER: ("ecs:ListTasks",),
    On.TASKS: ("ecs:DescribeTasks",),
}
_HOSTS = ("ec2:DescribeInstances", *_FETCH[On.ANYTHING])

RIGHTS: Mapping[str, Rights] = {
    "render": {On.MODEL: ()},
    "validate": {},
    "diff": _FETCH,
    "register": _REGISTER,
    "init": {**_FETCH, On.SERVICES: ("ecs:DescribeServices",)},
    "revisions": {**_USERS, On.ANYTHING: (*_USERS[On.ANYTHING], "ecs:DescribeTaskDefinition")},
    "prune": {
        **_USERS,
        On.ANYTHING: (*_USERS[On.ANYTHING], "ecs:DeregisterTaskDefinition"),
        On.FAMILY: ("ecs:DeleteTaskDefinitions",),
    },
    "verify": {
        **_CAPACITY,
        On.ANYTHING: (*_FETCH[On.ANYTHING], "logs:DescribeLogGroups"),
        On.REPOSITORY: ("ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"),
        On.ROLES: ("iam:GetRole", "iam:SimulatePrincipalPolicy"),
        On.SECRETS: ("secretsmanager:DescribeSecret",),
        On.JSON_KEYS: ("secretsmanager:GetSecretValue",),
        On.PARAMETERS: ("ssm:GetParameters",),
        On.AMI: ("ssm:GetParameter",),
        On.MODEL: (),
        On.TASKS: ("ecs:DescribeTasks",),
        On.SERVICES: ("ecs:DescribeServices",),
    },
    "run-task": {
        **_REGISTER,
        **_CAPACITY,
        On.ANYTHING: _HOSTS,
        On.RUN: ("ecs:RunTask",),
        On.TASKS: ("ecs:DescribeTasks", "ecs:StopTask"),
        On.TASK_TAGS: ("ecs:TagResource",),
        On.LOG_STREAM: ("logs:GetLogEvents",),
    },
    "deploy-service": {
        **_REGISTER,
        **_CAPACITY,
        **_WATCH,
        On.SERVICES: (
            "ecs:CreateService",
            "ecs:DescribeServices",
            "ecs:ListServiceDeployments",
            "ecs:TagResource",
            "ecs:UpdateService",
        ),
        On.REVISIONS: ("ecs:DescribeServiceRevisions",),
    },
    "scale": {
        **_WATCH,
        On.SERVICES: ("ecs:DescribeServices", "ecs:UpdateService"),
        On.ANYTHING: (
            "application-autoscaling:DescribeScalableTargets",
            "application-autoscaling:DescribeScalingPolicies",
            "ecs:DescribeTaskDefinition",
        ),
        On.TARGETS: (
            "application-autoscaling:DeregisterScalableTarget",
            "application-autoscaling:PutScalingPolicy",
            "application-autoscaling:RegisterScalableTarget",
        ),
        On.ALARMS: ("cloudwatch:DeleteAlarms", "cloudwatch:PutMetricAlarm"),
        On.ALL_ALARMS: ("cloudwatch:DescribeAlarms",),
        On.SCALING_ROLE: ("iam:CreateServiceLinkedRole",),
    },
    "status": {
        **_CAPACITY,
        On.ANYTHING: _HOSTS,
        On.IN_CLUSTER: ("ecs:ListServices", "ecs:ListTasks"),
        On.SEEN: ("ecs:DescribeServices",),
        On.TASKS: ("ecs:DescribeTasks",),
    },
    "logs": {
        **_FETCH,
        On.IN_CLUSTER: ("ecs:ListTasks",),
        On.TASKS: ("ecs:DescribeTasks",),
        On.LOG_STREAM: ("logs:GetLogEvents",),
    },
    "stop": {
        On.ANYTHING: _HOSTS,
        On.INSTANCES: ("ecs:DescribeContainerInstances",),
        On.IN_CLUSTER: ("ecs:ListTasks",),
        On.TASKS: ("ecs:DescribeTasks", "ecs:StopTask"),
    },
    "ami": {On.AMI: ("ssm:GetParameters",)},
    "run-local": _FETCH,
}

NO_RESOURCE: Mapping[str, str] = {
    "application-autoscaling:DescribeScalableTargets": "has no resource type",
    "application-autoscaling:DescribeScalingPolicies": "has no resource type",
    "ec2:DescribeInstances": "has no resource type",
    "ec2:DescribeTags": "has no resource type",
    "ecr:GetAuthorizationToken": "has no resource type: the token is for the registry",
    "ecs:DeregisterTaskDefinition": "has no resource type",
    "ecs:DescribeTaskDefinition": "has no resource type",
    "ecs:DiscoverPollEndpoint": "has no resource type",
    "ecs:ListClusters": "has no resource type",
    "ecs:ListServices": "has no resource type; the condition ecs:cluster bounds it for one cluster",
    "ecs:ListTaskDefinitions": "has no resource type",
    "ecs:ListTasks": "its resource type is a container instance, and a list by service or family names none; "
    "the condition ecs:cluster bounds it where one cluster is meant, as in AWS's own example",
    "logs:DescribeLogGroups": "has no resource type",
    "ssmmessages:CreateControlChannel": "has no resource type",
    "ssmmessages:CreateDataChannel": "has no resource type",
    "ssmmessages:OpenControlChannel": "has no resource type",
    "ssmmessages:OpenDataChannel": "has no resource type",
}
