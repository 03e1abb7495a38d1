"""What is wrong with a request to SageMaker beyond its shape: documented rules, and Neuron sense.

``findings`` judges one request, whoever wrote it: its shape by botocore's model (``deploy/shapes.py``), then
the rules of its operation. Each rule is a function ``check(subject)``. An operation without rules of its own
is judged by its shape alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from neuronserve.deploy import shapes
from neuronserve.deploy.findings import Finding
from neuronserve.deploy.node import Node
from neuronserve.deploy.sagemaker.rules import (
    asynchronous,
    capture,
    compiled,
    containers,
    cores,
    environment,
    images,
    instances,
    network,
    roles,
    rollouts,
    shadows,
    tags,
    transforms,
    variants,
)
from neuronserve.deploy.sagemaker.rules.subject import Built, Context, Subject

__all__ = ["RULES", "Built", "Context", "findings"]

Rule = Callable[[Subject], Iterator[Finding]]

RULES: Mapping[str, tuple[Rule, ...]] = {
    "CreateModel": (
        containers.check, environment.check, images.check, roles.check, network.check, cores.check,
        tags.check,
    ),
    "CreateEndpointConfig": (
        variants.check, instances.check, compiled.check, asynchronous.check, capture.check, shadows.check,
        network.check, tags.check,
    ),
    "CreateEndpoint": (rollouts.check, tags.check),
    "UpdateEndpoint": (rollouts.check,),
    "CreateTransformJob": (transforms.check, tags.check),
}  # fmt: skip


def findings(operation: str, request: Any, context: Context | None = None) -> list[Finding]:
    """What is wrong with a request, in the order of the rules; never raises, whatever the request is."""
    subject = Subject(Node(request), context or Context())
    found = shapes.findings("sagemaker", operation, request)
    found += [finding for rule in RULES.get(operation, ()) for finding in rule(subject)]
    return list(dict.fromkeys(found))
