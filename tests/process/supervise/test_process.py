"""A watched process: real children, and checks that look for a file."""

import dataclasses
import os
import signal

import psutil
import pytest

from neuronserve.supervise import process
from neuronserve.supervise.policy import Policy
from neuronserve.supervise.process import Answer, Process, Spec
from tests import cpuservers

QUICK = Policy(start_attempts=2, max_restarts=1, window=60)


class Watched:
    """A process with its story: the states it went through, and why it was given up."""

    def __init__(self, loop, children, command, check, **spec):
        self.loop, self.states, self.why = loop, [], None
        self.process = Process(
            loop,
            children,
            Spec("it", command, check, **{"policy": QUICK, "poll": 0.01, "watch": 0.01, **spec}),
            changed=self._changed,
            gave_up=self._gave_up,
        )
        self.until = None

    def run_until(self, state):
        self.until = state
        self.loop._result = None
        self.loop.run()

    def _changed(self):
        self.states.append(self.process.state)
        if self.process.state == self.until:
            self.loop.stop(0)

    def _gave_up(self, why):
        self.why = why


@pytest.fixture
def watch(loop, children, command):
    def watch(line, check=lambda: Answer(ready=True), **spec):
        return Watched(loop, children, command(line), check, **spec)

    return watch


def test_it_is_starting_then_ready_then_gone(watch):
    one = watch("sleep 600")
    one.process.start()
    one.run_until(process.READY)
    assert one.process.pid
    ends = []
    one.process.stop(signal.SIGTERM, 5, ends.append)
    one.run_until(process.GONE)
    assert one.states == ["starting", "ready", "stopping", "gone"]


def test_one_that_ignores_the_signal_is_killed_after_the_grace(watch, loop, tmp_path):
    deaf = "trap '' TERM; touch deaf; while true; do sleep 0.1; done"
    one = watch(deaf, lambda: Answer(ready=(tmp_path / "deaf").exists()))
    one.process.start()
    one.run_until(process.READY)
    ends = []
    one.process.stop(signal.SIGTERM, 0.1, ends.append)
    one.run_until(process.GONE)
    assert [exit_.code for exit_ in ends] == [-signal.SIGKILL]


def test_failed_starts_use_up_the_attempts(watch):
    one = watch("echo there is no room >&2; exit 3", lambda: Answer(ready=False))
    one.process.start()
    one.run_until(process.FAILED)
    assert one.states == ["starting", "waiting", "starting", "failed"]
    assert one.process.restarts == 1


def test_deaths_use_up_the_restarts(watch):
    one = watch("sleep 0.2; exit 1")
    one.process.start()
    one.run_until(process.FAILED)
    assert one.states == ["starting", "ready", "waiting", "starting", "ready", "failed"]


def test_giving_up_says_who_what_and_why(watch, loop):
    one = watch("echo there is no room >&2; exit 3", lambda: Answer(ready=False))
    one.process.start()
    said = []
    one.process._gave_up = lambda why: (said.append(why), loop.stop(0))
    loop.run()
    assert said == ["it failed to start 2 times in a row: exit code 3; it said: there is no room"]


def test_one_that_says_it_never_will_be_ready_is_not_tried_again(watch, loop):
    one = watch("sleep 600", lambda: Answer(ready=False, failed="no such operation"))
    said = []
    one.process._gave_up = lambda why: (said.append(why), loop.stop(0))
    one.process.start()
    loop.run()
    assert said == ["it cannot start: no such operation"]
    assert one.states.count("starting") == 1


def test_one_that_is_not_ready_in_time_counts_as_a_failed_start(watch, loop):
    one = watch("sleep 600", lambda: Answer(ready=False), start_seconds=0.05, policy=Policy(start_attempts=1))
    said = []
    one.process._gave_up = lambda why: (said.append(why), loop.stop(0))
    one.process.start()
    loop.run()
    assert said == ["it failed to start: not ready after 0.05 s"]


def test_one_that_hangs_is_killed_and_started_again(watch, tmp_path):
    (tmp_path / "well").touch()
    one = watch("sleep 600", lambda: Answer(ready=(tmp_path / "well").exists()), patience=3)
    one.process.start()
    one.run_until(process.READY)
    first = one.process.pid
    (tmp_path / "well").unlink()
    one.run_until(process.WAITING)
    (tmp_path / "well").touch()
    one.run_until(process.READY)
    assert one.process.pid != first


