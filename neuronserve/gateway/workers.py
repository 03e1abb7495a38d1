"""gunicorn's settings, read by ``gunicorn -c python:neuronserve.gateway.workers wsgi:app``.

The application is loaded before the fork, so that workers share its memory; channels, threads and
the worker's row on the board are made after it.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from neuronserve import machine, privileges
from neuronserve.artifact import imagepackages
from neuronserve.gateway.multimodel.limits import AT_ONCE
from neuronserve.gateway.sticky import LOADS, QUESTIONS
from neuronserve.gateway.watch import Watcher
from neuronserve.settings import Settings

privileges.hide()  # a model's own code may have the task's role, and no model server must
_settings = Settings.from_environ(os.environ)
_accounts = privileges.accounts(_settings)
_runtime = Path(os.environ["SERVE_RUNTIME_DIR"])
_MOST_WORKERS = 8

_sockets = ("gateway.sock", QUESTIONS, *((LOADS,) if _settings.multi_model else ()))
bind = [f"unix:{_runtime / name}" for name in _sockets]
umask = 0o177 if _accounts.group is None else 0o117  # its sockets are for nginx's workers, and nobody else
if _accounts.gateway is not None:
    user = _accounts.gateway.uid
if _accounts.group is not None:
    group = _accounts.group
worker_class = "neuronserve.gateway.sticky.StickyWorker"
workers = _settings.workers or min(_MOST_WORKERS, machine.cpus())
threads = _settings.threads
# those in flight, and the 64 idle ones that each of nginx's workers (at most 4) may keep: a gunicorn that has
# no more to give would leave a request waiting until some are closed
worker_connections = _settings.max_in_flight + 5 * 64 + (AT_ONCE if _settings.multi_model else 0)
backlog = 2048
keepalive = 75
# a body of 1 GB, for which the deadline is long, can hold the interpreter's lock for longer than others
timeout = max(_settings.worker_timeout_seconds, int(_settings.deadline_seconds / 10))
graceful_timeout = int(_settings.drain_seconds) + 1
preload_app = True
accesslog = None
errorlog = "-"
loglevel = _settings.gunicorn_log_level
proc_name = "neuronserve-gateway"
control_socket_disable = True
# nginx has checked these; the gateway's own limits must not be lower than its 32k for one header
limit_request_line = 8190
limit_request_fields = 1000
limit_request_field_size = 33 * 1024
forwarded_allow_ips = ""

imagepackages.folder()  # made once, before the fork
_slots: dict[int, int] = {}  # worker's age -> its row on the board


def on_starting(_arbiter: Any) -> None:
    """Make the folders that workers write in theirs."""
    for name in ("metrics", "spool"):
        (_runtime / name).mkdir(mode=0o700, exist_ok=True)
        if _accounts.gateway is not None:
            os.chown(_runtime / name, _accounts.gateway.uid, _accounts.gateway.gid)


def pre_fork(_arbiter: Any, worker: Any) -> None:
    """Give the worker the lowest free row."""
    _slots[worker.age] = min(set(range(len(_slots) + 1)) - set(_slots.values()))


def post_worker_init(worker: Any) -> None:
    """Everything that must not cross a fork."""
    imagepackages.confine()
    if _accounts.gateway is not None and not os.access(os.environ.get("HOME", ""), os.W_OK | os.X_OK):
        os.environ["HOME"] = str(_runtime / "spool")  # root's is closed
    application = worker.app.wsgi()
    worker.watcher = Watcher()
    application.enter_worker(slot=_slots[worker.age], rows=workers, watcher=worker.watcher)


def child_exit(arbiter: Any, worker: Any) -> None:
    """A dead worker has no calls in flight; its successor counts on in its files."""
    slot = _slots.pop(worker.age, None)
    if slot is not None:
        arbiter.app.wsgi().board.clear(slot)
