from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from neuronserve import settings as settings_room
from neuronserve.doctor.checks import settings
from neuronserve.doctor.finding import Level
from neuronserve.doctor.patient import Patient

NAMES = [one.name for one in settings_room.variables()]


def messages(outcome, level):
    return [one.message for one in outcome.findings if one.level is level]


def test_every_fault_is_a_finding_with_what_was_expected():
    outcome = settings.check(Patient({"SERVE_HANG_SECONDS": "x", "SAGEMAKER_BIND_TO_PORT": "0"}))
    faults = [one for one in outcome.findings if one.level is Level.FAIL]
    assert [(one.message, one.fix, one.exit_code) for one in faults] == [
        ("SAGEMAKER_BIND_TO_PORT='0'", "expected a whole number from 1 to 65535", 2),
        ("SERVE_HANG_SECONDS='x'", "expected a number from 1 to 86400", 2),
    ]


def test_what_remains_is_looked_at_without_the_wrong_ones():
    outcome = settings.check(Patient({"SAGEMAKER_BIND_TO_PORT": "0", "MODEL_NAME": "m"}))
    assert outcome.goes_on
    assert outcome.learned["known"].model_name == "m"
    assert outcome.learned["known"].bind_port == 8080
    assert outcome.learned["environ"] == {"MODEL_NAME": "m"}


def test_a_conflict_behind_a_fault_is_told_too():
    outcome = settings.check(Patient({"MODEL_URI": "/a", "COMPILATION_JOB": "b", "SERVE_DRAIN_SECONDS": "x"}))
    assert len(messages(outcome, Level.FAIL)) == 2
    assert outcome.learned["known"].model_uri is None


def test_unknown_names_and_variables_without_effect_are_warnings():
    environ = {"SERVE_SIMULAT": "inf1.xlarge", "NEURONCORE_GROUP_SIZES": "1,1", "PATH": "/bin"}
    warned = messages(settings.check(Patient(environ)), Level.WARN)
    assert [line.split()[0] for line in warned] == ["SERVE_SIMULAT", "NEURONCORE_GROUP_SIZES"]


@given(st.dictionaries(st.sampled_from(NAMES), st.text(max_size=12), max_size=6))
def test_whatever_is_set_there_are_settings_to_go_on_with(environ):
    outcome = settings.check(Patient(environ))
    assert outcome.learned["known"] is not None
    assert outcome.goes_on
