"""Names, slots and phases of models that come and go."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuronserve.boot.multimodel.ledger import Ledger, Phase
from neuronserve.errors import AlreadyLoaded, NoRoom
from neuronserve.state import Model

FOLDER = Path("/opt/ml/models/a")


def begin(ledger: Ledger, name: str) -> int:
    return ledger.begin(name, str(FOLDER), FOLDER).slot


def test_a_name_is_there_once_in_whatever_phase() -> None:
    ledger = Ledger()
    begin(ledger, "a")
    for word, go_on in (
        ("is being loaded already", lambda: ledger.loaded("a", Model("a", (1,)), (0,))),
        ("is loaded already", lambda: ledger.unloading("a")),
        ("is loaded already", lambda: None),
    ):
        with pytest.raises(AlreadyLoaded, match=word):
            begin(ledger, "a")
        go_on()
    ledger.forget("a")
    assert begin(ledger, "a") == 0


def test_only_what_is_loaded_answers_requests() -> None:
    ledger = Ledger()
    for name in ("b", "a", "c"):
        begin(ledger, name)
    for name in ("b", "a"):
        ledger.loaded(name, Model(name, (1,)), (0,))
    assert [model.name for model in ledger.models] == ["a", "b"]
    ledger.unloading("a")
    assert [model.name for model in ledger.models] == ["b"]
    assert (ledger.phase("a"), ledger.phase("c"), ledger.phase("z")) == (Phase.UNLOADING, Phase.LOADING, None)


def test_the_lowest_free_slot_is_given_and_each_load_has_another_number() -> None:
    ledger = Ledger()
    assert [begin(ledger, name) for name in "abc"] == [0, 1, 2]
    ledger.forget("b")
    assert begin(ledger, "d") == 1
    assert begin(ledger, "e") == 3
    numbers = [entry.number for entry in ledger]
    assert len(set(numbers)) == len(numbers)


def test_when_all_slots_are_taken_there_is_no_room() -> None:
    ledger = Ledger(slots=1)
    begin(ledger, "a")
    with pytest.raises(NoRoom, match="1 models are loaded"):
        begin(ledger, "b")
    assert ledger.phase("b") is None


@given(st.lists(st.tuples(st.sampled_from("abcde"), st.booleans()), max_size=40))
def test_no_slot_has_two_owners(steps: list[tuple[str, bool]]) -> None:
    ledger = Ledger(slots=4)
    for name, comes in steps:
        try:
            if comes:
                begin(ledger, name)
            elif ledger.get(name):
                ledger.forget(name)
        except (AlreadyLoaded, NoRoom):
            pass
        slots = [entry.slot for entry in ledger]
        assert len(set(slots)) == len(slots)
        assert all(0 <= slot < 4 for slot in slots)
