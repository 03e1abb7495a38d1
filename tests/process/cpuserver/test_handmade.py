"""What tests build as compiled models is what the CPU server can answer from."""

from __future__ import annotations

import grpc
import numpy as np
import pytest

from tests import cpuservers, handmade

ROWS = np.array([[1, 2, 3], [-4, 5, 0]], np.float32)


def test_compiled_models_of_each_kind_are_answered(tmp_path):
    kinds = {
        "plain": {},
        "fixed": {"batch": 2, "dynamic": False},
        "open": {"batch": 2, "dynamic": False, "signature_batch": -1},
        "trn1": {"generation": "trn1", "batch": 4},
        "copies": {"automatic_multicore": 4},
    }
    for name, kind in kinds.items():
        handmade.compiled(tmp_path / name / "1", **kind)
    handmade.pipeline(tmp_path / "pipeline" / "1")
    handmade.compiled(tmp_path / "total" / "1", outputs_without_batch=True)
    names = [*kinds, "pipeline", "total"]
    with cpuservers.running(tmp_path, cpuservers.config_flag(tmp_path, names)) as server:
        for name in names:
            server.wait_until(name, {1: "AVAILABLE"})
            answer = server.predict(name, x=ROWS)
            np.testing.assert_array_equal(answer["y"], ROWS @ handmade.weights(3))
        assert answer["total"] == (ROWS @ handmade.weights(3)).sum()
        for name in ("fixed", "open"):
            with pytest.raises(grpc.RpcError):
                server.predict(name, x=ROWS[:1])
