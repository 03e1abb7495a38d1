"""What is known of a request's messages before they are sent."""

from __future__ import annotations

import numpy as np
import pytest

from neuronserve.compiled import SignatureBatch
from neuronserve.gateway.exchange import Exchange
from neuronserve.payload.batches import split


def exchange(rows: int, *, pad: bool, dynamic: bool = False) -> Exchange:
    batch = SignatureBatch(8, dynamic=dynamic, inputs=("x",))
    made = split({"x": np.zeros((rows, 3), np.float32)}, batch, pad=pad)
    return Exchange("", (b"",), "", lambda _: (b"", ""), made)


@pytest.mark.parametrize(("rows", "joins"), [(0, 8), (1, 8), (3, 2), (5, 1), (8, 1)])
def test_rows_that_a_model_server_joins_share_a_batch_with_as_many_like_them(rows, joins):
    assert exchange(rows, pad=False).joins == joins


def test_padded_and_dynamic_batches_are_not_joined():
    assert exchange(1, pad=True).joins == 1
    assert exchange(1, pad=False, dynamic=True).joins == 1
    assert Exchange("", (b"",), "", lambda _: (b"", "")).joins == 1
