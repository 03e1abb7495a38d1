"""What a process asks for and gets, after the runtime's and the driver's rules."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuronserve.simulator import rules
from neuronserve.simulator.nrt import Nrt, NrtError
from neuronserve.simulator.rules import Request


@pytest.mark.parametrize(
    ("environ", "request_"),
    [
        ({}, Request(0, 15, 16)),
        ({"NEURON_RT_VISIBLE_CORES": "3"}, Request(3, 3, 1)),
        ({"NEURON_RT_VISIBLE_CORES": "4-7"}, Request(4, 7, 4)),
        ({"NEURON_RT_VISIBLE_CORES": "12-19"}, Request(12, 19, 8)),
        ({"NEURON_RT_NUM_CORES": "0"}, Request(0, 15, 16)),
        ({"NEURON_RT_NUM_CORES": "2"}, Request(0, 15, 2)),
        ({"NEURON_RT_NUM_CORES": "2", "NEURON_RT_VISIBLE_CORES": "4-7"}, Request(4, 7, 4)),
        ({"NEURON_RT_NUM_CORES": "many", "NEURON_RT_VISIBLE_CORES": "4-7"}, Request(4, 7, 4)),
        ({"NEURONCORE_GROUP_SIZES": "1,1"}, Request(0, 15, 16)),
    ],
)
def test_visible_cores_win_over_a_number_and_all_are_asked_for_without_either(environ, request_):
    assert rules.wanted(environ, 16) == request_


@pytest.mark.parametrize("text", ["3-0", "0,1,2,3", "0-1,4-5", "a", "-1", "1-", "0--3", "1.5", "²"])
def test_cores_that_are_no_ascending_range_are_refused(text):
    with pytest.raises(NrtError, match="status=2") as caught:
        rules.wanted({"NEURON_RT_VISIBLE_CORES": text}, 16)
    assert f"NEURON_RT_VISIBLE_CORES: {text}" in caught.value.lines[0]


@pytest.mark.parametrize("text", ["-1", "2.0", "all"])
def test_a_number_of_cores_that_is_none_is_refused(text):
    with pytest.raises(NrtError, match="status=2"):
        rules.wanted({"NEURON_RT_NUM_CORES": text}, 16)


def test_a_process_without_devices_is_refused_with_the_runtimes_line():
    with pytest.raises(NrtError) as caught:
        rules.wanted({}, 0)
    assert caught.value.lines[0].endswith("No neuron device available")


def test_the_error_for_taken_cores_is_the_runtimes_own():
    error = rules.unavailable(Request(0, 3, 4), 0)
    assert re.fullmatch(
        r"\d{4}-[A-Z][a-z]{2}-\d\d \d\d:\d\d:\d\d\.\d{6} +\d+:\d+ +ERROR   NRT:nrt_allocate_neuron_cores {15}"
        r"NeuronCore\(s\) not available - Requested:4 Available:0",
        error.lines[0],
    )
    assert error.status is Nrt.FAILURE
    assert str(error).startswith(
        'Nrt::Init failed: nrt_init: status=1, error message="Non specific failure".'
    )
    assert "[simulated Neuron runtime]" in str(error)


def runs(free):
    """All runs of free cores: (begin, length)."""
    found = []
    for core, is_free in enumerate([*free, False]):
        if is_free and (core == 0 or not free[core - 1]):
            begin = core
        if not is_free and core and free[core - 1]:
            found.append((begin, core - begin))
    return found


@given(
    st.lists(st.booleans(), min_size=1, max_size=12),
    st.integers(0, 13),
    st.integers(0, 13),
    st.integers(1, 13),
)
def test_the_first_run_that_is_long_enough_is_taken_or_nothing(free, one, other, count):
    first, last = min(one, other), max(one, other)
    request = Request(first, last, count)
    mine = set()

    def take(core):
        if not free[core]:
            return False
        assert core not in mine
        mine.add(core)
        return True

    within = [is_free and first <= core <= last for core, is_free in enumerate(free)]
    fitting = [begin for begin, length in runs(within) if length >= count]
    try:
        got = rules.first_fit(request, len(free), take, mine.remove)
    except NrtError as error:
        assert not fitting
        assert not mine
        longest = max((length for _, length in runs(within)), default=0)
        assert error.lines[0].endswith(f"Requested:{count} Available:{longest}")
    else:
        assert got == range(fitting[0], fitting[0] + count)
        assert mine == set(got)
