"""One inference, from bytes to bytes: route, decode, call the pool, encode."""

from __future__ import annotations

import contextlib
import dataclasses
import sys
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from typing import Any

from neuronserve.errors import BadAttributes, DeadlineExceeded, InputMismatch, NeuronserveError, NotReady
from neuronserve.gateway import attributes, parameters, transform
from neuronserve.gateway.attributes import Route
from neuronserve.gateway.body import Source, room
from neuronserve.gateway.catalogue import Ask, Catalogue, Entry
from neuronserve.gateway.exchange import Exchange, Stream, forwarded, spoken
from neuronserve.gateway.handlers.asking import Asking
from neuronserve.gateway.handlers.handling import Handling, Task
from neuronserve.gateway.invocation import Answer, Invocation
from neuronserve.gateway.memory import Lease
from neuronserve.gateway.multimodel import names
from neuronserve.gateway.multimodel.residents import Residents
from neuronserve.gateway.servers import Group, Servers
from neuronserve.gateway.transform import Transform
from neuronserve.modelserver import calls, client, fields
from neuronserve.modelserver.lanes import Watch
from neuronserve.modelserver.pool import Pool
from neuronserve.payload import Kind, MediaType, choose, decode, inflate, media_type
from neuronserve.payload.signature import select
from neuronserve.state import DRAINING, Reader, State

_LARGE = 1 << 20  # bytes of a body that are worth to be had back
METADATA_SECONDS = 10.0
_DESCRIPTION_SECONDS = 2.0  # for all models together, where somebody only looks
_HANDLED = 4  # of a byte of a body that a model's own code reads
_ANSWERED = 4  # of a byte of a model server's answer: the message, and what it is read into
_UNBOUNDED = sys.maxsize - 1
Body = bytes | bytearray | memoryview


