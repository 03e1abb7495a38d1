"""Generations of the NeuronCore, in AWS's own words. A compiled model runs on one generation only.

Source: AWS Neuron SDK documentation, "NeuronCore architecture"; the driver's ``arch_type`` is ``NDv1|2|3``.
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
