"""One inference, from bytes to bytes: route, decode, call the pool, encode."""

from __future__ import annotations

import contextlib
import dataclasses
import sys
import time
from collections.abc import Callable

from neuronserve.errors import DeadlineExceeded, NeuronserveError, NotReady
from neuronserve.gateway import attributes
from neuronserve.gateway.attributes import Route
from neuronserve.gateway.catalogue import Catalogue, Entry
from neuronserve.modelserver import calls, client
from neuronserve.modelserver.pool import Pool, Watch
from neuronserve.payload import (
    Decoded,
    Form,
    Kind,
    MediaType,
    Signature,
    choose,
    decode,
    encode,
    encode_results,
    inflate,
    media_type,
)
from neuronserve.payload.signature import select
from neuronserve.state import DRAINING, Reader, Server, State

METADATA_SECONDS = 10.0
_RPC = {"predict": client.PREDICT, "classify": client.CLASSIFY, "regress": client.REGRESS}
_UNBOUNDED = sys.maxsize
Body = bytes | bytearray | memoryview


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
        self._left(request)  # what waited too long for a thread must cost the others nothing more
        servers = self._up(state)
        route = attributes.parse(request.attributes)
        sent = media_type(request.content_type)
        wanted = choose(request.accept, sent, route.method)
        body: Body = request.body
        if request.encoding:
            body = inflate(body, request.encoding, self._limit or _UNBOUNDED)
        if sent.kind is Kind.PROTOBUF:
            route = _own_target(route, body)
        entry = self._entry(request, route, state, servers)
        call = self._prepare(body, sent, wanted, route, entry)
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

    def warm_up(self, patience_seconds: float = 3600.0, pause_seconds: float = 0.05) -> None:
        """Once a server is up, do what the first request would wait for: gRPC's start, the signatures.

        Meant for a thread of its own; a fault is the first request's to tell.
        """
        end = self._clock() + patience_seconds
        state = self._state.current()
        while not (self._up(state) and state.models):
            if self._clock() > end:
                return
            time.sleep(pause_seconds)
            state = self._state.current()
        servers = self._up(state)

        def ask(message: bytes) -> bytes:
            return self._pool.call(client.METADATA, message, METADATA_SECONDS, servers, lambda _: None)

        with contextlib.suppress(NeuronserveError):
            self._catalogue.find(attributes.ANY, state, ask)

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

    def _prepare(self, body: Body, sent: MediaType, wanted: MediaType, route: Route, entry: Entry) -> _Call:
        spec = calls.Spec(entry.model, entry.version, route.signature)
        if sent.kind is Kind.PROTOBUF:
            return _forwarded(route.method, bytes(body), wanted, spec, entry, self._limit)
        decoded = decode(
            body,
            sent,
            entry.signatures,
            method=route.method,
            signature_name=route.signature or None,
            limit=self._limit or _UNBOUNDED,
        )
        return _made(route.method, decoded, wanted, spec)

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


def _forwarded(
    method: str, body: bytes, wanted: MediaType, spec: calls.Spec, entry: Entry, limit: int
) -> _Call:
    """A client's own message: passed on as it is, addressed to the model that was chosen."""
    message, name = calls.readdressed(method, body, spec, limit or _UNBOUNDED)
    signature = select(entry.signatures, name or None, method)
    return _Call(_RPC[method], message, signature.name, _answer(method, wanted, Form.COLUMN, signature))


def _made(method: str, decoded: Decoded, wanted: MediaType, spec: calls.Spec) -> _Call:
    """A message made from arrays, or from examples."""
    signature = decoded.signature
    spec = calls.Spec(spec.model, spec.version, signature.name)
    if method == "predict":
        message = calls.predict_request(spec, decoded.arrays, signature.dtypes)
    else:
        message = calls.example_request(method, spec, decoded.examples or [], decoded.context)
    return _Call(_RPC[method], message, signature.name, _answer(method, wanted, decoded.form, signature))


def _answer(
    method: str, wanted: MediaType, form: Form, signature: Signature
) -> Callable[[bytes], tuple[bytes, str]]:
    if wanted.kind is Kind.PROTOBUF:
        return lambda raw: (raw, wanted.name)
    if method == "predict":
        return lambda raw: encode(calls.predict_response(raw)[0], wanted, form, signature)
    return lambda raw: encode_results(calls.example_response(method, raw)[0], wanted)


def _own_target(route: Route, body: Body) -> Route:
    """A PredictRequest names its model itself; the custom attributes, where given, win."""
    if route.model:
        return route
    model, version = calls.target_of(route.method, bytes(body))
    return dataclasses.replace(
        route, model=model, version=version if route.version is None else route.version
    )
