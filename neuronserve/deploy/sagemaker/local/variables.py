"""The environment that the platform gives a container. Source: AWS's developer guide, and the settings that
AWS's own containers read.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from neuronserve.deploy.sagemaker.local.wanted import Container, Endpoint, Kind

MODEL_DIR = "/opt/ml/model"
MODELS_DIR = "/opt/ml/models"
PORT = 8080


@dataclasses.dataclass(frozen=True)
class Place:
    """Where a container is to listen, and where its model lies for it. ``safe``: ports for its own use."""

    port: int
    safe: tuple[int, int]
    model: str
    models: str


def of(
    endpoint: Endpoint,
    container: Container,
    place: Place,
    *,
    region: str,
    handed_on: Mapping[str, str],
    batch: Mapping[str, str],
) -> dict[str, str]:
    """``handed_on``: credentials and endpoints of AWS, left out where the network is isolated.

    ``batch``: what a transform job sets besides.
    """
    found = {} if endpoint.isolated else dict(handed_on)
    found |= {"AWS_REGION": region, "AWS_DEFAULT_REGION": region}
    found |= container.environment
    found |= batch
    several = len(endpoint.containers) > 1
    if several or place.port != PORT:
        found["SAGEMAKER_BIND_TO_PORT"] = str(place.port)
    if several or container.multi_model:
        found["SAGEMAKER_SAFE_PORT_RANGE"] = f"{place.safe[0]}-{place.safe[1]}"
    if endpoint.kind is Kind.MULTI_MODEL:
        found["SAGEMAKER_MULTI_MODEL"] = "true"
    return found


def for_checkout(found: Mapping[str, str], container: Container, place: Place) -> dict[str, str]:
    """The same where nothing can be mounted: what stands for /opt/ml/model and /opt/ml/models is named.

    Only one that has a model gets one: as with an empty /opt/ml/model, MODEL_URI of its own counts.
    """
    more = {"SERVE_MODELS_DIR": place.models} if container.multi_model else {}
    if container.model and not container.multi_model:
        more["MODEL_URI"] = place.model
    return {**found, **more}
