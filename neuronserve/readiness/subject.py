"""What is examined: the versions of models that one server serves, and what their signatures are."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

from neuronserve.compiled import Compiled, SignatureBatch
from neuronserve.modelserver import calls
from neuronserve.modelserver.client import METADATA
from neuronserve.payload import Signature, Signatures
from neuronserve.payload.batches import relaxed


@dataclasses.dataclass(frozen=True)
class Subject:
    """One version of a model on one server. ``copies``: how many batches run at once there, at least 1."""

    name: str
    version: int
    folder: Path
    compiled: Compiled | None
    copies: int = 1

    def __str__(self) -> str:
        return f"model {self.name!r} version {self.version}"

    @property
    def key(self) -> tuple[str, int]:
        return self.name, self.version

    @property
    def neuron(self) -> bool:
        """Whether parts of it were compiled for NeuronCores."""
        return self.compiled is not None and self.compiled.neuron

    def spec(self, signature: str = "") -> calls.Spec:
        return calls.Spec(self.name, self.version, signature)

    def batch(self, signature: str) -> SignatureBatch | None:
        """The compiled batch of a signature; None when any batch may be sent."""
        return self.compiled.signatures.get(signature) if self.compiled else None

    def relaxed(self, signatures: Signatures) -> Signatures:
        """The signatures as clients see them: any number of rows, also where the batch was compiled in."""
        return {name: _relaxed(signature, self.batch(name)) for name, signature in signatures.items()}


Ask = Callable[[str, bytes], bytes]  # has the server answer one message of a gRPC method


def signatures_of(subject: Subject, ask: Ask) -> Signatures:
    """The signatures as the server tells them."""
    found, _ = calls.metadata_response(ask(METADATA, calls.metadata_request(subject.spec())))
    return {
        name: Signature.declared(name, info.method, info.inputs, info.outputs) for name, info in found.items()
    }


def _relaxed(signature: Signature, batch: SignatureBatch | None) -> Signature:
    return relaxed(signature, batch) if batch and batch.inputs else signature
