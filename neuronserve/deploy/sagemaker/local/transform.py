"""Batch transform over files: split, sent, and put together again, as a transform job does it."""

from __future__ import annotations

import collections
import concurrent.futures
import dataclasses
import json
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any

from neuronserve.deploy.sagemaker.local.calls import Answer
from neuronserve.deploy.sagemaker.local.faults import Fault
from neuronserve.deploy.sagemaker.local.invocation import Invocation
from neuronserve.deploy.sagemaker.local.joining import Processing
from neuronserve.deploy.sagemaker.local.records import Payload, Source, Splitting
from neuronserve.deploy.sagemaker.local.routing import Route
from neuronserve.errors import InvalidInput, JobFailed

MOST_MB = 100  # MaxPayloadInMB, and MaxConcurrentTransforms x MaxPayloadInMB
_PAYLOAD_MB, _CONCURRENT, _STRATEGY = 6, 1, "MultiRecord"  # where neither job nor container says
_BUSY = 429
_STRATEGIES = {"SingleRecord": "SINGLE_RECORD", "MultiRecord": "MULTI_RECORD"}


@dataclasses.dataclass(frozen=True)
class Wanted:
    """A transform job's own settings; None: the container says, or the default counts."""

    content_type: str = ""
    accept: str = ""
    split: str = "None"
    assemble: str = "None"
    strategy: str | None = None
    max_payload_mb: int | None = None
    concurrent: int | None = None
    compressed: bool = False
    timeout: float = 600
    retries: int = 3
    processing: Processing = Processing()

    def __post_init__(self) -> None:
        if (self.max_payload_mb or 0) > MOST_MB:
            raise InvalidInput(f"MaxPayloadInMB {self.max_payload_mb}: at most {MOST_MB}")
        if self.split not in ("None", "Line"):
            raise InvalidInput(f"SplitType {self.split} is not rehearsed", hint="None or Line")
        if not self.processing.nothing and self.split != "Line":
            raise InvalidInput("filters and JoinSource need SplitType Line here")

    def environment(self) -> dict[str, str]:
        """What the job sets in the container."""
        found = {"SAGEMAKER_BATCH": "true"}
        if self.max_payload_mb is not None:
            found["SAGEMAKER_MAX_PAYLOAD_IN_MB"] = str(self.max_payload_mb)
        if self.strategy:
            found["SAGEMAKER_BATCH_STRATEGY"] = _STRATEGIES[self.strategy]
        if self.concurrent:
            found["SAGEMAKER_MAX_CONCURRENT_TRANSFORMS"] = str(self.concurrent)
        return found


@dataclasses.dataclass(frozen=True)
class Settled:
    """What counts in the end."""

    splitting: Splitting
    concurrent: int


def settle(wanted: Wanted, told: Answer) -> Settled:
    """``told``: the answer to GET /execution-parameters. Raises JobFailed for one that cannot be used."""
    parameters = _parameters(told)
    strategy = wanted.strategy or _word(parameters.get("BatchStrategy", "")) or _STRATEGY
    payload = _number(wanted.max_payload_mb, parameters.get("MaxPayloadInMB"), _PAYLOAD_MB)
    concurrent_ = _number(wanted.concurrent or None, parameters.get("MaxConcurrentTransforms"), _CONCURRENT)
    if payload > MOST_MB or concurrent_ * payload > MOST_MB:
        raise JobFailed(
            f"MaxConcurrentTransforms {concurrent_} x MaxPayloadInMB {payload} is more than {MOST_MB} MB",
            hint="--max-concurrent or --max-payload",
        )
    several = strategy == "MultiRecord"
    return Settled(Splitting(wanted.split == "Line", several, payload), max(1, concurrent_))


@dataclasses.dataclass(frozen=True)
class Job:
    """Transforms one file after the other through ``route``. ``pause``: seconds before a try is repeated."""

    route: Route
    wanted: Wanted
    settled: Settled
    tell: Callable[[str], None]
    pause: float = 1.0

    def transform(self, source: Source, target: Path) -> int:
        """The number of requests. Raises JobFailed; then there is no ``target``."""
        count = 0
        with tempfile.NamedTemporaryFile(dir=target.parent, prefix=".", delete=False) as output:
            partial = Path(output.name)
            try:
                for payload, answer in self._answers(source):
                    count += 1
                    self._assemble(output, payload, answer)
            except BaseException:
                partial.unlink()
                raise
        partial.chmod(0o644)
        partial.replace(target)
        return count

    def _answers(self, source: Source) -> Iterator[tuple[Payload, Answer]]:
        """In the order of the payloads; as many under way as the job allows."""
        under_way: collections.deque[tuple[Payload, concurrent.futures.Future[Answer]]] = collections.deque()
        payloads = self.settled.splitting.payloads(source)
        with concurrent.futures.ThreadPoolExecutor(self.settled.concurrent) as workers:
            try:
                for payload in payloads:
                    under_way.append((payload, workers.submit(self._answer, source, payload)))
                    if len(under_way) > self.settled.concurrent:
                        first, answer = under_way.popleft()
                        yield first, answer.result()
                while under_way:
                    first, answer = under_way.popleft()
                    yield first, answer.result()
            finally:
                workers.shutdown(cancel_futures=True)

    def _answer(self, source: Source, payload: Payload) -> Answer:
        body = payload.body
        if not self.wanted.processing.nothing:
            records = self.wanted.processing.before(payload.records, self.wanted.content_type)
            body = b"\n".join(records)
        invocation = Invocation(body, self.wanted.timeout, self.wanted.content_type, self.wanted.accept)
        for left in range(self.wanted.retries, -1, -1):
            try:
                return self.route.respond(invocation)
            except Fault as fault:
                status = fault.members.get("OriginalStatusCode", fault.status)
                if not left or (400 <= status < 500 and status != _BUSY):
                    raise JobFailed(
                        f"{source.name}: {status}: {fault.members.get('OriginalMessage', fault.message)}"
                    ) from None
                self.tell(f"{source.name}: {status}; it is tried again, {left} times at most")
                time.sleep(self.pause)
        raise AssertionError  # the last round returns or raises

    def _assemble(self, output: IO[bytes], payload: Payload, answer: Answer) -> None:
        body = answer.body
        processing = self.wanted.processing
        if not processing.nothing:
            lines = processing.after(
                payload.records, body.splitlines(), self.wanted.content_type, self.wanted.accept
            )
            body = b"\n".join(lines)
        output.write(body)
        if self.wanted.assemble == "Line" and not body.endswith(b"\n"):
            output.write(b"\n")


def _parameters(told: Answer) -> Mapping[str, Any]:
    """None of a container that has no such route."""
    if not told.ok:
        return {}
    try:
        found = json.loads(told.body)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise JobFailed(f"GET /execution-parameters answered no JSON object: {told.text()[:200]}")
    return found


def _word(told: object) -> str:
    if not told:
        return ""
    words = {theirs: ours for ours, theirs in _STRATEGIES.items()} | {word: word for word in _STRATEGIES}
    if told not in words:
        raise JobFailed(f"GET /execution-parameters: BatchStrategy {told!r} is none of {', '.join(words)}")
    return words[str(told)]


def _number(wanted: int | None, told: object, default: int) -> int:
    if wanted is not None:
        return wanted
    if told is None:
        return default
    if not isinstance(told, int) or isinstance(told, bool) or told < 0:
        raise JobFailed(f"GET /execution-parameters: {told!r} is no number, 0 or more")
    return told
