"""Run a batch transform job: objects of a prefix in S3, each answered beside it.

    batch MODEL s3://bucket/in/ s3://bucket/out/ --instance-type ml.inf2.xlarge
        --content-type application/jsonlines --split Line --assemble Line
    batch --follow JOB

MODEL is a model in SageMaker; `scripts/sagemaker deploy` makes them (--dry-run shows their names). The
container says by /execution-parameters how much it takes at once, unless --payload-mb and --at-once do. With
--split Line several lines go in one request (--strategy MultiRecord, the default then), and each line is
answered by one. The same input gives the same name: a job that is there already is followed, not run again.

There are no Inf1 instances for it. Everything is checked first; --dry-run prints the request.
"""

from __future__ import annotations

import argparse
from typing import Any

from neuronserve.deploy import exits, s3, verdict
from neuronserve.deploy import following as jobs
from neuronserve.deploy.desk import Desk
from neuronserve.deploy.pairs import pairs
from neuronserve.deploy.sagemaker import rules
from neuronserve.deploy.sagemaker.following import live
from neuronserve.deploy.sagemaker.rules import Context
from neuronserve.deploy.sagemaker.transform import following, request
from neuronserve.deploy.sagemaker.transform.request import Job
from neuronserve.deploy.verdict import Judged
from neuronserve.deploy.waiting import seconds
from neuronserve.errors import InvalidInput, NoSuchResource


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", nargs="?", metavar="MODEL", help="a model in SageMaker")
    parser.add_argument("source", nargs="?", metavar="S3_URI", help="the input: a prefix, or a manifest")
    parser.add_argument("to", nargs="?", metavar="S3_URI", help="where the answers go")
    parser.add_argument("--follow", metavar="JOB", help="one that runs already")
    parser.add_argument("--name", default="", help="of the job; not given: it follows from its content")
    parser.add_argument("--instance-type", metavar="TYPE", help="such as ml.inf2.xlarge")
    parser.add_argument("--instance-count", type=int, default=1, metavar="N", help="(default: 1)")
    records = parser.add_argument_group("records")
    records.add_argument("--content-type", default="", metavar="TYPE", help="of the input")
    records.add_argument("--accept", default="", metavar="TYPE", help="of the answers")
    records.add_argument(
        "--split", choices=("None", "Line", "RecordIO", "TFRecord"), default="", help="objects into records"
    )
    records.add_argument("--assemble", choices=("None", "Line"), default="", help="answers to an object")
    records.add_argument(
        "--strategy", choices=("MultiRecord", "SingleRecord"), default="", help="records in a request"
    )
    records.add_argument("--gzip", action="store_true", help="the input is compressed")
    records.add_argument("--manifest", action="store_true", help="the input is a manifest of objects")
    records.add_argument("--input-filter", default="", metavar="JSONPATH", help="what of a record is sent")
    records.add_argument("--output-filter", default="", metavar="JSONPATH", help="what of the result is kept")
    records.add_argument("--join", action="store_true", help="each input record before its answer")
    size = parser.add_argument_group("how much at once")
    size.add_argument(
        "--payload-mb", type=int, metavar="MB", help="of one request; 0: a stream of any length"
    )
    size.add_argument("--at-once", type=int, metavar="N", help="requests, to each instance")
    size.add_argument("--invocation-timeout", type=int, metavar="S", help="for each answer, up to 3600")
    size.add_argument("--retries", type=int, metavar="N", help="of a request that failed, up to 3")
    more = parser.add_argument_group("more")
    more.add_argument(
        "--env", action="append", default=[], metavar="NAME=VALUE", help="of the container (repeat)"
    )
    more.add_argument("--tag", action="append", default=[], metavar="KEY=VALUE", help="(repeat)")
    more.add_argument("--output-kms-key", default="", metavar="KEY", help="of the answers")
    more.add_argument("--volume-kms-key", default="", metavar="KEY", help="of the instances' disks")
    verdict.argument(more)
    more.add_argument(
        "--wait", action=argparse.BooleanOptionalAction, default=True, help="for its end (default)"
    )
    more.add_argument(
        "--timeout", type=seconds, default=86400, metavar="S", help="wait at most so long (86400)"
    )
    more.add_argument("--stop-on-interrupt", action="store_true", help="Ctrl-C stops the job too")


