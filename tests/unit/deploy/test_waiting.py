from __future__ import annotations

import pytest

from neuronserve.deploy import waiting
from neuronserve.errors import TimedOut


def test_what_is_there_at_once_is_not_waited_for(clock):
    assert waiting.until(lambda: "x", what="x", seconds=5, every=1, clock=clock) == "x"
    assert clock.slept == []


def test_it_looks_again_until_it_is_there(clock):
    answers = iter([None, None, 0])
    assert waiting.until(lambda: next(answers), what="x", seconds=5, every=2, clock=clock) == 0
    assert clock.slept == [2, 2]


def test_it_looks_once_more_when_the_time_is_up_and_then_says_what_was_not_there(clock):
    looked = []
    with pytest.raises(TimedOut) as caught:
        waiting.until(
            lambda: looked.append(1), what="task", seconds=5, every=2, clock=clock, hint="it goes on"
        )
    assert str(caught.value) == "no task after 5 s (it goes on)"
    assert clock.slept == [2, 2, 1]
    assert len(looked) == 4
