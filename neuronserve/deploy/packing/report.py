"""What was packed, for a person and for a machine."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from typing import Any

from neuronserve.compiled import Compiled
from neuronserve.deploy.models import Accepted
from neuronserve.deploy.packing.archive import ZLIB, Packed
from neuronserve.deploy.packing.recipe import Recipe


def listing(recipe: Recipe) -> Iterator[str]:
    """What would go in: size in bytes, place, and where it is from."""
    for member in recipe.members:
        yield f"{member.source.stat().st_size:>13,}  {member.path}  ({member.source})"


def lines(packed: Packed, accepted: Accepted, level: int) -> Iterator[str]:
    """For a person."""
    made = f"{packed.members} files of {packed.unpacked:,} bytes; {ZLIB}, level {level}"
    yield f"{packed.path}: {packed.size:,} bytes ({made})"
    for name, versions in accepted.models.items():
        for one in versions:
            yield f"  {name}, version {one.version}: {compiled(one)}"
    if len(accepted.models) > 1:
        yield f"  requests that name no model go to {accepted.default}"
    if beside := _beside(accepted):
        yield f"  with {' and '.join(beside)}"
    yield f"MODEL_DIGEST={packed.sha256}"
    yield f"MODEL_DIGEST={packed.blake2b}"


def _beside(accepted: Accepted) -> list[str]:
    return [
        *(["code/inference.py"] if accepted.code else []),
        *([f"{accepted.golden} recorded requests"] if accepted.golden else []),
        *([f"{accepted.warm_up} warm-up requests"] if accepted.warm_up else []),
    ]


def compiled(one: Compiled) -> str:
    """What a version was compiled for, in words."""
    if not one.neuron:
        return "not compiled for Neuron: it runs on CPU"
    cores = f"{one.cores} core{'s' if one.cores != 1 else ''}"
    batches = sorted({signature.size for signature in one.signatures.values()})
    batch = f", batch {' and '.join(map(str, batches))}" if batches else ""
    return f"compiled for {one.generation or 'a generation it does not tell'}, {cores}{batch}"


def document(recipe: Recipe, packed: Packed, accepted: Accepted, uploaded: str) -> dict[str, Any]:
    """The same for a machine."""
    return {
        "archive": str(packed.path),
        **({"uploaded": uploaded} if uploaded else {}),
        "bytes": packed.size,
        "unpackedBytes": packed.unpacked,
        "digests": [packed.sha256, packed.blake2b],
        "compression": ZLIB,
        "default": accepted.default,
        "models": {
            name: [
                {
                    "version": one.version,
                    "neuron": one.neuron,
                    "generation": one.generation,
                    "cores": one.cores,
                }
                for one in versions
            ]
            for name, versions in accepted.models.items()
        },
        "members": [member.path for member in recipe.members],
        "warnings": [*recipe.warnings, *accepted.warnings],
    }


def next_steps(uploaded: str, packed: Packed, accepted: Accepted, *, multi_model: bool) -> Iterator[str]:
    """Commands that one may want now."""
    quoted = shlex.quote(str(packed.path))
    if not any(one.neuron for versions in accepted.models.values() for one in versions):
        yield f"compile it:    scripts/compile-model --help, with {quoted}"
    if not multi_model:
        yield f"serve it here: MODEL_URI={quoted} MODEL_DIGEST={packed.sha256} ./serve"
    if uploaded:
        yield "deploy it:     scripts/sagemaker deploy --help, with " + shlex.quote(uploaded)
