from __future__ import annotations

import logging
import threading

import pytest

from neuronserve.doctor.examine import Check, examine
from neuronserve.doctor.finding import Finding, Level, Outcome, ok, skip
from neuronserve.doctor.patient import Patient
from neuronserve.errors import AccessDenied, NotEnoughCores


def well(_patient):
    return Outcome((ok("well"),))


def ill(error):
    def run(_patient):
        raise error

    return run


def levels(examined):
    return [(one.check, one.level) for one in examined.findings]


def test_an_error_of_ours_is_a_fault_with_its_exit_code_and_hint():
    found = examine([Check("a", "", ill(AccessDenied("no", hint="ask")))], Patient())
    [fault] = found.findings
    assert (fault.level, fault.message, fault.fix) == (Level.FAIL, "no", "ask")
    assert (fault.code, fault.exit_code, found.exit_code) == ("access_denied", 12, 12)


def test_the_exit_code_is_that_of_the_first_fault():
    checks = [
        Check("a", "", well),
        Check("b", "", ill(NotEnoughCores("x"))),
        Check("c", "", ill(AccessDenied("y"))),
    ]
    assert examine(checks, Patient()).exit_code == 36


def test_a_fault_of_the_doctor_gives_way_to_any_other():
    checks = [Check("a", "", ill(ZeroDivisionError())), Check("b", "", ill(AccessDenied("y")))]
    assert examine(checks, Patient()).exit_code == 12
    assert examine(checks[:1], Patient()).exit_code == 1


def test_one_check_that_breaks_does_not_keep_the_others_from_their_work():
    checks = [Check("a", "", ill(ZeroDivisionError("oh"))), Check("b", "", well)]
    found = examine(checks, Patient())
    assert levels(found) == [("a", Level.FAIL), ("b", Level.OK)]
    assert "ZeroDivisionError: oh" in found.findings[0].message


def test_without_what_it_needs_a_check_is_left_out_and_says_so():
    checks = [
        Check("a", "", ill(AccessDenied("y"))),
        Check("b", "", well, ("a",)),
        Check("c", "", well, ("b",)),
        Check("d", "", well, uses=("a",)),
    ]
    found = examine(checks, Patient())
    assert levels(found) == [("a", Level.FAIL), ("b", Level.SKIP), ("c", Level.SKIP), ("d", Level.OK)]
    assert [one.message for one in found.findings[1:3]] == ["not looked at: see a", "not looked at: see b"]


def test_faults_that_do_not_matter_to_the_others_do_not_stop_them():
    fault = Outcome((Finding(Level.FAIL, "x", exit_code=2),), goes_on=True)
    found = examine([Check("a", "", lambda _: fault), Check("b", "", well, ("a",))], Patient())
    assert levels(found) == [("a", Level.FAIL), ("b", Level.OK)]


def test_a_check_that_hangs_is_given_up_with_the_exit_code_of_what_it_asks():
    gate = threading.Event()

    def hang(_patient):
        gate.wait(60)
        return Outcome(())

    try:
        found = examine(
            [Check("a", "the store", hang, hung=16), Check("b", "", well)], Patient(), seconds=0.05
        )
    finally:
        gate.set()
    assert levels(found) == [("a", Level.FAIL), ("b", Level.OK)]
    assert found.exit_code == 16
    assert "no answer within 0.05 s: the store" in found.findings[0].message


def test_what_one_learns_the_next_ones_know():
    def asks(patient):
        return Outcome((ok(patient.kind),))

    found = examine([Check("a", "", lambda _: Outcome((), {"kind": "cpu"})), Check("b", "", asks)], Patient())
    assert found.findings[0].message == "cpu"
    assert found.patient.kind == "cpu"


@pytest.mark.parametrize("link", ["needs", "uses"])
def test_only_some_are_shown_and_what_they_need_runs_unseen(link):
    ran = []

    def noted(name):
        return lambda _: ran.append(name) or Outcome((ok(name),))

    checks = [
        Check("a", "", noted("a")),
        Check("b", "", noted("b"), **{link: ("a",)}),
        Check("c", "", noted("c")),
    ]
    found = examine(checks, Patient(), only=["b"])
    assert ran == ["a", "b"]
    assert levels(found) == [("b", Level.OK)]


def test_a_fault_of_what_an_asked_for_check_needs_is_shown():
    checks = [Check("a", "", ill(AccessDenied("y"))), Check("b", "", well, ("a",))]
    assert levels(examine(checks, Patient(), only=["b"])) == [("a", Level.FAIL), ("b", Level.SKIP)]


def test_warnings_in_the_log_are_findings_and_those_of_other_threads_are_not():
    log = logging.getLogger("neuronserve.artifact.s3")

    def talks(_patient):
        log.warning("the bucket is in %s", "eu-west-1")
        log.info("not worth it")
        other = threading.Thread(target=lambda: log.warning("somebody else"))
        other.start()
        other.join()
        return Outcome((ok("done"),))

    found = examine([Check("a", "", talks)], Patient())
    assert [(one.level, one.message) for one in found.findings] == [
        (Level.OK, "done"),
        (Level.WARN, "the bucket is in eu-west-1"),
    ]


def test_each_finding_is_heard_as_it_comes():
    heard = []
    checks = [Check("a", "", well), Check("b", "", lambda _: Outcome((skip("no"),)))]
    assert examine(checks, Patient(), heard=heard.append).findings == tuple(heard)


@pytest.mark.parametrize(("first", "level"), [(well, Level.OK), (ill(AccessDenied("no")), Level.SKIP)])
def test_a_slow_check_is_left_out_where_a_fault_is_known_already(first, level):
    found = examine([Check("a", "", first), Check("b", "", well, seconds=None, last=True)], Patient())
    assert found.findings[1].level is level


def test_a_check_that_bounds_itself_is_not_cut_short():
    def slow(_patient):
        threading.Event().wait(0.2)
        return Outcome((ok("well"),))

    found = examine([Check("a", "", slow, seconds=None)], Patient(), seconds=0.01)
    assert levels(found) == [("a", Level.OK)]
