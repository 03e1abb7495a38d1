"""Production variants: names, weights, counts, routing, and what is refused for Neuron's sake."""

from __future__ import annotations

from collections.abc import Iterator

from neuronserve.deploy.findings import Finding
from neuronserve.deploy.node import Node
from neuronserve.deploy.sagemaker.rules import hosting
from neuronserve.deploy.sagemaker.rules.subject import Subject

_PREFIX_AWARE = "PREFIX_AWARE"
_BY_PROMPT = {
    _PREFIX_AWARE: "it routes by the beginning of language models' prompts",
    "KV_AWARE": "it works with language models' containers alone, which keep a key-value cache",
}


def check(subject: Subject) -> Iterator[Finding]:
    seen: set[str] = set()
    weights: list[float] = []
    for variant in subject.variants():
        name = variant.at("VariantName")
        if name.text in seen:
            yield name.error("duplicate-variant", f"two variants are called {name.text!r}", "name them apart")
        seen.add(name.text or "")
        weight = variant.at("InitialVariantWeight").value
        weights.append(float(weight) if isinstance(weight, (int, float)) else 1.0)
        yield from _refused(variant)
        yield from _members(variant)
        yield from _scaling(variant)
        yield from _routing(variant.at("RoutingConfig"))
    if weights and not any(weights):
        yield subject.root.at("ProductionVariants").error(
            "no-weight", "all weights are 0: no variant would get a request", "give one of them a weight"
        )


def _refused(variant: Node) -> Iterator[Finding]:
    if variant.at("ServerlessConfig").given:
        yield variant.at("ServerlessConfig").error(
            "serverless", hosting.SERVERLESS, "use a real-time endpoint on Inf1, Inf2 or Trn1 instances"
        )
    if variant.at("AcceleratorType").given:
        yield variant.at("AcceleratorType").error(
            "elastic-inference", hosting.ELASTIC_INFERENCE, "choose an Inf1, Inf2 or Trn1 instance type"
        )
    if variant.at("AcceleratorPartitionLayouts").given:
        yield variant.at("AcceleratorPartitionLayouts").error(
            "gpu-partitions", "partitions are of NVIDIA GPUs", "leave them out"
        )


def _members(variant: Node) -> Iterator[Finding]:
    """What botocore calls optional, and a variant with instances of its own needs."""
    if not isinstance(variant.value, dict) or variant.at("ServerlessConfig").given:
        return
    if not (variant.at("InstanceType").given or variant.at("InstancePools").given):
        yield variant.error("no-instance-type", "a variant needs InstanceType", "add InstanceType")
    for member in ("ModelName", "InitialInstanceCount"):
        if not variant.at(member).given:
            yield variant.error("missing-member", f"a variant needs {member}", f"add {member}")


def _scaling(variant: Node) -> Iterator[Finding]:
    scaling = variant.at("ManagedInstanceScaling")
    least, most = scaling.at("MinInstanceCount").number, scaling.at("MaxInstanceCount").number
    count = variant.at("InitialInstanceCount").number
    if scaling.at("Status").text == "DISABLED":
        return
    if least is not None and most is not None and least > most:
        yield scaling.error(
            "scaling-bounds", f"the least, {least}, is more than the most, {most}", "swap them"
        )
    elif count is not None and (count < (least or 0) or count > (most or count)):
        yield variant.at("InitialInstanceCount").error(
            "scaling-bounds",
            f"{count} instances to begin with, outside of {least or 0} to {most}",
            "keep it within the bounds",
        )


def _routing(routing: Node) -> Iterator[Finding]:
    strategy = routing.at("RoutingStrategy")
    if why := _BY_PROMPT.get(strategy.text or ""):
        yield strategy.error("routing-by-prompt", why, "use LEAST_OUTSTANDING_REQUESTS or RANDOM")
    if routing.at("PrefixAwareRoutingConfig").given and strategy.text != _PREFIX_AWARE:
        yield routing.at("PrefixAwareRoutingConfig").error(
            "not-prefix-aware", f"it is for {_PREFIX_AWARE}", "leave it out"
        )