def test_a_program_that_is_not_there_is_a_failed_start(watch, loop):
    one = watch("")
    one.process._spec = dataclasses.replace(
        one.process._spec, command=dataclasses.replace(one.process._spec.command, argv=("no-such-program",))
    )
    said = []
    one.process._gave_up = lambda why: (said.append(why), loop.stop(0))
    one.process.start()
    loop.run()
    assert "there is no program no-such-program" in said[0]


def test_stopping_one_that_waits_for_its_turn_is_immediate(watch):
    one = watch("exit 1", lambda: Answer(ready=False))
    one.process.start()
    one.run_until(process.WAITING)
    ends = []
    one.process.stop(signal.SIGTERM, 5, ends.append)
    assert (ends, one.process.state) == ([None], "gone")


def test_a_check_that_fails_does_not_end_the_watch(watch):
    answers = iter([ValueError("first"), ValueError("second")])

    def check():
        fault = next(answers, None)
        if fault:
            raise fault
        return Answer(ready=True)

    one = watch("sleep 600", check)
    one.process.start()
    one.run_until(process.READY)
    one.process.stop(signal.SIGTERM, 5, lambda _: None)
    one.run_until(process.GONE)


def test_a_start_waits_for_what_holds_it_back(watch, tmp_path):
    asked = []

    def hold():
        asked.append(1)
        return "" if len(asked) > 2 else "the cores are taken"

    one = watch("touch started; sleep 600", hold=hold, hold_seconds=60)
    one.process.start()
    assert not (tmp_path / "started").exists()
    one.run_until(process.READY)
    assert len(asked) == 3
    assert one.process.held_by == ""
    assert one.process.restarts == 0


def test_a_start_that_is_held_back_too_long_is_tried_all_the_same(watch):
    one = watch("sleep 600", hold=lambda: "the cores are taken", hold_seconds=0.1)
    one.process.start()
    one.run_until(process.READY)


def test_a_hold_that_breaks_holds_nothing_back(watch):
    one = watch("sleep 600", hold=lambda: 1 / 0, hold_seconds=60)
    one.process.start()
    one.run_until(process.READY)


def test_one_that_is_stopped_while_held_back_never_starts(watch, loop, tmp_path):
    answered = []

    def hold():
        answered.append(1)
        return "the cores are taken"

    one = watch("touch started", hold=hold, hold_seconds=60)
    one.process.start()
    one.process.stop(signal.SIGTERM, 5, lambda _: None)
    loop.later(0.5, lambda: loop.stop(0))
    one.run_until("never")
    assert answered
    assert one.process.state == process.GONE
    assert not (tmp_path / "started").exists()


@pytest.mark.parametrize("where", ["", ">&2"], ids=["stdout", "stderr"])
def test_starts_that_fail_for_something_not_free_yet_are_not_counted(watch, tmp_path, where):
    tries = "echo x >> tries; test $(wc -l < tries) -gt 3 && exec sleep 600"
    line = f"{tries}; echo not available {where}; exit 1"
    one = watch(
        line,
        lambda: Answer(ready=(tmp_path / "tries").read_text().count("x") > 3),
        excuse=lambda said: "not available" in said,
        hold_seconds=60,
    )
    one.process.start()
    one.run_until(process.READY)
    assert one.process.restarts == 0


def test_an_excuse_does_not_last_for_ever(watch):
    one = watch(
        "echo not available >&2; exit 1",
        lambda: Answer(ready=False),
        excuse=lambda said: "not available" in said,
        hold_seconds=0.2,
    )
    one.process.start()
    one.run_until(process.FAILED)
    assert "not available" in one.why


def test_what_was_waited_for_in_vain_is_not_waited_for_again_at_each_start(watch):
    asked = []
    one = watch(
        "echo not available >&2; exit 1",
        lambda: Answer(ready=False),
        hold=lambda: asked.append(1) or "the cores are taken",
        excuse=lambda said: "not available" in said,
        hold_seconds=0.5,
        policy=Policy(start_attempts=3),
    )
    one.process.start()
    one.run_until(process.FAILED)
    assert "3 times in a row" in one.why
    waited = len(asked) - 3  # each start asks once, and goes on all the same
    assert 1 <= waited <= 3


