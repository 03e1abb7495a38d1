from __future__ import annotations

import argparse
import io

import pytest
from botocore.exceptions import ReadTimeoutError

from neuronserve.deploy import waiting
from neuronserve.deploy.desk import Desk
from neuronserve.errors import AwsRefused, TimedOut


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


OUT = ReadTimeoutError(endpoint_url="http://x")


@pytest.fixture
def looks(clock):
    """``looks(OUT, None, "x")``: waits with looks that end so; what was found, and what was said."""

    def run(*answers, seconds=3600, last=None):
        given = iter(answers)

        def look():
            answer = next(given, last)
            if isinstance(answer, Exception):
                raise answer
            return answer

        desk = Desk(err=io.StringIO(), clock=clock)
        run.said = lambda: desk.err.getvalue().splitlines()
        return desk.until(look, what="x", seconds=seconds, every=5)

    return run


def test_looks_that_fail_for_a_while_are_bridged_and_told_once(looks):
    assert looks(None, OUT, OUT, OUT, None, OUT, "x") == "x"
    assert looks.said() == ["AWS does not answer now: asking again", "AWS answers again"] * 2


def test_an_outage_without_end_ends_the_wait(looks, clock):
    with pytest.raises(ReadTimeoutError):
        looks(last=OUT)
    assert sum(clock.slept) == waiting.OUTAGE


def test_many_short_outages_are_no_long_one(looks, clock):
    several = [OUT, OUT, None] * 100
    assert looks(*several, "x") == "x"
    assert sum(clock.slept) > waiting.OUTAGE


def test_time_goes_on_while_aws_does_not_answer(looks, clock):
    with pytest.raises(TimedOut):
        looks(last=OUT, seconds=60)
    assert sum(clock.slept) == 60


def test_what_does_not_pass_ends_it_at_once(looks, clock):
    with pytest.raises(AwsRefused):
        looks(None, AwsRefused("no"))
    assert clock.slept == [5]


@pytest.mark.parametrize(("text", "value"), [("0", 0), ("1.5", 1.5), ("86400", 86400)])
def test_seconds_are_a_plain_number(text, value):
    assert waiting.seconds(text) == value


@pytest.mark.parametrize("text", ["-1", "nan", "inf", "1e3", "", "1 s", "9" * 10])
def test_what_would_wait_for_ever_is_no_time(text):
    with pytest.raises(argparse.ArgumentTypeError):
        waiting.seconds(text)
