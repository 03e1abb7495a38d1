"""AWS as a test scripts it: botocore's real clients, whose requests never leave the process.

Answers are checked against botocore's own model, so that no test relies on something that ECS cannot say.
"""

from __future__ import annotations

import datetime as dt
import json

from botocore.awsrequest import AWSResponse
from botocore.validate import ParamValidator

from neuronserve.deploy import shapes
from neuronserve.deploy.aws import Aws

ACCOUNT = "arn:aws:ecs:us-east-1:123456789012"


class Says(Exception):
    """AWS answers with an error."""

    def __init__(self, code, message="", status=400):
        super().__init__(message)
        self.code, self.status = code, status


class Denied(Says):
    def __init__(self):
        super().__init__("AccessDeniedException", "not authorized")


class Scripted:
    """``answers[operation]``: a dict, a Says, a function of the parameters, or a list to take in turn.

    The last of a list stays. ``calls`` has each call's operation and parameters.
    """

    def __init__(self, **answers):
        self.answers = answers
        self.calls = []
        self.aws = Aws(region="us-east-1")
        self.aws.session.events.register("before-send.*", self._answer)

    def asked(self, operation):
        return [params for name, params in self.calls if name == operation]

    def _answer(self, request, event_name, **_):
        service, operation = event_name.split(".")[1:]
        params = json.loads(request.body)
        self.calls.append((operation, params))
        try:
            answer = self._say(operation, params)
        except Says as said:
            return _response(request, {"__type": said.code, "message": str(said)}, said.status)
        shape = shapes.operation_model(MODELS.get(service, service), operation).output_shape
        report = ParamValidator().validate(answer, shape)
        assert not report.has_errors(), report.generate_report()
        return _response(request, answer, 200)

    def _say(self, operation, params):
        assert operation in self.answers, f"nobody said what {operation} answers"
        answer = self.answers[operation]
        if isinstance(answer, list):
            answer = answer.pop(0) if len(answer) > 1 else answer[0]
        if isinstance(answer, BaseException):
            raise answer
        return answer(params) if callable(answer) else answer


MODELS = {"cloudwatch-logs": "logs"}


def _response(request, answer, status):
    body = json.dumps(answer, default=lambda when: when.timestamp()).encode()
    response = AWSResponse(request.url, status, {"Content-Type": "application/x-amz-json-1.1"}, None)
    response._content = body
    return response


def task(name, status="RUNNING", *, definition="served:1", containers=None, on="host", **more):
    """A task as DescribeTasks has it."""
    found = {
        "taskArn": f"{ACCOUNT}:task/c/{name}",
        "taskDefinitionArn": f"{ACCOUNT}:task-definition/{definition}",
        "clusterArn": f"{ACCOUNT}:cluster/c",
        "group": f"family:{definition.partition(':')[0]}",
        "lastStatus": status,
        "containers": [{"name": "neuronserve"}] if containers is None else containers,
        **more,
    }
    return found | ({"containerInstanceArn": f"{ACCOUNT}:container-instance/c/{on}"} if on else {})


def ended(name, code=0, **more):
    """A task that ran and stopped with an exit code."""
    return task(
        name,
        "STOPPED",
        containers=[{"name": "neuronserve", "exitCode": code}],
        startedAt=at(10),
        stopCode="EssentialContainerExited",
        stoppedReason="Essential container in task exited",
        **more,
    )


def at(second):
    return dt.datetime(2026, 1, 31, 12, 0, tzinfo=dt.UTC) + dt.timedelta(seconds=second)


def instance(name="host", *, kind="inf1.6xlarge", cpu=4096, memory=40000, ports=(), **more):
    """A container instance as DescribeContainerInstances has it; ``ports`` are taken."""
    registered = [
        {"name": "CPU", "type": "INTEGER", "integerValue": 4096},
        {"name": "MEMORY", "type": "INTEGER", "integerValue": 40000},
        {"name": "PORTS", "type": "STRINGSET", "stringSetValue": ["22"]},
    ]
    remaining = [
        {"name": "CPU", "type": "INTEGER", "integerValue": cpu},
        {"name": "MEMORY", "type": "INTEGER", "integerValue": memory},
        {"name": "PORTS", "type": "STRINGSET", "stringSetValue": ["22", *map(str, ports)]},
    ]
    return {
        "containerInstanceArn": f"{ACCOUNT}:container-instance/c/{name}",
        "ec2InstanceId": f"i-{name}",
        "status": "ACTIVE",
        "agentConnected": True,
        "registeredResources": registered,
        "remainingResources": remaining,
        "attributes": [{"name": "ecs.instance-type", "value": kind}],
        **more,
    }


def definition(family="served", *, chips=(0,), port=8080, health=True, mode="bridge", **more):
    """A task definition's request."""
    container = {
        "name": "neuronserve",
        "image": "registry/neuronserve:1",
        "essential": True,
        "cpu": 1024,
        "memory": 8000,
        "portMappings": [{"containerPort": 8080, "hostPort": port, "protocol": "tcp"}],
        "linuxParameters": {"devices": [{"hostPath": f"/dev/neuron{chip}"} for chip in chips]},
        **({"healthCheck": {"command": ["CMD", "true"]}} if health else {}),
        **more,
    }
    return {"family": family, "networkMode": mode, "containerDefinitions": [container]}


def described(request, revision=1):
    """A definition as DescribeTaskDefinition has it."""
    arn = f"{ACCOUNT}:task-definition/{request['family']}:{revision}"
    return {"taskDefinition": {**request, "taskDefinitionArn": arn, "revision": revision, "status": "ACTIVE"}}


def cluster(*instances, tasks=(), **more):
    """Answers about a cluster with these instances and nothing else; ``more`` answers win."""
    return {
        "DescribeClusters": {"clusters": [{"clusterName": "c", "status": "ACTIVE"}]},
        "ListContainerInstances": lambda params: {
            "containerInstanceArns": [
                item["containerInstanceArn"]
                for item in instances
                if params.get("status") in (None, item["status"])
            ]
        },
        "DescribeContainerInstances": {"containerInstances": list(instances)},
        "ListTasks": {"taskArns": [item["taskArn"] for item in tasks]},
        "ListServices": {"serviceArns": []},
        "DescribeTasks": {"tasks": list(tasks)},
        "DescribeTaskDefinition": described(definition()),
        **more,
    }
