"""What is to be verified: a task definition, and where it is to run."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
from collections.abc import Iterator, Mapping
from typing import Any

from botocore.exceptions import ClientError

from neuronserve.deploy.aws import Aws, code_of
from neuronserve.deploy.ecs import placement
from neuronserve.deploy.ecs.cluster import ContainerInstance
from neuronserve.deploy.ecs.placement import Demand
from neuronserve.deploy.node import Node
from neuronserve.deploy.policy import images
from neuronserve.deploy.policy.images import Repository
from neuronserve.errors import InvalidInput


@dataclasses.dataclass(frozen=True)
class Case:
    """``constraints``: those of RunTask or of the service, in AWS's shape. ``cluster`` None: not known."""

    aws: Aws
    request: Mapping[str, Any]
    cluster: str | None = None
    service: str | None = None
    constraints: tuple[Mapping[str, Any], ...] = ()

    @functools.cached_property
    def root(self) -> Node:
        return Node(dict(self.request))

    @property
    def family(self) -> str:
        return self.root.at("family").text or "task definition"

    @functools.cached_property
    def containers(self) -> tuple[Node, ...]:
        return tuple(self.root.each("containerDefinitions"))

    @property
    def execution_role(self) -> str | None:
        return self.root.at("executionRoleArn").text or None

    @property
    def task_role(self) -> str | None:
        return self.root.at("taskRoleArn").text or None

    @functools.cached_property
    def demand(self) -> Demand:
        """Raises InvalidInput for a constraint that cannot be read."""
        group = f"service:{self.service}" if self.service else None
        return Demand.of(self.request, self.constraints, group=group)

    @functools.cached_property
    def instances(self) -> tuple[ContainerInstance, ...]:
        """Of the cluster; none when there is no such cluster. Raises ClientError."""
        try:
            return placement.read(self.aws, self.cluster or "", self.demand)
        except ClientError as error:
            if code_of(error) == "ClusterNotFoundException":
                return ()
            raise

    @property
    def managed(self) -> bool:
        """ECS brings the instances: Managed Instances, or Fargate."""
        named = set(self.root.at("requiresCompatibilities").texts)
        return bool(named) and not named & {"EC2", "EXTERNAL"}

    def environments(self) -> list[dict[str, str]]:
        """The variables of each container."""
        return [
            {
                pair.at("name").text or "": pair.at("value").text or ""
                for pair in container.each("environment")
            }
            for container in self.containers
        ]

    def logs(self) -> Iterator[tuple[str, Mapping[str, str]]]:
        """The name and the options of each container that logs to CloudWatch."""
        for container in self.containers:
            found = container.at("logConfiguration")
            if found.at("logDriver").text == "awslogs":
                options = {name: node.text or "" for name, node in found.at("options").members()}
                yield container.at("name").text or "", options

    def repositories(self) -> dict[str, Repository]:
        """The images in private ECR repositories; what is no image's name is told by the check of images."""
        found = {}
        for container in self.containers:
            image = container.at("image").text
            with contextlib.suppress(InvalidInput):
                if image and (place := images.repository(image)):
                    found[image] = place
        return found

    def secrets(self) -> dict[str, str]:
        """What each secret is for -> the ARN, or parameter's name, that it is read from."""
        found = {}
        for container in self.containers:
            for path in ("secrets.*", "logConfiguration.secretOptions.*"):
                for secret in container.find(path):
                    if source := secret.at("valueFrom").text:
                        found[secret.at("name").text or source] = source
            if source := container.at("repositoryCredentials", "credentialsParameter").text:
                found["repositoryCredentials"] = source
        return found
