"""Whom the next call goes to, by what is in flight."""

from __future__ import annotations

import dataclasses

from hypothesis import given
from hypothesis import strategies as st

from neuronserve.modelserver.ranking import FILLING_NS, rank

NOW = 10**12
LONG_AGO = NOW - 1000 * FILLING_NS
JUST_NOW = NOW - FILLING_NS // 2


@dataclasses.dataclass(frozen=True)
class Server:
    copies: int = 1


def best(*servers: tuple[int, int], joins: int = 4, copies: int = 1) -> int:
    """The index of the best of servers that are told as (in flight, chosen at)."""
    ranks = [rank(Server(copies), flying, chosen, NOW, joins) for flying, chosen in servers]
    return ranks.index(min(ranks))


def test_without_joining_the_fewest_for_each_copy_win():
    ranks = [rank(Server(4), 3, 0, NOW), rank(Server(1), 1, 0, NOW)]
    assert ranks[0] < ranks[1]


def test_of_equals_the_one_that_was_chosen_longest_ago_wins():
    assert best((2, 30), (2, 10), (2, 20), joins=1) == 1
    assert best((2, 30), (2, 10), (2, 20), joins=4) == 1


def test_a_batch_that_is_being_filled_comes_before_an_idle_server():
    assert best((0, LONG_AGO), (1, JUST_NOW)) == 1


def test_a_batch_that_no_longer_waits_for_rows_does_not():
    assert best((0, LONG_AGO), (1, NOW - 2 * FILLING_NS)) == 0


def test_a_full_batch_does_not():
    assert best((0, LONG_AGO), (4, JUST_NOW)) == 0


def test_a_free_copy_comes_before_a_row_that_waits():
    assert best((1, LONG_AGO), (0, JUST_NOW)) == 1
    assert best((4, LONG_AGO), (3, LONG_AGO), copies=4) == 1


def test_when_all_are_busy_the_fullest_batch_that_has_room_wins():
    assert best((5, LONG_AGO), (6, LONG_AGO), (8, LONG_AGO)) == 1


def test_when_all_are_busy_fewer_batches_win():
    assert best((9, LONG_AGO), (7, LONG_AGO)) == 1


@given(
    st.lists(st.tuples(st.integers(0, 500), st.integers(0, NOW)), min_size=1),
    st.integers(1, 64),
    st.integers(1, 64),
)
def test_a_server_with_nothing_to_do_is_never_passed_over_for_one_whose_batch_is_gone(servers, joins, copies):
    chosen = best(*servers, joins=joins, copies=copies)
    flying, at = servers[chosen]
    if any(n == 0 for n, _ in servers):
        assert flying < copies or (flying < joins and NOW - at <= FILLING_NS)
