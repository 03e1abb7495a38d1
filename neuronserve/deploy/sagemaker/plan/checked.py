"""The rules over the requests of a spec, each with what the others tell about it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from neuronserve.deploy.sagemaker import rules
from neuronserve.deploy.sagemaker.plan.requests import Requests
from neuronserve.deploy.sagemaker.rules import Context
from neuronserve.deploy.verdict import Judged


def findings(
    made: Requests,
    region: str | None,
    update: Mapping[str, Any] | None = None,
    live: Mapping[str, int] | None = None,
) -> list[Judged]:
    """``update``: the UpdateEndpoint request that is sent instead of CreateEndpoint. ``live``: the
    instances of each variant now.
    """
    here = Context(region=region)
    models = {model["ModelName"]: model for model in made.models}
    config = Context(region=region, models=models, built=made.built)
    last = Context(
        region=region, config=made.config, variants=frozenset(live or ()), instances=_retained(update, live)
    )
    operation, request = ("UpdateEndpoint", update) if update else ("CreateEndpoint", made.endpoint)
    return [
        *(one for model in made.models for one in _of("CreateModel", model, here)),
        *_of("CreateEndpointConfig", made.config, config),
        *_of(operation, request, last),
    ]


def _of(operation: str, request: Any, context: Context) -> Iterator[Judged]:
    for finding in rules.findings(operation, request, context):
        yield Judged(operation, finding)


def _retained(update: Mapping[str, Any] | None, live: Mapping[str, int] | None) -> Mapping[str, int]:
    """The instances that an update keeps, whatever the configuration begins with."""
    if not update or not live or not update.get("RetainAllVariantProperties"):
        return {}
    excluded = {item["VariantPropertyType"] for item in update.get("ExcludeRetainedVariantProperties", ())}
    return {} if "DesiredInstanceCount" in excluded else live
