"""TensorFlow Serving's batching parameters: cut, padded, and of one model alone (bundle_factory_util.cc)."""

from __future__ import annotations

import shutil
from pathlib import Path

import grpc
import numpy as np
import pytest

from tests.cpuservers import Server
from tests.wire.cpuserver.models import serving


def batched(exported: Path, tmp_path: Path, text: str):
    file = tmp_path / "batching.config"
    file.write_text(text)
    flags = ("--enable_batching", f"--batching_parameters_file={file}")
    return serving(tmp_path, exported, ["shapes"], *flags)


def rows_of(server: Server, count: int, model: str = "shapes") -> tuple[list, list]:
    """The doubled values of ``count`` rows, and the size of the batch that each row ran in."""
    answer = server.predict(model, "rows", x=np.arange(count, dtype=np.float32).reshape(-1, 1))
    return answer["y"].ravel().tolist(), answer["rows"].tolist()


def test_large_batches_are_cut_and_padded_to_allowed_sizes(exported: Path, tmp_path: Path) -> None:
    text = """max_batch_size { value: 100 } enable_large_batch_splitting { value: true }
    max_execution_batch_size { value: 8 } max_enqueued_batches { value: 100 } allowed_batch_sizes: [4, 8]"""
    with batched(exported, tmp_path, text) as server:
        for count in (1, 4, 5, 8, 9, 19, 100):
            values, sizes = rows_of(server, count)
            assert values == [2.0 * i for i in range(count)]
            assert sizes == [8] * (count // 8 * 8) + [4 if count % 8 <= 4 else 8] * (count % 8)
        with pytest.raises(grpc.RpcError, match="Task size 101 is larger than maximum input batch size 100"):
            rows_of(server, 101)


def test_without_splitting_a_larger_call_is_refused(exported: Path, tmp_path: Path) -> None:
    with batched(exported, tmp_path, "max_batch_size { value: 4 } allowed_batch_sizes: [2, 4]") as server:
        assert rows_of(server, 3) == ([0, 2, 4], [4, 4, 4])
        with pytest.raises(grpc.RpcError, match="Task size 5 is larger than maximum input batch size 4"):
            rows_of(server, 5)


def test_each_model_may_bring_its_own_batching_parameters(exported: Path, tmp_path: Path) -> None:
    for name in ("with_file", "without"):
        shutil.copytree(exported / "shapes" / "1", tmp_path / name / "1")
    own = tmp_path / "with_file" / "1" / "batching_params.pbtxt"
    own.write_text("max_batch_size { value: 6 } allowed_batch_sizes: [6]")
    shared = tmp_path / "shared.config"
    shared.write_text("max_batch_size { value: 4 } allowed_batch_sizes: [4]")
    names, flags = ("with_file", "without"), ("--enable_batching", f"--batching_parameters_file={shared}")
    with serving(tmp_path, tmp_path, names, *flags, "--enable_per_model_batching_parameters") as server:
        assert rows_of(server, 2, "with_file")[1] == [6, 6]
        assert rows_of(server, 2, "without")[1] == [2, 2]
    with serving(tmp_path, tmp_path, names, *flags) as server:
        assert rows_of(server, 2, "with_file")[1] == [4, 4]
