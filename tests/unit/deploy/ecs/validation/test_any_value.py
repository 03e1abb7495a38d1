"""Whatever is in a file: rules find something or nothing, and never fail; pointers lead somewhere."""

from __future__ import annotations

import jsonpointer
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from neuronserve.deploy import shapes
from neuronserve.deploy.ecs import validation
from neuronserve.deploy.findings import pointer
from neuronserve.instances import catalogue
from tests.deploying.task_definitions import MINIMAL, NEURON, changed, json_values, mutated
from tests.deploying.task_specs import requests

RICH = [requests("slots", "inf1.6xlarge")[1], requests("managed", "inf2.xlarge")[0]]
patient = settings(
    max_examples=60, suppress_health_check=[HealthCheck.too_slow], deadline=None
)  # whole documents are large
DEFINITIONS = st.sampled_from([MINIMAL, NEURON, *RICH]).flatmap(mutated)


def judge(request, instance_type=None):
    found = validation.findings(request, instance_type)
    for finding in found:
        assert finding.message
        assert finding.fix
        assert finding.code.replace("-", "").isalnum()
        jsonpointer.resolve_pointer(request, finding.pointer)
    assert len({(f.pointer, f.code, f.message) for f in found}) == len(found)


@patient
@given(json_values())
def test_any_json_value_is_judged(value):
    judge(value)


@patient
@given(DEFINITIONS, st.sampled_from([None, *catalogue().values()]))
def test_any_definition_that_was_right_once_is_judged(request, instance_type):
    judge(request, instance_type)


@settings(patient, max_examples=40)
@given(st.lists(DEFINITIONS | json_values(), max_size=4))
def test_any_list_of_definitions_is_judged_together(definitions):
    for finding in validation.across(definitions):
        jsonpointer.resolve_pointer(definitions, finding.pointer)


@patient
@given(DEFINITIONS, st.data())
def test_what_is_known_only_later_makes_no_new_error(request, data):
    """Any part of a definition may be unknown: it has the benefit of the doubt."""
    place = data.draw(st.sampled_from([*places(request), ""]))
    unknown = changed(request, place, shapes.UNKNOWN) if place else shapes.UNKNOWN
    assert errors(unknown) <= errors(request)


@pytest.mark.parametrize("request_", [NEURON, *RICH], ids=["whole", "slot", "managed"])
def test_a_right_definition_stays_right_whatever_of_it_is_unknown(request_):
    for place in places(request_):
        found = validation.findings(changed(request_, place, shapes.UNKNOWN))
        assert found == [], place


def test_what_is_nested_without_end_is_judged():
    deep: list[object] = []
    for _ in range(100_000):
        deep = [deep]
    request = {**MINIMAL, "family": deep, "tags": deep, "other": deep}
    assert {f.code for f in validation.findings(request)} == {"wrong-type", "unknown-member"}


def errors(request):
    return {(f.pointer, f.code) for f in validation.findings(request) if f.severity == "error"}


def places(value, at=""):
    """The pointers of all parts of a document."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        here = at + pointer(key)
        yield here
        yield from places(item, here)
