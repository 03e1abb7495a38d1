"""Use of the cores, from a neuron-monitor that is a real program, and from counters in a made tree."""

import json
import os
import signal

import pytest

from neuronserve.boot.cores import Ground
from neuronserve.boot.usage import FILE, Measuring
from neuronserve.neuron.chips import Host, Roots
from neuronserve.neuron.usage import Usage
from neuronserve.supervise.children import Children
from neuronserve.supervise.loop import Loop

LINE = {
    "neuron_runtime_data": [{
        "pid": 7, "neuron_runtime_tag": "neuronserve-0",
        "report": {"neuroncore_counters": {
            "period": 5, "neuroncores_in_use": {"0": {"neuroncore_utilization": 42.5}},
        }},
    }],
}  # fmt: skip


@pytest.fixture
def loop():
    before = {n: signal.getsignal(n) for n in (signal.SIGCHLD,)}
    loop = Loop()
    loop.later(20, lambda: pytest.fail("nothing was measured within 20 s"))
    yield loop
    for number, handler in before.items():
        signal.signal(number, handler)
    loop.close()


@pytest.fixture
def measuring(loop, tmp_path):
    children = Children(loop)
    measuring = Measuring(loop, children, tmp_path, dict(os.environ))
    yield measuring
    measuring.end()
    children.kill_all()


def ground(*, simulated=False, roots=None):
    return Ground(roots or Roots(), Host((), (), "", "", None, simulated=simulated))


def written(loop, folder):
    def look():
        if (folder / FILE).exists():
            loop.stop(0)
        else:
            loop.later(0.02, look)

    look()
    loop.run()
    return Usage.from_dict(json.loads((folder / FILE).read_text()))


def monitor(folder, script, monkeypatch):
    program = folder / "bin" / "neuron-monitor"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")


def test_what_neuron_monitor_says_is_left_for_the_metrics_page(loop, measuring, tmp_path, monkeypatch):
    monitor(tmp_path, f"echo no json; echo '{json.dumps(LINE)}'; exec sleep 600", monkeypatch)
    measuring.begin(ground())
    usage = written(loop, tmp_path)
    assert [(core.core, core.utilisation) for core in usage.cores] == [(0, 0.425)]
    assert [runtime.tag for runtime in usage.runtimes] == ["neuronserve-0"]


def test_a_simulated_host_is_never_measured_with_the_real_tool(loop, measuring, tmp_path, monkeypatch):
    monitor(tmp_path, "touch started; exec sleep 600", monkeypatch)
    measuring.begin(ground(simulated=True, roots=Roots(sys=tmp_path)))
    loop.later(0.5, lambda: loop.stop(0))
    loop.run()
    assert not (tmp_path / "started").exists()


def test_a_host_without_devices_is_not_measured(loop, measuring, tmp_path, monkeypatch):
    monitor(tmp_path, "touch started; exec sleep 600", monkeypatch)
    measuring.begin(Ground())
    loop.later(0.3, lambda: loop.stop(0))
    loop.run()
    assert not (tmp_path / "started").exists()
