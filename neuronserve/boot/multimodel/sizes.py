"""How much memory a model will take, from its files: known before it is loaded.

Of main memory TensorFlow Serving's own estimate is the size of all files times 1.2
(``EstimateResourceFromPath`` in servables/tensorflow/bundle_factory_util.cc). That is right for variables.
Of the graph, ``saved_model.pb``, TensorFlow keeps several copies, which matters where the weights are in it,
as in frozen and in compiled models: a graph of 105 MB took 610 MB in the embedded server, and 1.4 GB for a
moment while it was loaded. So it counts six times.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from neuronserve.artifact.bundle import BundledModel
from neuronserve.artifact.inspect import scan
from neuronserve.boot.multimodel.room import Needs
from neuronserve.errors import NeuronError
from neuronserve.neuron.capacity import Demand
from neuronserve.neuron.need import needs

FACTOR = 1.2
GRAPH_FACTOR = 6.0


def measure(model: BundledModel) -> Needs | NeuronError | OSError:
    """Reads the model's folders, in a thread: what it needs, or why that cannot be known."""
    try:
        (need,) = needs([model])
        size = sum(_taken(model.base_path / str(version)) for version in model.versions)
    except (NeuronError, OSError) as error:
        return error
    copy = sum(one.copy_bytes for one in model.compiled)
    return Needs(int(size), Demand(need, copy))


def _taken(folder: Path) -> float:
    """Bytes for all files below; the folder itself may be a link, and so may files."""
    root = folder.resolve()
    total = 0.0
    for where, _, names in os.walk(root):
        for name in names:
            graph = where == str(root) and name in scan.FILES
            with contextlib.suppress(FileNotFoundError):  # a link to nothing
                total += os.stat(Path(where, name)).st_size * (GRAPH_FACTOR if graph else FACTOR)
    return total
