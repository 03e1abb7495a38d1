"""Rehearsals for tests: real containers (the checkout, an image, or a stand-in) behind the runtime API.

::

    with rehearsal("realtime", [folder], tmp) as endpoint:
        endpoint.runtime.invoke_endpoint(EndpointName=endpoint.name, Body=b"[1]")
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from neuronserve.deploy import engine as engines
from neuronserve.deploy.sagemaker.local.building import SERVE, Ground
from neuronserve.deploy.sagemaker.local.limits import Limits
from neuronserve.deploy.sagemaker.local.rehearsal import Rehearsal
from neuronserve.deploy.sagemaker.local.store import Folder, Store
from neuronserve.deploy.sagemaker.local.wanted import Async, Container, Endpoint, Kind

NAME = "rehearsed"
REGION = "us-east-1"
KEYS = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing-secret", "region_name": REGION}
# No retries: each call is seen as it was answered. Long enough for any model here.
CONFIG = Config(
    retries={"total_max_attempts": 1}, read_timeout=90, connect_timeout=5, max_pool_connections=32
)
CPU = {"MODEL_SERVER": "cpu", "SERVE_LOG_FORMAT": "json"}


@dataclasses.dataclass
class Rehearsed:
    """``told``: what happened; ``logged``: what the containers printed; ``buckets``: S3, as a folder."""

    rehearsal: Rehearsal
    runtime: Any
    told: list[str]
    logged: list[str]
    buckets: Path

    @property
    def name(self) -> str:
        return self.rehearsal.endpoint.name

    @property
    def url(self) -> str:
        return self.rehearsal.url

    def invoke(self, body: bytes, content_type: str = "application/json", **more: Any) -> bytes:
        """The answer's body."""
        answer = self.runtime.invoke_endpoint(
            EndpointName=self.name, Body=body, ContentType=content_type, **more
        )
        return answer["Body"].read()

    def wait_told(self, text: str, seconds: float = 30) -> str:
        """What was told with ``text`` in it."""
        return wait_for(f"{text!r} is told", lambda: next((t for t in self.told if text in t), ""), seconds)


@contextlib.contextmanager
def rehearsal(
    kind: str,
    models: Sequence[Path | str],
    folder: Path,
    *,
    names: Sequence[str] = (),
    image: str = "",
    environment: Mapping[str, str] = CPU,
    environments: Sequence[Mapping[str, str]] = (),
    asynchronous: Async | None = None,
    store: Store | None = None,
    program: Sequence[str] = SERVE,
    limits: Limits | None = None,
    startup: float = 120,
    isolated: bool = False,
    cached: bool = True,
    options: Sequence[str] = (),
) -> Iterator[Rehearsed]:
    """An endpoint in service. ``models``: one for each container; ``names``: their hostnames.

    ``environments``: what each has besides ``environment``. ``folder``: for all that it makes.
    """
    told: list[str] = []
    logged: list[str] = []
    buckets = folder / "buckets"
    work = folder / "work"
    for each in (buckets, work):
        each.mkdir(parents=True, exist_ok=True)
    named = names or (["primary"] if len(models) == 1 else [f"container-{n + 1}" for n in range(len(models))])
    own = environments or [{}] * len(models)
    containers = tuple(
        Container(name, str(model), image, {**environment, **more}, Kind(kind) is Kind.MULTI_MODEL, cached)
        for name, model, more in zip(named, models, own, strict=True)
    )
    endpoint = Endpoint(
        NAME, Kind(kind), containers, startup=startup, asynchronous=asynchronous, isolated=isolated
    )
    ground = Ground(
        folder=work,
        store=store or Folder(buckets),
        region=REGION,
        tell=told.append,
        log=logged.append,
        engine=engines.answering(None, os.environ) if image else None,
        program=program,
        limits=limits or Limits(),
        options=tuple(options),
    )
    with Rehearsal(endpoint, ground) as started:
        yield Rehearsed(started, client(started.url), told, logged, buckets)


def client(url: str) -> Any:
    """A real client of the runtime API."""
    return boto3.client("sagemaker-runtime", endpoint_url=url, config=CONFIG, **KEYS)


def together(count: int, call: Callable[[int], Any]) -> list[Any]:
    """What ``call(0)`` to ``call(count - 1)`` gave, all begun at the same moment; exceptions are results."""
    results: list[Any] = [None] * count
    gate = threading.Barrier(count)

    def one(number: int) -> None:
        gate.wait()
        try:
            results[number] = call(number)
        except Exception as error:  # noqa: BLE001  the test looks at it
            results[number] = error

    threads = [threading.Thread(target=one, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def wait_for(what: str, look: Callable[[], Any], seconds: float = 30) -> Any:
    """The first true value of ``look``."""
    end = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < end, f"not within {seconds} s: {what}"
        time.sleep(0.02)
    return found
