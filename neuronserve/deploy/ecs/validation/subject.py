"""One task definition as the rules see it."""

from __future__ import annotations

import dataclasses
from typing import Any

from neuronserve.deploy.ecs.validation import chips
from neuronserve.deploy.ecs.validation.hosts import Hosts
from neuronserve.deploy.node import Node
from neuronserve.instances import InstanceType

_TASK_OF_NEURON = ("AWS_NEURON_", "NEURON_RT_", "NEURONCORE_")


@dataclasses.dataclass(frozen=True)
class Subject:
    """``root``: the whole request. ``hosts``: the instance types that it may be placed on."""

    root: Node
    containers: tuple[Node, ...]
    hosts: Hosts

    @classmethod
    def of(cls, request: Any, instance_type: InstanceType | None = None) -> Subject:
        root = Node(request)
        return cls(root, tuple(root.each("containerDefinitions")), Hosts.of(root, instance_type))

    @property
    def _compatibilities(self) -> list[str]:
        return self.root.at("requiresCompatibilities").texts

    @property
    def fargate(self) -> bool:
        return "FARGATE" in self._compatibilities

    @property
    def managed(self) -> bool:
        return "MANAGED_INSTANCES" in self._compatibilities

    @property
    def on_instances(self) -> bool:
        """It is made for instances of one's own: EC2 or EXTERNAL is named."""
        return bool({"EC2", "EXTERNAL"} & set(self._compatibilities))

    @property
    def network(self) -> str | None:
        """The network mode, with ECS's default filled in; None where it is known only later."""
        mode = self.root.at("networkMode")
        if mode.unknown:
            return None
        own = not (self.fargate or self.managed) or self.on_instances
        return mode.text or ("bridge" if own else "awsvpc")

    @property
    def neuron(self) -> bool:
        """It has to do with Neuron: it asks for chips, or names instances that have them."""
        return self.takes_chips or self.hosts.of_neuron or any(map(_speaks_of_neuron, self.containers))

    @property
    def takes_chips(self) -> bool:
        return any(map(takes_chips, self.containers))


def takes_chips(container: Node) -> bool:
    """The container is given chips, by path or by NeuronDevice."""
    return bool(chips.places(container)) or asks_for_all(container)


def asks_for_all(container: Node) -> bool:
    """It asks Managed Instances for all chips."""
    return any(need.at("type").text == "NeuronDevice" for need in container.each("resourceRequirements"))


def _speaks_of_neuron(container: Node) -> bool:
    return any((v.at("name").text or "").startswith(_TASK_OF_NEURON) for v in container.each("environment"))


def variables(container: Node) -> dict[str, Node]:
    """The places of the values of a container's environment, by name; the last one counts."""
    return {
        name: entry.at("value")
        for entry in container.each("environment")
        if (name := entry.at("name").text) is not None
    }
