"""A transform job from its first input to its last: containers up, files through them, containers gone."""

from __future__ import annotations

import dataclasses
import gzip
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from neuronserve.deploy.sagemaker.local import building, calls, transform
from neuronserve.deploy.sagemaker.local.building import Built, Ground
from neuronserve.deploy.sagemaker.local.calls import Answer, Request, Unanswered
from neuronserve.deploy.sagemaker.local.records import Source
from neuronserve.deploy.sagemaker.local.store import Store, join
from neuronserve.deploy.sagemaker.local.transform import Job, Wanted
from neuronserve.deploy.sagemaker.local.wanted import Endpoint, Kind
from neuronserve.errors import InvalidInput, JobFailed, NoSuchResource

SUFFIX = ".out"


@dataclasses.dataclass(frozen=True)
class Done:
    """``output``: where the results of one file are; empty: ``failure`` says why there are none."""

    input: str
    output: str = ""
    requests: int = 0
    failure: str = ""


def run(endpoint: Endpoint, ground: Ground, wanted: Wanted, source: str, target: str) -> Iterator[Done]:
    """Each input file in turn: a path or s3:// prefix, to a folder or s3:// prefix.

    A file that cannot be transformed leaves no output, and the others go on. Raises DeploymentFailed when a
    container does not come up, InvalidInput and NoSuchResource for inputs, JobFailed.
    """
    if endpoint.kind not in (Kind.REALTIME, Kind.PIPELINE):
        raise InvalidInput(f"batch transform takes one container or a pipeline, not {endpoint.kind}")
    inputs = list(_inputs(source, ground.store))
    ground = dataclasses.replace(ground, batch={**ground.batch, **wanted.environment()})
    built = building.build(endpoint, ground)
    try:
        for container in built.containers:
            container.start()
        for container in built.containers:
            container.wait()
        settled = transform.settle(wanted, _execution_parameters(built, ground))
        job = Job(built.route, wanted, settled, ground.tell, ground.limits.retry_pause)
        for uri, name in inputs:
            yield _one(job, uri, name, target, ground)
    finally:
        for container in built.containers:
            container.ask_to_stop()
        for container in built.containers:
            container.stop()
        building.tear_down(built, ground)


def _one(job: Job, uri: str, name: str, target: str, ground: Ground) -> Done:
    with tempfile.TemporaryDirectory(dir=ground.folder) as scratch:
        path, result = Path(uri), Path(scratch) / "out"
        if uri.startswith("s3://"):
            path = Path(scratch) / "in"
            ground.store.download(uri, path)
        try:
            count = job.transform(Source(path, job.wanted.compressed, uri), result)
        except JobFailed as error:
            return Done(uri, failure=str(error))
        except (gzip.BadGzipFile, EOFError) as error:
            return Done(uri, failure=f"{uri}: no whole gzip data: {error}")
        return Done(uri, _stored(result, target, f"{name}{SUFFIX}", ground.store), count)


def _stored(result: Path, target: str, name: str, store: Store) -> str:
    if target.startswith("s3://"):
        store.upload(result, join(target, name), "")
        return join(target, name)
    place = Path(target) / name
    place.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(result, place)
    return str(place)


def _inputs(source: str, store: Store) -> Iterator[tuple[str, str]]:
    """Each file, and the name that its output has, without its suffix."""
    if source.startswith("s3://"):
        found = [uri for uri in store.keys(source) if not uri.endswith("/")]
        if not found:
            raise NoSuchResource(f"{source}: nothing begins so")
        top = source if source.endswith("/") else source[: source.rindex("/") + 1]
        yield from ((uri, uri.removeprefix(top)) for uri in found)
        return
    path = Path(source)
    if path.is_file():
        yield str(path), path.name
    elif path.is_dir():
        files = sorted(each for each in path.rglob("*") if each.is_file())
        if not files:
            raise InvalidInput(f"{source}: no file in it")
        yield from ((str(file), file.relative_to(path).as_posix()) for file in files)
    else:
        raise InvalidInput(f"{source}: no such file or folder")


def _execution_parameters(built: Built, ground: Ground) -> Answer:
    """The first container's answer; one that does not answer has no such route."""
    request, seconds = Request("GET", "/execution-parameters"), ground.limits.ping
    try:
        return calls.ask(built.containers[0].address(), request, connect=seconds, answer=seconds)
    except Unanswered:
        return Answer(404, {}, b"")
