"""Networks: a VPC's identifiers, and what cannot work without a network.

An isolated container has neither a network nor credentials; the platform still fills ``/opt/ml/model``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from neuronserve.deploy.findings import Finding
from neuronserve.deploy.sagemaker.rules import hosting
from neuronserve.deploy.sagemaker.rules.subject import Subject, variables

_FORMS = (("SecurityGroupIds", "sg"), ("Subnets", "subnet"))


def check(subject: Subject) -> Iterator[Finding]:
    yield from _vpc(subject)
    if subject.root.at("EnableNetworkIsolation").flag:
        yield from _isolated(subject)


def _vpc(subject: Subject) -> Iterator[Finding]:
    for member, prefix in _FORMS:
        for place in subject.root.each("VpcConfig", member):
            if place.text is not None and not re.fullmatch(rf"{prefix}-[0-9a-f]{{8,17}}", place.text):
                yield place.error(
                    "vpc-form", f"{place.text[:40]!r} is no {prefix}-...", f"write {prefix}- and its digits"
                )


def _isolated(subject: Subject) -> Iterator[Finding]:
    for container in subject.containers():
        known = variables(container)
        for name in hosting.FETCHES:
            if name in known:
                yield known[name].error(
                    "isolated-fetch",
                    f"{name} makes the container call AWS, and with network isolation it has no network",
                    "give the artefact as ModelDataUrl: the platform then fills /opt/ml/model",
                )
        if not (container.at("ModelDataUrl").given or container.at("ModelDataSource").given):
            yield container.warning(
                "isolated-without-model",
                "with network isolation the container cannot fetch a model, and it is given none",
                "give the artefact as ModelDataUrl",
            )
