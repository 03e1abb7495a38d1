r"""Rehearse an endpoint or a transform job on this machine, as SageMaker would run it.

Runs the checkout's ./serve, or an image with docker or podman: `serve`, the model unpacked in /opt/ml/model,
SageMaker's variables, /ping within 2 s, connections accepted within 250 ms, answers within 60 s, SIGTERM and
30 s. In front of it is the runtime API on a port of this machine, so that boto3 and the AWS CLI work
unchanged:

    scripts/sagemaker local model.tar.gz --env MODEL_SERVER=cpu --port 8090
    aws sagemaker-runtime invoke-endpoint --endpoint-url http://127.0.0.1:8090 --endpoint-name rehearsal \
        --content-type application/json --body fileb://body.json answer.json

    scripts/sagemaker local models/ --kind multi-model          # TargetModel is NAME.tar.gz in that folder
    scripts/sagemaker local --kind pipeline --container model=a.tar.gz --container model=b.tar.gz
    scripts/sagemaker local m.tar.gz --kind async --async-output s3://bucket/out --s3-dir /tmp/s3
    scripts/sagemaker local m.tar.gz --transform rows.csv --output-dir out --content-type text/csv \
        --split-type Line --assemble-with Line
    scripts/sagemaker deploy ... --dry-run > requests.json && scripts/sagemaker local --request requests.json

Standard output has one line, the API's URL, once the endpoint is InService (for a transform job one line for
each file of results); what happens, and what containers print, is on standard error. Ctrl-C or SIGTERM ends
it: what is under way is answered first. A second one kills. Nothing that was made is left.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import signal
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import FrameType

from neuronserve.deploy import credentials, engine, exits
from neuronserve.deploy.desk import Desk
from neuronserve.deploy.sagemaker.local import building, hints, jobs, options, requests
from neuronserve.deploy.sagemaker.local.building import Ground
from neuronserve.deploy.sagemaker.local.options import JobAsked
from neuronserve.deploy.sagemaker.local.rehearsal import Rehearsal
from neuronserve.deploy.sagemaker.local.store import S3, Folder
from neuronserve.deploy.sagemaker.local.wanted import Endpoint
from neuronserve.errors import InvalidInput, JobFailed

_REGION = "us-east-1"  # where nobody says one: it only stands in texts then
_TURN = 0.1

arguments = options.add


def run(given: argparse.Namespace, desk: Desk) -> int:
    asked = requests.read(given.request) if given.request else None
    endpoint = options.endpoint(given, asked, options.variables(given.env, desk.environ))
    job = options.job(given, asked)
    if given.dry_run:
        desk.show(_planned(endpoint, job, given, desk))
        return exits.YES
    with _stopped_by_signals() as signals, _log(given.log, desk) as log, _folder() as folder:
        ground = _ground(endpoint, given, desk, folder, log)
        if job:
            return _transform(endpoint, ground, job, desk)
        return _serve(endpoint, ground, given, desk, signals)


def _serve(
    endpoint: Endpoint, ground: Ground, given: argparse.Namespace, desk: Desk, signals: Signals
) -> int:
    """Until a signal comes; whether all containers ended in good order."""
    rehearsal = Rehearsal(endpoint, ground, port=given.port)
    signals.second = rehearsal.kill
    with rehearsal:
        containers = rehearsal.containers
        desk.line(rehearsal.url)
        for line in hints.lines(endpoint, rehearsal.url, given.s3_dir or ""):
            desk.say(line)
        with contextlib.suppress(KeyboardInterrupt):
            while True:
                time.sleep(_TURN)
        desk.say(f"{endpoint.name}: Deleting")
    return exits.YES if all(container.code == 0 for container in containers) else exits.NO


def _transform(endpoint: Endpoint, ground: Ground, job: JobAsked, desk: Desk) -> int:
    containers = tuple(
        dataclasses.replace(one, environment={**one.environment, **job.environment})
        for one in endpoint.containers
    )
    endpoint = dataclasses.replace(endpoint, containers=containers)
    failures = []
    for done in jobs.run(endpoint, ground, job.wanted, job.input, job.output):
        if done.failure:
            failures.append(done.failure)
            desk.say(f"{done.input}: no output: {done.failure}")
        else:
            desk.say(f"{done.input}: {done.requests} requests")
            desk.line(done.output)
    if failures:
        raise JobFailed(f"the transform job failed: {failures[0]}")
    return exits.YES


def _ground(
    endpoint: Endpoint, given: argparse.Namespace, desk: Desk, folder: Path, log: Callable[[str], None]
) -> Ground:
    images = any(one.image for one in endpoint.containers)
    handed_on: Mapping[str, str] = {}
    if given.pass_aws and not endpoint.isolated:
        handed_on = credentials.handed_on(desk.aws, desk.environ, given.endpoint_url)
    if endpoint.isolated and not images:
        desk.say(
            "note: the checkout runs without credentials, but its network is this machine's: see --image"
        )
    limits = [f"--memory={given.memory}"] if given.memory else []
    return Ground(
        folder=folder,
        store=_store(given, desk),
        region=desk.aws.region_if_known or _REGION,
        tell=desk.say,
        log=log,
        engine=engine.answering(given.engine, desk.environ) if images else None,
        handed_on=handed_on,
        options=(*limits, *(f"--device={device}" for device in given.device)),
    )


def _store(given: argparse.Namespace, desk: Desk) -> Folder | S3:
    return Folder(Path(given.s3_dir)) if given.s3_dir else S3(lambda: desk.aws.s3)


def _planned(
    endpoint: Endpoint, job: JobAsked | None, given: argparse.Namespace, desk: Desk
) -> dict[str, object]:
    handed_on = dict.fromkeys(("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"), "") if given.pass_aws else {}
    ground = Ground(
        folder=Path("WORK"),
        store=_store(given, desk),
        region=desk.aws.region_if_known or _REGION,
        tell=desk.say,
        log=desk.say,
        handed_on=handed_on,
        batch=job.wanted.environment() if job else {},
    )
    return {
        "endpoint": endpoint.name,
        "kind": str(endpoint.kind),
        "isolated": endpoint.isolated,
        "containers": building.plan(endpoint, ground),
        **({"transform": {"input": job.input, "output": job.output}} if job else {}),
    }


@contextlib.contextmanager
def _folder() -> Iterator[Path]:
    """For all that a rehearsal makes; its models are for any user to read."""
    with tempfile.TemporaryDirectory(prefix="neuronserve-rehearsal-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder


@contextlib.contextmanager
def _log(name: str | None, desk: Desk) -> Iterator[Callable[[str], None]]:
    """Where containers' lines go: several threads write them."""
    if not name:
        yield desk.say
        return
    lock = threading.Lock()
    try:
        file = Path(name).open("a", buffering=1)  # noqa: SIM115  it is closed below
    except OSError as error:
        raise InvalidInput(f"--log {name}: {error.strerror}") from None

    def write(line: str) -> None:
        with lock:
            file.write(f"{line}\n")

    with file:
        yield write


class Signals:
    """The first one interrupts, so that all ends in order; the second one kills what still runs."""

    def __init__(self) -> None:
        self.second: Callable[[], None] = lambda: None
        self._count = 0

    def __call__(self, _: int, __: FrameType | None) -> None:
        self._count += 1
        if self._count == 2:
            self.second()
        else:
            raise KeyboardInterrupt


@contextlib.contextmanager
def _stopped_by_signals() -> Iterator[Signals]:
    signals = Signals()
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, signals) for number in numbers}
    try:
        yield signals
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
