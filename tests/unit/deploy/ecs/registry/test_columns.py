from __future__ import annotations

from neuronserve.deploy.ecs import columns


def test_columns_are_as_wide_as_their_widest_cell_and_nothing_trails():
    assert columns.lines(["A", "LONGER"], [["wide cell", "x"], ["y", ""]]) == [
        "A          LONGER",
        "wide cell  x",
        "y",
    ]
