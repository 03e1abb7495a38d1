"""What a model asks of NeuronCores, by the rules of the runtime."""

from __future__ import annotations

import numpy as np
import pytest

from neuronserve.artifact.inspect import demand, neff, subgraph
from neuronserve.generation import Generation
from tests import handmade


def ops(*configs):
    """Subgraphs by (model_config, num_tpb or None, automatic_multicore or None)."""
    found = []
    for config, tpb, auto in configs:
        executable = b"" if tpb is None else handmade.neff(tpb)
        node = handmade.neuron_op(
            "op", handmade.linear(np.eye(2)), [], [], [],
            model_config=config, executable=executable, automatic_multicore=auto,
        )  # fmt: skip
        found += subgraph.parse(node, "", neff.read)
    return found


@pytest.mark.parametrize(
    ("configs", "cores", "duplicates"),
    [
        ([((1, 1, 4, 10), 1, None)], 1, 4),
        ([((-1, 1, 64, 10), 1, None)], 1, 64),
        ([((-1, -1, -1, -1), None, None)], 1, 1),
        ([((), None, None)], 1, 1),
        ([((1, 1, 0, 10), 1, None)], 1, 1),
        ([((2, 1, 4, 10), 1, None)], 2, 1),
        ([((-1, 3, 4, 10), 1, None)], 3, 1),
        ([((1, 1, 4, 10), 4, None)], 4, 1),
        ([((1, 1, 1, 10), 1, None), ((1, 1, 1, 10), 1, None)], 1, 1),
        ([((1, 1, 64, 10), 1, None), ((1, 2, 64, 10), 2, None)], 2, 1),
        ([((1, 1, 1, 10), 1, 4)], 1, 4),
        ([((1, 1, 4, 10), 1, 16)], 1, 4),
        ([((1, 1, 64, 10), 1, 16)], 1, 16),
        ([((1, 1, 64, 10), 1, 0)], 1, 64),
        ([((1, 1, 1, 10), 1, 4), ((1, 1, 1, 10), 1, 2)], 1, 2),
        ([((1, 2, 64, 10), 2, 8)], 2, 1),
    ],
)
def test_cores_and_copies(configs, cores, duplicates):
    found = ops(*configs)
    assert (demand.cores(found), demand.duplicates(found)) == (cores, duplicates)


def test_nothing_compiled_needs_no_core():
    assert (demand.cores([]), demand.duplicates([])) == (0, 1)


def test_executables_that_tell_nothing_have_no_say_in_the_generation():
    assert demand.generations(ops(((1, 1, 4, 10), 1, None), ((1, 1, 4, 10), None, None))) == [Generation.V1]
