"""Where a listing can run: types that host endpoints, types that run batch transform; both are needed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from neuronserve.compiled import Compiled
from neuronserve.deploy import shapes
from neuronserve.deploy.findings import Finding, Severity
from neuronserve.generation import Generation
from neuronserve.instances import catalogue

INF1_ONLY = (
    "a package for Inf1 alone cannot be listed: what is listed is an unversioned package, which has to name "
    "instance types for batch transform and is validated by a transform job, and ml.inf1 types host "
    "endpoints but run no transform jobs"
)
INF1_FIX = "compile for ml_inf2 or ml_trn1: those types do both"
_CPU = ("ml.c5.xlarge", "ml.c5.2xlarge", "ml.m5.xlarge", "ml.m5.2xlarge")
_ML = "ml."


def hosts() -> frozenset[str]:
    """Every type that hosts endpoints, as botocore has them."""
    return _words("ProductionVariants", "InstanceType", "CreateEndpointConfig")


def transforms() -> frozenset[str]:
    """Every type that runs transform jobs."""
    return _words("TransformResources", "InstanceType", "CreateTransformJob")


def _words(member: str, name: str, operation: str) -> frozenset[str]:
    shape: Any = shapes.operation_model("sagemaker", operation).input_shape
    shape = shape.members[member]
    shape = getattr(shape, "member", shape)  # of a list
    return frozenset(shape.members[name].metadata["enum"])


def generations(versions: Iterable[Compiled]) -> set[Generation]:
    """What the versions of a model were compiled for; empty for one that runs on CPU."""
    return {one.generation for one in versions if one.neuron and one.generation}


def fitting(found: set[Generation]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Types for a model of these generations: to host it, and to transform with it."""
    if not found:
        hosting: list[str] = list(_CPU)
    else:
        hosting = [
            one.sagemaker for one in catalogue().values() if one.sagemaker and {one.generation} == found
        ]
    return (
        tuple(name for name in hosting if name in hosts()),
        tuple(name for name in hosting if name in transforms()),
    )


def findings(hosting: Iterable[str], transform: Iterable[str], found: set[Generation]) -> Iterator[Finding]:
    """What is wrong with the types of a listing, for a model of these generations."""
    hosting, transform = list(hosting), list(transform)
    if hosting and not transform and all(_is_inf1(name) for name in hosting):
        yield _error("SupportedTransformInstanceTypes", "inf1-only", INF1_ONLY, INF1_FIX)
    for name in transform:
        if _is_inf1(name):
            yield _error(
                "SupportedTransformInstanceTypes",
                "inf1-transform",
                f"{name} runs no transform jobs",
                INF1_FIX,
            )
        elif name not in transforms():
            yield _error("SupportedTransformInstanceTypes", "no-transform", f"{name} runs no transform jobs")
    for name in hosting:
        if name not in hosts():
            yield _error(
                "SupportedRealtimeInferenceInstanceTypes", "no-hosting", f"{name} hosts no endpoints"
            )
    for member, names in (
        ("SupportedRealtimeInferenceInstanceTypes", hosting),
        ("SupportedTransformInstanceTypes", transform),
    ):
        for name in names:
            yield from _generation(member, name, found)


def _generation(member: str, name: str, found: set[Generation]) -> Iterator[Finding]:
    instance = catalogue().get(name.removeprefix(_ML))
    if not found:
        return
    if instance is None:
        yield _error(member, "no-chips", f"{name} has no Neuron chips, and the model is compiled for them")
    elif {instance.generation} != found:
        made = " and ".join(sorted(found))
        yield _error(member, "generation", f"{name} has {instance.generation}, and the model is for {made}")


def _is_inf1(name: str) -> bool:
    return name.startswith("ml.inf1.")


def _error(member: str, code: str, message: str, fix: str = "") -> Finding:
    return Finding(f"/InferenceSpecification/{member}", Severity.ERROR, code, message, fix)
