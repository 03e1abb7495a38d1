"""Generations of the NeuronCore, in AWS's own words. A compiled model runs on one generation only.

Source: AWS Neuron SDK documentation, "NeuronCore architecture". The driver's ``arch_type`` does not tell:
it is ``NDv3`` for Inf2 and for Trn2.
"""

from __future__ import annotations

from enum import StrEnum


class Generation(StrEnum):
    V1 = "NeuronCore-v1"
    V2 = "NeuronCore-v2"
    V3 = "NeuronCore-v3"

    @property
    def families(self) -> str:
        """The instance families that have it, for a person: ``Inf2/Trn1``."""
        return _FAMILIES[self]


_FAMILIES = {Generation.V1: "Inf1", Generation.V2: "Inf2/Trn1", Generation.V3: "Trn2"}
_NEO = {"ml_inf1": Generation.V1, "ml_inf2": Generation.V2, "ml_trn1": Generation.V2}


def of_neo_target(device: str) -> Generation | None:
    """What SageMaker Neo compiles for, by its TargetDevice; None: it has no NeuronCores."""
    return _NEO.get(device)
