"""Our own definitions, of every mode on every type: nothing to object to."""

from __future__ import annotations

import pytest

from neuronserve.deploy.ecs import validation
from neuronserve.deploy.ecs.forms import cloudformation
from neuronserve.deploy.ecs.rendering.spec import Network, Ports
from neuronserve.deploy.ecs.validation import template
from neuronserve.deploy.findings import Severity
from tests.deploying.task_definitions import told
from tests.deploying.task_specs import EVERY, full, requests, spec


@pytest.mark.parametrize("make", [full, spec], ids=["full", "least"])
@pytest.mark.parametrize(("mode", "name"), EVERY)
def test_every_mode_on_every_type_is_clean(mode, name, make):
    definitions = requests(mode, name, make)
    lacks_role = {"no-execution-role"} if mode == "managed" and make is spec else set()
    for definition in definitions:
        assert {code for _, code in told(definition)} == lacks_role
    assert validation.across(definitions) == []


@pytest.mark.parametrize("changes", [{"ports": Ports.DYNAMIC}, {"network": Network.AWSVPC}])
def test_slots_without_a_host_port_are_told_the_truth(changes):
    for definition in requests("slots", "inf1.6xlarge", lambda name, **mode: full(name, **mode, **changes)):
        assert told(definition) == {("", "nothing-keeps-tasks-apart"): "warning"}


@pytest.mark.parametrize(("mode", "name"), EVERY)
def test_as_cloudformation_they_are_the_same_requests(mode, name):
    for definition in requests(mode, name):
        properties = cloudformation.resource(definition)["Properties"]
        request, _ = template.request(properties, "")
        assert request == definition


def test_sixteen_slots_of_the_largest_instance_fit_beside_each_other():
    definitions = requests("slots", "inf1.24xlarge", lambda name, **mode: full(name, **{**mode, "slots": 16}))
    found = [f for d in definitions for f in validation.findings(d)] + validation.across(definitions)
    assert [f for f in found if f.severity is not Severity.NOTE] == []
