"""Proofs of a scripted server: how they are made, and what they are about."""

from __future__ import annotations

from pathlib import Path

import pytest

from neuronserve.compiled import Compiled, SignatureBatch
from neuronserve.errors import GoldenMismatch, NeuronserveError, WarmUpFailed
from neuronserve.readiness.proof import Proof, Proven, Subject
from tests.wire.conftest import ScriptedServer, Signature

ROWS = {"serving_default": Signature({"x": ("float32", (-1, 2))}, {"y": ("float32", (-1, 2))})}
STATIC = {"serving_default": Signature({"x": ("float32", (4, 2))}, {"y": ("float32", (4, 2))})}
OF_ANY = Compiled(version=1, neuron=True)
OF_FOUR = Compiled(version=1, signatures={"serving_default": SignatureBatch(4, inputs=("x",))})


def subject(folder: Path, *, name: str = "m", version: int = 1, copies: int = 1, compiled=None) -> Subject:
    return Subject(name, version, folder, compiled, copies)


def prove(server: ScriptedServer, *subjects: Subject, **options) -> Proven:
    return Proof(server.target, subjects, **{"deadline": 20, **options}).prove()


def refused(server: ScriptedServer, *subjects: Subject, **options) -> NeuronserveError:
    with pytest.raises((WarmUpFailed, GoldenMismatch)) as caught:
        prove(server, *subjects, **options)
    return caught.value
