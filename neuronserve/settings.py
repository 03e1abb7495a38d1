"""Every environment variable the container reads: name, unit, default, check.

``Settings.from_environ(os.environ)`` is called once, at boot, and reports all faults together.
The rest of the house gets values, never the environment. ``README.md`` holds the table that
``scripts/settings-table`` prints from here, and a test compares the two.

Sources: the contracts of neuronserve (``MODEL_*``, ``SERVE_*``); AWS's sagemaker-tensorflow-serving-
container, whose variables keep their names, meanings and defaults (``SAGEMAKER_*``).
"""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from neuronserve import environment as read
from neuronserve.environment import Fault, Parse, Variable
from neuronserve.errors import SettingsError

MODEL_SERVERS = ("auto", "neuron", "tensorflow", "cpu", "simulator")
LOG_LEVELS = ("debug", "info", "warning", "error", "critical")
NGINX_LOG_LEVELS = ("debug", "info", "notice", "warn", "error", "crit", "alert", "emerg")


def _not_yet(text: str) -> bool:
    if read.flag(text):
        raise Fault("false: this version does not serve multi-model endpoints")
    return False


def _variable(name: str, parse: Parse, default: str, meaning: str, *, unit: str = "", group: str) -> Any:
    return dataclasses.field(metadata={"var": Variable(name, parse, default, unit, meaning, group)})


_MODEL, _SERVICE, _SERVERS, _CORES, _READINESS, _SIMULATOR, _BATCHING, _FETCH, _LOGS = (
    "The model",
    "The service",
    "Model servers",
    "NeuronCores",
    "Readiness",
    "The simulated Neuron host",
    "Batches",
    "Getting the model",
    "Logs",
)


