"""Who holds chips, from a ``/proc`` made here. Every device is ``/dev/null``, whose minor number is 3."""

from __future__ import annotations

import fcntl
import json

import pytest

from neuronserve.generation import Generation
from neuronserve.neuron import marker
from neuronserve.neuron.chips import Chip, Host, Roots
from neuronserve.neuron.holders import Holder, busy, holders
from neuronserve.neuron.neuronls import Device, Process

NULL_MINOR = 3


def host(*host_indexes, cores=4, simulated=False):
    chips = tuple(
        Chip(index, None, minor, Generation.V1, cores, 8192, "Inf1", "sysfs")
        for index, minor in enumerate(host_indexes)
    )
    return Host(chips, (), "", "", None, simulated)


HOST = host(1, 2, NULL_MINOR)  # the device is the third chip: cores 8 to 11


@pytest.fixture
def roots(tmp_path):
    for name in ("dev", "sys", "proc"):
        (tmp_path / name).mkdir()
    (tmp_path / "dev/neuron2").symlink_to("/dev/null")
    return Roots(tmp_path / "dev", tmp_path / "sys", tmp_path / "proc")


def process(roots, pid, *, command="server --port=0", environ="", files=("neuron2",), flags="0100002"):
    place = roots.proc / str(pid)
    for folder in ("fd", "fdinfo"):
        (place / folder).mkdir(parents=True)
    for number, name in enumerate(files):
        (place / f"fd/{number}").symlink_to(roots.dev / name)
        (place / f"fdinfo/{number}").write_text(f"pos:\t0\nflags:\t{flags}\n")
    (place / "cmdline").write_bytes(command.replace(" ", "\0").encode() + b"\0")
    if environ is not None:
        (place / "environ").write_bytes(environ.replace(" ", "\0").encode() + b"\0")


def found(roots, neuron_ls=None, **options):
    return holders(roots, HOST, neuron_ls=neuron_ls, **options)


def test_a_process_that_has_a_chip_open_holds_the_cores_it_was_given(roots):
    process(roots, 7, environ="A=1 NEURON_RT_VISIBLE_CORES=9-10 NEURON_PROCESS_TAG=neuronserve-2")
    assert found(roots) == (Holder(7, "server --port=0", "neuronserve-2", (2,), (9, 10)),)


def test_a_process_without_visible_cores_holds_all_of_its_chips(roots):
    process(roots, 7)
    assert found(roots)[0].cores == (8, 11)


@pytest.mark.parametrize(
    "environ",
    ["NEURON_RT_NUM_CORES=2", "NEURON_RT_VISIBLE_CORES=1,3", "NEURON_RT_VISIBLE_CORES=5-2", None],
)
def test_cores_that_cannot_be_known_are_not_guessed(roots, environ):
    process(roots, 7, environ=environ)
    assert found(roots)[0].cores is None


def test_a_list_that_is_a_range_is_one(roots):
    process(roots, 7, environ="NEURON_RT_VISIBLE_CORES=8,9,10")
    assert found(roots)[0].cores == (8, 10)


def test_cores_are_counted_from_zero_whatever_the_offset(roots):
    process(roots, 7, environ="NEURON_RT_VISIBLE_CORES=49-50")
    assert found(roots, core_offset=40)[0].cores == (9, 10)


def test_a_process_that_only_asks_for_statistics_holds_nothing(roots):
    process(roots, 7, command="neuron-monitor", flags="0100001")
    assert found(roots) == ()


def test_other_files_and_other_devices_are_not_held(roots):
    (roots.dev / "neuron9").symlink_to("/dev/zero")  # minor 5: no chip of this host
    (roots.dev / "neuron8").touch()
    process(roots, 7, files=("neuron8", "neuron9", "null", "neuron77"))
    assert found(roots) == ()


def test_processes_are_ordered_as_numbers(roots):
    for pid in (10, 9):
        process(roots, pid)
    assert [holder.pid for holder in found(roots)] == [9, 10]


def test_a_long_command_line_is_shortened(roots):
    process(roots, 7, command="x" * 1000)
    assert found(roots)[0].command == "x" * 197 + "..."


def test_a_process_that_ends_while_it_is_looked_at_is_left_out(roots):
    (roots.proc / "7").mkdir()
    assert found(roots) == ()


def shown(*processes, chip=2):
    return lambda: [Device(index, processes=processes if index == chip else ()) for index in range(3)]


def test_neuron_ls_shows_processes_of_other_containers(roots):
    stranger = Process(4711, "train.py --big...")
    assert found(roots, shown(stranger)) == (Holder(4711, "train.py --big...", "", (2,), None),)


def test_a_process_that_both_show_is_one_holder_also_under_the_hosts_pid(roots):
    process(roots, 7, environ="NEURON_RT_VISIBLE_CORES=8-9")
    process(roots, 8, environ="NEURON_RT_VISIBLE_CORES=10-11")
    both = shown(Process(7001, "server --port..."), Process(7002, "server --port..."))
    assert [holder.pid for holder in found(roots, both)] == [7, 8]


