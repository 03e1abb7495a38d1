"""The execution role: what SageMaker does in one's name for endpoints, transform and compilation jobs.

Sources: SageMaker's developer guide, "How to use SageMaker AI execution roles" (CreateModel), "Asynchronous
inference: prerequisites", "Auto-rollback configuration", "Give compilation jobs access to your VPC"; and what
SageMaker says when a role lacks something (s3:ListBucket for models of several files).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from neuronserve.deploy.policy import images, keys, trust
from neuronserve.deploy.policy.document import Statement, literal
from neuronserve.deploy.sagemaker.policy import storage
from neuronserve.deploy.sagemaker.policy.wanted import Wanted

_INTERFACES = (
    "ec2:DescribeDhcpOptions", "ec2:DescribeNetworkInterfaces", "ec2:DescribeSecurityGroups",
    "ec2:DescribeSubnets", "ec2:DescribeVpcs",
)  # fmt: skip
_METRICS = ["AWS/SageMaker", "/aws/sagemaker/*"]


def trusting(wanted: Wanted) -> dict[str, Any]:
    """The role's trust policy: a role for compilation alone is for compilation jobs alone."""
    alone = wanted.compiles and not (wanted.hosts or wanted.transforms_something)
    return trust.sagemaker(wanted.place, "compilation-job/*" if alone else "*")


def statements(wanted: Wanted) -> list[Statement]:
    """The role's rights, and none that was not asked for. Raises InvalidInput."""
    return [
        *images.pulling(wanted.images, wanted.place),
        *_reading(wanted),
        *_writing(wanted),
        *_buckets_of_neo(wanted),
        *_volumes(wanted),
        *_logs(wanted),
        *_metrics(wanted),
        *_alarms(wanted),
        *_network(wanted),
    ]


def _reading(wanted: Wanted) -> Iterator[Statement]:
    data, neo, place = wanted.data, wanted.neo, wanted.place
    yield from storage.read("ReadTheModel", data.models, place)
    yield from storage.read("ReadTransformInput", data.transform_inputs, place)
    yield from storage.read("ReadAsyncInput", data.async_inputs, place, lists=False)
    compiled_from = (*neo.sources, *neo.uploads)
    yield from storage.read("ReadWhatIsCompiled", compiled_from, place, lists=False)
    if data.models or data.transform_inputs or data.async_inputs or compiled_from:
        yield from keys.decrypt("DecryptModelsAndInput", wanted.keys.models, ["s3"], place)


def _writing(wanted: Wanted) -> Iterator[Statement]:
    data, place = wanted.data, wanted.place
    written = {
        "WriteAsyncResults": data.async_results,
        "CaptureData": data.captures,
        "WriteTransformOutput": data.transform_outputs,
        "WriteWhatIsCompiled": wanted.neo.compiled,
    }
    for sid, areas in written.items():
        yield from storage.write(sid, areas, place)
    if wanted.topics:
        yield Statement("TellOfAsyncResults", ("sns:Publish",), wanted.topics)
    if any(written.values()):
        yield from keys.encrypt("EncryptOutput", wanted.keys.outputs, ["s3"], place)
        # "If you use a KMS key ID or an alias, the execution role must include permissions to call
        # kms:Encrypt": AWS does not say through which service
        yield from keys.use("EncryptForSageMaker", ("kms:Encrypt",), wanted.keys.outputs, place, {})


def _buckets_of_neo(wanted: Wanted) -> Iterator[Statement]:
    """Neo looks whether buckets are there, and in its own region: without a prefix."""
    found = storage.buckets(wanted.neo.areas, wanted.place)
    if found:
        yield Statement("LookAtNeosBuckets", ("s3:GetBucketLocation", "s3:ListBucket"), found)


def _volumes(wanted: Wanted) -> list[Statement]:
    return keys.use(
        "EncryptVolumes", ("kms:CreateGrant",), wanted.keys.volumes, wanted.place,
        {"Bool": {"kms:GrantIsForAWSResource": "true"}},
    )  # fmt: skip


def _groups(wanted: Wanted) -> tuple[str, ...]:
    return (
        *wanted.endpoint_logs(),
        *(wanted.transform_logs() if wanted.transforms_something or wanted.packages else ()),
        *(wanted.compilation_logs() if wanted.compiles else ()),
    )


def _logs(wanted: Wanted) -> Iterator[Statement]:
    groups = _groups(wanted)
    if groups:
        made = (*groups, *(f"{group}:*" for group in groups))
        yield Statement("MakeTheLog", ("logs:CreateLogGroup", "logs:DescribeLogStreams"), made)
        streams = tuple(f"{group}:log-stream:*" for group in groups)
        yield Statement("WriteTheLog", ("logs:CreateLogStream", "logs:PutLogEvents"), streams)


def _metrics(wanted: Wanted) -> Iterator[Statement]:
    """IAM knows no metrics: the namespace bounds it."""
    if _groups(wanted):
        condition = {"StringLike": {"cloudwatch:namespace": _METRICS}}
        yield Statement("PublishMetrics", ("cloudwatch:PutMetricData",), ("*",), condition)


def _alarms(wanted: Wanted) -> Iterator[Statement]:
    """Those that roll an update back."""
    others = tuple(wanted.place.arn("cloudwatch", f"alarm:{literal(name)}") for name in wanted.alarms)
    if found := (*wanted.alarm_arns(), *others):
        yield Statement("WatchAlarmsOfUpdates", ("cloudwatch:DescribeAlarms",), found)


def _network(wanted: Wanted) -> Iterator[Statement]:
    place, network = wanted.place, wanted.network
    subnets = tuple(place.arn("ec2", f"subnet/{name}") for name in network.subnets)
    groups = tuple(place.arn("ec2", f"security-group/{name}") for name in network.security_groups)
    if not subnets:
        return
    interfaces = place.arn("ec2", "network-interface/*")
    inside: Mapping[str, Mapping[str, Any]] = {"ArnEquals": {"ec2:Subnet": [*subnets]}}
    yield Statement("LookAtTheVpc", _INTERFACES, ("*",))
    yield Statement("MakeInterfaces", ("ec2:CreateNetworkInterface",), (interfaces, *subnets, *groups))
    yield Statement("LendInterfaces", ("ec2:CreateNetworkInterfacePermission",), (interfaces,), inside)
    yield Statement(
        "RemoveInterfaces", ("ec2:DeleteNetworkInterface", "ec2:DeleteNetworkInterfacePermission"),
        (interfaces,),
    )  # fmt: skip
