"""Asynchronous inference: requests that wait, are answered, and leave an object in S3."""

from __future__ import annotations

import concurrent.futures
import dataclasses
import datetime as dt
import json
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from neuronserve.deploy.sagemaker.local import faults
from neuronserve.deploy.sagemaker.local.faults import Fault
from neuronserve.deploy.sagemaker.local.invocation import Invocation
from neuronserve.deploy.sagemaker.local.limits import Limits
from neuronserve.deploy.sagemaker.local.routing import Route
from neuronserve.deploy.sagemaker.local.store import Store, join
from neuronserve.deploy.sagemaker.local.wanted import Async
from neuronserve.errors import NeuronserveError

_TTL = 21_600.0  # seconds: RequestTTLSeconds where a request has none


@dataclasses.dataclass(frozen=True)
class Ticket:
    """One request that waits. ``output`` and ``failure``: s3:// URIs; ``failure`` may be empty."""

    inference_id: str
    input: str
    output: str
    failure: str
    content_type: str
    accept: str
    custom_attributes: str
    answer: float
    ttl: float
    received: float = dataclasses.field(default_factory=time.time)

    @classmethod
    def of(cls, params: Mapping[str, Any], fresh: str, wanted: Async, answer: float) -> Ticket:
        """``params``: those of InvokeEndpointAsync. ``fresh``: an id for one that has none."""
        inference_id = params.get("InferenceId", fresh)
        extension = params.get("S3OutputPathExtension", "").strip("/")
        name = params.get("Filename", f"{fresh}.out")
        stem = name.removesuffix(".out")
        output = join(wanted.output, extension) if extension else wanted.output
        failure = join(wanted.failure, extension) if extension and wanted.failure else wanted.failure
        return cls(
            inference_id=inference_id,
            input=params.get("InputLocation", ""),
            output=join(output, name),
            failure=join(failure, f"{stem}-error.out") if failure else "",
            content_type=params.get("ContentType", ""),
            accept=params.get("Accept", ""),
            custom_attributes=params.get("CustomAttributes", ""),
            answer=float(params.get("InvocationTimeoutSeconds", answer)),
            ttl=float(params.get("RequestTTLSeconds", _TTL)),
        )


class Queue:
    """At most ``wanted.concurrent`` at once. ``tell`` gets the notifications that SNS would publish."""

    def __init__(
        self, route: Route, wanted: Async, store: Store, limits: Limits, *, endpoint: str, region: str,
        tell: Callable[[str], None], folder: Path,
    ) -> None:  # fmt: skip
        self.wanted = wanted
        self._route, self._store, self._limits = route, store, limits
        self._endpoint, self._region, self._tell, self._folder = endpoint, region, tell, folder
        self._workers = concurrent.futures.ThreadPoolExecutor(wanted.concurrent, thread_name_prefix="async")
        self._closing = threading.Event()

    def put(self, ticket: Ticket, inline: bytes) -> None:
        self._workers.submit(self._done, ticket, inline)

    def close(self) -> None:
        """What is under way goes on; what still waits is dropped, and told."""
        self._closing.set()

    def wait(self) -> None:
        """Until nothing is under way."""
        self._workers.shutdown(wait=True)

    def _done(self, ticket: Ticket, inline: bytes) -> None:
        if self._closing.is_set():
            self._tell(f"async {ticket.inference_id}: dropped: the endpoint is being deleted")
            return
        scratch = Path(tempfile.mkdtemp(dir=self._folder))
        try:
            content_type = self._answered(ticket, inline, scratch)
            self._notify(ticket, "", content_type)
        except (Fault, NeuronserveError) as error:
            self._failed(ticket, str(error), scratch)
        except Exception as error:  # noqa: BLE001  whoever waits for the object has to hear of it
            self._failed(ticket, f"a fault of the rehearsal itself: {type(error).__name__}: {error}", scratch)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)

    def _answered(self, ticket: Ticket, inline: bytes, scratch: Path) -> str:
        if time.time() - ticket.received > ticket.ttl:
            raise faults.invalid(f"The request waited for more than {ticket.ttl:g} s and has expired.")
        body = scratch / "body"
        if ticket.input:
            self._fetch(ticket, body)
        else:
            body.write_bytes(inline)
        if body.stat().st_size > self._limits.async_body_bytes:
            raise faults.too_large(self._limits.async_body_bytes)
        answer = self._route.respond(
            Invocation(
                body, ticket.answer, ticket.content_type, ticket.accept, ticket.custom_attributes,
                ticket.inference_id,
            )
        )  # fmt: skip
        output = scratch / "output"
        output.write_bytes(answer.body)
        content_type = answer.headers.get("content-type", "")
        self._store.upload(output, ticket.output, content_type)
        return content_type

    def _fetch(self, ticket: Ticket, body: Path) -> None:
        try:
            self._store.download(ticket.input, body)
        except NeuronserveError as error:
            raise faults.invalid(f"The input {ticket.input} could not be read: {error}") from None

    def _failed(self, ticket: Ticket, why: str, scratch: Path) -> None:
        """The error's text is the object, where there is a place for it."""
        if ticket.failure:
            told = scratch / "failure"
            told.write_text(why)
            try:
                self._store.upload(told, ticket.failure, "text/plain")
            except NeuronserveError as error:
                self._tell(f"async {ticket.inference_id}: the failure could not be written: {error}")
        self._notify(ticket, why, "")

    def _notify(self, ticket: Ticket, failure: str, content_type: str) -> None:
        topic = self.wanted.error_topic if failure else self.wanted.success_topic
        self._tell(f"async {ticket.inference_id}: {failure or ticket.output}")
        if topic:
            message = self._message(ticket, failure, content_type)
            self._tell(f"would publish to {topic}: {json.dumps(message)}")

    def _message(self, ticket: Ticket, failure: str, content_type: str) -> dict[str, Any]:
        """SageMaker's notification, as its developer guide shows it."""
        now, received = dt.datetime.now(dt.UTC), dt.datetime.fromtimestamp(ticket.received, dt.UTC)
        about = {
            "awsRegion": self._region,
            "eventTime": f"{now:%Y-%m-%dT%H:%M:%S.%f}"[:-3] + "Z",
            "receivedTime": f"{received:%Y-%m-%dT%H:%M:%S.%f}"[:-3] + "Z",
            "invocationStatus": "Failed" if failure else "Completed",
            "requestParameters": {
                "contentType": ticket.content_type,
                "endpointName": self._endpoint,
                "inputLocation": ticket.input,
            },
            "inferenceId": ticket.inference_id,
            "eventVersion": "1.0",
            "eventSource": "aws:sagemaker",
            "eventName": "InferenceResult",
        }
        if failure:
            return {**about, "failureReason": failure}
        return {**about, "responseParameters": {"contentType": content_type, "outputLocation": ticket.output}}