@dataclasses.dataclass(frozen=True)
class Settings:
    """The settings of one container. An empty default in the table means "not set" (None here)."""

    # A table: a few lines for each variable.
    # fmt: off
    model_uri: str | None = _variable(
        "MODEL_URI", read.text, "", group=_MODEL,
        meaning="`s3://bucket/key.tar.gz`, `s3://bucket/prefix/`, or a path to an archive or a "
        "directory; not set: what lies in `/opt/ml/model`",
    )
    model_name: str | None = _variable(
        "MODEL_NAME", read.name, "", group=_MODEL,
        meaning="the name to serve it under; not set: as found in the artifact, else `model`",
    )
    model_digest: str | None = _variable(
        "MODEL_DIGEST", read.digest, "", group=_MODEL,
        meaning="`sha256:...` or `blake2b:...` of the archive; not set: not checked",
    )
    compilation_job: str | None = _variable(
        "COMPILATION_JOB", read.name, "", group=_MODEL,
        meaning="a SageMaker Neo job whose artifact is served, instead of `MODEL_URI`",
    )
    default_model_name: str | None = _variable(
        "SAGEMAKER_TFS_DEFAULT_MODEL_NAME", read.name, "", group=_MODEL,
        meaning="of several models, the one for requests that name none",
    )
    bind_port: int = _variable(
        "SAGEMAKER_BIND_TO_PORT", read.integer(1, 65535), "8080", unit="port", group=_SERVICE,
        meaning="where the service listens",
    )
    safe_port_range: tuple[int, int] | None = _variable(
        "SAGEMAKER_SAFE_PORT_RANGE", read.port_range, "", unit="ports", group=_SERVICE,
        meaning="`LOW-HIGH`: inner ports stay within; not set: free ports of the system's choice",
    )
    deadline_seconds: float = _variable(
        "SERVE_DEADLINE_SECONDS", read.number(0.1, 3600), "60", unit="s", group=_SERVICE,
        meaning="the time a request may take from its arrival to its answer; then 504, and the call "
        "is cancelled",
    )
    body_read_seconds: float = _variable(
        "SERVE_BODY_READ_SECONDS", read.integer(1, 3600), "15", unit="s", group=_SERVICE,
        meaning="the longest pause between two pieces of a request's body; then 408",
    )
    max_body_mb: int = _variable(
        "SERVE_MAX_BODY_MB", read.integer(0, 4096), "100", unit="MiB", group=_SERVICE,
        meaning="the largest request body, also after decompression; 0: no limit; "
        "`SAGEMAKER_MAX_PAYLOAD_IN_MB` raises it",
    )
    max_payload_mb: int | None = _variable(
        "SAGEMAKER_MAX_PAYLOAD_IN_MB", read.integer(0, 4096), "", unit="MiB", group=_SERVICE,
        meaning="set by batch transform; 0: no limit",
    )
    max_in_flight: int = _variable(
        "SERVE_MAX_IN_FLIGHT", read.integer(1, 65535), "128", unit="requests", group=_SERVICE,
        meaning="requests admitted at once, waiting ones included; one more is answered 503 with "
        "`Retry-After`",
    )
    drain_seconds: float = _variable(
        "SERVE_DRAIN_SECONDS", read.number(0, 3600), "25", unit="s", group=_SERVICE,
        meaning="the time requests in flight get after SIGTERM; keep it under the platform's 30",
    )
    workers: int | None = _variable(
        "SAGEMAKER_GUNICORN_WORKERS", read.integer(1, 256), "", unit="processes", group=_SERVICE,
        meaning="gateway workers; not set: the container's CPUs, at most 8",
    )
    threads: int = _variable(
        "SAGEMAKER_GUNICORN_THREADS", read.integer(1, 1024), "16", unit="threads", group=_SERVICE,
        meaning="requests one worker handles at once",
    )
    worker_class: str = _variable(
        "SAGEMAKER_GUNICORN_WORKER_CLASS", read.choice("gthread", "sync", "gevent", "eventlet"),
        "gthread", group=_SERVICE,
        meaning="kept for compatibility: workers are always threaded; another word only logs a warning",
    )
    worker_timeout_seconds: int = _variable(
        "SAGEMAKER_GUNICORN_TIMEOUT_SECONDS", read.integer(1, 3600), "30", unit="s", group=_SERVICE,
        meaning="a worker whose main loop is silent for this long is replaced",
    )
    read_timeout_seconds: int = _variable(
        "SAGEMAKER_NGINX_PROXY_READ_TIMEOUT_SECONDS", read.integer(1, 3600), "60", unit="s", group=_SERVICE,
        meaning="how long nginx waits for the gateway; raised to the deadline plus 5 s where lower",
    )
    multi_model: bool = _variable(
        "SAGEMAKER_MULTI_MODEL", _not_yet, "false", group=_SERVICE,
        meaning="multi-model endpoints; not served by this version, so only `false` is accepted",
    )
    batch_transform: bool = _variable(
        "SAGEMAKER_BATCH", read.flag, "false", group=_SERVICE,
        meaning="set by batch transform: the model server's queue is then practically unbounded",
    )
    runtime_dir: Path | None = _variable(
        "SERVE_RUNTIME_DIR", read.path, "", group=_SERVICE,
        meaning="where sockets, the state and temporary bodies lie; not set: a new folder in the "
        "system's temporary directory, removed at the end",
    )
    model_server: str = _variable(
        "MODEL_SERVER", read.choice(*MODEL_SERVERS), "auto", group=_SERVERS,
        meaning="`neuron`, `tensorflow` (a `tensorflow_model_server` on PATH), `cpu` (the embedded one), "
        "`simulator`; `auto`: neuron where there are devices, else tensorflow where installed, else cpu",
    )
    model_server_binary: Path | None = _variable(
        "MODEL_SERVER_BINARY", read.path, "", group=_SERVERS,
        meaning="the model server's program, where it is not in its usual place",
    )
    cpu_python: Path | None = _variable(
        "SERVE_CPU_PYTHON", read.path, "", group=_SERVERS,
        meaning="the Python that has TensorFlow, for the embedded server; not set: that of `serve`",
    )
    server_count: int | None = _variable(
        "SAGEMAKER_TFS_INSTANCE_COUNT", read.integer(1, 256), "", unit="processes", group=_SERVERS,
        meaning="model servers to run; not set: as many as own the NeuronCores best, and 1 on CPU",
    )
    load_seconds: float = _variable(
        "SAGEMAKER_TFS_WAIT_TIME_SECONDS", read.number(1, 86400), "300", unit="s", group=_SERVERS,
        meaning="how long a model server may take to load its models",
    )
    inter_op_threads: int = _variable(
        "SAGEMAKER_TFS_INTER_OP_PARALLELISM", read.integer(0, 1024), "0", unit="threads", group=_SERVERS,
        meaning="operations a model server runs at once; 0: TensorFlow's choice",
    )
    intra_op_threads: int = _variable(
        "SAGEMAKER_TFS_INTRA_OP_PARALLELISM", read.integer(0, 1024), "0", unit="threads", group=_SERVERS,
        meaning="threads within one operation; 0: TensorFlow's choice",
    )
    start_attempts: int = _variable(
        "SERVE_START_ATTEMPTS", read.integer(1, 100), "3", unit="times", group=_SERVERS,
        meaning="failed starts in a row of one process before `serve` gives up",
    )
    max_restarts: int = _variable(
        "SERVE_MAX_RESTARTS", read.integer(0, 10000), "20", unit="times", group=_SERVERS,
        meaning="deaths of one process within the window before `serve` gives up",
    )
    restart_window_seconds: float = _variable(
        "SERVE_RESTART_WINDOW_SECONDS", read.number(1, 86400), "600", unit="s", group=_SERVERS,
        meaning="the window in which deaths are counted",
    )
    instance_type: str | None = _variable(
        "SERVE_INSTANCE_TYPE", read.instance_type, "", group=_CORES,
        meaning="the EC2 instance type, for what the driver does not tell; not set: as the driver tells",
    )
    visible_cores: tuple[int, int] | None = _variable(
        "NEURON_RT_VISIBLE_CORES", read.core_range, "", unit="cores", group=_CORES,
        meaning="the cores to use, such as `0-3`; not set: all of the chips given; wins over "
        "`NEURON_RT_NUM_CORES`",
    )
    num_cores: int | None = _variable(
        "NEURON_RT_NUM_CORES", read.integer(0, 4096), "", unit="cores", group=_CORES,
        meaning="how many cores to use, the first ones; not set or 0: all",
    )
    core_offset: int = _variable(
        "SERVE_CORE_OFFSET", read.integer(0, 4096), "0", unit="cores", group=_CORES,
        meaning="the number of the first core of the first chip given; 0 where the driver counts "
        "within the container",
    )
    placement: tuple[tuple[str, int, int], ...] | None = _variable(
        "SERVE_PLACEMENT", read.placement, "", unit="cores", group=_CORES,
        meaning="which model server owns which cores: `resnet=0-3,bert=4-7`, or `0-1,2-3` for one model; "
        "not set: planned",
    )
    cores_wait_seconds: float = _variable(
        "SERVE_CORES_WAIT_SECONDS", read.number(0, 3600), "60", unit="s", group=_CORES,
        meaning="how long a model server waits for cores that another process still holds",
    )
    devices_dir: Path = _variable(
        "SERVE_DEVICES_DIR", read.path, "/dev", group=_CORES,
        meaning="where the `neuronN` devices are",
    )
    sysfs_dir: Path = _variable(
        "SERVE_SYSFS_DIR", read.path, "/sys", group=_CORES,
        meaning="where the driver describes its chips",
    )
    warmup: str | Path = _variable(
        "SERVE_WARMUP", read.warm_up, "auto", group=_READINESS,
        meaning="what each model server must answer before it counts as ready: `auto` (the model's own "
        "warm-up requests, else one made from its signature), `off`, or a file of requests as JSON lines",
    )
    golden: Path | None = _variable(
        "SERVE_GOLDEN", read.path, "", group=_READINESS,
        meaning="a file of requests with the answers expected, as JSON lines; not set: `golden.jsonl` of the "
        "artifact, where there is one",
    )
    canary_seconds: float = _variable(
        "SERVE_CANARY_SECONDS", read.number(0, 3600), "5", unit="s", group=_READINESS,
        meaning="a model server that answered nothing for so long is asked for a prediction; 0: never",
    )
    hang_seconds: float = _variable(
        "SERVE_HANG_SECONDS", read.number(1, 86400), "15", unit="s", group=_READINESS,
        meaning="a model server that owes that prediction for so long, and answers nothing else, is replaced",
    )
    simulate: str | None = _variable(
        "SERVE_SIMULATE", read.instance_type, "", group=_SIMULATOR,
        meaning="the instance type to pretend to be; with `MODEL_SERVER=simulator`, or alone",
    )
    simulate_load_seconds: float = _variable(
        "SERVE_SIMULATE_LOAD_SECONDS", read.number(0, 3600), "0", unit="s", group=_SIMULATOR,
        meaning="how much longer loading a model takes",
    )
    simulate_service_ms: float = _variable(
        "SERVE_SIMULATE_SERVICE_MS", read.number(0, 3600_000), "0", unit="ms", group=_SIMULATOR,
        meaning="how long one batch occupies a core",
    )
    simulate_free_seconds: float = _variable(
        "SERVE_SIMULATE_FREE_SECONDS", read.number(0, 3600), "0", unit="s", group=_SIMULATOR,
        meaning="how long the cores of a process that ended stay taken",
    )
    compiled_batch: str | int = _variable(
        "SERVE_COMPILED_BATCH", read.batch, "auto", unit="rows", group=_BATCHING,
        meaning="how requests are split and padded: `auto` to the batch that the model was compiled at, "
        "`off`, or a number of rows",
    )
    enable_batching: bool | None = _variable(
        "SAGEMAKER_TFS_ENABLE_BATCHING", read.flag, "", group=_BATCHING,
        meaning="whether the model server joins requests into batches; not set: where the model was "
        "compiled at a fixed batch of more than one row",
    )
    batching_file: Path | None = _variable(
        "SERVE_BATCHING_FILE", read.path, "", group=_BATCHING,
        meaning="a file of TensorFlow Serving's BatchingParameters, used as it is; turns batching on",
    )
    max_batch_size: int | None = _variable(
        "SAGEMAKER_TFS_MAX_BATCH_SIZE", read.integer(1, 1 << 20), "", unit="rows", group=_BATCHING,
        meaning="rows in one batch; not set: the compiled batch, else 8",
    )
    batch_timeout_micros: int = _variable(
        "SAGEMAKER_TFS_BATCH_TIMEOUT_MICROS", read.integer(0, 10**9), "1000", unit="µs", group=_BATCHING,
        meaning="how long a batch waits to be filled",
    )
    batch_threads: int | None = _variable(
        "SAGEMAKER_TFS_NUM_BATCH_THREADS", read.integer(1, 1024), "", unit="threads", group=_BATCHING,
        meaning="batches run at once; not set: the container's CPUs",
    )
    max_enqueued_batches: int | None = _variable(
        "SAGEMAKER_TFS_MAX_ENQUEUED_BATCHES", read.integer(1, 10**9), "", unit="batches", group=_BATCHING,
        meaning="batches that may wait; not set: the container's CPUs, or 100,000,000 in batch transform",
    )
    cache_dir: Path | None = _variable(
        "SERVE_CACHE_DIR", read.path, "", group=_FETCH,
        meaning="where models are kept between starts; not set: `neuronserve-cache` in the system's "
        "temporary directory",
    )
    digest_mismatch: str = _variable(
        "SERVE_DIGEST_MISMATCH", read.choice("fail", "warn"), "fail", group=_FETCH,
        meaning="what a wrong digest does",
    )
    download_connections: int = _variable(
        "SERVE_DOWNLOAD_CONNECTIONS", read.integer(1, 64), "8", unit="connections", group=_FETCH,
        meaning="ranges of an object downloaded at once",
    )
    download_retries: int = _variable(
        "SERVE_DOWNLOAD_RETRIES", read.integer(0, 100), "6", unit="times", group=_FETCH,
        meaning="tries again after a cut connection, a timeout or throttling, for each range, with back-off",
    )
    max_unpacked_mb: int = _variable(
        "SERVE_MAX_UNPACKED_MB", read.integer(1, 1 << 22), "65536", unit="MiB", group=_FETCH,
        meaning="what an archive may hold in all: a bound on bombs",
    )
    max_files: int = _variable(
        "SERVE_MAX_FILES", read.integer(1, 10**7), "100000", unit="files", group=_FETCH,
        meaning="how many members an archive may have",
    )
    log_level: str = _variable(
        "SERVE_LOG_LEVEL", read.choice(*LOG_LEVELS), "info", group=_LOGS,
        meaning="the least severe line of `serve` itself that is shown",
    )
    log_format: str = _variable(
        "SERVE_LOG_FORMAT", read.choice("auto", "json", "text"), "auto", group=_LOGS,
        meaning="`auto`: text on a terminal, JSON lines otherwise; the request log is always JSON",
    )
    request_log: bool = _variable(
        "SERVE_REQUEST_LOG", read.flag, "true", group=_LOGS,
        meaning="one JSON line per request, `/ping` and `/metrics` left out",
    )
    gunicorn_log_level: str = _variable(
        "SAGEMAKER_GUNICORN_LOGLEVEL", read.choice(*LOG_LEVELS), "warning", group=_LOGS,
        meaning="gunicorn's own lines",
    )
    nginx_log_level: str = _variable(
        "SAGEMAKER_TFS_NGINX_LOGLEVEL", read.choice(*NGINX_LOG_LEVELS), "error", group=_LOGS,
        meaning="nginx's own lines",
    )

    # fmt: on

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> Settings:
        """Read and check them all.

        Raises SettingsError with one line per fault: variable, value, what was expected. A variable
        that is set to nothing counts as not set.
        """
        values: dict[str, Any] = {}
        faults: list[str] = []
        for field, variable in _fields():
            text = environ.get(variable.name, "").strip() or variable.default
            try:
                values[field] = variable.parse(text) if text else None
            except Fault as expected:
                faults.append(f"{variable.name}={text!r}: expected {expected}")
        if not faults:
            settings = cls(**values)
            faults = list(settings._conflicts())
            if not faults:
                return settings
        raise SettingsError(faults)

    def _conflicts(self) -> Iterable[str]:
        if self.model_uri and self.compilation_job:
            yield "MODEL_URI and COMPILATION_JOB are both set: expected one of them"
        if self.model_uri and "://" in self.model_uri and not self.model_uri.startswith("s3://"):
            yield f"MODEL_URI={self.model_uri!r}: expected s3://bucket/key, or a path"
        if self.simulate and self.model_server not in ("auto", "simulator"):
            yield (
                f"SERVE_SIMULATE={self.simulate} and MODEL_SERVER={self.model_server}: expected "
                "MODEL_SERVER=simulator with it, or none"
            )
        if self.model_server == "simulator" and not (self.simulate or self.instance_type):
            yield (
                "MODEL_SERVER=simulator: expected SERVE_SIMULATE, the instance type to pretend to be, or "
                "SERVE_INSTANCE_TYPE for the devices that the container was given"
            )
        low, high = self.safe_port_range or (1, 65535)
        if high - low + 1 < (self.server_count or 1):
            yield (
                f"SAGEMAKER_SAFE_PORT_RANGE={low}-{high}: expected at least one port for each of the "
                f"{self.server_count} model servers"
            )

    @property
    def max_body_bytes(self) -> int:
        """The largest request body in bytes; 0 means no limit."""
        if self.max_body_mb == 0 or self.max_payload_mb == 0:
            return 0
        return max(self.max_body_mb, self.max_payload_mb or 0) << 20


def _fields() -> list[tuple[str, Variable]]:
    return [(f.name, f.metadata["var"]) for f in dataclasses.fields(Settings)]


def variables() -> list[Variable]:
    """All variables, in the order of the table."""
    return [variable for _, variable in _fields()]


def name_of(field: str) -> str:
    """The environment variable behind a field, for messages: ``name_of("model_uri")``."""
    return dict(_fields())[field].name


def unknown(environ: Mapping[str, str]) -> list[str]:
    """Variables that begin with ``SERVE_`` and are not ours, each with the nearest known name.

    Only worth a warning: an orchestrator may set such names for reasons of its own.
    """
    known = [v.name for v in variables()]
    lines = []
    for name in sorted(environ):
        if name.startswith("SERVE_") and name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            lines.append(f"{name} is not a setting" + (f"; did you mean {near[0]}?" if near else ""))
    return lines
