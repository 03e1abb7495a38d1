"""A call of an endpoint: the request to SageMaker's runtime API, and what its answer tells beside the body.

Source: botocore's model of ``sagemaker-runtime``, and the developer guide on each header.
"""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any, Literal

from botocore.exceptions import ClientError

from neuronserve.deploy import shapes
from neuronserve.errors import InvalidInput

JSON = "application/json"
Operation = Literal["InvokeEndpoint", "InvokeEndpointWithResponseStream", "InvokeEndpointAsync"]
_ABSENT = re.compile(r"^Endpoint \S+ of account \S+ not found")
_VISIBLE = re.compile(r"[\x20-\x7e]*")
MOST_BYTES = 6_291_456  # of a body; InvokeEndpointAsync takes its input from S3, up to 1 GB

_TYPES = {
    ".json": JSON,
    ".jsonl": "application/jsonlines",
    ".jsonlines": "application/jsonlines",
    ".ndjson": "application/jsonlines",
    ".csv": "text/csv",
    ".npy": "application/x-npy",
    ".npz": "application/x-npz",
    ".pb": "application/x-protobuf",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".png": "image/png",
    ".txt": "text/plain",
}


@dataclasses.dataclass(frozen=True)
class Call:
    """What is asked of an endpoint, in the words of the API; "" and None: not said.

    ``location``: the input of an asynchronous call, an ``s3://`` URI. ``ttl`` and ``timeout``: seconds for
    which such a request may wait, and be worked on.
    """

    endpoint: str
    body: bytes = b""
    content_type: str = JSON
    accept: str = ""
    target_model: str = ""
    target_variant: str = ""
    target_container: str = ""
    attributes: str = ""
    inference_id: str = ""
    session_id: str = ""
    location: str = ""
    ttl: int | None = None
    timeout: int | None = None

    def request(self, operation: Operation) -> dict[str, Any]:
        """Raises InvalidInput, naming what SageMaker would refuse, and what this operation does not know."""
        said = {
            "EndpointName": self.endpoint,
            "Body": self.body,
            "ContentType": self.content_type,
            "Accept": self.accept,
            "TargetModel": self.target_model,
            "TargetVariant": self.target_variant,
            "TargetContainerHostname": self.target_container,
            "CustomAttributes": self.attributes,
            "InferenceId": self.inference_id,
            "SessionId": self.session_id,
            "InputLocation": self.location,
            "RequestTTLSeconds": self.ttl,
            "InvocationTimeoutSeconds": self.timeout,
        }
        given = {key: value for key, value in said.items() if value not in ("", None)}
        if operation == "InvokeEndpointAsync":
            given.pop("Body", None)
        _check_known(operation, given)
        if len(self.body) > MOST_BYTES:
            raise InvalidInput(
                f"the body has {len(self.body):,} bytes, and SageMaker takes {MOST_BYTES:,} at most",
                hint="send less at once, or put it into S3: an asynchronous endpoint takes 1 GB",
            )
        for name, value in given.items():
            if name != "Body" and isinstance(value, str) and not _VISIBLE.fullmatch(value):
                raise InvalidInput(f"{name} holds a character that no header can have", hint="ASCII alone")
        for finding in shapes.findings("sagemaker-runtime", operation, given):
            raise InvalidInput(finding.line(operation))
        return given


def _check_known(operation: Operation, given: Mapping[str, Any]) -> None:
    shape = shapes.operation_model("sagemaker-runtime", operation).input_shape
    unknown = [key for key in given if shape is not None and key not in shape.members]
    if unknown:
        kinds = {
            "InvokeEndpointAsync": "an asynchronous call",
            "InvokeEndpointWithResponseStream": "a stream",
        }
        raise InvalidInput(f"{unknown[0]} cannot be said of {kinds.get(operation, 'such a call')}")


def content_type(file: str, body: bytes) -> str:
    """By the file's name; where that says nothing, JSON when it is some. Raises InvalidInput."""
    known = _TYPES.get(PurePath(file).suffix.lower())
    if known:
        return known
    if body.startswith(b"\x93NUMPY"):
        return "application/x-npy"
    try:
        json.loads(body)
    except ValueError:
        raise InvalidInput(
            f"{file or 'standard input'}: its content type cannot be told from its name, and it is no JSON",
            hint="say --content-type, such as text/csv",
        ) from None
    return JSON


def told(answer: Mapping[str, Any]) -> dict[str, Any]:
    """What an answer says beside its body."""
    names = (
        "ContentType", "InvokedProductionVariant", "CustomAttributes", "NewSessionId", "ClosedSessionId",
        "InferenceId", "OutputLocation", "FailureLocation",
    )  # fmt: skip
    return {name: answer[name] for name in names if answer.get(name)}


@dataclasses.dataclass(frozen=True)
class Refusal:
    """The container's own error, as SageMaker passes it on (ModelError); ``status`` 0: it gave no answer."""

    status: int
    message: str
    log: str = ""

    def line(self, endpoint: str) -> str:
        if not self.status:
            return f"{endpoint}: the container gave no answer: {_text(self.message)}"
        return f"{endpoint}: the container answered {self.status}: {_text(self.message)}"


def refusal(error: ClientError) -> Refusal | None:
    """The container's error in SageMaker's; None for SageMaker's own."""
    said: Mapping[str, Any] = error.response
    if said["Error"].get("Code") != "ModelError":
        return None
    return Refusal(
        int(said.get("OriginalStatusCode") or 0),
        str(said.get("OriginalMessage") or said["Error"].get("Message") or ""),
        str(said.get("LogStreamArn") or ""),
    )


def is_absent(error: ClientError) -> bool:
    """Whether SageMaker has no such endpoint: it has no exception of its own for it."""
    told = error.response["Error"]
    return told.get("Code") == "ValidationError" and bool(_ABSENT.search(told.get("Message", "")))


def _text(message: str) -> str:
    """neuronserve's errors are JSON with a text and a code; others' are taken as they are."""
    try:
        found = json.loads(message)
    except ValueError:
        return message[:2000]
    if isinstance(found, dict) and isinstance(found.get("error"), str):
        return f"{found['error']} [{found['code']}]" if found.get("code") else str(found["error"])
    return message[:2000]