def run(given: argparse.Namespace, desk: Desk) -> int:
    if given.follow is not None:
        if given.model:
            raise InvalidInput("--follow JOB starts nothing: leave MODEL out")
        following.describe(desk.aws, given.follow)
        return _followed(given, desk, given.follow)
    made = _request(given, desk)
    name = made["TransformJobName"]
    if given.dry_run:
        desk.would_send([("CreateTransformJob", made)])
        return exits.YES
    if following.find(desk.aws, name) is not None:
        desk.say(f"{name} is there already, made of the same: it is followed")
    else:
        desk.aws.sagemaker.create_transform_job(**made)
        desk.say(f"{name}: begun")
    if not given.wait:
        desk.show({"TransformJobName": name})
        return exits.YES
    return _followed(given, desk, name)


def _request(given: argparse.Namespace, desk: Desk) -> dict[str, Any]:
    absent = [what for what, value in _needed(given) if not value]
    if absent:
        raise InvalidInput(f"{', '.join(absent)}: needed for a job", hint="batch --help shows one")
    made = request.build(_job(given))
    context = Context(region=desk.aws.region_if_known, models=_models(given, desk))
    judged = [
        Judged("CreateTransformJob", one) for one in rules.findings("CreateTransformJob", made, context)
    ]
    for line in verdict.remarks(judged, given.accept_finding):
        desk.say(line)
    return made


def _needed(given: argparse.Namespace) -> list[tuple[str, str | None]]:
    return [
        ("MODEL", given.model),
        ("the input's S3_URI", given.source),
        ("the output's S3_URI", given.to),
        ("--instance-type", given.instance_type),
    ]


def _models(given: argparse.Namespace, desk: Desk) -> dict[str, dict[str, Any]]:
    """What SageMaker has of the model. A dry run does not ask."""
    if given.dry_run:
        return {}
    found = live.model(desk.aws, given.model)
    if found is None:
        raise NoSuchResource(
            f"there is no model {given.model!r} in {desk.aws.region}",
            hint="`scripts/sagemaker deploy` makes one",
        )
    return {given.model: found}


def _job(given: argparse.Namespace) -> Job:
    lines = given.split == "Line"
    s3.any_key("the input", given.source)
    s3.prefix("the output", given.to)
    return Job(
        model=given.model,
        source=given.source,
        output=given.to,
        instance_type=given.instance_type,
        name=given.name,
        count=given.instance_count,
        content_type=given.content_type,
        accept=given.accept,
        split=given.split,
        assemble=given.assemble,
        strategy=given.strategy or ("MultiRecord" if lines else ""),
        compression="Gzip" if given.gzip else "",
        manifest=given.manifest,
        payload_mb=given.payload_mb,
        at_once=given.at_once,
        timeout=given.invocation_timeout,
        retries=given.retries,
        environment=pairs("--env", given.env),
        input_filter=given.input_filter,
        output_filter=given.output_filter,
        join=given.join,
        output_kms_key=given.output_kms_key,
        volume_kms_key=given.volume_kms_key,
        tags=pairs("--tag", given.tag),
    )


def _followed(given: argparse.Namespace, desk: Desk, name: str) -> int:
    with jobs.interruptible(desk, following.KIND, name, stop=given.stop_on_interrupt):
        job = jobs.follow(desk, following.KIND, name, given.timeout)
    following.refuse_failed(desk, job)
    desk.show({key: value for key, value in job.items() if key != "ResponseMetadata"})
    return exits.YES
