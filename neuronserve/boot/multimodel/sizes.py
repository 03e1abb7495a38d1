"""How much memory a model will take, from its files: known before it is loaded.

Main memory by TensorFlow Serving's own estimate, which is the size of all files times 1.2
(``EstimateResourceFromPath`` in servables/tensorflow/bundle_factory_util.cc); of a compiled model too, since
a server reads its graph with all executables, whatever then lies on the device.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from neuronserve.artifact.bundle import BundledModel
from neuronserve.boot.multimodel.room import Needs
from neuronserve.errors import NeuronError
from neuronserve.neuron.capacity import Demand
from neuronserve.neuron.need import needs

FACTOR = 1.2


def measure(model: BundledModel) -> Needs | NeuronError | OSError:
    """Reads the model's folders, in a thread: what it needs, or why that cannot be known."""
    try:
        (need,) = needs([model])
        files = sum(_bytes(model.base_path / str(version)) for version in model.versions)
    except (NeuronError, OSError) as error:
        return error
    copy = sum(one.copy_bytes for one in model.compiled)
    return Needs(int(files * FACTOR), Demand(need, copy))


def _bytes(folder: Path) -> int:
    """Of all files below; the folder itself may be a link, and so may files."""
    total = 0
    for where, _, names in os.walk(folder.resolve()):
        for name in names:
            with contextlib.suppress(FileNotFoundError):  # a link to nothing
                total += os.stat(Path(where, name)).st_size
    return total