class Service:
    """What a worker does with requests. Shared by its threads."""

    def __init__(
        self,
        *,
        state: Reader,
        pool: Pool,
        residents: Residents,
        handling: Handling,
        deadline_seconds: float,
        max_body_bytes: int,
        transform: Transform | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._state = state
        self._pool = pool
        self._residents = residents
        self._handling = handling
        self._deadline = deadline_seconds
        self._limit = max_body_bytes
        self._transform = transform
        self._clock = clock
        self._catalogue = Catalogue()
        self._servers = Servers(pool)

    def invoke(self, request: Invocation) -> Answer:
        """Raises what errors.py has; everything else is a fault of ours."""
        began = time.perf_counter()
        state = self._admitted(request.arrival)
        self._left(request)  # what waited too long for a thread must cost the others nothing more
        route = _route(request)
        if request.source is not None and self._transform is not None:
            answer = self._transformed(request, request.source, self._transform, route, state)
            if answer is not None:
                return answer
        if state.multi_model:
            return self._resident(request, route, state, began)
        return self._answered(request, route, state, began)

    def _transformed(
        self, request: Invocation, source: Source, how: Transform, route: Route, state: State
    ) -> Answer | None:
        """Record by record; None: the body, which is had whole then, is one request."""
        model = state.by_name.get(route.model or state.default_model)
        if model is not None and model.code:  # which takes and gives what it likes
            request.body = source.whole()
            return None
        sent = media_type(request.content_type)
        wanted = transform.wanted(request.accept, sent, route.method, single=how.single)
        if wanted is None or sent.kind is Kind.JSON or request.encoding:
            request.body = source.whole()
        if wanted is None:
            return None
        chunks = source.chunks()
        if request.body:
            limit = self._limit or room()
            body: Body = request.body
            if request.encoding:
                body = inflate(body, request.encoding, limit, request.lease.meter("unpacked"))
            if sent.kind is Kind.JSON and not transform.are_lines(body):
                return None
            chunks = iter((bytes(body),))
        entry = self._entry(request, route, state)
        group = self._servers.of(entry.model, state)

        def send(method: str, messages: Sequence[bytes], asked: dict[int, int]) -> Sequence[bytes]:
            return self._pool.call_all(
                method, messages, self._left(request), group.servers, request.watch, asked
            )

        longest, meter = how.longest(self._limit), request.lease.meter("piece")
        work = transform.Work(entry, route, group.dealing, sent, wanted, longest, send, meter)
        spool, tally = transform.Spool(how.folder), transform.Tally()
        try:
            transform.run(work, chunks, spool, tally, how.filled)
        except BaseException:
            spool.close()
            raise
        finally:
            _note(request, tally)
        echo = attributes.echo(entry.model, entry.version, request.signature, route.method)
        if spool.small:
            return Answer(b"".join(spool.read()), wanted.name, echo)
        return Answer(b"", wanted.name, echo, spool.read(), spool.size)

    def _resident(self, request: Invocation, route: Route, state: State, began: float) -> Answer:
        """By a model that may be unloaded at any time, and is not before the answer has ended."""
        name = route.model or state.default_model
        if not name:
            raise BadAttributes(
                "which model is meant is not said",
                hint="POST to /models/NAME/invoke, or send X-Amzn-SageMaker-Custom-Attributes: "
                "tfs-model-name=NAME",
            )
        with contextlib.ExitStack() as held:
            column, state = self._residents.hold(name)
            held.callback(self._residents.release, column)
            answer = self._answered(request, dataclasses.replace(route, model=name), state, began)
            if answer.stream is None:
                return answer
            return dataclasses.replace(answer, stream=_until_ended(answer.stream, held.pop_all()))

    def _answered(self, request: Invocation, route: Route, state: State, began: float) -> Answer:
        """By the model itself, or by the code that came with it."""
        model = state.by_name.get(route.model or state.default_model)
        if model is None and route.model:
            self._entry(request, route, state)  # is not there, whatever the body is
        if model is None or not model.code:
            return self._predicted(request, route, state, began)
        body: Body = request.body
        if request.encoding:
            body = inflate(body, request.encoding, self._limit or room(), request.lease.meter("unpacked"))
        request.lease.charge("handler", _HANDLED * len(body))
        entry = self._entry(request, route, state)
        group = self._servers.of(entry.model, state)

        def send(exchange: Exchange, watch: Watch) -> Sequence[bytes]:
            request.signature, request.split = exchange.signature, exchange.split
            return self._call(request, exchange, group, watch)

        asking = Asking(entry, route, group.dealing, self._limit or _UNBOUNDED, send)
        left = self._left(request)
        task = Task(request, body, route, model, state, group.servers, asking, left)
        encoded, content_type = self._handling.answer(task)
        echo = attributes.echo(entry.model, entry.version, request.signature, route.method)
        return Answer(encoded, content_type, echo)

    def _predicted(self, request: Invocation, route: Route, state: State, began: float) -> Answer:
        """By the model itself. ``began``: when the request was looked at, by ``time.perf_counter()``."""
        sent = media_type(request.content_type)
        wanted = choose(request.accept, sent, route.method)
        body: Body = request.body
        if request.encoding:
            body = inflate(body, request.encoding, self._limit or room(), request.lease.meter("unpacked"))
        if sent.kind is Kind.PROTOBUF:
            request.lease.charge("call", fields.cost(body))
            route = _own_target(route, body)
        entry = self._entry(request, route, state)
        group = self._servers.of(entry.model, state)
        exchange = self._prepare(request.lease, body, sent, wanted, route, entry, group)
        request.signature, request.split = exchange.signature, exchange.split
        if len(body) > _LARGE:
            request.let_go, request.body = len(request.body), b""
            del body
            request.lease.charge("body", 0)
            request.lease.charge("unpacked", 0)
        request.decode_seconds = time.perf_counter() - began

        echo = attributes.echo(entry.model, entry.version, exchange.signature, route.method)
        if exchange.stream is not None:
            pieces = self._stream(request, exchange, exchange.stream, group)
            return Answer(b"", exchange.streamed, echo, pieces)
        began = time.perf_counter()
        try:
            raws = self._call(request, exchange, group, request.watch)
        finally:
            request.model_seconds = time.perf_counter() - began

        began = time.perf_counter()
        try:
            request.lease.charge("answer", _ANSWERED * sum(map(len, raws)))
            encoded, content_type = exchange.answer(raws, request.lease.meter("encoding"))
        except InputMismatch as refusal:  # outputs that rows cannot be made of
            raise exchange.explained(refusal) from refusal
        request.encode_seconds = time.perf_counter() - began
        return Answer(encoded, content_type, echo)

    def batch_bytes(self) -> int:
        """One compiled batch of the default model as text; of one row where no batch was compiled in.

        Raises NotReady and UnknownTarget, as a request would.
        """
        state = self._state.current()
        entry = self._catalogue.find(attributes.ANY, state, self._asking(state))
        signature = select(entry.signatures, None)
        batch = entry.batches.get(signature.name)
        return parameters.batch_bytes(signature, batch.size if batch is not None else 1)

    def signatures(self, models: Sequence[str]) -> dict[str, Mapping[str, Any]]:
        """What the latest version of each model takes and gives, in JSON's types; without those unknown."""
        state, end = self._state.current(), time.monotonic() + _DESCRIPTION_SECONDS

        def ask(model: str, message: bytes) -> bytes:
            servers = self._servers.of(model, state).servers
            return self._pool.look_up(client.METADATA, message, end - time.monotonic(), servers)

        found: dict[str, Mapping[str, Any]] = {}
        for model in models:
            with contextlib.suppress(NeuronserveError):
                found[model] = self._catalogue.find(Route(model=model), state, ask).as_dict()
        return found

    def warm_up(self, patience_seconds: float = 3600.0, pause_seconds: float = 0.05) -> None:
        """Once a server is up, do what the first request would wait for: gRPC's start, the signatures.

        Meant for a thread of its own; a fault is the first request's to tell. Where models come and go, there
        is none to wait for.
        """
        end = self._clock() + patience_seconds
        state = self._state.current()
        while not (state.models and self._servers.any_up(state)):
            if state.multi_model or self._clock() > end:
                return
            time.sleep(pause_seconds)
            state = self._state.current()

        with contextlib.suppress(NeuronserveError):
            self._catalogue.find(attributes.ANY, state, self._asking(state))
        self._handling.warm(state)

    def _asking(self, state: State) -> Ask:
        """Asks for metadata, for nobody who could leave."""

        def ask(model: str, message: bytes) -> bytes:
            servers = self._servers.of(model, state).servers
            return self._pool.call(client.METADATA, message, METADATA_SECONDS, servers, lambda _: None)

        return ask

    def _admitted(self, arrival: float) -> State:
        state = self._state.current()
        if state.serving or (state.state == DRAINING and arrival < state.since):
            return state
        if state.state == DRAINING:
            raise NotReady("the service is stopping", hint="send it elsewhere")
        raise NotReady(f"the service is not ready: {state.step}", hint="try again")

    def _entry(self, request: Invocation, route: Route, state: State) -> Entry:
        def ask(model: str, message: bytes) -> bytes:
            timeout = min(METADATA_SECONDS, self._left(request))
            servers = self._servers.of(model, state).servers
            return self._pool.call(client.METADATA, message, timeout, servers, request.watch)

        entry = self._catalogue.find(route, state, ask)
        request.model, request.version = entry.model, entry.version
        return entry

    def _prepare(
        self,
        lease: Lease,
        body: Body,
        sent: MediaType,
        wanted: MediaType,
        route: Route,
        entry: Entry,
        group: Group,
    ) -> Exchange:
        limit = self._limit or _UNBOUNDED
        spec = calls.Spec(entry.model, entry.version, route.signature)
        if sent.kind is Kind.PROTOBUF:
            return forwarded(route.method, bytes(body), wanted, spec, entry, group.dealing, limit=limit)
        decoded = decode(
            body,
            sent,
            entry.signatures,
            method=route.method,
            signature_name=route.signature or None,
            limit=limit,
            meter=lease.meter("decoding"),
        )
        return spoken(route.method, decoded, wanted, spec, entry, group.dealing, lease.meter("call"))

    def _call(self, request: Invocation, exchange: Exchange, group: Group, watch: Watch) -> Sequence[bytes]:
        requests, left = exchange.requests, self._left(request)
        to = (group.servers, watch, request.asked)
        try:
            if len(requests) == 1:
                return (self._pool.call(exchange.method, requests[0], left, *to, joins=exchange.joins),)
            return self._pool.call_all(exchange.method, requests, left, *to)
        except InputMismatch as refusal:
            raise exchange.explained(refusal) from refusal

    def _stream(
        self, request: Invocation, exchange: Exchange, stream: Stream, group: Group
    ) -> Generator[bytes, None, None]:
        """The calls begin with the first piece, and end with the last one, or when it is closed."""
        to = (group.servers, request.watch, request.asked)
        turns = self._pool.call_each(exchange.method, exchange.requests, self._left(request), *to)

        def timed() -> Iterator[Sequence[bytes]]:
            while True:
                began = time.perf_counter()
                turn = next(turns, None)
                request.model_seconds += time.perf_counter() - began
                if turn is None:
                    return
                yield turn

        with contextlib.closing(turns):
            yield from stream(timed())

    def _left(self, request: Invocation) -> float:
        left = request.arrival + self._deadline - self._clock()
        if left <= 0:
            raise DeadlineExceeded("the request waited longer than its deadline before the model was asked")
        return left


def _route(request: Invocation) -> Route:
    """Where the request is to go; the address wins over the custom attributes."""
    route = attributes.parse(request.attributes)
    return dataclasses.replace(route, model=names.checked(request.target)) if request.target else route


def _until_ended(
    stream: Generator[bytes, None, None], held: contextlib.ExitStack
) -> Generator[bytes, None, None]:
    """The same pieces; what is held is let go after the last one, or when it is closed."""
    with held, contextlib.closing(stream):
        yield from stream


def _note(request: Invocation, tally: transform.Tally) -> None:
    """What the log tells of a body that was answered in pieces."""
    request.signature, request.asked = tally.signature, {index: index for index in tally.asked}
    request.batches, request.padding = tally.batches, tally.padding
    request.decode_seconds, request.model_seconds = tally.decode_seconds, tally.model_seconds
    request.encode_seconds = tally.encode_seconds


def _own_target(route: Route, body: Body) -> Route:
    """A PredictRequest names its model itself; the custom attributes, where given, win."""
    if route.model:
        return route
    model, version = calls.target_of(route.method, bytes(body))
    return dataclasses.replace(
        route, model=model, version=version if route.version is None else route.version
    )