def test_one_more_of_the_same_command_is_of_another_container(roots):
    process(roots, 7)
    both = shown(Process(7, "server --port..."), Process(7002, "server --port..."))
    assert [holder.pid for holder in found(roots, both)] == [7, 7002]


def test_a_process_on_several_chips_is_one_holder(roots):
    stranger = Process(4711, "train.py")
    everywhere = [Device(index, processes=(stranger,)) for index in range(3)]
    assert found(roots, lambda: everywhere)[0].chips == (0, 1, 2)


def test_the_old_server_is_known_by_its_tag(roots):
    process(roots, 7, environ="NEURON_PROCESS_TAG=a")
    process(roots, 8, environ="NEURON_PROCESS_TAG=b")
    assert [(holder.pid, holder.tag) for holder in holders(roots, HOST, neuron_ls=None)] == [
        (7, "a"),
        (8, "b"),
    ]


@pytest.mark.parametrize(
    ("first", "last", "held"), [(0, 8, False), (9, 9, True), (10, 11, True), (11, 11, False)]
)
def test_a_range_is_busy_where_a_holders_cores_overlap_it(roots, first, last, held):
    process(roots, 7, environ="NEURON_RT_VISIBLE_CORES=9-10")
    assert bool(busy(roots, HOST, first, last, neuron_ls=None)) is held


@pytest.mark.parametrize(("first", "last", "held"), [(0, 7, False), (7, 8, True), (11, 11, True)])
def test_a_holder_of_unknown_cores_keeps_its_whole_chip_busy(roots, first, last, held):
    process(roots, 7, environ=None)
    assert bool(busy(roots, HOST, first, last, neuron_ls=None)) is held


@pytest.fixture
def simulated(roots, tmp_path):
    """Locks cores of a simulated host, chips 1 and 2 of which are here; they stay locked until the end."""
    folder = tmp_path / "cores"
    folder.mkdir()
    raw = {"instance_type": "inf1.6xlarge", "minors": {"0": 1, "1": 2}, "cores_dir": str(folder)}
    (roots.dev / marker.NAME).write_text(json.dumps(raw))
    for core in range(16):
        (folder / f"core-{core}").touch()
    held = []

    def own(core, content):
        file = (folder / f"core-{core}").open("w")
        fcntl.flock(file, fcntl.LOCK_EX)
        file.write(content if isinstance(content, str) else json.dumps(content))
        file.flush()
        held.append(file)
        return file

    yield own
    for file in held:
        file.close()


PRETENDED = host(1, 2, simulated=True)


def owner(pid, tag="t"):
    return {"pid": pid, "tag": tag, "command": "server", "first": 0}


def test_cores_of_a_simulated_host_are_counted_over_the_chips_given(roots, simulated):
    for core in (6, 7, 8):
        simulated(core, owner(7))
    assert holders(roots, PRETENDED) == (Holder(7, "server", "t", (0, 1), (2, 4)),)


def test_cores_of_chips_that_are_elsewhere_do_not_count(roots, simulated):
    simulated(0, owner(7))
    assert holders(roots, PRETENDED) == ()


def test_neighbours_of_two_owners_are_two_holders(roots, simulated):
    for core, pid in ((4, 9), (5, 9), (6, 8), (9, 9)):
        simulated(core, owner(pid))
    assert [(h.pid, h.cores) for h in holders(roots, PRETENDED)] == [(8, (2, 2)), (9, (0, 1)), (9, (5, 5))]


def test_a_core_is_free_when_its_lock_is_gone_whatever_its_file_says(roots, simulated):
    simulated(4, owner(7)).close()
    assert holders(roots, PRETENDED) == ()


@pytest.mark.parametrize("content", ["", "{", "[]", "3", '{"pid": "x"}', '{"pid": true}', "[" * 60_000])
def test_an_owner_who_has_not_said_who_he_is_still_owns(roots, simulated, content):
    simulated(4, content)
    assert holders(roots, PRETENDED) == (Holder(0, "", "", (0,), (0, 0)),)


def test_asking_leaves_the_lock_to_others(roots, simulated, tmp_path):
    assert holders(roots, PRETENDED) == ()
    with (tmp_path / "cores/core-4").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_others_who_ask_at_the_same_time_are_no_owners(roots, simulated, tmp_path):
    with (tmp_path / "cores/core-4").open() as file:
        fcntl.flock(file, fcntl.LOCK_SH)
        assert holders(roots, PRETENDED) == ()


def test_tags_and_ranges_of_a_simulated_host(roots, simulated):
    simulated(4, owner(7, "a"))
    simulated(8, owner(8, "b"))
    assert [(h.pid, h.tag) for h in holders(roots, PRETENDED)] == [(7, "a"), (8, "b")]
    assert [h.pid for h in busy(roots, PRETENDED, 0, 3)] == [7]
    assert busy(roots, PRETENDED, 1, 3) == ()
