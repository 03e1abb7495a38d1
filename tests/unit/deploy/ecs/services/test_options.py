"""Options of deploy-service, and the names of services."""

from __future__ import annotations

import pytest

from neuronserve.deploy import exits, program
from neuronserve.deploy.ecs.registry.registered import Target
from neuronserve.deploy.ecs.services import live, options
from neuronserve.deploy.ecs.verbs import deploy_service
from neuronserve.errors import InvalidInput

SLOTS = [Target("arn:aws:ecs:r:1:task-definition/web-slot0:4", {}), Target("web-slot1", {})]


@pytest.mark.parametrize(
    ("name", "targets", "found"),
    [
        (None, SLOTS, ["web-slot0", "web-slot1"]),
        ("resnet", SLOTS, ["resnet-slot0", "resnet-slot1"]),
        ("resnet", SLOTS[:1], ["resnet"]),
        ("both", [Target("a", {}), Target("b", {})], ["both-slot0", "both-slot1"]),
    ],
)
def test_services_are_named_after_their_families_or_as_asked(name, targets, found):
    assert options.service_names(name, targets) == found


def test_two_definitions_cannot_be_one_service():
    with pytest.raises(InvalidInput, match="several task definitions for one service: web, web"):
        options.service_names(None, [Target("web", {}), Target("web", {})])


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("web", ("c", "web")),
        ("arn:aws:ecs:us-east-1:123456789012:service/other/web", ("other", "web")),
        ("arn:aws:ecs:us-east-1:123456789012:service/web", ("c", "web")),
    ],
)
def test_a_service_s_arn_names_its_cluster(text, found):
    assert live.located(text, "c") == found


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ([], "no TASKDEF"),
        (["web", "--tag", "a"], "--tag, number 1: expected NAME=VALUE"),
        (["web", "--tag", "a=1", "--tag", "a=2"], "--tag a is there twice"),
        (["web", "--tag", "aws:a=1"], "AWS's own"),
        (["web", "--capacity-provider", "a:b"], "expected NAME[:WEIGHT[:BASE]]"),
        (["web", "--capacity-provider", "a:1001"], "weight is 0 to 1000"),
        (["absent.json"], "absent.json: No such file"),
        (["--rollback"], "--rollback of which service?"),
    ],
)
def test_options_that_cannot_be_used_are_one_line(desk, words, told):
    assert program.single("deploy-service", deploy_service, words, desk) == exits.INPUT
    said = desk.err.getvalue().splitlines()
    assert len(said) == 1
    assert told in said[0]


@pytest.mark.parametrize("value", ["-1", "x", "1.5", "99999999999"])
def test_a_number_that_is_none_is_refused(desk, capsys, value):
    with pytest.raises(SystemExit) as ended:
        program.single("deploy-service", deploy_service, ["web", f"--count={value}"], desk)
    assert ended.value.code == exits.INPUT
    assert "expected a whole number" in capsys.readouterr().err
