"""What a model's own code costs: CPU per request of nginx + gateway, by how the code asks the model.

The baseline is what AWS's samples do: ``handler`` posts the body to ``context.rest_uri`` with requests. The
model server is the embedded one, whose own time does not count.
"""

from __future__ import annotations

import dataclasses
import statistics
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmark import gateway, simulated
from benchmark.gateway import Case

POSTS = """
import requests

def handler(data, context):
    answer = requests.post(context.rest_uri, data=data.read())
    return answer.content, "application/json"
"""
PAIR = """
def input_handler(data, context):
    return data.read()

def output_handler(response, context):
    return response.content, "application/json"
"""
ARRAYS = """
import io
import numpy as np

def input_handler(data, context):
    return np.load(io.BytesIO(data.read()), allow_pickle=False)

def output_handler(response, context):
    (outputs,) = response.arrays.values()
    kept = io.BytesIO()
    np.save(kept, outputs)
    return kept.getvalue(), "application/x-npy"
"""
BASELINE = "handler, posts to rest_uri"


@dataclasses.dataclass(frozen=True)
class Way:
    """``code``: its inference.py; "" without one."""

    name: str
    code: str
    case: Case


def ways() -> list[Way]:
    """The same 64 rows of 3 floats in each; the first is the baseline."""
    import io
    import json

    import numpy as np

    rows = np.random.default_rng(0).random((64, 3), np.float32)
    file = io.BytesIO()
    np.save(file, rows)
    as_json = Case("", "-1,3", "application/json", json.dumps({"instances": rows.tolist()}).encode(), None)
    as_npy = Case("", "-1,3", "application/x-npy", file.getvalue(), None)
    return [
        Way(BASELINE, POSTS, as_json),
        Way("pair, JSON", PAIR, as_json),
        Way("pair, arrays", ARRAYS, as_npy),
        Way("no code, JSON", "", as_json),
        Way("no code, npy", "", as_npy),
    ]


def measure(seconds: float, repeat: int, free_port: Callable[[], int]) -> list[dict[str, Any]]:
    """Medians of ``repeat`` rounds, in which the ways take turns."""
    all_ways = ways()
    found: dict[str, list[dict[str, Any]]] = {way.name: [] for way in all_ways}
    for _ in range(repeat):
        for way in all_ways:
            found[way.name].append(_once(way, seconds, free_port()))
    baseline = _median(found[BASELINE], "cpu_ms")
    return [
        {
            "way": name,
            "cpu_ms": _median(rounds, "cpu_ms"),
            "p50_ms": _median(rounds, "p50_ms"),
            "ratio": _median(rounds, "cpu_ms") / baseline,
        }
        for name, rounds in found.items()
    ]


def _once(way: Way, seconds: float, port: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        model = simulated.model(Path(name) / "model", batch=64)
        if way.code:
            (model / "code").mkdir()
            (model / "code" / "inference.py").write_text(way.code)
        extra = {"MODEL_URI": str(model), "MODEL_SERVER": "cpu", "MODEL_SERVER_BINARY": ""}
        with gateway.served(way.case.shape, port, extra) as (process, _):
            watched = {k: v for k, v in gateway.parts(process).items() if k != "serve"}
            return gateway.measured(port, way.case, watched, seconds)


def _median(rounds: list[dict[str, Any]], key: str) -> float:
    return statistics.median(float(one[key]) for one in rounds)
