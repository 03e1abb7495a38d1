"""What one server serves, whatever happens to it: no model is forgotten, and none is listed twice."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neuronserve.boot.multimodel.roster import Placed, Roster, Task
from neuronserve.errors import LoadFailed, NeuronserveError


class SlowLoop:
    """Work is done when the test says so; what is due later, at once when asked."""

    def __init__(self) -> None:
        self.work: list[tuple[Callable[[], Any], Callable[[Any], None]]] = []
        self.timers: list[Callable[[], None]] = []

    def background(self, work: Callable[[], Any], done: Callable[[Any], None]) -> None:
        self.work.append((work, done))

    def later(self, _seconds: float, callback: Callable[[], None]) -> None:
        self.timers.append(callback)


class Case:
    """A roster, and the server that it tells; ``bad``: models that fail."""

    def __init__(self) -> None:
        self.loop = SlowLoop()
        self.bad: set[str] = set()
        self.serving: set[str] = set()
        self.tasks: list[Task] = []
        self.told: dict[str, NeuronserveError | None] = {}
        self.removed: list[str] = []
        self.gone: list[str] = []
        self.lost: dict[str, NeuronserveError] = {}
        self.away = False
        self.keeps = False  # what it should drop
        self.roster = Roster(
            self.loop,  # type: ignore[arg-type]  # as much of a loop as it uses
            self._serve,
            label="server",
            changed=lambda: None,
            lost=self.lost.__setitem__,
        )

    def _serve(self, task: Task) -> dict[str, NeuronserveError | None] | None:
        self.tasks.append(task)
        if self.away:
            return None
        names = [placed.name for placed in task.models]
        assert len(set(names)) == len(names)
        self.serving = set(names) - self.bad
        failed = LoadFailed("it is bad")
        came = {placed.name: failed if placed.name in self.bad else None for placed in task.added}
        stuck = {placed.name: failed if self.keeps else None for placed in task.removed}
        return {**came, **stuck}

    def up(self) -> None:
        self.serving.clear()
        self.roster.up(object())

    def die(self) -> None:
        """What is under way comes to nothing, and is told so late."""
        self.serving.clear()
        self.roster.down()
        over, self.loop.work = self.loop.work, []
        for _, done in over:
            done(None)

    def add(self, *names: str) -> None:
        for name in names:
            self.roster.add(placed(name), lambda error, name=name: self.told.__setitem__(name, error))

    def remove(self, *names: str) -> None:
        for name in names:
            self.removed.append(name)
            self.roster.remove(name, lambda _error, name=name: self.gone.append(name))

    def step(self) -> None:
        work, done = self.loop.work.pop(0)
        done(work())

    def settle(self) -> None:
        while self.loop.work or self.loop.timers:
            while self.loop.work:
                self.step()
            timers, self.loop.timers = self.loop.timers, []
            for timer in timers:
                timer()

    @property
    def there(self) -> list[str]:
        return sorted(placed.name for placed in self.roster.there)


def placed(name: str) -> Placed:
    return Placed(name, Path("/models") / name, (1,))


@pytest.fixture
def case() -> Case:
    case = Case()
    case.up()
    return case


def test_a_server_without_models_is_complete(case: Case) -> None:
    assert case.roster.complete
    assert case.tasks == []


def test_what_comes_is_told_when_it_is_there(case: Case) -> None:
    case.add("a")
    assert case.told == {}
    assert case.roster.names == ()
    case.settle()
    assert case.told == {"a": None}
    assert (case.there, case.roster.names) == (["a"], ("a",))


def test_there_is_one_task_at_a_time_and_what_waits_meanwhile_comes_together(case: Case) -> None:
    case.add("a", "b", "c")
    assert len(case.loop.work) == 1
    case.settle()
    assert [[placed.name for placed in task.added] for task in case.tasks] == [["a"], ["b", "c"]]
    assert [len(task.models) for task in case.tasks] == [1, 3]


def test_what_goes_is_told_when_it_is_gone(case: Case) -> None:
    case.add("a", "b")
    case.settle()
    case.remove("a")
    assert (case.gone, case.there) == ([], ["b"])
    case.settle()
    assert case.gone == ["a"]
    assert case.serving == {"b"}


def test_one_that_fails_is_listed_no_more_once_it_is_taken_off(case: Case) -> None:
    case.bad = {"a"}
    case.add("a", "b")
    case.settle()
    assert isinstance(case.told["a"], LoadFailed)
    assert case.told["b"] is None
    case.remove("a")
    case.settle()
    assert case.gone == ["a"]
    assert [placed.name for placed in case.tasks[-1].models] == ["b"]
    case.bad = set()
    case.add("a")
    case.settle()
    assert case.told["a"] is None


def test_one_that_failed_is_not_tried_again_by_itself_and_keeps_nobody_from_being_complete(
    case: Case,
) -> None:
    case.bad = {"a"}
    case.add("a")
    case.settle()
    count = len(case.tasks)
    case.add("b")
    case.settle()
    assert [placed.name for placed in case.tasks[-1].added] == ["b"]
    assert len(case.tasks) == count + 1
    assert case.roster.complete


def test_a_load_that_is_taken_back_under_way_is_dropped_and_not_answered(case: Case) -> None:
    case.add("a")
    case.remove("a")
    case.settle()
    assert case.told == {}
    assert (case.gone, case.serving) == (["a"], set())


def test_after_a_death_all_come_back_together_before_the_server_is_complete(case: Case) -> None:
    case.add("a", "b", "c")
    case.settle()
    case.die()
    assert not case.roster.complete
    assert case.there == []
    case.up()
    assert not case.roster.complete
    case.settle()
    assert case.roster.complete
    assert case.serving == {"a", "b", "c"}
    assert [placed.name for placed in case.tasks[-1].added] == ["a", "b", "c"]


def test_a_load_under_way_survives_one_death_and_follows_those_that_were_there(case: Case) -> None:
    case.add("a")
    case.settle()
    case.add("new")
    case.die()
    case.up()
    case.settle()
    assert [[placed.name for placed in task.added] for task in case.tasks[-2:]] == [["a"], ["new"]]
    assert case.told["new"] is None


def test_a_load_that_kills_the_server_twice_fails_and_the_others_stay(case: Case) -> None:
    case.add("a")
    case.settle()
    case.add("killer")
    case.die()
    case.up()
    case.step()  # the one that was there
    assert case.roster.complete
    case.die()  # in the load, again
    assert "ended 2 times while model 'killer' was loaded" in str(case.told["killer"])
    case.remove("killer")
    assert case.gone == ["killer"]
    case.up()
    case.settle()
    assert case.serving == {"a"}


def test_a_model_that_kills_each_server_it_comes_back_to_is_given_up_and_the_others_are_not(
    case: Case,
) -> None:
    case.add("a", "killer", "b")
    case.settle()
    case.die()
    for _ in range(6):
        case.up()
        while case.loop.work:
            if any(placed.name == "killer" for placed in _next_task(case).added):
                case.die()
                break
            case.step()
        if case.roster.complete:
            break
    assert list(case.lost) == ["killer"]
    case.remove("killer")
    case.settle()
    assert case.roster.complete
    assert case.serving == {"a", "b"}


def test_one_that_no_longer_loads_is_lost_and_the_others_serve(case: Case) -> None:
    case.add("a", "b")
    case.settle()
    case.bad = {"a"}
    case.die()
    case.up()
    case.settle()
    assert list(case.lost) == ["a"]
    assert case.roster.complete
    assert case.there == ["b"]


def test_what_goes_while_the_server_is_down_is_gone_at_once(case: Case) -> None:
    case.add("a")
    case.settle()
    case.die()
    case.remove("a")
    assert case.gone == ["a"]
    case.up()
    case.settle()
    assert case.serving == set()


def test_what_a_server_does_not_drop_is_tried_again_after_a_moment(case: Case) -> None:
    case.add("a")
    case.settle()
    case.keeps = True
    case.remove("a")
    case.step()
    assert (case.gone, case.loop.work, len(case.loop.timers)) == ([], [], 1)
    case.keeps = False
    case.settle()
    assert case.gone == ["a"]


def test_a_death_ends_an_unload(case: Case) -> None:
    case.add("a")
    case.settle()
    case.remove("a")
    case.die()
    assert case.gone == ["a"]


def test_a_server_that_did_not_answer_is_asked_again(case: Case) -> None:
    case.away = True
    case.add("a")
    case.step()
    case.away = False
    assert case.told == {}
    case.settle()
    assert case.told == {"a": None}


def test_what_a_run_that_is_over_says_counts_no_more(case: Case) -> None:
    case.add("a")
    case.die()
    case.up()
    assert case.told == {}
    case.settle()
    assert case.told == {"a": None}


def _next_task(case: Case) -> Task:
    work, _ = case.loop.work[0]
    found: Task = work.args[0]  # type: ignore[attr-defined]  # a partial
    return found


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("add"), st.sampled_from("abc")),
        st.tuples(st.just("remove"), st.sampled_from("abc")),
        st.tuples(st.sampled_from(["step", "die", "up", "away", "bad"]), st.sampled_from("abc")),
    ),
    max_size=30,
)


@settings(max_examples=200)
@given(STEPS)
def test_whatever_happens_the_server_ends_with_what_was_asked_for(steps: list[tuple[str, str]]) -> None:
    case, wanted, down = Case(), set[str](), True
    for what, name in steps:
        leaving = case.removed.count(name) > case.gone.count(name)  # the endpoint waits for that
        if what == "add" and name not in wanted and not leaving:
            wanted.add(name)
            case.add(name)
        elif what == "remove" and name in wanted:
            wanted.discard(name)
            case.remove(name)
        elif what == "step" and case.loop.work:
            case.step()
        elif what == "die" and not down:
            case.die()
            down = True
        elif what == "up" and down:
            case.up()
            down = False
        elif what == "away":
            case.away = not case.away
    case.away = False
    if down:
        case.up()
    case.settle()
    given_up = {name for name, error in {**case.told, **case.lost}.items() if error} & wanted
    assert case.serving - given_up == wanted - given_up
    assert set(case.there) == wanted - given_up
    assert case.roster.complete
