"""Every request that ``deploy`` can make, as files that a person can read and a change shows up in.

``RENEW_GOLDEN=1 pytest tests/unit/deploy/sagemaker/plan/test_golden.py`` writes them anew.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from botocore.validate import ParamValidator

from neuronserve.deploy import shapes
from neuronserve.deploy.findings import Severity
from neuronserve.deploy.sagemaker.plan import checked
from tests.deploying import endpoint_commands
from tests.deploying.endpoint_commands import COMMANDS

GOLDEN = Path(__file__).with_name("golden")


@pytest.mark.parametrize("name", COMMANDS)
def test_the_requests_of_each_kind_are_those_in_the_files(name, desk):
    made = endpoint_commands.order(COMMANDS[name], desk)
    text = json.dumps([{call: request} for call, request in endpoint_commands.calls(made)], indent=2) + "\n"
    file = GOLDEN / f"{name}.json"
    if os.environ.get("RENEW_GOLDEN"):
        file.write_text(text)
    assert text == file.read_text()


def test_no_file_is_left_over():
    assert {file.stem for file in GOLDEN.iterdir()} == set(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_no_rule_and_no_shape_refuses_them(name, desk):
    made = endpoint_commands.order(COMMANDS[name], desk).made
    found = checked.findings(made, "us-east-1")
    assert [one.line for one in found if one.finding.severity is Severity.ERROR] == []
    for call, request in made.calls():
        report = ParamValidator().validate(request, shapes.operation_model("sagemaker", call).input_shape)
        assert not report.has_errors(), report.generate_report()


@pytest.mark.parametrize("name", COMMANDS)
def test_the_same_options_have_the_same_names(name, desk):
    one, other = (endpoint_commands.order(COMMANDS[name], desk).made for _ in range(2))
    assert one == other
