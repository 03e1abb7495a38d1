"""Who should join concurrent single rows into compiled batches: nobody, the model server, or the gateway.

A model compiled at a fixed batch on four simulated cores. The servers' own batching is this product's
default for such models; joining in the gateway is a prototype, ``joining.py``.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from benchmark import figures, load, scaling, simulated
from benchmark.simulated import ROOT, Simulated

INSTANCE = "inf1.xlarge"
SERVICE_MS = 50.0
BATCHES = (4, 8)
CONNECTIONS = (8, 16, 32, 64)
_OFF = {"SAGEMAKER_TFS_ENABLE_BATCHING": "false"}
WAYS: dict[str, tuple[dict[str, str], str]] = {  # settings, program
    "nobody": (_OFF, "serve"),
    "server": ({}, "serve"),
    "gateway": (_OFF, "scripts/benchmark/serve_joining.py"),
}
# so that all rows may be under way also where there are few CPUs, and so few workers
_SETTINGS = {"SAGEMAKER_GUNICORN_THREADS": "64", "SERVE_CANARY_SECONDS": "0"}


def measure(seconds: float) -> list[dict[str, Any]]:
    """Each way, layout, batch and number of connections, ``seconds`` of load each. Times in ms."""
    found = []
    for batch in BATCHES:
        for layout, duplicates in scaling.LAYOUTS.items():
            for way, (settings, program) in WAYS.items():
                with tempfile.TemporaryDirectory(prefix="bench-") as folder:
                    saved = simulated.model(
                        Path(folder) / "model", batch=batch, dynamic=False, max_duplicates=duplicates
                    )
                    with simulated.served(
                        saved,
                        instance=INSTANCE,
                        service_ms=SERVICE_MS,
                        settings={**_SETTINGS, **settings},
                        program=ROOT / program,
                    ) as service:
                        about = {"way": way, "layout": layout, "batch": batch}
                        found += [{**about, **_one(service, batch, n, seconds)} for n in CONNECTIONS]
    return found


def _one(service: Simulated, batch: int, connections: int, seconds: float) -> dict[str, Any]:
    """``ideal``: rows per second when all cores run full batches, or every row runs at once, if fewer."""
    with scaling.window(service) as seen:
        outcome = load.closed(service.requests(), connections, seconds)
    ideal = min(connections, service.copies * batch) / service.service_seconds
    answered = sum(outcome.counts.values()) * seen.wall / seconds
    return {
        "clients": connections, "ideal": ideal, "rate": outcome.rate, "share": outcome.rate / ideal,
        "errors": outcome.errors,
        "p50_ms": figures.percentile(outcome.latencies, 50) * 1e3,
        "p99_ms": figures.percentile(outcome.latencies, 99) * 1e3,
        "fill": answered / (batch * max(1, sum(seen.batches.values()))),
        "cpu_ms": seen.cpu_ms(round(answered)),
    }  # fmt: skip
