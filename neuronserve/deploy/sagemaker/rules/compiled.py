"""Whether the chips of an instance can run what was compiled."""

from __future__ import annotations

from collections.abc import Iterator

from neuronserve.deploy.findings import Finding
from neuronserve.deploy.node import Node
from neuronserve.deploy.sagemaker.rules.subject import Built, Subject, chips


def check(subject: Subject) -> Iterator[Finding]:
    for variant in subject.variants():
        for built in subject.context.built.get(variant.at("ModelName").text or "", ()):
            yield from _fits(built, variant)


def _fits(built: Built, variant: Node) -> Iterator[Finding]:
    instance, place = chips(variant), variant.at("InstanceType")
    if built.uncompiled and instance is not None:
        names = ", ".join(repr(name) for name in built.uncompiled)
        yield place.warning(
            "uncompiled",
            f"{built.source}: model {names} holds no NeuronOp: it runs on the CPU, and the chips of "
            f"{instance.name} stay idle",
            "compile it with scripts/compile-model, or choose a type without Neuron chips",
        )
    if built.generation is None or place.text is None:
        return
    families = built.generation.families
    if instance is None:
        yield place.error(
            "compiled-for-chips",
            f"{built.source} was compiled for {families}, and {place.text[:40]} has no such chips",
            f"choose one of {families}",
        )
    elif instance.generation is not built.generation:
        yield place.error(
            "other-generation",
            f"{built.source} was compiled for {families} ({built.generation}), and {instance.name} has "
            f"{instance.generation}",
            f"choose {families}, or compile it for {instance.generation.families}",
        )
    elif built.cores > instance.all_cores:
        yield place.error(
            "too-few-cores",
            f"{built.source} was compiled for {built.cores} cores, and {instance.name} has "
            f"{instance.all_cores}",
            "choose a larger type, or compile it for fewer cores",
        )
