"""What ECS, its agent and docker say when a task stopped or never ran: what it means, and one thing to do.

The words are those of the ECS developer guide ("Stopped task errors") and of amazon-ecs-agent's errors;
docker's own text follows them. Patterns are tried in order, so that causes come before an error's name.
"""

from __future__ import annotations

import dataclasses
import re


@dataclasses.dataclass(frozen=True)
class Fault:
    pattern: re.Pattern[str]
    meaning: str
    fix: str


def _fault(pattern: str, meaning: str, fix: str) -> Fault:
    return Fault(re.compile(pattern, re.IGNORECASE | re.DOTALL), meaning, fix)


_PULL = (
    _fault(
        r"CannotPull.*(not found|manifest unknown|does not exist|RepositoryNotFound)",
        "the registry has no such image or tag",
        "push it, or correct the image: `scripts/task-definition verify` looks",
    ),
    _fault(
        r"CannotPull.*no matching manifest|CannotPull.*(platform|operating system)",
        "the image is not for this machine: Neuron instances are linux/amd64",
        "build the image for linux/amd64",
    ),
    _fault(
        r"CannotPull.*(toomanyrequests|rate limit|429)",
        "the registry throttles",
        "copy the image to Amazon ECR",
    ),
    _fault(
        r"CannotPull.*no space left",
        "the instance's disk is full",
        "give it a larger volume: the Neuron image needs 10 GiB and more",
    ),
    _fault(
        r"CannotPull.*(denied|authoriz|authentic|credentials|403|401|no basic auth)",
        "the registry refuses: the execution role (or the instance's) may not pull the image",
        "give the execution role the rights that `scripts/policy` prints",
    ),
    _fault(
        r"CannotPull.*(timeout|timed out|dial tcp|connection re|no route|no such host|network|TLS)",
        "the registry cannot be reached from the instance",
        "its subnet needs a NAT gateway, a public address, or VPC endpoints for ecr.api, ecr.dkr and s3",
    ),
    _fault(
        r"CannotPull|pull.*(image|container).*(fail|error)",
        "the image could not be pulled",
        "see docker's words above; `scripts/task-definition verify` looks at the image and the roles",
    ),
)
_SETUP = (
    _fault(
        r"/dev/neuron\d*.*no such|custom device|gathering device information",
        "the instance lacks a Neuron device that the task definition names, or its driver is not loaded",
        "use the definition of this instance type (`scripts/task-definition render --instance-type`) and"
        " ECS's Neuron AMI (`scripts/ecs ami`)",
    ),
    _fault(
        r"port is already allocated|address already in use|bind: ",
        "a port of the instance is taken by a program that ECS does not know",
        "stop that program, or render with another --host-port",
    ),
    _fault(
        r"exec format error",
        "the image's program is for another architecture",
        "build the image for linux/amd64",
    ),
    _fault(
        r"executable file not found|exec: .*(no such file|permission denied)",
        "the image does not have the command",
        "correct --command, or the definition's command or entryPoint",
    ),
    _fault(
        r"secretsmanager|secrets? manager|ssm|secret.*(fetch|retriev|pull)|(fetch|retriev|pull).*secret",
        "a secret could not be read by the execution role",
        "the secret must exist, and the execution role needs the rights that `scripts/policy` prints",
    ),
    _fault(
        r"log ?group|log ?stream|logging driver|awslogs|cloudwatch",
        "the container's log could not be opened",
        "create the log group (or set awslogs-create-group), and give the execution role logs:CreateLogStream"
        " and logs:PutLogEvents",
    ),
    _fault(
        r"environment ?file|envfile",
        "an environment file could not be read from S3",
        "give the execution role s3:GetObject on it",
    ),
    _fault(
        r"assume.*role|unable to (get|assume)|credentials.*(role|endpoint)",
        "a role of the task could not be assumed",
        "its trust policy must name ecs-tasks.amazonaws.com",
    ),
    _fault(
        r"network interface|\beni\b",
        "the task's network interface could not be attached",
        "the subnet needs free addresses and the instance a free interface; bridge mode needs neither",
    ),
    _fault(
        r"ResourceInitializationError",
        "what the task needs before it starts could not be set up",
        "see the words above; `scripts/task-definition verify` looks at roles, secrets and the log group",
    ),
)
_LIFE = (
    _fault(
        r"OutOfMemory",
        "the container used more than its memory limit and was killed",
        "render with a larger --memory, or fewer slots; the model's weights count too",
    ),
    _fault(
        r"DockerTimeoutError|ContainerRuntimeTimeoutError|CannotStop|CannotInspect|CannotList|DockerStateError",
        "docker on the instance does not answer in time",
        "the instance's disk or cpu is overloaded: look there, or replace it",
    ),
    _fault(
        r"CannotStartContainer|CannotCreateContainer|HostConfigError|ContainerRuntimeError",
        "docker could not make or start the container",
        "see docker's words above; `scripts/task-definition validate` knows the usual causes",
    ),
    _fault(
        r"failed container health checks",
        "the health check failed `retries` times: the model did not load in time, or the server broke",
        "see the log (`scripts/ecs logs`); slow loads need a larger --load-seconds",
    ),
    _fault(
        r"failed ELB health checks",
        "the load balancer found the task unhealthy and its service stopped it",
        "its path must be /ping, and the service's grace period longer than the model's load",
    ),
    _fault(
        r"spot",
        "EC2 took the Spot instance back",
        "run it again, or use a capacity provider of On-Demand instances",
    ),
    _fault(
        r"(host|instance).*(terminated|stopped|deregistered|unresponsive)|InfrastructureHealth",
        "the instance went away, and the task with it",
        "run it again; see the Auto Scaling group's activities for why",
    ),
    _fault(
        r"scaling activity|deployment|replaced",
        "its service stopped it, to scale or to deploy",
        "nothing: `scripts/ecs status` shows the service",
    ),
)
TABLE = (*_PULL, *_SETUP, *_LIFE)


def explain(said: str) -> list[str]:
    """A line with meaning and fix; none for words that speak for themselves, or that nobody knows."""
    for fault in TABLE:
        if fault.pattern.search(said):
            return [f"that is: {fault.meaning}; {fault.fix}"]
    return []
