"""Definitions of the kinds that people have in their repositories: nothing is to be said of right ones."""

from __future__ import annotations

import pytest

from tests.deploying.task_definitions import told

ROLE = "arn:aws:iam::123456789012:role/service-role/execution"
LOGS = {
    "logDriver": "awslogs",
    "options": {"awslogs-group": "/ecs/web", "awslogs-region": "eu-west-1", "awslogs-stream-prefix": "ecs"},
}
WEB = {"name": "web", "image": "nginx:1.27", "essential": True}
FARGATE = {
    "networkMode": "awsvpc",
    "requiresCompatibilities": ["FARGATE"],
    "cpu": "1 vCPU",
    "memory": "2GB",
    "executionRoleArn": ROLE,
}

MESH = {
    "family": "mesh",
    **FARGATE,
    "ephemeralStorage": {"sizeInGiB": 25},
    "proxyConfiguration": {
        "type": "APPMESH",
        "containerName": "envoy",
        "properties": [{"name": "IgnoredUID", "value": "1337"}, {"name": "IgnoredGID", "value": ""}],
    },
    "containerDefinitions": [
        {**WEB, "dependsOn": [{"containerName": "envoy", "condition": "HEALTHY"}], "logConfiguration": LOGS},
        {
            "name": "envoy",
            "image": "public.ecr.aws/appmesh/aws-appmesh-envoy:v1.29.9.0-prod",
            "user": "1337",
            "healthCheck": {
                "command": ["CMD-SHELL", "curl -s http://localhost:9901/server_info | grep -q LIVE"],
                "interval": 5,
                "timeout": 2,
                "startPeriod": 10,
            },
        },
    ],
}

SIDECARS = {
    "family": "sidecars",
    **FARGATE,
    "containerDefinitions": [
        {
            **WEB,
            "command": ["java", "-jar", "web.jar", "--port=8080"],
            "portMappings": [
                {"containerPort": 8080, "name": "web", "appProtocol": "http2"},
                {"containerPort": 9090},
            ],
            "healthCheck": {"command": ["CMD-SHELL", "curl -f http://localhost:9090/health || exit 1"]},
            "dependsOn": [{"containerName": "migrate", "condition": "SUCCESS"}],
            "logConfiguration": {"logDriver": "awsfirelens", "options": {"Name": "cloudwatch"}},
            "restartPolicy": {"enabled": True, "ignoredExitCodes": [0], "restartAttemptPeriod": 180},
        },
        {"name": "migrate", "image": "web:1", "essential": False, "command": ["migrate"]},
        {
            "name": "log_router",
            "image": "public.ecr.aws/aws-observability/aws-for-fluent-bit:2.32.0",
            "firelensConfiguration": {"type": "fluentbit", "options": {"enable-ecs-log-metadata": "true"}},
            "memoryReservation": 50,
        },
    ],
}

DAEMON = {
    "family": "agent",
    "networkMode": "host",
    "pidMode": "host",
    "containerDefinitions": [
        {
            "name": "agent",
            "image": "public.ecr.aws/datadog/agent:7",
            "memory": 512,
            "portMappings": [
                {"hostPort": 8125, "containerPort": 8125, "protocol": "udp"},
                {"hostPort": 8126, "containerPort": 8126, "protocol": "tcp"},
            ],
            "mountPoints": [{"sourceVolume": "proc", "containerPath": "/host/proc", "readOnly": True}],
            "linuxParameters": {"capabilities": {"add": ["SYS_ADMIN", "SYS_PTRACE"]}},
        }
    ],
    "volumes": [{"name": "proc", "host": {"sourcePath": "/proc/"}}],
}

GPU = {
    "family": "gpu",
    "requiresCompatibilities": ["EC2"],
    "placementConstraints": [{"type": "memberOf", "expression": "attribute:ecs.instance-type=~g4dn.*"}],
    "containerDefinitions": [
        {
            **WEB,
            "memory": 8000,
            "resourceRequirements": [{"type": "GPU", "value": "1"}],
            "command": ["vllm", "serve", "--port", "8000"],
            "portMappings": [{"containerPort": 8080, "hostPort": 0}],
        }
    ],
}

WINDOWS = {
    "family": "iis",
    **FARGATE,
    "runtimePlatform": {"operatingSystemFamily": "WINDOWS_SERVER_2022_CORE"},
    "containerDefinitions": [
        {
            "name": "iis",
            "image": "mcr.microsoft.com/windows/servercore/iis:windowsservercore-ltsc2022",
            "entryPoint": ["powershell", "-Command"],
            "command": ["C:\\ServiceMonitor.exe w3svc"],
            "portMappings": [{"containerPort": 80, "hostPort": 80}],
            "logConfiguration": LOGS,
        }
    ],
}


@pytest.mark.parametrize(
    "definition", [MESH, SIDECARS, DAEMON, GPU, WINDOWS], ids=lambda definition: definition["family"]
)
def test_a_right_definition_of_another_world_has_no_finding(definition):
    assert told(definition) == {}
