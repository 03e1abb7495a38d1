"""A prototype for comparison: the gateway itself joins concurrent rows into compiled batches.

Each worker collects rows for up to a millisecond, or until a batch is full, sends one padded message and
gives each request its rows back. gunicorn loads ``app`` from here instead of from ``wsgi.py``, see
``serve_joining.py``. Made for the requests of the benchmark: rows of JSON, one signature.
"""

from __future__ import annotations

import dataclasses
import os
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

import predictor
from neuronserve.gateway.exchange import Exchange
from neuronserve.gateway.invocation import Invocation
from neuronserve.gateway.servers import Group
from neuronserve.gateway.service import Service
from neuronserve.modelserver import calls, client
from neuronserve.payload import Form, encode
from neuronserve.payload.signature import select
from neuronserve.settings import Settings

WAIT_SECONDS = 0.001
Arrays = dict[str, Any]


class _Batch:
    """Rows of several requests on their way."""

    def __init__(self) -> None:
        self.parts: list[Arrays] = []
        self.full = threading.Event()
        self.done = threading.Event()
        self.answer: Arrays = {}
        self.fault: BaseException | None = None


class Joiner:
    """Joins single rows of one model to batches of ``size``; whoever begins one sends it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: _Batch | None = None

    def submit(self, row: Arrays, size: int, send: Callable[[Arrays], Arrays]) -> Arrays:
        """The outputs of one row (leading dimension 1)."""
        with self._lock:
            batch, leads = self._open, self._open is None
            if batch is None:
                batch = self._open = _Batch()
            at = len(batch.parts)
            batch.parts.append(row)
            if len(batch.parts) == size:
                self._open = None
                batch.full.set()
        if leads:
            self._send(batch, size, send)
        else:
            batch.done.wait()
        if batch.fault is not None:
            raise batch.fault
        return {name: array[at : at + 1] for name, array in batch.answer.items()}

    def _send(self, batch: _Batch, size: int, send: Callable[[Arrays], Arrays]) -> None:
        if not batch.full.wait(WAIT_SECONDS):
            with self._lock:
                if self._open is batch:
                    self._open = None
        try:
            parts = batch.parts + batch.parts[-1:] * (size - len(batch.parts))
            batch.answer = send({name: np.concatenate([part[name] for part in parts]) for name in parts[0]})
        except BaseException as fault:  # noqa: BLE001  raised again by all who wait
            batch.fault = fault
        finally:
            batch.done.set()


class JoiningService(Service):
    """The service of the gateway, with single rows joined before the pool is called."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self._joiner = Joiner()

    def _prepare(
        self, lease: Any, body: Any, sent: Any, wanted: Any, route: Any, entry: Any, group: Group
    ) -> Exchange:
        exchange = super()._prepare(lease, body, sent, wanted, route, entry, group)
        signature = select(entry.signatures, None)

        def answer(raws: Sequence[Any], meter: Any = None) -> tuple[bytes, str]:  # noqa: ARG001  not counted
            return encode(raws[0], wanted, Form.ROW, signature)

        return dataclasses.replace(exchange, answer=answer)

    def _call(self, request: Invocation, exchange: Exchange, group: Group, watch: Any) -> Sequence[Any]:
        split, requests = exchange.split, exchange.requests
        assert split is not None  # noqa: S101  the benchmark's model has a compiled batch

        def send(arrays: Arrays) -> Arrays:
            message = calls.predict_request(requests.spec, arrays, requests.dtypes)  # type: ignore[attr-defined]
            left = self._left(request)
            raw = self._pool.call(client.PREDICT, message, left, group.servers, watch)
            return dict(calls.predict_response(raw)[0])

        return (self._joiner.submit(dict(split.parts.arrays), split.batch.size, send),)


setattr(predictor, "Service", JoiningService)  # noqa: B010  the one that create_app makes
app = predictor.create_app(Settings.from_environ(os.environ), Path(os.environ["SERVE_RUNTIME_DIR"]))
