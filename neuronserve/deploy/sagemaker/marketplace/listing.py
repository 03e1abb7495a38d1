"""What is to be listed, and AWS Marketplace's limits for it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path

REALTIME_BYTES = 6_291_456  # of one invocation: 6 MB, as the API counts them
REALTIME_SECONDS = 60
BATCH_MB = 100  # of one invocation of batch transform
BATCH_BYTES = BATCH_MB << 20
BATCH_SECONDS = 3600


@dataclasses.dataclass(frozen=True)
class Test:
    """One file of test data. ``file`` on this machine."""

    file: Path
    content_type: str
    accept: str = ""


@dataclasses.dataclass(frozen=True)
class Listing:
    """``image``: as the container engine knows it. ``ecr``: its name in ECR; "" while it is not pushed.

    ``model``: a path or ``s3://``; ``model_uri``: where SageMaker gets it, "" while it is nowhere.
    ``tests_uri``: where the validation job finds test data; ``output_uri``: where it writes. ``hosting`` and
    ``transform``: instance types, ``ml.`` first. ``group``: for a versioned package, which is not listed.
    """

    image: str
    model: str
    tests: tuple[Test, ...]
    ecr: str = ""
    model_uri: str = ""
    tests_uri: str = ""
    output_uri: str = ""
    name: str = ""
    group: str = ""
    description: str = ""
    role: str = ""
    hosting: tuple[str, ...] = ()
    transform: tuple[str, ...] = ()
    content_types: tuple[str, ...] = ()
    response_types: tuple[str, ...] = ()
    environment: Mapping[str, str] = dataclasses.field(default_factory=dict)
    split: str = ""
    tags: Mapping[str, str] = dataclasses.field(default_factory=dict)
