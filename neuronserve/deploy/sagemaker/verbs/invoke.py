"""Ask an endpoint, and print its answer.

    invoke ENDPOINT --data '{"instances": [[1.0, 2.0, 5.0]]}'
    invoke ENDPOINT rows.csv --accept text/csv
    invoke ENDPOINT - --content-type application/x-npy --to answer.npy < batch.npy
    invoke ENDPOINT --location s3://bucket/large.jsonl             an asynchronous endpoint, and wait
    invoke ENDPOINT --location s3://bucket/large.jsonl --s3-dir DIR --endpoint-url URL        its rehearsal
    invoke ENDPOINT rows.jsonl --stream --accept application/jsonlines

The answer's body goes to standard output as it is, or to --to FILE; what came with it (variant, custom
attributes, session) is said on standard error. The content type follows from the file's name unless
--content-type says it. An error of the container is shown with its status and text, and ends with 1.
"""

from __future__ import annotations

import argparse
import contextlib
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError, EventStreamError

from neuronserve.deploy import exits
from neuronserve.deploy.desk import Desk
from neuronserve.deploy.sagemaker import invocations, results
from neuronserve.deploy.sagemaker.invocations import JSON, Call
from neuronserve.deploy.waiting import seconds
from neuronserve.errors import InvalidInput, JobFailed, NoSuchResource


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("endpoint", metavar="ENDPOINT", help="its name")
    parser.add_argument("file", nargs="?", metavar="FILE", help="the body; - is standard input")
    parser.add_argument("--data", metavar="TEXT", help="the body itself")
    parser.add_argument("--content-type", metavar="TYPE", help="of the body")
    parser.add_argument("--accept", default="", metavar="TYPE", help="of the answer")
    parser.add_argument("--to", type=Path, metavar="FILE", help="where the answer goes")
    parser.add_argument("--stream", action="store_true", help="print the answer as it comes")
    to = parser.add_argument_group("whom")
    to.add_argument("--target-model", default="", metavar="KEY", help="of a multi-model endpoint")
    to.add_argument("--target-variant", default="", metavar="NAME", help="a production variant")
    to.add_argument("--target-container", default="", metavar="HOSTNAME", help="of a direct endpoint")
    more = parser.add_argument_group("more")
    more.add_argument(
        "--attributes", default="", metavar="TEXT", help="custom attributes: tfs-model-name=..."
    )
    more.add_argument("--inference-id", default="", metavar="ID", help="the request's id, in the logs too")
    more.add_argument("--session-id", default="", metavar="ID")
    later = parser.add_argument_group("asynchronous")
    later.add_argument("--location", default="", metavar="S3_URI", help="the input, in S3")
    later.add_argument(
        "--wait", action=argparse.BooleanOptionalAction, default=True, help="for the result (default)"
    )
    later.add_argument(
        "--timeout", type=seconds, default=3600, metavar="S", help="wait at most so long (3600)"
    )
    later.add_argument("--s3-dir", type=Path, metavar="DIR", help="the folder that a rehearsal takes for S3")
    later.add_argument("--ttl", type=int, metavar="S", help="how long the request may wait for an instance")
    later.add_argument("--invocation-timeout", type=int, metavar="S", help="how long it may be worked on")


def run(given: argparse.Namespace, desk: Desk) -> int:
    call = _call(given)
    if given.to and not given.to.parent.is_dir():
        raise InvalidInput(f"--to {given.to}: there is no folder {given.to.parent}")
    if given.location:
        return _asynchronous(given, desk, call)
    operation: Any = "InvokeEndpointWithResponseStream" if given.stream else "InvokeEndpoint"
    request = call.request(operation)
    if given.dry_run:
        desk.would_send([(operation, {**request, "Body": f"<{len(call.body)} bytes>"})])
        return exits.YES
    with _explained(given.endpoint):
        return _streamed(given, desk, request) if given.stream else _whole(given, desk, request)


