"""What an endpoint is to be, as it was asked: a value, before any request is made of it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from enum import StrEnum

from neuronserve.deploy.sagemaker.plan.rollout import Rollout
from neuronserve.deploy.sagemaker.rules import Built

VARIANT = "AllTraffic"  # what the SageMaker SDK calls the only variant


class Kind(StrEnum):
    REALTIME = "realtime"
    ASYNC = "async"
    MULTI_MODEL = "multi-model"
    PIPELINE = "pipeline"  # containers in a row, each gets the answer of the one before
    DIRECT = "direct"  # several containers; a request names one

    @property
    def several(self) -> bool:
        """It has several containers."""
        return self in (Kind.PIPELINE, Kind.DIRECT)


@dataclasses.dataclass(frozen=True)
class Container:
    """``model``: an archive (``s3://.../model.tar.gz``), a prefix that ends in ``/``, or None.

    ``hostname``: needed for direct invocation. ``cores``: ``0-3``, where several containers share the chips
    and the equal shares of ``environment.py`` are not wanted.
    """

    image: str
    model: str | None = None
    hostname: str | None = None
    environment: Mapping[str, str] = dataclasses.field(default_factory=dict)
    cores: str | None = None
    built: Built | None = None


@dataclasses.dataclass(frozen=True)
class Variant:
    """``containers``: one, or those of a pipeline. ``count``: instances to begin with."""

    containers: tuple[Container, ...]
    instance_type: str
    name: str = VARIANT
    count: int = 1
    weight: float | None = None


@dataclasses.dataclass(frozen=True)
class Async:
    """``output`` and ``failure``: where results and failures go, ``s3://`` URIs. ``concurrency``: requests at
    once to one instance; None: SageMaker chooses. Topics are ARNs of SNS.
    """

    output: str
    failure: str | None = None
    concurrency: int | None = None
    success_topic: str | None = None
    error_topic: str | None = None
    include_response: bool = False
    kms_key: str | None = None


@dataclasses.dataclass(frozen=True)
class Capture:
    """``percent`` of the requests. ``modes``: Input, Output or InputAndOutput. ``csv``, ``json``: types of
    content that are captured as they are; all others in base64.
    """

    destination: str
    percent: int = 100
    modes: tuple[str, ...] = ("Input", "Output")
    kms_key: str | None = None
    csv: tuple[str, ...] = ()
    json: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class Hosting:
    """What all variants have alike. Seconds and GB; None: SageMaker's default.

    ``managed``: least and most instances of managed instance scaling.
    """

    volume_gb: int | None = None
    download_seconds: int | None = None
    startup_seconds: int | None = None
    routing: str | None = None
    ami: str | None = None
    managed: tuple[int, int] | None = None
    ssm: bool = False
    kms_key: str | None = None


@dataclasses.dataclass(frozen=True)
class EndpointSpec:
    """One endpoint. ``role``: the execution role's ARN. ``metrics``: scrape ``/metrics`` each so many s.

    ``model_cache``: False makes a multi-model endpoint unload a model after each request.
    """

    name: str
    kind: Kind
    role: str
    variants: tuple[Variant, ...]
    region: str | None = None
    hosting: Hosting = Hosting()
    isolated: bool = False
    subnets: tuple[str, ...] = ()
    security_groups: tuple[str, ...] = ()
    asynchronous: Async | None = None
    capture: Capture | None = None
    rollout: Rollout | None = None
    model_cache: bool | None = None
    metrics: int | None = None
    tags: Mapping[str, str] = dataclasses.field(default_factory=dict)
