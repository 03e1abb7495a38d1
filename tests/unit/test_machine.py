from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from neuronserve import machine
from neuronserve.errors import FrontError


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


def test_how_many_processes_are_left_is_told_by_the_cgroup(tmp_path: Path) -> None:
    assert machine.processes_left(tmp_path) is None
    assert machine.processes_left(group(tmp_path, pids_dot_max="max", pids_dot_current="3")) is None
    assert machine.processes_left(group(tmp_path, pids_dot_max="100", pids_dot_current="30")) == 70
    assert machine.processes_left(group(tmp_path, pids_dot_max="10", pids_dot_current="30")) == 0


def test_a_port_that_is_taken_is_refused_with_what_to_do() -> None:
    with socket.create_server(("0.0.0.0", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(FrontError, match=f"cannot listen on port {port}: address already in use"):
            machine.must_be_free(port)
    machine.must_be_free(port)


def test_programs_of_administrators_are_found_without_sbin_on_the_path(tmp_path: Path) -> None:
    program = tmp_path / "prog"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    assert machine.program("prog", {"PATH": str(tmp_path)}) == str(program)
    assert machine.program("prog", {}) is None
    assert machine.program("sh", {}) is not None


@pytest.mark.parametrize(
    ("files", "available"),
    [
        ({}, 2000 << 10),
        ({"memory_dot_max": "max"}, 2000 << 10),
        ({"memory_dot_max": "1000000", "memory_dot_current": "400000"}, 600_000),
        (
            {
                "memory_dot_max": "1000000",
                "memory_dot_current": "400000",
                "memory_dot_stat": "anon 100\ninactive_file 300000\n",
            },
            900_000,
        ),
        ({"memory_dot_max": "1000000", "memory_dot_current": "1200000"}, 0),
        ({"memory__memory_dot_limit_in_bytes": "1000000", "memory__memory_dot_usage_in_bytes": "1"}, 999_999),
        ({"memory_dot_max": str(1 << 40), "memory_dot_current": "0"}, 2000 << 10),
    ],
)
def test_memory_is_available_where_machine_and_cgroup_both_have_it(tmp_path: Path, files, available) -> None:
    (tmp_path / "meminfo").write_text("MemTotal:  9000 kB\nMemAvailable:    2000 kB\n")
    assert machine.memory_available(group(tmp_path / "cgroup", **files), tmp_path / "meminfo") == available


def test_connections_of_a_port_are_counted_while_clients_hold_them() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert machine.connections(port) == 0
        with (
            socket.create_connection(("127.0.0.1", port)),
            socket.create_connection(("127.0.0.1", port)) as one,
        ):
            first, second = server.accept()[0], server.accept()[0]
            assert machine.connections(port) == 2
            one.shutdown(socket.SHUT_WR)
            assert second.recv(1) == b""
            assert machine.connections(port) == 2  # it may still wait for its answer
            first.close()
            second.close()
        assert machine.connections(port) == 0
