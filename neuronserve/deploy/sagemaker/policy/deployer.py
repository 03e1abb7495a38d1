"""Whoever runs ``scripts/sagemaker``, ``compile-model`` and ``package-model``: a person or a pipeline."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from neuronserve.deploy.policy import images, keys, trust
from neuronserve.deploy.policy.document import Condition, Statement
from neuronserve.deploy.sagemaker.policy import storage
from neuronserve.deploy.sagemaker.policy.rights import RIGHTS, On
from neuronserve.deploy.sagemaker.policy.storage import Area
from neuronserve.deploy.sagemaker.policy.wanted import Wanted

_SCALING = "sagemaker.application-autoscaling.amazonaws.com"
Resources = tuple[tuple[str, ...], Condition]


def statements(wanted: Wanted, verbs: Sequence[str]) -> list[Statement]:
    """One statement for each kind of resource that the verbs (of ``RIGHTS``) have to do with."""
    merged: dict[On, set[str]] = {}
    for verb in verbs:
        for on, actions in RIGHTS[verb].items():
            merged.setdefault(on, set()).update(actions)
    made: list[Statement] = []
    for on in On:
        if on in merged:
            made += _of(on, tuple(sorted(merged[on])), wanted)
    return [*(one for one in made if one.resources), *_keys(merged, wanted)]


def _of(on: On, actions: tuple[str, ...], wanted: Wanted) -> list[Statement]:
    if on in _READ:
        return storage.read(str(on), _READ[on](wanted), wanted.place, actions, lists=on in _LISTED)
    if on in _WRITTEN:
        return storage.write(str(on), _WRITTEN[on](wanted), wanted.place, actions)
    if on is On.VOLUME_KEYS:
        through: Mapping[str, Any] = {
            "Bool": {"kms:GrantIsForAWSResource": "true"},
            "StringEquals": {"kms:ViaService": wanted.place.endpoints("sagemaker")},
        }
        return keys.use(str(on), actions, wanted.keys.volumes, wanted.place, through)
    resources, condition = _PLACES[on](wanted)
    return [Statement(str(on), actions, resources, condition)]


_READ: Mapping[On, Callable[[Wanted], Sequence[Area]]] = {
    On.MODEL: lambda wanted: wanted.data.models,
    On.RESULTS: lambda wanted: wanted.data.async_results,
    On.INPUTS: lambda wanted: (*wanted.data.async_inputs, *wanted.data.transform_inputs),
    On.SOURCES: lambda wanted: wanted.data.sources,
    On.NEO_SOURCES: lambda wanted: wanted.neo.sources,
    On.NEO_COMPILED: lambda wanted: wanted.neo.compiled,
}
_WRITTEN: Mapping[On, Callable[[Wanted], Sequence[Area]]] = {
    On.OUTPUTS: lambda wanted: (*wanted.data.async_results, *wanted.data.transform_outputs),
    On.PACKED: lambda wanted: wanted.data.packed,
    On.NEO_UPLOADS: lambda wanted: wanted.neo.uploads,
}
_LISTED = frozenset({On.MODEL, On.INPUTS, On.SOURCES})
_MODEL_KEYS = frozenset({On.MODEL, On.INPUTS, On.SOURCES, On.NEO_SOURCES})
_OUTPUT_KEYS = frozenset({On.RESULTS, On.OUTPUTS, On.PACKED, On.NEO_UPLOADS, On.NEO_COMPILED})


def _keys(merged: Mapping[On, object], wanted: Wanted) -> list[Statement]:
    """Decrypting what is read and encrypting what is written, through S3."""
    areas = {**_READ, **_WRITTEN}
    there = {on for on in areas if on in merged and areas[on](wanted)}
    made = []
    if there & _MODEL_KEYS:
        made += keys.decrypt("DecryptModelsAndInput", wanted.keys.models, ["s3"], wanted.place)
    if there & _OUTPUT_KEYS & _WRITTEN.keys():
        made += keys.encrypt("EncryptOutput", wanted.keys.outputs, ["s3"], wanted.place)
    elif there & _OUTPUT_KEYS:
        made += keys.decrypt("DecryptOutput", wanted.keys.outputs, ["s3"], wanted.place)
    return made


def _plain(arns: Callable[[Wanted], tuple[str, ...]]) -> Callable[[Wanted], Resources]:
    return lambda wanted: (arns(wanted), {})


def _every(*kinds: str) -> Callable[[Wanted], Resources]:
    return lambda wanted: (tuple(wanted.place.arn("sagemaker", f"{kind}/*") for kind in kinds), {})


def _log(groups: Callable[[Wanted], tuple[str, ...]], *tails: str) -> Callable[[Wanted], Resources]:
    return lambda wanted: (tuple(f"{group}{tail}" for group in groups(wanted) for tail in tails), {})


def _rollout(wanted: Wanted) -> Resources:
    """IAM asks for both; a configuration without an endpoint goes nowhere."""
    return (*wanted.endpoint_arns(), *wanted.config_arns()), {}


def _passed(wanted: Wanted) -> Resources:
    return wanted.roles, {"StringEquals": {"iam:PassedToService": trust.SAGEMAKER}}


def _targets(wanted: Wanted) -> Resources:
    condition = {
        "StringEquals": {
            "application-autoscaling:service-namespace": "sagemaker",
            "application-autoscaling:scalable-dimension": "sagemaker:variant:DesiredInstanceCount",
        }
    }
    return (wanted.place.arn("application-autoscaling", "scalable-target/*"),), condition


def _scaling_role(wanted: Wanted) -> Resources:
    name = f"aws-service-role/{_SCALING}/AWSServiceRoleForApplicationAutoScaling_SageMakerEndpoint"
    return (wanted.place.role(name),), {"StringEquals": {"iam:AWSServiceName": _SCALING}}


def _repositories(wanted: Wanted) -> Resources:
    return tuple(sorted({arn for image in wanted.images if (arn := images.arn(image, wanted.place))})), {}


def _buckets(wanted: Wanted) -> Resources:
    data = wanted.data
    return storage.buckets((*data.models, *data.transform_inputs, *data.transform_outputs), wanted.place), {}


_WHOLE = ("", ":*")  # IAM asks of a group with and without a stream
_PLACES: Mapping[On, Callable[[Wanted], Resources]] = {
    On.ANYTHING: lambda _: (("*",), {}),
    On.ENDPOINT: _plain(Wanted.endpoint_arns),
    On.ROLLOUT: _rollout,
    On.CONFIGS: _plain(Wanted.config_arns),
    On.MODELS: _plain(Wanted.model_arns),
    On.USERS: _every("endpoint", "endpoint-config", "transform-job"),
    On.TRANSFORMS: _plain(Wanted.transform_arns),
    On.COMPILATIONS: _plain(Wanted.compilation_arns),
    On.PACKAGE: _plain(Wanted.package_arns),
    On.PASS: _passed,
    On.ROLES: _plain(lambda wanted: wanted.roles),
    On.LOG: _log(Wanted.endpoint_logs, *_WHOLE),
    On.LOG_STREAMS: _log(Wanted.endpoint_logs, ":log-stream:*"),
    On.LOG_GROUP: _log(Wanted.endpoint_logs, *_WHOLE),
    On.TRANSFORM_LOG: _log(Wanted.transform_logs, *_WHOLE),
    On.TRANSFORM_STREAMS: _log(Wanted.transform_logs, ":log-stream:*"),
    On.ALARMS: _plain(Wanted.alarm_arns),
    On.TRACKING: _plain(Wanted.tracking_arns),
    On.ALL_ALARMS: lambda wanted: ((wanted.place.arn("cloudwatch", "alarm:*"),), {}),
    On.TARGETS: _targets,
    On.SCALING_ROLE: _scaling_role,
    On.REPOSITORY: _repositories,
    On.BUCKETS: _buckets,
    On.NEO_BUCKETS: lambda wanted: (storage.buckets(wanted.neo.areas, wanted.place), {}),
}
