"""The Flask server: ``/ping``, ``/invocations``, ``/models``, ``/``, ``/metrics``; all else is a JSON 404.

``POST /invocations`` and ``POST /models/NAME/invoke``, the hot routes, are answered before Flask sees them
(``gateway/edge.py``).
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import flask
import orjson
from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound

import neuronserve
from neuronserve import machine
from neuronserve import state as states
from neuronserve.errors import NeuronserveError
from neuronserve.gateway import edge, memory, parameters, statuses
from neuronserve.gateway.gauges import Gauges
from neuronserve.gateway.handlers.handling import Handling
from neuronserve.gateway.journal import Journal
from neuronserve.gateway.memory import Budget
from neuronserve.gateway.metrics import CONTENT_TYPE, Metrics
from neuronserve.gateway.multimodel import asked, limits, names
from neuronserve.gateway.multimodel.control import SOCKET, Control
from neuronserve.gateway.multimodel.management import Management
from neuronserve.gateway.multimodel.residents import Residents
from neuronserve.gateway.service import Service
from neuronserve.gateway.transform import Transform
from neuronserve.gateway.watch import Watcher
from neuronserve.modelserver.board import Board
from neuronserve.modelserver.pool import Pool, copies
from neuronserve.settings import Settings

_CODES = {404: "no_such_route", 405: "method_not_allowed"}
_ROUTES = ["GET /ping", "POST /invocations", "GET /execution-parameters", "GET /metrics"]
_MODEL_ROUTES = [
    "POST /models",
    "GET /models",
    "GET /models/NAME",
    "DELETE /models/NAME",
    "POST /models/NAME/invoke",
]
_METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]
_SHOWN = 100  # models that GET / names; GET /models has them all
_log = logging.getLogger("neuronserve.gateway")


class _Response(flask.Response):
    """Flask's own answers (to OPTIONS, say) are no HTML."""

    default_mimetype = "application/json"


