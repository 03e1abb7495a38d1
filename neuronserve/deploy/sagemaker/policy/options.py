"""The options of ``scripts/policy sagemaker``, named as those of the scripts that need the rights."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Iterator, Mapping, Sequence

from neuronserve.deploy.neo import options as neo
from neuronserve.deploy.policy import deployer as names_of_roles
from neuronserve.deploy.policy import place as places
from neuronserve.deploy.policy.place import Place
from neuronserve.deploy.sagemaker.plan import names
from neuronserve.deploy.sagemaker.policy import storage
from neuronserve.deploy.sagemaker.policy.storage import Area
from neuronserve.deploy.sagemaker.policy.wanted import Data, Keys, Neo, Network, Wanted
from neuronserve.errors import InvalidInput

_JOB = re.compile(r"\*|[a-zA-Z0-9](-*[a-zA-Z0-9])*-?\*?")


def arguments(parser: argparse.ArgumentParser) -> None:
    """All but --role, --trust, --account and --verbs; each may be repeated."""
    _what(parser.add_argument_group("what it is about (each may be repeated)"))
    _role(parser.add_argument_group("the role that SageMaker takes on"))
    _data(parser.add_argument_group("what goes in and out"))
    _before(parser.add_argument_group("compiling and packing"))
    _keys(parser.add_argument_group("KMS keys: ARN, ID or alias/NAME"))


def _add(group: argparse._ArgumentGroup, *rows: tuple[str, str, str]) -> None:
    for option, metavar, text in rows:
        group.add_argument(option, metavar=metavar, action="append", default=[], help=text)


def _what(group: argparse._ArgumentGroup) -> None:
    _add(
        group,
        (
            "--endpoint",
            "NAME",
            "what deploy and batch make for it has names that follow from this",
        ),
        ("--model", "NAME", "a model that `deploy` did not make"),
        ("--endpoint-config", "NAME", "a configuration that `deploy` did not make"),
        ("--transform-job", "NAME", "one with a --name of its own"),
        ("--compilation-job", "NAME", "a job, or how names begin: 'digits-*' (not given: any job)"),
        ("--package", "NAME", "a model package, or group, of `marketplace-check --create`"),
    )


def _role(group: argparse._ArgumentGroup) -> None:
    _add(
        group,
        ("--execution-role", "ROLE", "name or ARN: what deployers pass"),
        ("--image", "IMAGE", "what it pulls"),
        ("--alarm", "NAME", "an alarm of `deploy --alarm`; the endpoint's own are known"),
        ("--subnet", "ID", "of the VPC"),
        ("--security-group", "ID", "of the VPC"),
    )


def _data(group: argparse._ArgumentGroup) -> None:
    _add(
        group,
        (
            "--model-data",
            "S3_URI",
            "an archive, or a prefix that ends in / (several files or models)",
        ),
        ("--async-input", "S3_URI", "below which requests of asynchronous endpoints lie"),
        ("--async-output", "S3_URI", "where results go"),
        ("--async-failure", "S3_URI", "where failures go"),
        ("--async-success-topic", "ARN", "of SNS"),
        ("--async-error-topic", "ARN", "of SNS"),
        ("--capture", "S3_URI", "where requests and answers are kept"),
        ("--transform-input", "S3_URI", "a prefix, or a manifest and what it names"),
        ("--transform-output", "S3_URI", "where the answers of transform jobs go"),
    )


def _before(group: argparse._ArgumentGroup) -> None:
    _add(
        group,
        ("--bucket", "NAME", "as for compile-model: models go up, and come back compiled"),
        ("--upload-to", "S3_URI", "where compile-model puts archives"),
        ("--compiled-to", "S3_URI", "where Neo writes"),
        ("--compile-source", "S3_URI", "an archive in S3 that is compiled as it is"),
        ("--upload", "S3_URI", "where package-model puts archives"),
        ("--source", "S3_URI", "a model in S3 that package-model packs anew"),
    )


def _keys(group: argparse._ArgumentGroup) -> None:
    _add(
        group,
        ("--model-kms-key", "KEY", "what models and input are encrypted with"),
        ("--output-kms-key", "KEY", "what is written gets encrypted with"),
        ("--volume-kms-key", "KEY", "of the instances' disks (`deploy --kms-key`)"),
    )


def hints(given: argparse.Namespace) -> Sequence[str]:
    """What may be an ARN in the account, likeliest first."""
    topics = (*given.async_success_topic, *given.async_error_topic)
    keys = (*given.output_kms_key, *given.volume_kms_key, *given.model_kms_key)
    return (*given.execution_role, *topics, *keys)


def wanted(given: argparse.Namespace, place: Place) -> Wanted:
    """Raises InvalidInput."""
    return Wanted(
        place=place,
        endpoints=_names(given.endpoint, "endpoint"),
        roles=tuple(names_of_roles.role(role, place) for role in given.execution_role),
        images=tuple(given.image),
        models=_names(given.model, "model"),
        configs=_names(given.endpoint_config, "endpoint configuration"),
        transforms=_names(given.transform_job, "transform job"),
        jobs=tuple(map(_job, given.compilation_job)),
        packages=_names(given.package, "model package"),
        alarms=tuple(given.alarm),
        topics=tuple(_topics(given)),
        data=_areas_of_data(given),
        neo=_neo(given),
        keys=Keys(tuple(given.model_kms_key), tuple(given.output_kms_key), tuple(given.volume_kms_key)),
        network=_network(given),
    )


def _names(found: Sequence[str], what: str) -> tuple[str, ...]:
    return tuple(names.check(name, what) for name in found)


def _job(name: str) -> str:
    if len(name) > names.LONGEST or not _JOB.fullmatch(name):
        raise InvalidInput(
            f"--compilation-job {name[:80]!r}: expected a name, or how names begin, such as 'digits-*'"
        )
    return name


def _topics(given: argparse.Namespace) -> Iterator[str]:
    for option in ("async_success_topic", "async_error_topic"):
        for text in getattr(given, option):
            arn = places.parsed(text)
            if arn is None or arn.service != "sns":
                shown = f"--{option.replace('_', '-')}"
                raise InvalidInput(f"{shown} {text[:80]!r}: expected arn:aws:sns:REGION:ACCOUNT:NAME")
            yield text


_READERS: Mapping[str, Callable[[str, str], Area]] = {
    "model_data": storage.named,
    "source": storage.named,
    "compile_source": storage.named,
    "async_input": storage.beginning,
    "transform_input": storage.beginning,
    "upload": storage.put,
}


def _areas(given: argparse.Namespace, *members: str) -> tuple[Area, ...]:
    """Those that are not read are written below."""
    found = []
    for member in members:
        area = _READERS.get(member, storage.below)
        found += [area(f"--{member.replace('_', '-')}", uri) for uri in getattr(given, member)]
    return tuple(found)


def _areas_of_data(given: argparse.Namespace) -> Data:
    return Data(
        models=_areas(given, "model_data"),
        async_inputs=_areas(given, "async_input"),
        async_results=_areas(given, "async_output", "async_failure"),
        captures=_areas(given, "capture"),
        transform_inputs=_areas(given, "transform_input"),
        transform_outputs=_areas(given, "transform_output"),
        packed=_areas(given, "upload"),
        sources=_areas(given, "source"),
    )


def _neo(given: argparse.Namespace) -> Neo:
    return Neo(
        sources=_areas(given, "compile_source"),
        uploads=(*_areas(given, "upload_to"), *_inside(given, neo.INPUT)),
        compiled=(*_areas(given, "compiled_to"), *_inside(given, neo.OUTPUT)),
    )


def _inside(given: argparse.Namespace, folder: str) -> Iterator[Area]:
    return (storage.below("--bucket", f"s3://{name}/{folder}") for name in given.bucket)


def _network(given: argparse.Namespace) -> Network:
    for option, begin, found in (
        ("--subnet", "subnet-", given.subnet),
        ("--security-group", "sg-", given.security_group),
    ):
        for name in found:
            if not re.fullmatch(rf"{begin}[0-9a-f]{{8,17}}", name):
                raise InvalidInput(f"{option} {name[:80]!r}: expected {begin} and 8 to 17 hexadecimal digits")
    if bool(given.subnet) != bool(given.security_group):
        raise InvalidInput("--subnet and --security-group: SageMaker takes a VPC by both of them")
    return Network(tuple(given.subnet), tuple(given.security_group))
