"""The check that starts the service: when it does not, and what it makes of how a start ended."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from neuronserve.artifact.bundle import Bundle, BundledModel
from neuronserve.doctor.checks import start
from neuronserve.doctor.finding import Level
from neuronserve.doctor.patient import Wants
from neuronserve.doctor.starting import StartResult

BUNDLE = Bundle(Path("/b"), (BundledModel("m", Path("/b/m"), (1,)),), "m")


@pytest.fixture
def starts(patient):
    """``starts(StartResult(...), ...)``: the findings, and what was started with."""

    def run(ended=None, **more):
        calls = []

        def begin(environ, log, seconds):
            calls.append((environ, log, seconds))
            return ended

        more = {"bundle": BUNDLE, "kind": "cpu", "MODEL_URI": "/m", **more}
        return start.check(patient(around={"start": begin}, **more)).findings, calls

    return run


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"wants": Wants(start=False)}, "--no-start"),
        ({"running": {"state": "ready"}}, "beside the service that runs here"),
        ({"bundle": None}, "the model was not looked into"),
        ({"kind": "neuron"}, "--start does so"),
    ],
)
def test_where_it_is_not_started_that_is_said_and_that_the_exit_code_does_not_cover_it(starts, more, why):
    [finding], calls = starts(**more)
    assert (finding.level, calls) == (Level.SKIP, [])
    assert why in finding.message
    assert "the exit code does not cover it" in finding.message


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"kind": "simulator"},
        {"kind": "tensorflow"},
        {"kind": "neuron", "wants": Wants(start=True)},
        {"bundle": None, "SAGEMAKER_MULTI_MODEL": "true", "MODEL_URI": ""},
    ],
)
def test_what_becomes_ready_is_well(starts, more):
    [finding], calls = starts(StartResult(None, ready=True, seconds=2.5), **more)
    assert (finding.level, finding.message) == (Level.OK, "ready after 2.5 s, and stopped again")
    assert len(calls) == 1


def test_it_has_a_cache_of_its_own_and_a_bound(starts, tmp_path):
    environs = {"SERVE_CACHE_DIR": "/kept", "SAGEMAKER_TFS_WAIT_TIME_SECONDS": "30"}
    _, [(environ, log, seconds)] = starts(StartResult(None, ready=True), **environs)
    assert environ["SERVE_CACHE_DIR"] == str(tmp_path / "scratch" / "cache")
    assert log.parent == tmp_path / "scratch"
    assert seconds == 30
    _, [(_, _, seconds)] = starts(StartResult(None, ready=True), wants=Wants(start_seconds=7))
    assert seconds == 7


FAILURE = {"error": "no", "hint": "do this", "code": "model_server", "exit_code": 30}


@pytest.mark.parametrize(
    ("failure", "code", "exit_code", "message", "fix"),
    [
        (FAILURE, 30, 30, "no", "do this"),
        ({**FAILURE, "hint": ""}, 30, 30, "no", "see what ./serve says"),
        ({**FAILURE, "error": "A='x': expected a number", "hint": ""}, 2, 2, "A='x'", "expected a number"),
        ({}, 137, 1, "serve ended with 137, and did not say why", "see what ./serve says"),
    ],
)
def test_what_it_ends_with_is_a_fault_with_that_code(starts, failure, code, exit_code, message, fix):
    [finding], _ = starts(StartResult(code, failure=failure))
    assert (finding.level, finding.exit_code) == (Level.FAIL, exit_code)
    assert (finding.message, finding.fix) == (message, fix)


def test_what_is_not_ready_in_time_is_no_fault_and_not_covered(starts):
    [finding], _ = starts(StartResult(None, step="load"))
    assert (finding.level, finding.exit_code) == (Level.SKIP, 0)
    assert "not ready within 120 s (step: load)" in finding.message
    assert "--timeout" in finding.message


def test_what_its_model_servers_warned_of_is_passed_on(starts):
    findings, _ = starts(dataclasses.replace(StartResult(None, ready=True), warnings=("zeros were refused",)))
    assert [(one.level, one.message) for one in findings[1:]] == [(Level.WARN, "zeros were refused")]
