"""Whether a compiled model can run on the cores that a task gets."""

from __future__ import annotations

from collections.abc import Mapping

from neuronserve.compiled import Compiled
from neuronserve.deploy.ecs.rendering.shares import shares
from neuronserve.deploy.ecs.rendering.spec import TaskSpec
from neuronserve.errors import NotEnoughCores, WrongGeneration
from neuronserve.generation import Generation
from neuronserve.instances import InstanceType

Models = Mapping[str, tuple[Compiled, ...]]


def check(models: Models, spec: TaskSpec) -> list[str]:
    """What a person should know of it. Raises WrongGeneration or NotEnoughCores for what cannot run.

    A copy of a model must fit into the smallest of the tasks; the container needs no more than that.
    """
    notes = []
    cores = min(share.chips for share in shares(spec)) * spec.instance_type.cores
    for name, versions in models.items():
        compiled = [one for one in versions if one.neuron]
        if not compiled:
            notes.append(f"model {name!r} holds no NeuronOp: it runs on the CPU, and the chips stay idle")
        for one in compiled:
            _must_be_for(one, name, spec.instance_type)
            _must_have_room(one, name, spec, cores)
        if any(one.generation is None for one in compiled):
            notes.append(
                f"model {name!r} does not tell for which generation it was compiled; "
                f"{spec.instance_type.name} has {spec.instance_type.generation}"
            )
    return notes


def _must_be_for(one: Compiled, name: str, instance: InstanceType) -> None:
    if instance.generation is Generation.V3:
        raise WrongGeneration(
            f"{instance.name} has Trn2 chips, on which TensorFlow was never supported",
            hint="choose an Inf1 type for models compiled for Inf1, Inf2 or Trn1 for the others",
        )
    if one.generation and one.generation is not instance.generation:
        raise WrongGeneration(
            f"model {name!r}, version {one.version}, was compiled for {one.generation.families} "
            f"({one.generation}), and {instance.name} has {instance.generation}",
            hint=f"choose {one.generation.families}, or compile it for {instance.generation.families}",
        )


def _must_have_room(one: Compiled, name: str, spec: TaskSpec, cores: int) -> None:
    if one.cores > cores:
        part = f"a slot of {spec.instance_type.name}" if spec.slots > 1 else spec.instance_type.name
        raise NotEnoughCores(
            f"model {name!r}, version {one.version}, was compiled for {one.cores} cores; {part} has {cores}",
            hint="use fewer slots, a larger type, or compile it for fewer cores",
        )
