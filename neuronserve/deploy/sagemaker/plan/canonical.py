"""Whether a model or configuration that SageMaker has is what a request would make.

What is asked for must be there; what DescribeModel and DescribeEndpointConfig add beside it (ARNs, times,
defaults of later features) is no difference, but for defaults that change what runs, which are filled in.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from neuronserve.deploy.findings import pointer

_MODEL: Final = {"EnableNetworkIsolation": False}
_CONTAINER: Final = {"Mode": "SingleModel", "Environment": {}}
_VARIANT: Final = {"InitialVariantWeight": 1.0}


def differences(request: Mapping[str, Any], described: Mapping[str, Any]) -> list[str]:
    """JSON pointers to what differs, in the request; empty when it is the same. Tags are no part of it."""
    wanted, there = canonical(request), canonical(described)
    return list(_differences(wanted, there, ()))


def canonical(document: Mapping[str, Any]) -> dict[str, Any]:
    """A CreateModel or CreateEndpointConfig request, or a description, in one form."""
    form = {key: value for key, value in document.items() if key != "Tags"}
    if "ModelName" in form:
        form = _MODEL | form
    for place in ("Containers", "ProductionVariants"):
        if isinstance(form.get(place), list):
            fill = _container if place == "Containers" else _variant
            form[place] = [fill(item) for item in form[place]]
    if isinstance(form.get("PrimaryContainer"), Mapping):
        form["PrimaryContainer"] = _container(form["PrimaryContainer"])
    return form


def _container(container: Mapping[str, Any]) -> dict[str, Any]:
    """SageMaker describes an archive given by URL as a data source too."""
    form = {**_CONTAINER, **container}
    if "ModelDataUrl" in form:
        form.pop("ModelDataSource", None)
    return form


def _variant(variant: Mapping[str, Any]) -> dict[str, Any]:
    return {**_VARIANT, **variant}


def _differences(wanted: Any, there: Any, steps: tuple[str | int, ...]) -> Iterator[str]:
    if isinstance(wanted, Mapping) and isinstance(there, Mapping):
        free = bool(steps) and steps[-1] == "Environment"  # its keys are the user's: one more is a difference
        for key in [*wanted, *(key for key in there if free and key not in wanted)]:
            if key not in there or key not in wanted:
                yield pointer(*steps, key)
            else:
                yield from _differences(wanted[key], there[key], (*steps, key))
    elif isinstance(wanted, list) and isinstance(there, list) and len(wanted) == len(there):
        for place, (one, other) in enumerate(zip(wanted, there, strict=True)):
            yield from _differences(one, other, (*steps, place))
    elif wanted != there:
        yield pointer(*steps)
