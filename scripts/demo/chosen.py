"""What is served: the model trained for CPUs, or a compiled sample for a simulated Neuron host."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path

from demo import compiled as sample
from demo import model
from demo.failure import DemoError
from neuronserve import environment
from neuronserve.generation import Generation
from neuronserve.instances import catalogue


@dataclasses.dataclass(frozen=True)
class Sample:
    """``archive`` is a model.tar.gz, ``settings`` what it needs, ``hard``: indices of held-out digits."""

    archive: Path
    about: str
    settings: Mapping[str, str]
    hard: tuple[int, ...] = ()


def trained(folder: Path) -> Sample:
    """Raises DemoError when the training fails."""
    made = model.trained(folder)
    when = "trained before" if made.cached else "trained now"
    about = f"The model ({when}) is right on {made.accuracy:.1%} of the held-out digits."
    return Sample(made.archive, about, {"MODEL_SERVER": "cpu"}, made.hard)


def compiled(folder: Path, instance_type: str) -> Sample:
    """Raises DemoError for a type that is none, or that TensorFlow does not run on."""
    try:
        kind = catalogue()[environment.instance_type(instance_type)]
    except environment.Fault as expected:
        raise DemoError(f"--simulate {instance_type}: expected {expected}") from None
    if kind.generation is Generation.V3:
        raise DemoError(f"--simulate {instance_type}: TensorFlow was never supported on Trn2")
    folder.mkdir(parents=True, exist_ok=True)
    about = (
        f"A digit classifier in the form of a model compiled for {kind.generation.families}, for a SIMULATED "
        f"{kind.name} with {kind.chips} x {kind.cores} NeuronCores. Nothing of it runs on Neuron hardware."
    )
    return Sample(sample.archive(folder, kind.generation), about, {"SERVE_SIMULATE": kind.name})
