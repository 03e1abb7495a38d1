"""What clients and platforms see of the service, and its log."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from neuronserve import environment as read
from neuronserve.settings.variable import variable

_SERVICE = "The service"
_LOGS = "Logs"
LOG_LEVELS = ("debug", "info", "warning", "error", "critical")
NGINX_LOG_LEVELS = ("debug", "info", "notice", "warn", "error", "crit", "alert", "emerg")


@dataclasses.dataclass(frozen=True)
class Service:
    # A table: a few lines for each variable.
    # fmt: off
    bind_port: int = variable(
        "SAGEMAKER_BIND_TO_PORT", read.integer(1, 65535), "8080", unit="port", group=_SERVICE,
        meaning="where the service listens",
    )
    safe_port_range: tuple[int, int] | None = variable(
        "SAGEMAKER_SAFE_PORT_RANGE", read.port_range, "", unit="ports", group=_SERVICE,
        meaning="`LOW-HIGH`: inner ports stay within; not set: free ports of the system's choice",
    )
    deadline_seconds: float = variable(
        "SERVE_DEADLINE_SECONDS", read.number(0.1, 3600), "60", unit="s", group=_SERVICE,
        meaning="the time a request may take from its arrival to its answer; then 504, and the call "
        "is cancelled",
    )
    body_read_seconds: float = variable(
        "SERVE_BODY_READ_SECONDS", read.integer(1, 3600), "15", unit="s", group=_SERVICE,
        meaning="the longest pause between two pieces of a request's body; then 408",
    )
    body_seconds: float | None = variable(
        "SERVE_BODY_SECONDS", read.number(1, 3600), "", unit="s", group=_SERVICE,
        meaning="the time that a request's body may take in all, and 1 s more for each 64 KiB that came; "
        "then 408; not set: the deadline",
    )
    max_body_mb: int = variable(
        "SERVE_MAX_BODY_MB", read.integer(0, 4096), "100", unit="MiB", group=_SERVICE,
        meaning="the largest request body, also after decompression; 0: no limit; "
        "`SAGEMAKER_MAX_PAYLOAD_IN_MB` raises it",
    )
    request_memory_mb: int | None = variable(
        "SERVE_REQUEST_MEMORY_MB", read.integer(64, 1 << 20), "", unit="MiB", group=_SERVICE,
        meaning="memory for all requests in flight: each takes its share before it is read, decoded and "
        "answered, else it is answered 503, or 413 where it never fits; one has at most 8 times "
        "`SERVE_MAX_BODY_MB` and 64 MiB; not set: what the container has left, less a tenth",
    )
    default_accept: str | None = variable(
        "SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT", read.media_type, "", group=_SERVICE,
        meaning="the form of answers to requests without an `Accept`, or with `*/*`: `text/csv` lets the "
        "next container of a serial pipeline read them; not set: JSON",
    )
    max_in_flight: int = variable(
        "SERVE_MAX_IN_FLIGHT", read.integer(1, 65535), "128", unit="requests", group=_SERVICE,
        meaning="requests whose body is there that are admitted at once, waiting ones included; one more is "
        "answered 503 with `Retry-After`",
    )
    max_per_address: int | None = variable(
        "SERVE_MAX_REQUESTS_PER_ADDRESS", read.integer(0, 1_000_000), "", unit="requests", group=_SERVICE,
        meaning="requests of one address that may be unfinished at once, bodies that still come and answers "
        "that are not read yet included; one more is answered 503; 0: no limit by address; not set: half of "
        "what nginx holds in all, some thousands (of large bodies half of `SERVE_MAX_UPLOADS`)",
    )
    max_uploads: int | None = variable(
        "SERVE_MAX_UPLOADS", read.integer(1, 1_000_000), "", unit="requests", group=_SERVICE,
        meaning="requests with a body of 100,000 bytes or more, or of unknown length, that may be unfinished "
        "at once; not set: as many as a quarter of the memory has room for at 8 MiB each, and at least twice "
        "`SERVE_MAX_IN_FLIGHT`",
    )
    drain_seconds: float = variable(
        "SERVE_DRAIN_SECONDS", read.number(0, 3600), "25", unit="s", group=_SERVICE,
        meaning="the time requests in flight get after SIGTERM; keep it under the platform's 30",
    )
    workers: int | None = variable(
        "SAGEMAKER_GUNICORN_WORKERS", read.integer(1, 256), "", unit="processes", group=_SERVICE,
        meaning="gateway workers; not set: the container's CPUs, at most 8",
    )
    threads: int = variable(
        "SAGEMAKER_GUNICORN_THREADS", read.integer(1, 1024), "16", unit="threads", group=_SERVICE,
        meaning="requests one worker handles at once",
    )
    worker_class: str = variable(
        "SAGEMAKER_GUNICORN_WORKER_CLASS", read.choice("gthread", "sync", "gevent", "eventlet"),
        "gthread", group=_SERVICE,
        meaning="kept for compatibility: workers are always threaded; another word only logs a warning",
    )
    worker_timeout_seconds: int = variable(
        "SAGEMAKER_GUNICORN_TIMEOUT_SECONDS", read.integer(1, 3600), "30", unit="s", group=_SERVICE,
        meaning="a worker whose main loop is silent for this long is replaced; raised to a tenth of the "
        "deadline where lower",
    )
    read_timeout_seconds: int = variable(
        "SAGEMAKER_NGINX_PROXY_READ_TIMEOUT_SECONDS", read.integer(1, 3600), "60", unit="s", group=_SERVICE,
        meaning="how long nginx waits for the gateway; raised to the deadline plus 5 s where lower",
    )
    gateway_user: str | None = variable(
        "SERVE_GATEWAY_USER", read.name, "", group=_SERVICE,
        meaning="whom gunicorn's workers, and with them a model's own code, run as where `serve` is started "
        "as root; `root`: as `serve`; not set: `neuronserve`, else whom nginx's workers run as, where they "
        "may read the program",
    )
    runtime_dir: Path | None = variable(
        "SERVE_RUNTIME_DIR", read.path, "", group=_SERVICE,
        meaning="where sockets, the state and temporary bodies lie: a folder that nobody else may write; not "
        "set, or a folder for everybody such as `/tmp`: a new folder in it, removed at the end",
    )
    # fmt: on


@dataclasses.dataclass(frozen=True)
class Logs:
    # A table: a few lines for each variable.
    # fmt: off
    log_level: str = variable(
        "SERVE_LOG_LEVEL", read.choice(*LOG_LEVELS), "info", group=_LOGS,
        meaning="the least severe line of `serve` itself that is shown",
    )
    log_format: str = variable(
        "SERVE_LOG_FORMAT", read.choice("auto", "json", "text"), "auto", group=_LOGS,
        meaning="`auto`: text on a terminal, JSON lines otherwise; the request log is always JSON",
    )
    request_log: bool = variable(
        "SERVE_REQUEST_LOG", read.flag, "true", group=_LOGS,
        meaning="one JSON line per request, `/ping` and `/metrics` left out",
    )
    gunicorn_log_level: str = variable(
        "SAGEMAKER_GUNICORN_LOGLEVEL", read.choice(*LOG_LEVELS), "warning", group=_LOGS,
        meaning="gunicorn's own lines",
    )
    nginx_log_level: str = variable(
        "SAGEMAKER_TFS_NGINX_LOGLEVEL", read.choice(*NGINX_LOG_LEVELS), "error", group=_LOGS,
        meaning="nginx's own lines",
    )
    # fmt: on
