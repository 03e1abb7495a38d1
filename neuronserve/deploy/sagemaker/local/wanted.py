"""What is to be rehearsed, as values: one endpoint, or the model of a transform job."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping, Sequence
from enum import StrEnum

from neuronserve.errors import InvalidInput

VARIANT = "AllTraffic"
MOST_CONTAINERS = 15
_S3 = re.compile(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](?:/|$)")
_NAME = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}")


class Kind(StrEnum):
    REALTIME = "realtime"
    ASYNC = "async"
    MULTI_MODEL = "multi-model"
    PIPELINE = "pipeline"
    DIRECT = "direct"


@dataclasses.dataclass(frozen=True)
class Async:
    """CreateEndpointConfig's AsyncInferenceConfig. ``output`` and ``failure`` are s3:// prefixes.

    ``failure`` may be empty: then a failed inference leaves no object. Topics are only told.
    """

    output: str
    failure: str = ""
    concurrent: int = 4  # what SageMaker takes where nothing is said is not documented
    success_topic: str = ""
    error_topic: str = ""


@dataclasses.dataclass(frozen=True)
class Container:
    """One container. ``name``: its ContainerHostname, or what SageMaker calls one that has none.

    ``model``: a path or s3:// URI; for a multi-model container the folder or prefix of its archives; empty:
    the container gets none. ``image``: empty for the checkout.
    """

    name: str
    model: str = ""
    image: str = ""
    environment: Mapping[str, str] = dataclasses.field(default_factory=dict, repr=False)
    multi_model: bool = False
    cached: bool = True  # MultiModelConfig's ModelCacheSetting


@dataclasses.dataclass(frozen=True)
class Endpoint:
    """``startup``: ContainerStartupHealthCheckTimeoutInSeconds. ``isolated``: EnableNetworkIsolation."""

    name: str
    kind: Kind
    containers: tuple[Container, ...]
    variant: str = VARIANT
    isolated: bool = False
    startup: float = 600
    asynchronous: Async | None = None

    def __post_init__(self) -> None:
        for fault in self._faults():
            raise InvalidInput(fault)

    def _faults(self) -> Sequence[str]:
        names = [one.name for one in self.containers]
        faults = []
        if not _NAME.fullmatch(self.name):
            faults.append(f"{self.name!r} is no endpoint's name: 1 to 63 letters, digits and -")
        faults += [
            f"{n!r} is no container's name: letters, digits and -" for n in names if not _NAME.fullmatch(n)
        ]
        if len(set(names)) < len(names):
            faults.append(f"two containers have the same name: {', '.join(names)}")
        several = self.kind in (Kind.PIPELINE, Kind.DIRECT)
        if several and not 2 <= len(names) <= MOST_CONTAINERS:
            faults.append(f"a {self.kind} endpoint has 2 to {MOST_CONTAINERS} containers, not {len(names)}")
        if not several and len(names) != 1:
            faults.append(f"a {self.kind} endpoint has one container, not {len(names)}")
        if self.kind is Kind.MULTI_MODEL and not all(one.model for one in self.containers):
            faults.append("a multi-model endpoint needs the folder or s3:// prefix of its model archives")
        if self.kind is Kind.ASYNC and not (self.asynchronous and self.asynchronous.output):
            faults.append("an async endpoint needs an output path: --async-output s3://BUCKET/PREFIX")
        places = (self.asynchronous.output, self.asynchronous.failure) if self.asynchronous else ()
        faults += [
            f"{uri} is no place for results: s3://BUCKET/PREFIX"
            for uri in places
            if uri and not _S3.match(uri)
        ]
        if any(one.multi_model for one in self.containers) != (self.kind is Kind.MULTI_MODEL):
            faults.append(f"a {self.kind} endpoint cannot have these containers: Mode MultiModel")
        return faults
