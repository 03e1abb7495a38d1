"""A request to SageMaker as the rules see it, and what is known beside it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any

from neuronserve.deploy.node import Node
from neuronserve.generation import Generation
from neuronserve.instances import InstanceType, catalogue

ML = "ml."


@dataclasses.dataclass(frozen=True)
class Built:
    """What is known of a model's artefact: ``cores`` that one copy takes, 0: unknown, or it needs none.

    ``uncompiled``: its models that were looked into and hold no NeuronOp.
    """

    generation: Generation | None = None
    cores: int = 0
    source: str = "the model"
    uncompiled: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class Context:
    """What a request does not say itself; all of it may be unknown.

    ``models``: CreateModel requests by name, for an endpoint configuration. ``config``: the
    CreateEndpointConfig request, for an endpoint. ``built``: artefacts by the name of the model.
    ``variants``: the names of those that run now, when an endpoint is updated. ``instances``: how many of
    each variant run, where auto scaling changed it.
    """

    region: str | None = None
    models: Mapping[str, Mapping[str, Any]] = dataclasses.field(default_factory=dict)
    config: Mapping[str, Any] | None = None
    built: Mapping[str, tuple[Built, ...]] = dataclasses.field(default_factory=dict)
    variants: frozenset[str] = frozenset()
    instances: Mapping[str, int] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Subject:
    root: Node
    context: Context

    def containers(self) -> Iterator[Node]:
        """Of a CreateModel request, in order."""
        primary = self.root.at("PrimaryContainer")
        if primary.given:
            yield primary
        yield from self.root.each("Containers")

    def variants(self) -> Iterator[Node]:
        """Of a CreateEndpointConfig request; shadow variants too."""
        yield from self.root.each("ProductionVariants")
        yield from self.root.each("ShadowProductionVariants")

    def model_of(self, variant: Node) -> Node:
        """The CreateModel request behind a variant; nothing where it is not known."""
        return Node(self.context.models.get(variant.at("ModelName").text or "", {}))

    def models(self) -> Iterator[Node]:
        """The known CreateModel requests behind all variants."""
        for variant in self.variants():
            yield self.model_of(variant)


def chips(variant: Node) -> InstanceType | None:
    """The type with Neuron chips that a variant runs on; None for any other."""
    return neuron_type(variant.at("InstanceType").text or "")


def neuron_type(name: str) -> InstanceType | None:
    """``ml.inf2.xlarge`` -> the catalogue's entry; None for a type without Neuron chips."""
    return catalogue().get(name.removeprefix(ML)) if name.startswith(ML) else None


def multi_model(model: Node) -> bool:
    return model.at("PrimaryContainer", "Mode").text == "MultiModel" or any(
        one.at("Mode").text == "MultiModel" for one in model.each("Containers")
    )


def direct(model: Node) -> bool:
    return model.at("InferenceExecutionConfig", "Mode").text == "Direct"


def variables(container: Node) -> dict[str, Node]:
    """The places of the values of a container's environment, by name."""
    return dict(container.at("Environment").members())
