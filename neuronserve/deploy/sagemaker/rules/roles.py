"""The execution role: in the partition of the endpoint's region (AWS, China, GovCloud)."""

from __future__ import annotations

from collections.abc import Iterator

from neuronserve.deploy.findings import Finding
from neuronserve.deploy.policy.place import parsed, partition
from neuronserve.deploy.sagemaker.rules.subject import Subject


def check(subject: Subject) -> Iterator[Finding]:
    role, region = subject.root.at("ExecutionRoleArn"), subject.context.region
    arn = parsed(role.text or "")
    if region and arn and arn.partition != partition(region):
        yield role.error(
            "other-partition",
            f"the role is not in the partition of {region}",
            f"name a role of {partition(region)}",
        )