class Predictor(flask.Flask):
    """The application. ``enter_worker`` completes it after gunicorn's fork."""

    response_class = _Response

    def __init__(self, settings: Settings, runtime_dir: Path) -> None:
        super().__init__("neuronserve", static_folder=None)
        self.reader = states.Reader(runtime_dir / "state.json")
        self.board = Board(runtime_dir / "in-flight", models=settings.multi_model)
        gauges = Gauges(self.reader, self.board, runtime_dir / "neuron.json")
        self._metrics = Metrics(runtime_dir / "metrics", gauges, per_model=not settings.multi_model)
        self._settings = settings
        self._runtime_dir = runtime_dir
        patience = limits.patience_seconds(settings.load_seconds)
        self._management = Management(self.reader, Control(runtime_dir / SOCKET, patience))
        self.url_map.merge_slashes = False
        self.enter_worker(slot=0, rows=1, watcher=None)
        self.add_url_rule("/ping", view_func=self._ping)
        self.add_url_rule("/", view_func=self._about)
        self.add_url_rule("/metrics", view_func=self._exposition)
        self.add_url_rule("/execution-parameters", view_func=self._execution_parameters)
        self.add_url_rule("/invocations", view_func=_no_route, methods=["POST"])
        if settings.multi_model:
            self.add_url_rule("/models", view_func=self._models, methods=["GET", "POST"])
            self.add_url_rule("/models/<path:name>", view_func=self._model, methods=_METHODS)
        else:
            for rule in ("/models", "/models/<path:name>"):
                self.add_url_rule(rule, view_func=_no_multi_model, methods=_METHODS)
        self.register_error_handler(HTTPException, _refused)
        self.register_error_handler(Exception, _broken)

    def enter_worker(self, *, slot: int, rows: int, watcher: Watcher | None) -> None:
        """Take the worker's row on the board; ``rows`` workers share it."""
        self.board.slot, self.board.rows = slot, max(rows, slot + 1)
        limit = self._settings.max_body_bytes
        most = memory.most_for_one(limit)
        pool = Pool(self.board, self._metrics.called, most // 2 or -1)
        service = Service(
            state=self.reader,
            pool=pool,
            residents=Residents(self.reader, self.board),
            handling=Handling(pool, overran=self._metrics.overran),
            deadline_seconds=self._settings.deadline_seconds,
            max_body_bytes=limit,
            transform=self._transform() if self._settings.batch_transform else None,
        )
        self._service = service
        self._journal = Journal(enabled=self._settings.request_log)
        if watcher is not None:
            self._metrics.enter(slot)
            threading.Thread(target=service.warm_up, name="warm-up", daemon=True).start()
        self._invocations = edge.Invocations(
            service,
            self._journal,
            self._metrics,
            watcher,
            limit,
            Budget(self.board, most=most, total=self._settings.request_memory_bytes),
            in_pieces=self._settings.batch_transform,
            default_accept=self._settings.default_accept,
        )

    def _transform(self) -> Transform:
        single = self._settings.batch_strategy == "single_record"
        spool = self._runtime_dir / "spool"
        spool.mkdir(mode=0o700, exist_ok=True)
        return Transform(single, spool, self._metrics.filled)

    def wsgi_app(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """The hot route first, Flask for all others."""
        if environ["REQUEST_METHOD"] == "POST":
            path = environ["PATH_INFO"]
            if path == "/invocations":
                return self._invocations(environ, start_response)
            if self._settings.multi_model and (name := names.invoked(path)):
                environ[edge.TARGET] = name
                return self._invocations(environ, start_response)
        return super().wsgi_app(environ, start_response)

    def _ping(self) -> flask.Response:
        now = self.reader.current()
        if now.serving:
            return flask.Response(status=200)
        return _json(503, states.summary(now), retry_after=True)

    def _about(self) -> flask.Response:
        now = self.reader.current()
        shown = now.models[:_SHOWN]
        signatures = self._service.signatures([m.name for m in shown]) if now.serving else {}
        about = {
            "service": "neuronserve",
            "version": neuronserve.__version__,
            "state": now.state,
            "step": now.step,
            "disk": now.disk,
            "model_server": now.kind,
            "simulated": now.simulated,
            "default_model": now.default_model,
            "multi_model": now.multi_model,
            "models_loaded": len(now.models),
            "models": [
                {"name": m.name, "versions": list(m.versions), "signatures": signatures.get(m.name, {})}
                for m in shown
            ],
            "servers": [
                {
                    "server": s.index,
                    "state": s.state,
                    "restarts": s.restarts,
                    "chips": list(s.chips),
                    "cores": s.cores,
                    "models": [m.name for m in shown if s.serves(m.name)],
                    "in_flight": self.board.in_flight(s.index),
                    "completed": self.board.completed(s.index),
                    "ejected": self.board.ejected(s.index),
                }
                for s in now.servers
            ],
            "ownership": now.ownership,
            "routes": _ROUTES + (_MODEL_ROUTES if self._settings.multi_model else []),
        }
        return _json(200, about)

    def _exposition(self) -> flask.Response:
        return flask.Response(self._metrics.exposition(), content_type=CONTENT_TYPE)

    def _models(self) -> flask.Response:
        if flask.request.method == "POST":
            try:
                wanted = asked.load(flask.request.stream.read(asked.LONGEST_BODY + 1))
            except NeuronserveError as error:
                return _told(error)
            return self._changed("load", wanted.name, lambda: self._management.load(wanted))
        return _asked(lambda: self._management.list(flask.request.args.get("next_page_token", "")))

    def _model(self, name: str) -> flask.Response:
        if names.invoked(flask.request.path):
            raise MethodNotAllowed(["POST"])
        if flask.request.method == "DELETE":
            return self._changed("unload", name, lambda: self._management.unload(name))
        if flask.request.method in ("GET", "HEAD"):
            return _asked(lambda: self._management.show(name))
        raise MethodNotAllowed(["DELETE", "GET"])

    def _changed(self, action: str, name: str, work: Callable[[], Mapping[str, Any]]) -> flask.Response:
        """Load or unload, log and count it."""
        began, code = time.perf_counter(), ""
        try:
            response = _json(200, work())
        except NeuronserveError as error:
            code = error.code
            response = _told(error)
        request_id = edge.request_id_of(flask.request.environ)
        seconds = time.perf_counter() - began
        try:
            self._journal.changed(
                action, name, request_id, status=response.status_code, code=code, seconds=seconds
            )
            self._metrics.changed(action, code)
        except OSError as error:  # a full disk must not make a model that was loaded look as if it was not
            _log.error("request %s: not counted: %s", request_id, error)
        return response

    def _execution_parameters(self) -> flask.Response:
        now, settings = self.reader.current(), self._settings
        if settings.multi_model:
            return _error(404, "no_such_route", "a multi-model endpoint has no execution parameters")
        if not now.serving:
            return _json(503, states.summary(now), retry_after=True)
        asked = parameters.Asked(
            settings.max_concurrent_transforms or None, settings.max_payload_mb, settings.batch_strategy
        )
        # the platform asks once, when the first server is up: those that still start count too
        its = [s for s in now.servers if s.state != states.FAILED and s.serves(now.default_model)]
        at_once = min(max(copies(its), self.board.rows), settings.max_in_flight)
        try:
            host = parameters.Host(at_once, self._service.batch_bytes(), machine.memory_available())
        except NeuronserveError as error:
            return _told(error)
        return _json(200, parameters.compute(asked, host))


def create_app(settings: Settings, runtime_dir: Path) -> Predictor:
    """The WSGI application; ``runtime_dir`` is where the supervisor keeps ``state.json``."""
    return Predictor(settings, runtime_dir)


def _refused(error: HTTPException) -> flask.Response:
    status = error.code or 500
    path = flask.request.path[:200]
    texts = {
        404: f"there is nothing at {path}; see GET / for the routes",
        405: f"{flask.request.method} is not a method of {path}",
    }
    response = _error(status, _CODES.get(status, "bad_request"), texts.get(status, error.name))
    for name, value in error.get_headers():
        if name.lower() == "allow":
            response.headers[name] = value
    if status == 405 and isinstance(getattr(error, "valid_methods", None), (list, tuple, set)):
        response.headers["Allow"] = ", ".join(sorted(error.valid_methods))  # type: ignore[attr-defined]
    return response


def _no_route() -> flask.Response:
    """The view of ``POST /invocations``, which Flask knows only to answer 405 to other methods.

    A request comes here where Flask reads a path more kindly than the route before it: ``//invocations``.
    """
    raise NotFound


def _no_multi_model(name: str = "") -> flask.Response:  # noqa: ARG001  the address is Flask's to pick apart
    text = (
        "models can be loaded and unloaded on multi-model endpoints only (SAGEMAKER_MULTI_MODEL=true); "
        "this one serves POST /invocations"
    )
    return _error(404, "no_such_route", text)


def _asked(work: Callable[[], Mapping[str, Any]]) -> flask.Response:
    try:
        return _json(200, work())
    except NeuronserveError as error:
        return _told(error)


def _told(error: NeuronserveError) -> flask.Response:
    """What ``statuses.py`` has for it."""
    failure = statuses.of(error)
    request_id = edge.request_id_of(flask.request.environ)
    if error.detail:
        _log.warning("request %s: %s: %s", request_id, error, error.detail)
    response = flask.Response(
        failure.body(request_id), status=failure.status, content_type="application/json"
    )
    response.headers["X-Request-Id"] = request_id
    if failure.retry_after is not None:
        response.headers["Retry-After"] = str(failure.retry_after)
    return response


def _broken(error: Exception) -> flask.Response:
    _log.error("unexpected fault at %s", flask.request.path[:200], exc_info=error)
    return _error(500, "internal", statuses.UNEXPECTED_TEXT)


def _error(status: int, code: str, text: str) -> flask.Response:
    request_id = edge.request_id_of(flask.request.environ)
    response = _json(status, {"error": text, "code": code, "request_id": request_id})
    response.headers["X-Request-Id"] = request_id
    return response


def _json(status: int, value: Any, *, retry_after: bool = False) -> flask.Response:
    response = flask.Response(orjson.dumps(value), status=status, content_type="application/json")
    if retry_after:
        response.headers["Retry-After"] = str(statuses.RETRY_AFTER_SECONDS)
    return response
