"""Counters and histograms in Prometheus' text format, named as TF Serving's (prometheus_exporter.cc)."""

from __future__ import annotations

import bisect
import collections
import threading
from collections.abc import Sequence

_ESCAPES = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})


class Counter:
    """Counts by the values of its labels. ``add`` may be called from any thread."""

    def __init__(self, *labels: str) -> None:
        self._labels = labels
        self._counts: collections.Counter[tuple[str, ...]] = collections.Counter()
        self._lock = threading.Lock()

    def add(self, *values: str, by: int = 1) -> None:
        with self._lock:
            self._counts[values] += by

    def text(self, name: str) -> str:
        """Prometheus' exposition of the counter."""
        with self._lock:
            counts = sorted(self._counts.items())
        lines = [f"# TYPE {name} counter"]
        lines += [f"{name}{{{_pairs(self._labels, values)}}} {count}" for values, count in counts]
        return "\n".join(lines) + "\n"


class Histogram:
    """Values in buckets that grow by ``factor`` from ``first`` (monitoring::Buckets::Exponential).

    ``add`` may be called from any thread.
    """

    def __init__(self, *labels: str, first: float, factor: float, buckets: int) -> None:
        self._labels = labels
        self._limits = [first * factor**i for i in range(buckets - 1)]
        self._counts: dict[tuple[str, ...], list[int]] = {}
        self._sums: collections.defaultdict[tuple[str, ...], float] = collections.defaultdict(float)
        self._lock = threading.Lock()

    def add(self, value: float, *values: str) -> None:
        with self._lock:
            counts = self._counts.setdefault(values, [0] * (len(self._limits) + 1))
            counts[bisect.bisect_right(self._limits, value)] += 1
            self._sums[values] += value

    def text(self, name: str) -> str:
        """Prometheus' exposition of the histogram."""
        with self._lock:
            found = sorted(
                (values, list(counts), self._sums[values]) for values, counts in self._counts.items()
            )
        lines = [f"# TYPE {name} histogram"]
        limits = [*(f"{limit:g}" for limit in self._limits), "+Inf"]
        for values, counts, total in found:
            pairs, below = _pairs(self._labels, values), 0
            for limit, count in zip(limits, counts, strict=True):
                below += count
                lines.append(f'{name}_bucket{{{pairs},le="{limit}"}} {below}')
            lines += [f"{name}_sum{{{pairs}}} {total:g}", f"{name}_count{{{pairs}}} {below}"]
        return "\n".join(lines) + "\n"


class Metrics:
    """What TensorFlow Serving's page has of requests (servables/tensorflow/util.cc); latencies in us."""

    def __init__(self) -> None:
        self._requests = Counter("model_name", "status")
        self._examples = Counter("model")
        self._example_counts = Histogram("model", first=1, factor=2, buckets=15)
        self._latency = Histogram("model_name", "API", "entrypoint", first=10, factor=1.8, buckets=33)
        self._runtime = Histogram("model_name", "API", "runtime", first=10, factor=1.8, buckets=33)

    def answered(self, model: str, status: str) -> None:
        """A request to a model ended; ``status`` is the name of its code."""
        self._requests.add(model, status)

    def took(self, model: str, api: str, entrypoint: str, seconds: float) -> None:
        """``api``: ``Predict`` and the like; ``entrypoint``: ``GRPC`` or ``REST``."""
        self._latency.add(seconds * 1e6, model, api, entrypoint)

    def ran(self, model: str, api: str, seconds: float) -> None:
        """TensorFlow itself took so long, which was called as TF1's session."""
        self._runtime.add(seconds * 1e6, model, api, "TF1")

    def examples(self, model: str, count: int) -> None:
        """A request brought so many ``tf.Example`` messages."""
        self._examples.add(model, by=count)
        self._example_counts.add(count, model)

    def text(self) -> str:
        """All of them, in the order of their names, as the exporter has them."""
        prefix = ":tensorflow:serving:"
        return (
            self._requests.text(f"{prefix}request_count")
            + self._examples.text(f"{prefix}request_example_count_total")
            + self._example_counts.text(f"{prefix}request_example_counts")
            + self._latency.text(f"{prefix}request_latency")
            + self._runtime.text(f"{prefix}runtime_latency")
        )


def _pairs(labels: Sequence[str], values: Sequence[str]) -> str:
    return ",".join(
        f'{label}="{value.translate(_ESCAPES)}"' for label, value in zip(labels, values, strict=True)
    )
