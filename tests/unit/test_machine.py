from __future__ import annotations

import os
from pathlib import Path

import pytest

from neuronserve import machine


def group(root: Path, **files: str) -> Path:
    for name, text in files.items():
        path = root / name.replace("__", "/").replace("_dot_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


@pytest.mark.parametrize(
    ("text", "expected"), [("50000 100000", 1), ("100000 100000", 1), ("150000 100000", 2)]
)
def test_a_cgroup_quota_bounds_the_cpus_rounded_up(tmp_path: Path, text: str, expected: int) -> None:
    assert machine.cpus(group(tmp_path, cpu_dot_max=text)) == min(expected, len(os.sched_getaffinity(0)))


def test_without_a_quota_the_affinity_counts(tmp_path: Path) -> None:
    here = len(os.sched_getaffinity(0))
    assert machine.cpus(tmp_path) == here
    assert machine.cpus(group(tmp_path, cpu_dot_max="max 100000")) == here


def test_version_one_quotas_are_read_too(tmp_path: Path) -> None:
    (tmp_path / "cpu").mkdir()
    (tmp_path / "cpu/cpu.cfs_quota_us").write_text("100000")
    (tmp_path / "cpu/cpu.cfs_period_us").write_text("100000")
    assert machine.cpus(tmp_path) == 1


def test_the_memory_limit_is_read_in_bytes(tmp_path: Path) -> None:
    assert machine.memory_limit(tmp_path) is None
    assert machine.memory_limit(group(tmp_path, memory_dot_max="max")) is None
    assert machine.memory_limit(group(tmp_path, memory_dot_max="1048576\n")) == 1 << 20
