"""Every environment variable the container reads: name, unit, default, check.

``Settings.from_environ(os.environ)`` is called once, at boot, and reports all faults together.
The rest of the house gets values, never the environment. ``docs/settings.md`` holds the table that
``scripts/settings-table`` prints from here, and a test compares the two.

Sources: the contracts of neuronserve (``MODEL_*``, ``SERVE_*``); AWS's sagemaker-tensorflow-serving-
container, whose variables keep their names, meanings and defaults (``SAGEMAKER_*``).
"""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Iterable, Mapping
from typing import Any

from neuronserve.environment import Fault, Variable
from neuronserve.errors import SettingsError
from neuronserve.settings import multimodel, transform
from neuronserve.settings.batches import Batches
from neuronserve.settings.code import Code
from neuronserve.settings.cores import Cores, Simulator
from neuronserve.settings.model import Fetch, Model
from neuronserve.settings.multimodel import MultiModel
from neuronserve.settings.servers import Readiness, Servers
from neuronserve.settings.service import Logs, Service
from neuronserve.settings.transform import Transform


@dataclasses.dataclass(frozen=True)
class Settings(
    Logs, Fetch, Batches, Simulator, Readiness, Cores, Servers, Transform, MultiModel, Code, Service, Model
):
    """The settings of one container, in groups: docs/settings.md has them from the last to the first.

    An empty default in the table means "not set" (None here).
    """

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> Settings:
        """Read and check them all.

        Raises SettingsError with one line per fault: variable, value, what was expected. A variable
        that is set to nothing counts as not set.
        """
        values: dict[str, Any] = {}
        faults: list[str] = []
        defaults = transform.defaults(environ)
        for field, variable in _fields():
            default = defaults.get(variable.name, variable.default)
            text = environ.get(variable.name, "").strip() or default
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
        yield from multimodel.conflicts(self)
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

    @property
    def request_memory_bytes(self) -> int | None:
        """Memory for all requests; None: what there is."""
        return None if self.request_memory_mb is None else self.request_memory_mb << 20


def _fields() -> list[tuple[str, Variable]]:
    return [(f.name, f.metadata["var"]) for f in dataclasses.fields(Settings)]


def variables() -> list[Variable]:
    """All variables, in the order of the table."""
    return [variable for _, variable in _fields()]


def name_of(field: str) -> str:
    """The environment variable behind a field, for messages: ``name_of("model_uri")``."""
    return dict(_fields())[field].name


def without_effect(environ: Mapping[str, str]) -> list[str]:
    """What is set and does nothing: another class of workers, and ``SERVE_`` names that are not ours.

    These with the nearest known name. Only worth a warning: an orchestrator may set such names for reasons of
    its own.
    """
    known = [v.name for v in variables()]
    lines = []
    for name in sorted(environ):
        if name.startswith("SERVE_") and name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            lines.append(f"{name} is not a setting" + (f"; did you mean {near[0]}?" if near else ""))
    pair = [f"SAGEMAKER_MULTI_MODEL_UNIVERSAL_{name}" for name in ("BUCKET", "PREFIX")]
    if len(named := [name for name in pair if environ.get(name, "").strip()]) == 1:
        other = next(name for name in pair if name not in named)
        lines.append(f"{named[0]} has no effect without {other}")
    word = environ.get("SAGEMAKER_GUNICORN_WORKER_CLASS", "").strip()
    if word not in ("", "gthread"):
        lines.append(f"SAGEMAKER_GUNICORN_WORKER_CLASS={word} has no effect: workers are always threaded")
    return lines
