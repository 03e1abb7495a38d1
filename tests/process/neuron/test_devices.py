"""Device nodes that the kernel answers for, and processes that hold them."""

from __future__ import annotations

import contextlib
import os
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from neuronserve.generation import Generation
from neuronserve.instances import catalogue
from neuronserve.neuron.chips import Chip, Host, Roots
from neuronserve.neuron.holders import busy, holders
from neuronserve.neuron.look import look
from neuronserve.neuron.nodes import SystemNodes
from neuronserve.simulator import host

ROOT = Path(__file__).resolve().parents[3]
NOBODY = 65534
NO_DRIVER = os.makedev(240, 0)  # a major for local use, which no driver has
NULL = os.makedev(1, 3)

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root may make device nodes")


def node(path, device, mode=0o666):
    try:
        os.mknod(path, stat.S_IFCHR | mode, device)
    except PermissionError:
        pytest.skip("this container may not make device nodes")
    path.chmod(mode)


@pytest.fixture
def roots(tmp_path):
    for name in ("dev", "sys"):
        (tmp_path / name).mkdir()
    return Roots(tmp_path / "dev", tmp_path / "sys", Path("/proc"))


@pytest.fixture
def open_folder():
    """A folder that other users can reach: pytest's own are closed to them."""
    with tempfile.TemporaryDirectory(prefix="ns-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder


@contextlib.contextmanager
def as_nobody():
    """Without root's rights, as far as the kernel checks effective ones."""
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


@needs_root
def test_a_node_without_its_driver(roots):
    node(roots.dev / "neuron0", NO_DRIVER)
    [problem] = look(roots, neuron_ls=None).problems
    assert (problem.code, problem.fatal) == ("no_driver", True)


@needs_root
def test_a_null_device_is_no_chip_without_the_mark_of_a_simulated_host(roots):
    node(roots.dev / "neuron0", NULL)
    assert [problem.code for problem in look(roots, neuron_ls=None).problems] == ["null_device"]


@needs_root
def test_a_node_that_the_user_may_not_open(open_folder):
    node(open_folder / "neuron0", NO_DRIVER, 0o600)
    roots = Roots(open_folder, open_folder / "no-sys")
    with as_nobody():
        [problem] = look(roots, neuron_ls=None).problems
    assert problem.code == "no_permission"
    assert f"mode 0600, and user {NOBODY} may not" in problem.message


@needs_root
def test_a_node_that_may_be_written_but_not_read(open_folder):
    path = open_folder / "neuron0"
    node(path, NULL, 0o222)
    with as_nobody(), pytest.raises(PermissionError, match="may be written, but not read"):
        SystemNodes().probe(path)


def test_looking_leaves_nothing_open(tmp_path):
    (tmp_path / "neuron0").symlink_to("/dev/null")
    before = len([*Path("/proc/self/fd").iterdir()])
    SystemNodes().probe(tmp_path / "neuron0")
    assert len([*Path("/proc/self/fd").iterdir()]) == before


@pytest.fixture
def start():
    """Start a Python process; it is killed at the end. Returns when it has written a line."""
    started = []

    def run(code, *arguments, **environ):
        process = subprocess.Popen(
            [sys.executable, "-c", code, *map(str, arguments)],
            env={**os.environ, **environ},
            stdout=subprocess.PIPE,
            stdin=subprocess.PIPE,
            cwd=ROOT,
        )
        started.append(process)
        assert process.stdout.readline() == b"ready\n"
        return process

    yield run
    for process in started:
        process.kill()
        process.communicate()


HOLD = "import os, sys; os.open(sys.argv[1], int(sys.argv[2])); print('ready', flush=True); sys.stdin.read()"


def null_host():
    """A host whose only chip has the number of the null device."""
    chip = Chip(0, Path("/dev/neuron0"), os.minor(NULL), Generation.V1, 4, 8192, "Inf1", "sysfs")
    return Host((chip,), (), "", "", 1, simulated=False)


def tagged(roots, host):
    """The holders that ``start`` gave the tag "mine": others on this machine may hold its null device."""
    return [holder for holder in holders(roots, host, neuron_ls=None) if holder.tag == "mine"]


@needs_root
def test_a_process_holds_a_chip_until_it_ends(roots, start):
    node(roots.dev / "neuron0", NULL)
    held = start(
        HOLD, roots.dev / "neuron0", os.O_RDWR, NEURON_RT_VISIBLE_CORES="1-2", NEURON_PROCESS_TAG="mine"
    )
    [holder] = tagged(roots, null_host())
    assert (holder.pid, holder.chips, holder.cores) == (held.pid, (0,), (1, 2))
    assert holder.command.startswith(sys.executable)
    held.kill()
    held.wait()
    assert tagged(roots, null_host()) == []


@needs_root
def test_a_process_that_only_writes_to_a_chip_takes_no_core(roots, start):
    node(roots.dev / "neuron0", NULL)
    start(HOLD, roots.dev / "neuron0", os.O_WRONLY)
    assert busy(roots, null_host(), 0, 3, neuron_ls=None) == ()


OWN = """
import fcntl, json, os, sys
for path in sys.argv[1:]:
    file = os.open(path, os.O_RDWR)
    fcntl.flock(file, fcntl.LOCK_EX)
    os.pwrite(file, json.dumps({"pid": os.getpid(), "tag": "mine", "command": "a server"}).encode(), 0)
print("ready", flush=True); sys.stdin.read()
"""


@pytest.mark.parametrize("name", ["inf1.6xlarge", "inf2.24xlarge", "trn2.3xlarge"])
def test_a_simulated_host_is_seen_as_its_instance_type(tmp_path, name):
    made = host.create(tmp_path / "host", name)
    found = look(Roots(made.devices, made.sysfs))
    instance = catalogue()[name]
    assert found.simulated
    assert found.problems == ()
    assert found.instance_type == name
    assert [chip.host_index for chip in found.chips] == list(range(instance.chips))
    assert {(c.cores, c.generation, c.device_mib, c.source) for c in found.chips} == {
        (instance.cores, instance.generation, instance.device_mib, "sysfs")
    }


def test_cores_of_a_simulated_host_are_held_until_their_owner_ends(tmp_path, start):
    made = host.create(tmp_path / "host", "inf1.6xlarge", first=2)
    roots = Roots(made.devices, made.sysfs)
    seen = look(roots)
    assert [chip.index for chip in seen.chips] == [0, 1]
    owner = start(OWN, made.lock_file(10), made.lock_file(11), made.lock_file(12))
    [holder] = tagged(roots, seen)
    assert (holder.pid, holder.chips, holder.cores) == (owner.pid, (0, 1), (2, 4))
    assert busy(roots, seen, 0, 1) == ()
    assert busy(roots, seen, 4, 7) == (holder,)
    owner.kill()
    owner.wait()
    assert holders(roots, seen) == ()
