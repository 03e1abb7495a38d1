"""Which batcher a model's calls go to: the one of the process, or one of its own parameters.

With ``--enable_per_model_batching_parameters`` a model is batched by the ``batching_params.pbtxt`` that lies
in its version's folder, and not at all without one (``GetPerModelBatchingParams`` in bundle_factory_util.cc).
"""

from __future__ import annotations

from pathlib import Path

from neuronserve.cpuserver.batching import parameters
from neuronserve.cpuserver.batching.batcher import Batcher
from neuronserve.machine import cpus

FILE = "batching_params.pbtxt"


class Batching:
    """Hands out batchers. As in TensorFlow Serving, queues are a model's own and threads may be shared."""

    def __init__(self, shared: parameters.Parameters, *, per_model: bool) -> None:
        self._per_model = per_model
        self._shared = None if per_model else Batcher(shared)

    def of(self, folder: Path) -> Batcher | None:
        """For the version in ``folder``; None: its calls are not joined. StatusError: a wrong file."""
        if not self._per_model:
            return self._shared
        file = folder / FILE
        return Batcher(parameters.read(file, cpus())) if file.is_file() else None
