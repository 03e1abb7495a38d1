"""Counters in Prometheus' text format, named as TF Serving's."""

from __future__ import annotations

import collections
import threading

_ESCAPES = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})


class Counter:
    """Counts by the values of its labels. ``add`` may be called from any thread."""

    def __init__(self, *labels: str) -> None:
        self._labels = labels
        self._counts: collections.Counter[tuple[str, ...]] = collections.Counter()
        self._lock = threading.Lock()

    def add(self, *values: str) -> None:
        with self._lock:
            self._counts[values] += 1

    def text(self, name: str) -> str:
        """Prometheus' exposition of the counter."""
        with self._lock:
            counts = sorted(self._counts.items())
        lines = [f"# TYPE {name} counter"]
        for values, count in counts:
            pairs = ",".join(
                f'{label}="{value.translate(_ESCAPES)}"'
                for label, value in zip(self._labels, values, strict=True)
            )
            lines.append(f"{name}{{{pairs}}} {count}")
        return "\n".join(lines) + "\n"