def test_one_that_had_what_it_needs_may_wait_for_it_again(watch, tmp_path):
    """The first run fails for a reason of its own, and leaves what it needs taken for a while."""
    asked = []

    def hold():
        asked.append(1)
        return "the cores are taken" if len(asked) in (1, 3) else ""

    one = watch(
        "echo x >> tries; test $(wc -l < tries) -gt 1 && exec sleep 600; exit 1",
        lambda: Answer(ready=(tmp_path / "tries").read_text().count("x") > 1),
        hold=hold,
        hold_seconds=60,
    )
    one.process.start()
    one.run_until(process.READY)
    assert len(asked) == 4
    assert one.process.restarts == 1


def test_one_that_says_it_is_lost_is_replaced_at_once(watch, tmp_path):
    lost = tmp_path / "lost"

    def check():
        return Answer(ready=False, failed="it hangs") if lost.exists() else Answer(ready=True)

    one = watch("sleep 600", check, patience=10_000)
    one.process.start()
    one.run_until(process.READY)
    first = one.process.pid
    lost.touch()
    one.run_until(process.WAITING)
    lost.unlink()
    one.run_until(process.READY)
    assert one.process.pid != first


FULL = "echo open: No space left on device >&2; exit 1"


def once_ready_then_in_vain(tmp_path, times):
    """A process that is ready at once, dies, and then finds the disk full so many times."""
    tries = f"echo x >> tries; n=$(wc -l < tries); test $n -eq 1 -o $n -gt {times + 1}"
    first = "touch well; sleep 0.1; rm well; exit 1"
    last = "touch well; exec sleep 600"
    return f"{tries} && {{ test $n -gt 1 && {{ {last}; }}; {first}; }}; {FULL}"


def test_a_start_in_vain_on_a_full_disk_is_tried_on_while_others_serve(watch, tmp_path, monkeypatch):
    monkeypatch.setattr("neuronserve.supervise.policy.LONGEST_DELAY", 0.01)
    one = watch(
        once_ready_then_in_vain(tmp_path, 5),
        lambda: Answer(ready=(tmp_path / "well").exists()),
        others_serve=lambda: True,
    )
    one.process.start()
    one.run_until(process.WAITING)
    one.run_until(process.READY)
    assert one.process.restarts == 6
    assert one.process.starved == ""


def test_with_nobody_serving_it_is_tried_as_often_as_it_may_die(watch, tmp_path, monkeypatch):
    monkeypatch.setattr("neuronserve.supervise.policy.LONGEST_DELAY", 0.01)
    policy = Policy(start_attempts=1, max_restarts=3, window=60)
    one = watch(
        once_ready_then_in_vain(tmp_path, 100),
        lambda: Answer(ready=(tmp_path / "well").exists()),
        policy=policy,
    )
    one.process.start()
    one.run_until(process.FAILED)
    assert one.process.restarts == 3
    assert "No space left on device" in one.why
    assert "No space left on device" in one.process.starved


def test_a_first_start_on_a_full_disk_fails_as_any_other(watch):
    one = watch(FULL, lambda: Answer(ready=False))
    one.process.start()
    one.run_until(process.FAILED)
    assert one.states.count("starting") == 2


def test_one_that_is_stopped_by_a_signal_is_ended_and_started_again(watch, caplog):
    one = watch("exec sleep 600")
    one.process.start()
    one.run_until(process.READY)
    first = one.process.pid
    os.kill(first, signal.SIGSTOP)
    one.run_until(process.WAITING)
    assert "stopped by a signal (state T)" in caplog.text
    one.run_until(process.READY)
    assert one.process.pid != first


def test_what_a_process_started_may_outlive_it_until_the_next_one_is_ready(watch, loop, children, tmp_path):
    one = watch("sleep 600 & exec sleep 600", lambda: Answer(ready=not (tmp_path / "hold").exists()))
    one.process._spec = dataclasses.replace(
        one.process._spec, command=dataclasses.replace(one.process._spec.command, group_stays=True)
    )
    one.process.start()
    one.run_until(process.READY)
    worker = cpuservers.wait_for(lambda: psutil.Process(one.process.pid).children(), "a worker")[0]
    (tmp_path / "hold").touch()
    os.kill(one.process.pid, signal.SIGKILL)
    one.run_until(process.STARTING)
    assert one.process.lingers
    assert worker.is_running()
    (tmp_path / "hold").unlink()
    one.run_until(process.READY)
    cpuservers.wait_for(lambda: not worker.is_running() or worker.status() == "zombie", "its end")
    loop.later(0.1, lambda: loop.stop(0))
    loop._result = None
    loop.run()  # reaps it
    assert not one.process.lingers
