"""One model server, spoken to over gRPC with bytes in and bytes out.

Calls block the calling thread, which is the cheapest way grpcio has (0.25 ms of CPU, where a future
costs 0.6). Such a call can only be cancelled from another thread by closing its channel, so every
thread has a channel of its own; gRPC lets channels to one target share a connection.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from typing import Any

import grpc

from neuronserve.errors import (
    BodyTooLarge,
    ClientGone,
    DeadlineExceeded,
    InputMismatch,
    ModelFailed,
    NeuronserveError,
    NoRoom,
    NotReady,
    Overloaded,
    UnknownTarget,
)
from neuronserve.modelserver import status

PREDICT = "/tensorflow.serving.PredictionService/Predict"
CLASSIFY = "/tensorflow.serving.PredictionService/Classify"
REGRESS = "/tensorflow.serving.PredictionService/Regress"
METADATA = "/tensorflow.serving.PredictionService/GetModelMetadata"
STATUS = "/tensorflow.serving.ModelService/GetModelStatus"

# that tensors may come as bytes, which the embedded server heeds; TensorFlow Serving ignores it
_BOTH_FORMS = (("neuronserve-tensor-content", "1"),)
RECEIVED = "grpc.max_receive_message_length"
OPTIONS = (
    ("grpc.max_send_message_length", -1),
    ("grpc.enable_http_proxy", 0),
    ("grpc.service_config_disable_resolution", 1),
    # a restarted server is found again quickly: gRPC's own back-off grows to two minutes
    ("grpc.initial_reconnect_backoff_ms", 50),
    ("grpc.max_reconnect_backoff_ms", 250),
    # what is called a back-off here is how long a connection may take to be made (subchannel.cc): on a busy
    # machine, or one whose CPU quota is used up for now, a server does not greet at once
    ("grpc.min_reconnect_backoff_ms", 1000),
)

_LONGEST_TEXT = 500


class Unsent(NotReady):
    """No connection: the request never left, so another server may be asked."""

    code = "not_ready"


class NotLoaded(Unsent):
    """It does not have the model yet: whoever asks knows that it will. Nothing was run."""


class Lost(NotReady):
    """The server went away with the request in its hands: nobody knows whether it ran."""

    code = "not_ready"


class ServerFault(ModelFailed):
    """The server's own fault, by its code; a request that it does not like has others."""


class Channel:
    """A thread's channel to one server, until it is cancelled; any other thread may do that, at any time."""

    def __init__(self, target: str, largest: int = -1) -> None:
        """``largest``: bytes of an answer; a larger one is not received. -1: any."""
        self._channel = grpc.insecure_channel(target, options=(*OPTIONS, (RECEIVED, largest)))
        self._methods: dict[str, Callable[..., bytes]] = {}
        self.cancelled = False

    def call(self, method: str, request: bytes, timeout: float) -> bytes:
        """Send serialized bytes, get serialized bytes; errors come from the tree of errors.py.

        ClientGone on a cancelled channel, whether it was cancelled during the call or before it.
        """
        try:
            send = self._methods[method]
        except KeyError:
            send = self._methods[method] = self._channel.unary_unary(
                method, request_serializer=None, response_deserializer=None
            )
        try:
            return send(request, timeout=timeout, metadata=_BOTH_FORMS)
        except grpc.RpcError as fault:
            raise _translated(fault, method) from fault
        except ValueError as fault:  # "Cannot invoke RPC on closed channel!"
            raise ClientGone("the client closed the connection") from fault

    def cancel(self) -> None:
        """End the call that runs now or is about to; the thread gets a new channel for its next one."""
        self.cancelled = True
        self._channel.close()


class Client:
    """One model server as every thread of this process sees it."""

    def __init__(self, target: str) -> None:
        self.target = target
        self._local = threading.local()

    def channel(self) -> Channel:
        """This thread's channel, opened when first needed (so never before a fork)."""
        found: Channel | None = getattr(self._local, "channel", None)
        if found is None or found.cancelled:
            found = self._local.channel = Channel(self.target)
        return found

    def call(self, method: str, request: bytes, timeout: float) -> bytes:
        return self.channel().call(method, request, timeout)


def _translated(fault: Any, method: str) -> NeuronserveError:
    code, text = fault.code(), _first_line(fault.details())
    if (code, method) != (grpc.StatusCode.NOT_FOUND, STATUS) and status.is_not_loaded(text):
        return NotLoaded("the model server has not loaded the model yet", hint="try again", detail=text)
    if code is grpc.StatusCode.UNAVAILABLE:
        if "queue" in text and "full" in text:  # what TensorFlow's batch scheduler says
            return _overloaded(text)
        unsent = "failed to connect" in text.lower() or "connection refused" in text.lower()
        return (Unsent if unsent else Lost)(
            "the model server is not available", hint="try again", detail=text
        )
    if code is grpc.StatusCode.DEADLINE_EXCEEDED:
        return DeadlineExceeded("the model did not answer in time")
    if code is grpc.StatusCode.CANCELLED:
        return ClientGone("the client closed the connection")
    if code is grpc.StatusCode.RESOURCE_EXHAUSTED and _TOO_LARGE in text:
        return BodyTooLarge("the model's answer is too large", hint="send fewer rows at a time", detail=text)
    if code is grpc.StatusCode.RESOURCE_EXHAUSTED:
        return _no_room(text) if _NO_MEMORY.search(text) else _overloaded(text)
    if code is grpc.StatusCode.NOT_FOUND:
        return UnknownTarget(text)
    # of a signature without what Classify or Regress needs: TensorFlow Serving's REST makes 400 of it too
    unfit = code is grpc.StatusCode.FAILED_PRECONDITION and method in (CLASSIFY, REGRESS)
    if code in _CLIENTS_FAULT or unfit:
        return InputMismatch(f"the model refused the request: {text}")
    kind = ServerFault if code in _SERVERS_FAULT else ModelFailed
    return kind("the model server failed to answer this request", detail=f"{code.name}: {text}")


def _overloaded(text: str) -> Overloaded:
    return Overloaded("the model server's queue is full", hint="try again", detail=text)


def _no_room(text: str) -> NoRoom:
    return NoRoom(
        "there is no memory left to run this request", hint="send fewer rows or unload a model", detail=text
    )


# tensorflow-neuron's words for NRT_RESOURCE and NRT_FAIL_HOST_MEM_ALLOC (runtime/direct/adaptor.cc), which
# also come when a model's first request puts it on its cores; and those of TensorFlow's allocators
_NO_MEMORY = re.compile(
    r"not enough (?:host memory|runtime resource)|failed to allocate|nrt_load"
    r"|\boom when allocating|out of memory",
    re.IGNORECASE,
)

_TOO_LARGE = "CLIENT: Received message larger than max"  # gRPC's words, of this side

_CLIENTS_FAULT = (
    grpc.StatusCode.INVALID_ARGUMENT,
    grpc.StatusCode.OUT_OF_RANGE,
)
_SERVERS_FAULT = (
    grpc.StatusCode.INTERNAL,
    grpc.StatusCode.UNKNOWN,
    grpc.StatusCode.DATA_LOSS,
)


def _first_line(text: str | None) -> str:
    """TensorFlow puts the node and its stack on further lines: those are for the log."""
    lines = ((text or "").strip() or "no reason given").splitlines()
    first = " ".join(" ".join(lines).split()) if lines[0].endswith("{") else lines[0]  # a SignatureDef
    return first[:_LONGEST_TEXT]
