"""What is wrong with a task definition, whoever wrote it: its shape, ECS's rules, and Neuron sense.

Each rule is a module with ``check(subject)``: ``documented/`` has ECS's, ``neuron/`` the sense it makes
there, and ``RULES`` all. ``findings`` judges one request, ``across`` several that may share an instance.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from neuronserve.deploy.ecs.validation import templates
from neuronserve.deploy.ecs.validation.across import findings as across
from neuronserve.deploy.ecs.validation.documented import (
    credentials,
    dependencies,
    environment,
    fargate,
    healthcheck,
    image,
    limits,
    linux,
    logs,
    names,
    ports,
    roles,
    shape,
    sizes,
    tags,
    volumes,
)
from neuronserve.deploy.ecs.validation.neuron import (
    absent,
    capacity,
    devices,
    managed,
    ours,
    patience,
    placement,
    platform,
    serving,
    sharing,
    variables,
)
from neuronserve.deploy.ecs.validation.subject import Subject
from neuronserve.deploy.findings import Finding
from neuronserve.instances import InstanceType

__all__ = ["RULES", "across", "findings"]

Rule = Callable[[Subject], Iterator[Finding]]

RULES: tuple[Rule, ...] = (
    shape.check,
    names.check,
    limits.check,
    tags.check,
    sizes.check,
    ports.check,
    healthcheck.check,
    dependencies.check,
    volumes.check,
    environment.check,
    credentials.check,
    logs.check,
    roles.check,
    linux.check,
    image.check,
    fargate.check,
    placement.check,
    capacity.check,
    absent.check,
    devices.check,
    sharing.check,
    managed.check,
    platform.check,
    variables.check,
    serving.check,
    ours.check,
    patience.check,
)


def findings(request: Any, instance_type: InstanceType | None = None) -> list[Finding]:
    """What is wrong with a RegisterTaskDefinition request, in the order of the rules; never raises.

    ``instance_type``: what it will run on, where its placement constraints do not say.
    """
    request, found = templates.filled_in(request)
    subject = Subject.of(request, instance_type)
    found += [finding for rule in RULES for finding in rule(subject)]
    return list(dict.fromkeys(found))
