r"""Have a model compiled by SageMaker Neo: pack, upload, check, create the job, and follow it to its end.

MODEL is the folder of a SavedModel, a frozen graph (.pb or .pbtxt), another framework's model files, a
.tar.gz of one of them, or s3://bucket/key.tar.gz. It is packed as Neo wants it, the same bytes each time; an
archive in S3 is taken as it is. DataInputConfig is derived from the signature: each size that the model
leaves open is given with --shape, except for the batch (--batch, 1 by default).

Everything is checked before anything is sent. The job's name is made of the model's digest and the options:
the same command finds its job again, and follows it. On standard output: artifact, digest, size and image.
Exit code 1: the job FAILED or was stopped, and the message says what its reason means.

`scripts/policy sagemaker --bucket models --execution-role neo` prints the rights that this takes, and the
role's; with --role execution --trust, who may take on the role.

    scripts/compile-model run export/1 --target ml_inf1 --bucket models --role neo
    scripts/compile-model run graph.pb --target ml_inf1 --shape input=1,224,224,3 \
        --neuron-options='--num-neuroncores 2 -O2' --bucket models --role neo
"""

from __future__ import annotations

import argparse
import math
import tempfile
from pathlib import Path
from typing import Any

from neuronserve.deploy import exits, following, roles, s3, verdict
from neuronserve.deploy.desk import Desk
from neuronserve.deploy.neo import failures, jobs, options, outcome, preparation, rules, storage
from neuronserve.deploy.neo import request as requests
from neuronserve.deploy.neo.preparation import Prepared
from neuronserve.deploy.neo.request import Job
from neuronserve.deploy.s3 import Place
from neuronserve.deploy.verdict import Judged

arguments = options.arguments


def run(given: argparse.Namespace, desk: Desk) -> int:
    options.check(given)
    with tempfile.TemporaryDirectory(prefix="compile-model-") as scratch:
        prepared = preparation.prepare(given, desk, Path(scratch)) if given.model else _of_package(given)
        job = options.job(given, roles.arn(desk.aws, given.role), prepared.told)
        name = given.name or requests.name_for(job, prepared.stem, prepared.digest)
        if not given.compiled_to:
            job = requests.placed(job, name)
        source = prepared.source or _target(given, prepared)
        request = requests.build(job, name, str(source) if source else "")
        _judge(given, desk, request)
        if given.dry_run:
            _would_send(desk, request, source, prepared)
            return exits.YES
        _refuse_other_regions(desk, job, source)
        _warn_of_replacing(given, desk, job, source)
        if prepared.packed and source:
            storage.upload(desk, source, prepared.packed)
        made = jobs.create(desk, request, generated=not given.name)
    if made.new:
        desk.say(f"created {made.name}")
    return _followed(given, desk, made.name)


def _of_package(given: argparse.Namespace) -> Prepared:
    return Prepared({}, "package", given.model_package)


def _target(given: argparse.Namespace, prepared: Prepared) -> Place | None:
    """Where the archive goes: by its digest, so that the same one is there once."""
    if prepared.packed is None:
        return None
    return options.upload_place(given).below(f"{prepared.packed.digest[:32]}/model.tar.gz")


def _judge(given: argparse.Namespace, desk: Desk, request: dict[str, Any]) -> None:
    """Raises InvalidInput when AWS would refuse it, or the job could only fail."""
    found = rules.findings(request, desk.aws.region_if_known)
    judged = [Judged("CreateCompilationJob", one) for one in found]
    for line in verdict.remarks(judged, given.accept_finding):
        desk.say(line)


def _would_send(desk: Desk, request: dict[str, Any], source: Place | None, prepared: Prepared) -> None:
    calls: list[tuple[str, Any]] = [("CreateCompilationJob", request)]
    if prepared.packed and source:
        calls.insert(0, ("PutObject, where it is not there", storage.put_request(source, prepared.packed)))
    desk.would_send(calls)


def _refuse_other_regions(desk: Desk, job: Job, source: Place | None) -> None:
    output = s3.prefix("--compiled-to", job.output)
    storage.refuse_other_regions(desk, {output.bucket} | ({source.bucket} if source else set()))


def _warn_of_replacing(given: argparse.Namespace, desk: Desk, job: Job, source: Place | None) -> None:
    """In a folder that several jobs share, Neo writes over what it calls the same."""
    if not (given.compiled_to and job.device and source):
        return
    file = source.key.rpartition("/")[2].removesuffix(".tar.gz")
    place = options.compiled_place(given).below(f"{file}-{job.device}.tar.gz")
    if storage.head(desk.aws, place):
        desk.say(
            f"warning: {place} is there, and a new job replaces it: give each job a --compiled-to of its own"
        )


def _followed(given: argparse.Namespace, desk: Desk, name: str) -> int:
    if not given.wait:
        status = jobs.describe(desk.aws, name)["CompilationJobStatus"]
        desk.show({"job": name, "status": status})
        if status not in jobs.ENDED:
            desk.say(f"it goes on: {jobs.KIND.goes_on(name)}")
        return exits.YES
    most = math.inf if given.timeout is None else given.timeout
    with following.interruptible(desk, jobs.KIND, name, stop=given.stop_on_interrupt):
        done = following.follow(desk, jobs.KIND, name, most)
    following.refuse_failed(jobs.KIND, name, done, failures.explained)
    desk.show(outcome.document(desk, done))
    for line in outcome.next_lines(done, desk.aws.region):
        desk.say(line)
    return exits.YES