def _call(given: argparse.Namespace) -> Call:
    sources = [given.file is not None, given.data is not None, bool(given.location)]
    if sum(sources) != 1:
        raise InvalidInput(
            "nothing to send" if not any(sources) else "several bodies at once",
            hint="give a FILE (- for standard input), or --data TEXT, or --location S3_URI",
        )
    body = b"" if given.location else given.data.encode() if given.data is not None else _read(given.file)
    name = given.location or ("" if given.file in (None, "-") else given.file)
    if given.location and not given.content_type:
        kind = invocations.content_type(name, b"{}")
    else:
        kind = given.content_type or (
            JSON if given.data is not None else invocations.content_type(name, body)
        )
    return Call(
        endpoint=given.endpoint,
        body=body,
        content_type=kind,
        accept=given.accept,
        target_model=given.target_model,
        target_variant=given.target_variant,
        target_container=given.target_container,
        attributes=given.attributes,
        inference_id=given.inference_id,
        session_id=given.session_id,
        location=given.location,
        ttl=given.ttl,
        timeout=given.invocation_timeout,
    )


def _read(file: str) -> bytes:
    if file == "-":
        return sys.stdin.buffer.read()
    try:
        return Path(file).read_bytes()
    except OSError as error:
        raise InvalidInput(f"{file}: {error.strerror}") from None


def _whole(given: argparse.Namespace, desk: Desk, request: dict[str, Any]) -> int:
    answer = desk.aws.runtime.invoke_endpoint(**request)
    _tell(desk, answer)
    _write(given, desk, [answer["Body"].read()])
    return exits.YES


def _streamed(given: argparse.Namespace, desk: Desk, request: dict[str, Any]) -> int:
    answer = desk.aws.runtime.invoke_endpoint_with_response_stream(**request)
    _tell(desk, answer)
    try:
        with contextlib.closing(answer["Body"]) as events:
            _write(given, desk, _parts(events))
    except EventStreamError as error:
        raise JobFailed(
            f"{given.endpoint}: the answer broke off: {error.response['Error'].get('Message', '')}",
            hint="what came before it was written",
        ) from None
    return exits.YES


def _parts(events: Iterable[Any]) -> Iterator[bytes]:
    for event in events:
        if "PayloadPart" in event:
            yield event["PayloadPart"]["Bytes"]


def _asynchronous(given: argparse.Namespace, desk: Desk, call: Call) -> int:
    request = call.request("InvokeEndpointAsync")
    if given.dry_run:
        desk.would_send([("InvokeEndpointAsync", request)])
        return exits.YES
    read = _reader(given, desk) if given.wait else None  # what cannot be had is told before anything is sent
    with _explained(given.endpoint):
        answer = desk.aws.runtime.invoke_endpoint_async(**request)
    _tell(desk, answer)
    if read is None:
        desk.show(invocations.told(answer))
        return exits.YES
    found = results.wait(desk, read, dict(answer), given.timeout)
    if found.failed:
        raise JobFailed(f"{given.endpoint}: {found.body.decode(errors='replace')[:2000]}")
    _write(given, desk, [found.body])
    return exits.YES


def _reader(given: argparse.Namespace, desk: Desk) -> results.Read:
    if given.s3_dir is None:
        return results.from_s3(desk.aws.s3)
    if not given.s3_dir.is_dir():
        raise InvalidInput(f"--s3-dir {given.s3_dir}: no such folder")
    return results.from_folder(given.s3_dir)


def _tell(desk: Desk, answer: Any) -> None:
    for name, value in invocations.told(answer).items():
        desk.say(f"{name}: {value}")


def _write(given: argparse.Namespace, desk: Desk, parts: Iterable[bytes]) -> None:
    """The bytes as they are; a terminal gets a line's end where the answer has none."""
    try:
        if given.to:
            with given.to.open("wb") as file:
                file.writelines(parts)
            return
        last = b"\n"
        for part in parts:
            last = part or last
            _print(desk, part)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise InvalidInput(f"{given.to or 'the output'}: {error.strerror}") from None
    if desk.out.isatty() and not last.endswith(b"\n"):
        desk.line("")


def _print(desk: Desk, part: bytes) -> None:
    raw = getattr(desk.out, "buffer", None)
    if raw is None:
        desk.out.write(part.decode(errors="backslashreplace"))
        return
    desk.out.flush()
    raw.write(part)
    raw.flush()


@contextlib.contextmanager
def _explained(endpoint: str) -> Iterator[None]:
    """Raises JobFailed for the container's own error, NoSuchResource where there is no such endpoint."""
    try:
        yield
    except ClientError as error:
        if invocations.is_absent(error):
            raise NoSuchResource(f"there is no endpoint {endpoint!r} in this region") from None
        refused = invocations.refusal(error)
        if refused is None:
            raise
        hint = f"its log: {refused.log}" if refused.log else "its log says more, under the request's id"
        raise JobFailed(refused.line(endpoint), hint=hint) from None
