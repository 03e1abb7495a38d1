"""Who uses which endpoint configuration and which model, in the whole region.

SageMaker deletes what is in use without a word, and the endpoint then fails when an instance is replaced. So
everything is looked at before anything goes.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any

from neuronserve.deploy.aws import Aws
from neuronserve.deploy.sagemaker.following import live
from neuronserve.deploy.sagemaker.following.live import Described
from neuronserve.deploy.sagemaker.plan import names


@dataclasses.dataclass(frozen=True)
class Users:
    """``configs``: endpoints by the configuration they have or go to. ``described``: all configurations, by
    name. ``jobs``: batch transform jobs that run, by the model.
    """

    configs: Mapping[str, frozenset[str]]
    described: Mapping[str, Described]
    jobs: Mapping[str, frozenset[str]]

    def of_config(self, name: str, but: str) -> frozenset[str]:
        """The endpoints that have a configuration, without one."""
        return self.configs.get(name, frozenset()) - {but}

    def of_model(self, name: str, but: Iterable[str]) -> list[str]:
        """What uses a model, for a person; configurations ``but`` do not count."""
        gone = set(but)
        configs = [
            f"endpoint configuration {config}"
            for config, described in self.described.items()
            if config not in gone and name in models(described)
        ]
        return configs + [f"transform job {job}" for job in sorted(self.jobs.get(name, ()))]


def models(config: Mapping[str, Any]) -> set[str]:
    """The names of the models of an endpoint configuration."""
    variants = [
        *(config.get("ProductionVariants") or ()),
        *(config.get("ShadowProductionVariants") or ()),
    ]
    return {one["ModelName"] for one in variants if one.get("ModelName")}


def users(aws: Aws) -> Users:
    configs: dict[str, set[str]] = {}
    for page in aws.sagemaker.get_paginator("list_endpoints").paginate():
        for item in page["Endpoints"]:
            for config in _configs(live.endpoint(aws, item["EndpointName"])):
                configs.setdefault(config, set()).add(item["EndpointName"])
    described: dict[str, Described] = {}
    for listed in aws.sagemaker.get_paginator("list_endpoint_configs").paginate():
        for one in listed["EndpointConfigs"]:
            if found := live.config(aws, one["EndpointConfigName"]):
                described[one["EndpointConfigName"]] = found
    return Users({name: frozenset(those) for name, those in configs.items()}, described, _jobs(aws))


def _configs(endpoint: Described | None) -> set[str]:
    pending = (endpoint or {}).get("PendingDeploymentSummary") or {}
    found = {(endpoint or {}).get("EndpointConfigName"), pending.get("EndpointConfigName")}
    return {name for name in found if name}


def _jobs(aws: Aws) -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    pages = aws.sagemaker.get_paginator("list_transform_jobs").paginate(StatusEquals="InProgress")
    for page in pages:
        for item in page["TransformJobSummaries"]:
            job = item["TransformJobName"]
            described = aws.sagemaker.describe_transform_job(TransformJobName=job)
            found.setdefault(described["ModelName"], set()).add(job)
    return {model: frozenset(jobs) for model, jobs in found.items()}


def made_configs(aws: Aws, endpoint: str, known: Mapping[str, Described]) -> list[str]:
    """The configurations that were made for an endpoint, by name and tag, the oldest first."""
    mine = [
        (described["CreationTime"], name)
        for name, described in known.items()
        if names.is_derived(name, endpoint) and _owned(aws, described["EndpointConfigArn"], endpoint)
    ]
    return [name for _, name in sorted(mine)]


def made_models(aws: Aws, endpoint: str) -> list[str]:
    """The models that were made for an endpoint, by name and tag."""
    pages = aws.sagemaker.get_paginator("list_models").paginate(NameContains=names.stem(endpoint))
    return [
        item["ModelName"]
        for page in pages
        for item in page["Models"]
        if names.is_derived(item["ModelName"], endpoint) and _owned(aws, item["ModelArn"], endpoint)
    ]


def _owned(aws: Aws, arn: str, endpoint: str) -> bool:
    return live.tags(aws, arn).get(names.OWNER) == endpoint
