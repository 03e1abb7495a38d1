"""Instance types: whether SageMaker hosts on them, where, and what each can have."""

from __future__ import annotations

from collections.abc import Iterator

from neuronserve.deploy.findings import Finding
from neuronserve.deploy.node import Node
from neuronserve.deploy.sagemaker.rules import hosting
from neuronserve.deploy.sagemaker.rules.subject import ML, Subject, chips, multi_model
from neuronserve.generation import Generation
from neuronserve.instances import InstanceType, catalogue


def check(subject: Subject) -> Iterator[Finding]:
    for variant in subject.variants():
        place, instance = variant.at("InstanceType"), chips(variant)
        if place.text is None:
            continue
        if instance is None:
            yield from _without_chips(place)
            continue
        if instance.sagemaker is None:
            yield place.error(
                "not-hosted",
                f"SageMaker has no endpoints on {instance.name}",
                f"it has {', '.join(_hosted(instance.family) or _hosted())}",
            )
        if instance.generation is Generation.V3:
            yield place.error("trn2", hosting.TRN2, "choose an Inf1, Inf2 or Trn1 type")
        yield from _where(place, instance, subject.context.region)
        yield from _disk(variant, instance, subject)
        yield from _ami(variant.at("InferenceAmiVersion"), instance)
        if multi_model(subject.model_of(variant)):
            yield place.warning(
                "multi-model-chips",
                "AWS documents multi-model endpoints for CPU and GPU instances, and none with Neuron chips",
                "try it with few models first; one endpoint may also serve several models of one archive",
            )


def _hosted(family: str = "") -> list[str]:
    return [
        one.sagemaker
        for one in catalogue().values()
        if one.sagemaker and one.generation is not Generation.V3 and (not family or one.family == family)
    ]


def _without_chips(place: Node) -> Iterator[Finding]:
    name = place.text or ""
    if not name.startswith(ML):
        yield place.error(
            "no-ml", f"{name[:40]!r}: SageMaker's types begin with ml.", f"write ml.{name[:40]}"
        )
    elif name.startswith("ml.eia"):
        yield place.error("elastic-inference", hosting.ELASTIC_INFERENCE, "choose an Inf1, Inf2 or Trn1 type")
    else:
        yield place.note(
            "no-chips",
            f"{name[:40]} has no Neuron chips: the model runs on its CPU",
            "choose an Inf1, Inf2 or Trn1 type for a compiled model",
        )


def _where(place: Node, instance: InstanceType, region: str | None) -> Iterator[Finding]:
    if region and region not in instance.regions:
        yield place.warning(
            "not-in-region",
            f"EC2 is not known to offer {instance.name} in {region}",
            f"it does in {', '.join(instance.regions[:6])}{', ...' if len(instance.regions) > 6 else ''}",
        )


def _disk(variant: Node, instance: InstanceType, subject: Subject) -> Iterator[Finding]:
    if instance.family not in hosting.LOCAL_DISK:
        return
    if variant.at("VolumeSizeInGB").given:
        yield variant.at("VolumeSizeInGB").error(
            "volume-on-local-disk",
            f"{instance.name} has NVMe disks of its own, and SageMaker attaches no volume to it",
            "leave VolumeSizeInGB out",
        )
    if subject.root.at("KmsKeyId").given:
        yield subject.root.at("KmsKeyId").warning(
            "kms-on-local-disk",
            f"the key does not encrypt the NVMe disks of {instance.name}: its own hardware does",
            "leave KmsKeyId out",
        )


def _ami(place: Node, instance: InstanceType) -> Iterator[Finding]:
    if place.text is None:
        return
    families = hosting.AMIS.get(place.text, frozenset())
    if instance.family not in families:
        fitting = [name for name, families in hosting.AMIS.items() if instance.family in families]
        yield place.error(
            "ami-family",
            f"{place.text[:60]} is not for {instance.name}",
            f"use {fitting[0]}" if fitting else "leave it out: SageMaker has one for it by default",
        )
