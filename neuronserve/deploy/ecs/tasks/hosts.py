"""Where tasks run: their container instances, as ECS and EC2 know them."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from typing import Any

from neuronserve.deploy.aws import explained
from neuronserve.deploy.desk import Desk

_AT_ONCE = 100  # DescribeContainerInstances takes no more; a filter of DescribeInstances takes 200 values


@dataclasses.dataclass(frozen=True)
class Host:
    """A container instance. The addresses are None where EC2 may not be asked."""

    arn: str
    ec2_instance_id: str
    instance_type: str
    zone: str
    private_ip: str | None = None
    public_ip: str | None = None


def read(desk: Desk, cluster: str, arns: Iterable[str]) -> dict[str, Host]:
    """The hosts by the container instance's ARN; what AWS does not tell is left out, and that is said."""
    found: dict[str, Host] = {}
    try:
        found = _container_instances(desk, cluster, sorted(set(arns)))
        return _addressed(desk, found)
    except Exception as error:
        known = explained(error)
        if known is None:
            raise
        desk.say(f"{'addresses are' if found else 'where they run is'} not shown: {known}")
        return found


def _container_instances(desk: Desk, cluster: str, arns: Sequence[str]) -> dict[str, Host]:
    found: dict[str, Host] = {}
    for start in range(0, len(arns), _AT_ONCE):
        answer = desk.aws.ecs.describe_container_instances(
            cluster=cluster, containerInstances=list(arns[start : start + _AT_ONCE])
        )
        for item in answer["containerInstances"]:
            attributes = {pair["name"]: pair.get("value", "") for pair in item.get("attributes", [])}
            arn = item["containerInstanceArn"]
            found[arn] = Host(
                arn,
                item.get("ec2InstanceId", ""),
                attributes.get("ecs.instance-type", ""),
                attributes.get("ecs.availability-zone", ""),
            )
    return found


def _addressed(desk: Desk, hosts: dict[str, Host]) -> dict[str, Host]:
    """With addresses; an instance elsewhere (ECS Anywhere: ``mi-...``) has none that EC2 knows."""
    ids = sorted({host.ec2_instance_id for host in hosts.values() if host.ec2_instance_id.startswith("i-")})
    known: dict[str, Any] = {}
    for start in range(0, len(ids), _AT_ONCE):
        some = ids[start : start + _AT_ONCE]
        filters = [{"Name": "instance-id", "Values": some}]  # unlike InstanceIds, it takes one that is gone
        for page in desk.aws.ec2.get_paginator("describe_instances").paginate(Filters=filters):  # type: ignore[arg-type]  # boto3-stubs want their own dict type
            for reservation in page["Reservations"]:
                known |= {item["InstanceId"]: item for item in reservation["Instances"]}
    return {arn: _with_addresses(host, known.get(host.ec2_instance_id, {})) for arn, host in hosts.items()}


def _with_addresses(host: Host, instance: dict[str, Any]) -> Host:
    return dataclasses.replace(
        host, private_ip=instance.get("PrivateIpAddress"), public_ip=instance.get("PublicIpAddress")
    )
