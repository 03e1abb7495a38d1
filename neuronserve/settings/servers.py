"""The model servers, and when one counts as ready."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from neuronserve import environment as read
from neuronserve.settings.variable import variable

_SERVERS = "Model servers"
_READINESS = "Readiness"
MODEL_SERVERS = ("auto", "neuron", "tensorflow", "cpu", "simulator")


@dataclasses.dataclass(frozen=True)
class Servers:
    # A table: a few lines for each variable.
    # fmt: off
    model_server: str = variable(
        "MODEL_SERVER", read.choice(*MODEL_SERVERS), "auto", group=_SERVERS,
        meaning="`neuron`, `tensorflow` (a `tensorflow_model_server` on PATH), `cpu` (the embedded one), "
        "`simulator`; `auto`: neuron where there are devices, else tensorflow where installed, else cpu",
    )
    model_server_binary: Path | None = variable(
        "MODEL_SERVER_BINARY", read.path, "", group=_SERVERS,
        meaning="the model server's program, where it is not in its usual place",
    )
    cpu_python: Path | None = variable(
        "SERVE_CPU_PYTHON", read.path, "", group=_SERVERS,
        meaning="the Python that has TensorFlow, for the embedded server; not set: that of `serve`",
    )
    cpu_op_libraries: tuple[str, ...] | None = variable(
        "SERVE_CPU_OP_LIBRARIES", read.files, "", group=_SERVERS,
        meaning="libraries of custom ops for the embedded server, parted by commas (TensorFlow Text's, say)",
    )
    model_server_env: tuple[str, ...] | None = variable(
        "SERVE_MODEL_SERVER_ENV", read.names, "", group=_SERVERS,
        meaning="names of further variables that model servers get, parted by commas; they get those of "
        "TensorFlow, the Neuron runtime, threading libraries, the locale and the search paths, and nothing "
        "else: no credentials",
    )
    model_server_user: str | None = variable(
        "SERVE_MODEL_SERVER_USER", read.name, "", group=_SERVERS,
        meaning="whom model servers run as where `serve` is started as root; `root`: as `serve`; not set: "
        "`neuronserve-model`, else `nobody`, where they may read program and model",
    )
    server_count: int | None = variable(
        "SAGEMAKER_TFS_INSTANCE_COUNT", read.integer(1, 256), "", unit="processes", group=_SERVERS,
        meaning="model servers to run; not set: as many as own the NeuronCores best, and 1 on CPU",
    )
    load_seconds: float = variable(
        "SAGEMAKER_TFS_WAIT_TIME_SECONDS", read.number(1, 86400), "300", unit="s", group=_SERVERS,
        meaning="how long a model server may take to load its models",
    )
    inter_op_threads: int = variable(
        "SAGEMAKER_TFS_INTER_OP_PARALLELISM", read.integer(0, 1024), "0", unit="threads", group=_SERVERS,
        meaning="operations a model server runs at once; 0: TensorFlow's choice",
    )
    intra_op_threads: int = variable(
        "SAGEMAKER_TFS_INTRA_OP_PARALLELISM", read.integer(0, 1024), "0", unit="threads", group=_SERVERS,
        meaning="threads within one operation; 0: TensorFlow's choice",
    )
    start_attempts: int = variable(
        "SERVE_START_ATTEMPTS", read.integer(1, 100), "3", unit="times", group=_SERVERS,
        meaning="failed starts in a row of one process before `serve` gives up",
    )
    max_restarts: int = variable(
        "SERVE_MAX_RESTARTS", read.integer(0, 10000), "20", unit="times", group=_SERVERS,
        meaning="deaths of one process within the window before `serve` gives up",
    )
    restart_window_seconds: float = variable(
        "SERVE_RESTART_WINDOW_SECONDS", read.number(1, 86400), "600", unit="s", group=_SERVERS,
        meaning="the window in which deaths are counted",
    )
    # fmt: on


@dataclasses.dataclass(frozen=True)
class Readiness:
    # A table: a few lines for each variable.
    # fmt: off
    warmup: str | Path = variable(
        "SERVE_WARMUP", read.warm_up, "auto", group=_READINESS,
        meaning="what each model server must answer before it counts as ready: `auto` (the model's own "
        "warm-up requests, else one made from its signature), `off`, or a file of requests as JSON lines",
    )
    golden: Path | None = variable(
        "SERVE_GOLDEN", read.path, "", group=_READINESS,
        meaning="a file of requests with the answers expected, as JSON lines; not set: `golden.jsonl` of the "
        "artifact, where there is one",
    )
    canary_seconds: float = variable(
        "SERVE_CANARY_SECONDS", read.number(0, 3600), "5", unit="s", group=_READINESS,
        meaning="a model server that answered nothing for so long is asked for a prediction; 0: never",
    )
    hang_seconds: float = variable(
        "SERVE_HANG_SECONDS", read.number(1, 86400), "15", unit="s", group=_READINESS,
        meaning="a model server that owes that prediction for so long, and answers nothing else, is replaced",
    )
    # fmt: on
