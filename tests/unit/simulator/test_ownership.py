"""Who owns which core: taken all or none, free with the open file, and seen by others."""

import json
import os

import pytest

from neuronserve.simulator import host
from neuronserve.simulator.nrt import NrtError
from neuronserve.simulator.ownership import Holder, holders, take
from neuronserve.simulator.rules import Request


@pytest.fixture
def made(tmp_path):
    return host.create(tmp_path / "h", "inf1.6xlarge")


def test_cores_have_one_owner(made):
    owned = take(made, Request(0, 3, 4))
    with pytest.raises(NrtError) as refused:
        take(made, Request(2, 5, 4))
    assert refused.value.lines[0].endswith("Requested:4 Available:2")
    owned.free()
    take(made, Request(2, 5, 4)).free()


def test_a_refused_process_owns_nothing(made):
    owned = take(made, Request(3, 3, 1))
    with pytest.raises(NrtError):
        take(made, Request(0, 7, 8))
    assert [core for core, holder in holders(made).items() if holder] == [3]
    owned.free()


def test_a_number_of_cores_comes_from_the_first_free_run(made):
    first = take(made, Request(1, 1, 1))
    second = take(made, Request(0, 15, 4))
    assert second.cores == range(2, 6)
    first.free()
    second.free()


def test_cores_beyond_those_that_are_there_are_refused(made):
    with pytest.raises(NrtError) as refused:
        take(made, Request(14, 17, 4))
    assert refused.value.lines[0].endswith("Requested:4 Available:2")


def test_owners_say_who_they_are(made):
    owned = take(made, Request(4, 5, 2), "neuronserve-1", "server --flag")
    me = Holder(os.getpid(), "neuronserve-1", "server --flag", 4)
    assert {core: holder for core, holder in holders(made).items() if holder} == {4: me, 5: me}
    assert json.loads(made.lock_file(5).read_text())["tag"] == "neuronserve-1"
    owned.free()
    assert not any(holders(made).values())


def test_containers_number_from_their_own_first_core_and_share_the_hosts(tmp_path, made):
    part = host.create(tmp_path / "part", "inf1.6xlarge", chips=2, first=2, cores_dir=made.cores_dir)
    owned = take(part, Request(0, 3, 4))
    assert owned.cores == range(4)
    assert owned.host_cores == (8, 9, 10, 11)
    with pytest.raises(NrtError):
        take(made, Request(11, 11, 1))
    owned.free()


def test_an_owner_that_says_nothing_is_seen_all_the_same(made):
    owned = take(made, Request(0, 0, 1))
    made.lock_file(0).write_text("")
    assert holders(made)[0] == Holder(0, "", "", -1)
    owned.free()
