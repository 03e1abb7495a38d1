"""What is examined: the versions of models that one server serves, and what their signatures are."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from pathlib import Path

from neuronserve.compiled import Compiled, SignatureBatch
from neuronserve.modelserver import calls
from neuronserve.modelserver.client import METADATA
from neuronserve.payload import Signature, Signatures, TensorSpec
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
    return {name: _signature(name, info) for name, info in found.items()}


def _relaxed(signature: Signature, batch: SignatureBatch | None) -> Signature:
    return relaxed(signature, batch) if batch and batch.inputs else signature


def _signature(name: str, info: calls.SignatureInfo) -> Signature:
    return Signature(name, info.method, _specs(info.inputs), _specs(info.outputs))


def _specs(tensors: Mapping[str, tuple[str, tuple[int | None, ...] | None]]) -> dict[str, TensorSpec]:
    return {name: TensorSpec(name, dtype, shape) for name, (dtype, shape) in tensors.items()}
