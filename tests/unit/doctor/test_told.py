from __future__ import annotations

import json

import pytest

from neuronserve import exitcodes
from neuronserve.doctor import program, told
from neuronserve.doctor.checks.table import CHECKS
from neuronserve.doctor.examine import Examined
from neuronserve.doctor.finding import Finding, Level, fault, note, ok, warn
from neuronserve.doctor.patient import Patient
from neuronserve.errors import DeviceFault


def test_a_finding_is_a_line_and_its_fix_another_below_it():
    found = Finding(Level.FAIL, "it is broken", "mend it", check="devices")
    assert told.line(found).splitlines() == [
        "FAIL  devices   it is broken",
        "                fix: mend it",
    ]


def test_colour_is_for_terminals_only():
    found = Finding(Level.FAIL, "x", check="a")
    assert "\033[31mFAIL" in told.line(found, coloured=True)
    assert "\033" not in told.line(found)


def test_what_others_named_cannot_move_the_cursor():
    found = Finding(Level.OK, "a model called \033[2J\nFAIL", check="model")
    assert told.line(found) == "ok    model     a model called  [2J FAIL"


def skipped(check):
    return Finding(Level.SKIP, "not looked at", check=check)


@pytest.mark.parametrize(
    ("findings", "text"),
    [
        ([ok("x")], "no faults"),
        ([warn("x"), warn("y"), note("z")], "no faults, 2 warnings, 1 note"),
        (
            [ok("x"), skipped("start"), skipped("model"), skipped("start")],
            "no faults; not looked at: start, model",
        ),
        ([fault(DeviceFault("x")), warn("y")], f"1 fault, 1 warning; exit code 35: {exitcodes.MEANINGS[35]}"),
    ],
)
def test_the_sum_names_the_exit_code_and_what_it_means(findings, text):
    assert told.summary(Examined(tuple(findings), Patient())) == text


def test_the_json_form_has_findings_map_versions_and_exit_code():
    examined = Examined(
        (fault(DeviceFault("x", hint="y"), device="/dev/neuron0"),), Patient(versions={"nginx": "1"})
    )
    document = json.loads(told.as_json(examined))
    assert document["exit_code"] == 35
    assert document["meaning"] == exitcodes.MEANINGS[35]
    assert document["simulated"] is False
    assert document["skipped"] == []
    assert document["ownership"] is None
    assert document["versions"]["nginx"] == "1"
    assert document["findings"] == [
        {
            "check": "",
            "level": "fail",
            "message": "x",
            "fix": "y",
            "code": "device_fault",
            "exit_code": 35,
            "data": {"device": "/dev/neuron0"},
        }
    ]


def test_checks_need_only_those_before_them_and_end_with_known_codes():
    names = [check.name for check in CHECKS]
    for at, check in enumerate(CHECKS):
        assert {*check.needs, *check.uses} <= set(names[:at])
        assert check.hung in exitcodes.MEANINGS
        assert check.about


def test_the_names_of_the_checks_are_listed(capsys):
    assert program.main(["--list"], {}) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == [one.name for one in CHECKS]


@pytest.mark.parametrize(
    "words", [["--only", "teeth"], ["--timeout", "0"], ["--timeout", "soon"], ["--what"]]
)
def test_options_that_are_not_understood_are_refused_like_settings(capsys, words):
    assert program.main(words, {}) == exitcodes.SETTINGS
    assert "error" in capsys.readouterr().err
