"""What the environment says of the simulation; the names are those of ``settings/cores.py``."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path

from neuronserve import environment
from neuronserve.environment import Fault, Parse
from neuronserve.errors import SettingsError

HOST = "SERVE_SIMULATE_HOST"
_HOUR = 3600.0


@dataclasses.dataclass(frozen=True)
class Options:
    """``host``: the simulated host's folder. ``load_seconds``: how much longer a load takes.

    ``service_seconds``: how long one compiled batch occupies a core. ``free_seconds``: how long the cores
    stay taken after the process.
    """

    host: Path
    load_seconds: float
    service_seconds: float
    free_seconds: float

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> Options:
        """SettingsError names all that is wrong."""
        faults: list[str] = []

        def read(name: str, parse: Parse, default: str) -> float:
            text = environ.get(name, "").strip() or default
            try:
                return float(parse(text))
            except Fault as fault:
                faults.append(f"{name}={text}: expected {fault}")
                return 0.0

        host = environ.get(HOST, "").strip()
        if not host.startswith("/"):
            faults.append(
                f"{HOST}={host}: expected the folder of a simulated Neuron host, as an absolute path; "
                "python -m neuronserve.simulator create makes one"
            )
        options = cls(
            host=Path(host),
            load_seconds=read("SERVE_SIMULATE_LOAD_SECONDS", environment.number(0, _HOUR), "0"),
            service_seconds=read("SERVE_SIMULATE_SERVICE_MS", environment.number(0, _HOUR * 1000), "0")
            / 1000,
            free_seconds=read("SERVE_SIMULATE_FREE_SECONDS", environment.number(0, _HOUR), "0"),
        )
        if faults:
            raise SettingsError(faults)
        return options
