"""No room exactly when the next model cannot fit; what never could is an error of its own."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuronserve.boot.multimodel import memory
from neuronserve.boot.multimodel.room import Needs, Room
from neuronserve.errors import LoadFailed, NoRoom
from neuronserve.generation import Generation
from neuronserve.neuron import capacity
from neuronserve.neuron.capacity import Demand, Memory
from neuronserve.neuron.need import Need
from neuronserve.settings import Settings

CHIP = Memory(4, 1000)
MIB = 1 << 20


def needs(
    name: str = "m",
    host: int = 10,
    *,
    cores: int = 0,
    duplicates: int = 1,
    copy: int = 0,
    generation: Generation | None = None,
) -> Needs:
    return Needs(host, Demand(Need(name, cores, duplicates, generation), copy))


def on_cpu(budget: int = 100, servers: int = 1, **more: int) -> Room:
    return Room(dict.fromkeys(range(servers)), budget, **more)


def on_chips(servers: int = 2, **more: int) -> Room:
    return Room(dict.fromkeys(range(servers), CHIP), 1 << 40, generation=Generation.V1, **more)


def test_models_fit_until_the_budget_is_used() -> None:
    room = on_cpu(100)
    for name in ("a", "b"):
        room = room.book(needs(name, 50))
    with pytest.raises(NoRoom, match=r"model 'c' needs 0.0 MiB of memory"):
        room.book(needs("c", 1))
    assert room.free("a").book(needs("c", 50)).used == 100


def test_each_copy_counts() -> None:
    room = on_cpu(100, servers=3, copies=2).book(needs("a", 30))
    assert room.booked["a"].servers == (0, 1)
    assert room.used == 60
    assert room.book(needs("b", 20)).booked["b"].servers == (
        0,
        2,
    )  # server 2 has none; of the others the first


def test_more_copies_than_servers_are_one_for_each() -> None:
    assert on_cpu(servers=2, copies=9).book(needs("a")).booked["a"].servers == (0, 1)


def test_the_emptiest_server_gets_the_next_model() -> None:
    room = on_cpu(servers=3)
    for name in "abcd":
        room = room.book(needs(name))
    assert [room.booked[name].servers for name in "abcd"] == [(0,), (1,), (2,), (0,)]
    assert room.free("b").book(needs("e")).booked["e"].servers == (1,)


def test_with_one_model_for_each_server_the_next_one_has_no_room() -> None:
    room = on_cpu(servers=2, per_server=1).book(needs("a")).book(needs("b"))
    with pytest.raises(NoRoom, match="each model server has as many models as it may have: 1"):
        room.book(needs("c"))


def test_device_memory_is_counted_on_each_core() -> None:
    room = on_chips(1).book(needs("a", cores=1, duplicates=4, copy=500))
    with pytest.raises(NoRoom, match="device memory"):
        room.book(needs("b", cores=1, copy=500))
    assert room.book(needs("b", cores=1, copy=300))
    assert room.book(needs("b", cores=0))  # on the CPU


def test_a_model_goes_where_its_cores_have_most_memory_left() -> None:
    room = on_chips(2).book(needs("large", cores=1, copy=800))
    room = room.book(needs("small", cores=1, copy=10)).book(needs("second", cores=1, copy=10))
    assert [room.booked[name].servers for name in ("large", "small", "second")] == [(0,), (1,), (1,)]


@pytest.mark.parametrize(
    ("wanted", "room", "why"),
    [
        (needs(host=101), on_cpu(100), "and there are 0.0 MiB for all"),
        (needs(host=60), on_cpu(100, servers=2, copies=2), "for all"),
        (needs(cores=5), on_chips(), "compiled for 5 cores, and no model server has more than 4"),
        (needs(cores=1, generation=Generation.V2), on_chips(), "these chips are Inf1"),
        (needs(cores=1, copy=1000), on_chips(), "of device memory for each copy"),
    ],
)
def test_what_would_not_fit_alone_is_no_matter_of_room(wanted: Needs, room: Room, why: str) -> None:
    with pytest.raises(LoadFailed, match=why):
        room.book(wanted)


def test_cores_do_not_matter_on_a_cpu() -> None:
    assert on_cpu().book(needs(cores=64, copy=1 << 50, generation=Generation.V2)).booked


WANTED = st.builds(
    needs,
    st.sampled_from("abcdefgh"),
    st.integers(0, 60),
    cores=st.integers(0, 4),
    duplicates=st.integers(1, 4),
    copy=st.integers(0, 800),
)
ROOMS = st.builds(
    lambda servers, copies, per_server: Room(
        dict.fromkeys(range(servers), CHIP), 120, copies=copies, per_server=per_server
    ),
    st.integers(1, 3),
    st.integers(1, 2),
    st.none() | st.integers(1, 3),
)


@given(ROOMS, st.lists(WANTED, max_size=20))
def test_nothing_is_overbooked_and_nothing_that_fits_is_refused(room: Room, models: list[Needs]) -> None:
    for one in models:
        if one.name in room.booked:
            room = room.free(one.name)
            continue
        before = room
        copies = min(room.copies, len(room.servers))
        try:
            room = room.book(one)
        except (NoRoom, LoadFailed) as refused:
            assert room is before
            fitting = [server for server in room.servers if room.fits(server, one)]
            enough = room.used + one.host_bytes * copies <= room.budget
            assert len(fitting) < copies or not enough
            empty = dataclasses.replace(room, booked={})
            could = one.host_bytes * copies <= room.budget and all(empty.fits(s, one) for s in room.servers)
            assert isinstance(refused, NoRoom) == could
        else:
            assert len(room.booked[one.name].servers) == copies
    assert room.used <= room.budget
    for server in room.servers:
        there = [needs.demand for needs in room.on(server)]
        assert capacity.fullest(CHIP, there) <= CHIP.bytes_per_core
        assert room.per_server is None or len(there) <= room.per_server


def test_a_budget_is_what_is_left_of_the_container() -> None:
    assert memory.budget(Settings.from_environ({"SERVE_MODEL_MEMORY_MB": "7"}), 3) == 7 * MIB
    assert memory.left(8192 * MIB, 1) == (8192 - 1024) * MIB
    assert memory.left(8192 * MIB, 4) == (8192 - 512 - 4 * 512) * MIB
    assert memory.left(1024 * MIB, 4) == 512 * MIB
    assert memory.physical() > MIB
