"""One inference, from bytes to bytes: route, decode, call the pool, encode."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable
from typing import Any

import orjson

from neuronserve import payload
from neuronserve.errors import DeadlineExceeded, NotAcceptable, NotReady, UnknownTarget
from neuronserve.gateway import attributes
from neuronserve.gateway.attributes import Route
from neuronserve.gateway.catalogue import Catalogue, Entry
from neuronserve.modelserver import calls, client
from neuronserve.modelserver.pool import Pool, Watch
from neuronserve.state import DRAINING, Reader, Server, State

METADATA_SECONDS = 10.0


@dataclasses.dataclass(slots=True)
class Invocation:
    """A request, and what is found out about it on its way: the log tells it all."""

    body: bytes | bytearray
    content_type: str | None
    accept: str | None
    encoding: str | None
    attributes: str | None
    arrival: float  # seconds since the epoch, when its first byte came
    watch: Watch
    model: str = ""
    version: int | None = None
    signature: str = ""
    decode_seconds: float = 0.0
    model_seconds: float = 0.0
    encode_seconds: float = 0.0


@dataclasses.dataclass(frozen=True, slots=True)
class Answer:
    body: bytes
    content_type: str
    attributes: str


class Service:
    """What a worker does with requests. Shared by its threads."""

    def __init__(
        self,
        *,
        state: Reader,
        pool: Pool,
        deadline_seconds: float,
        max_body_bytes: int,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._state = state
        self._pool = pool
        self._deadline = deadline_seconds
        self._limit = max_body_bytes
        self._clock = clock
        self._catalogue = Catalogue()
        self._ready: tuple[State | None, tuple[Server, ...]] = (None, ())

    def invoke(self, request: Invocation) -> Answer:
        """Raises what errors.py has; everything else is a fault of ours."""
        began = time.perf_counter()
        state = self._admitted(request.arrival)
        servers = self._up(state)
        route = attributes.parse(request.attributes)
        media = payload.media_type(request.content_type)
        accepted = payload.choose(request.accept, media)
        body = request.body
        if request.encoding:
            body = payload.inflate(body, request.encoding, self._limit)
        if media.name == payload.PROTOBUF:
            route = _own_target(route, body)
        entry = self._entry(request, route, state, servers)
        call = _prepare(body, media, accepted, route, entry)
        request.signature = call.signature
        request.decode_seconds = time.perf_counter() - began

        began = time.perf_counter()
        try:
            raw = self._pool.call(call.method, call.message, self._left(request), servers, request.watch)
        finally:
            request.model_seconds = time.perf_counter() - began

        began = time.perf_counter()
        encoded, content_type = call.answer(raw)
        request.encode_seconds = time.perf_counter() - began
        echo = attributes.echo(entry.model, entry.version, call.signature, route.method)
        return Answer(encoded, content_type, echo)

    def _admitted(self, arrival: float) -> State:
        state = self._state.current()
        if state.serving or (state.state == DRAINING and arrival < state.since):
            return state
        if state.state == DRAINING:
            raise NotReady("the service is stopping", hint="send it elsewhere")
        raise NotReady(f"the service is not ready: {state.step}", hint="try again")

    def _up(self, state: State) -> tuple[Server, ...]:
        seen, servers = self._ready
        if seen is not state:
            servers = tuple(s for s in state.servers if s.state == "ready")
            self._ready = (state, servers)
        return servers

    def _entry(self, request: Invocation, route: Route, state: State, servers: tuple[Server, ...]) -> Entry:
        def ask(message: bytes) -> bytes:
            timeout = min(METADATA_SECONDS, self._left(request))
            return self._pool.call(client.METADATA, message, timeout, servers, request.watch)

        entry = self._catalogue.find(route, state, ask)
        request.model, request.version = entry.model, entry.version
        return entry

    def _left(self, request: Invocation) -> float:
        left = request.arrival + self._deadline - self._clock()
        if left <= 0:
            raise DeadlineExceeded("the request waited longer than its deadline before the model was asked")
        return left


@dataclasses.dataclass(frozen=True, slots=True)
class _Call:
    """A message to the model server, and what to make of its answer."""

    method: str
    message: bytes
    signature: str
    answer: Callable[[bytes], tuple[bytes, str]]


def _prepare(
    body: bytes | bytearray, media: payload.MediaType, accepted: str, route: Route, entry: Entry
) -> _Call:
    spec = calls.Spec(entry.model, entry.version, route.signature)
    if media.name == payload.PROTOBUF:
        return _forwarded(bytes(body), accepted, spec, entry)
    decoded = payload.decode(
        body, media, entry.signatures, method=route.method, signature_name=route.signature or None
    )
    spec = dataclasses.replace(spec, signature=decoded.signature.name)
    if route.method != "predict":
        return _examples(decoded, accepted, route.method, spec)
    dtypes = decoded.signature.dtypes
    message = calls.predict_request(spec, decoded.arrays, dtypes)

    def answer(raw: bytes) -> tuple[bytes, str]:
        if accepted == payload.PROTOBUF:
            return raw, payload.PROTOBUF
        arrays, _ = calls.predict_response(raw)
        return payload.encode(arrays, accepted, decoded.form, decoded.signature)

    return _Call(client.PREDICT, message, spec.signature, answer)


def _forwarded(body: bytes, accepted: str, spec: calls.Spec, entry: Entry) -> _Call:
    """A client's own PredictRequest: passed on as it is, addressed to the model that was chosen."""
    message, name = calls.readdressed(body, spec)
    name = name or "serving_default"
    signature = entry.signatures.get(name)
    if signature is None:
        known = ", ".join(sorted(entry.signatures))
        raise UnknownTarget(f"model {entry.model!r} has no signature {name!r}", hint=f"it has: {known}")

    def answer(raw: bytes) -> tuple[bytes, str]:
        if accepted == payload.PROTOBUF:
            return raw, payload.PROTOBUF
        arrays, _ = calls.predict_response(raw)
        return payload.encode(arrays, accepted, payload.Form.COLUMN, signature)

    return _Call(client.PREDICT, message, name, answer)


def _examples(decoded: payload.Decoded, accepted: str, method: str, spec: calls.Spec) -> _Call:
    if accepted not in (payload.JSON, payload.JSON_LINES):
        raise NotAcceptable(f"answers to {method} are JSON", hint="Accept: application/json")
    message = calls.example_request(method, spec, decoded.examples or [], decoded.context)

    def answer(raw: bytes) -> tuple[bytes, str]:
        results: list[Any]
        results, _ = calls.example_response(method, raw)
        return orjson.dumps({"results": results}), accepted

    return _Call(client.CLASSIFY if method == "classify" else client.REGRESS, message, spec.signature, answer)


def _own_target(route: Route, body: bytes | bytearray) -> Route:
    """A PredictRequest names its model itself; the custom attributes, where given, win."""
    if route.model:
        return route
    model, version = calls.target_of(bytes(body))
    return dataclasses.replace(
        route, model=model, version=version if route.version is None else route.version
    )
