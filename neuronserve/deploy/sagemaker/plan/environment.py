"""The environment of each container: what was asked, and what follows from the kind of endpoint.

What the user set stays. Nothing is set that the platform sets itself (``rules/hosting.py``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from neuronserve.deploy.sagemaker.plan.spec import Container, EndpointSpec, Kind, Variant
from neuronserve.deploy.sagemaker.rules.cores import CORES
from neuronserve.deploy.sagemaker.rules.subject import neuron_type
from neuronserve.errors import InvalidInput
from neuronserve.settings import Settings

# Asynchronous requests: bodies of up to 1 GB, an hour to answer.
_ASYNC: Final[Mapping[str, str]] = {"SERVE_MAX_BODY_MB": "1024", "SERVE_DEADLINE_SECONDS": "3600"}
_OF_CORES: Final = (CORES, "NEURON_RT_NUM_CORES", "SERVE_PLACEMENT")


def merged(spec: EndpointSpec, variant: Variant) -> list[dict[str, str]]:
    """For each container of a variant, in order. Raises InvalidInput."""
    made = []
    for container, cores in zip(variant.containers, _cores(variant), strict=True):
        derived = dict(_ASYNC) if spec.kind is Kind.ASYNC else {}
        load = Settings.from_environ({}).load_seconds
        if spec.hosting.startup_seconds and spec.hosting.startup_seconds > load:
            # the container gives up before the platform does, and so says why
            derived["SAGEMAKER_TFS_WAIT_TIME_SECONDS"] = str(spec.hosting.startup_seconds)
        if cores:
            derived[CORES] = cores
        made.append(derived | dict(container.environment))
    return made


def _cores(variant: Variant) -> list[str | None]:
    """Which cores each container gets: equal shares of the instance's, for those that have a model.

    Containers of one instance see all of its chips, and one that is not told takes all cores.
    """
    containers = variant.containers
    instance = neuron_type(variant.instance_type)
    serving = [one for one in containers if one.model]
    if instance is None or any(_told(one) for one in containers) or len(serving) < 2:
        return [one.cores for one in containers]
    share = instance.all_cores // len(serving)
    if share == 0:
        raise InvalidInput(
            f"{len(serving)} models on {variant.instance_type}, which has {instance.all_cores} cores",
            hint="use a larger type, fewer containers, or --container-cores where a model needs none",
        )
    spans = iter(_spans(share, serving))
    return [next(spans) if one.model else None for one in containers]


def _told(container: Container) -> bool:
    return bool(container.cores) or any(name in container.environment for name in _OF_CORES)


def _spans(share: int, serving: Sequence[Container]) -> list[str]:
    starts = [share * index for index in range(len(serving))]
    return [str(start) if share == 1 else f"{start}-{start + share - 1}" for start in starts]
