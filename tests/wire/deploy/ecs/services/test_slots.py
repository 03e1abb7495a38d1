"""Several definitions of one file, each a service of its own."""

from __future__ import annotations

from neuronserve.deploy import exits
from tests.deploying.json_aws import Fault, Refused
from tests.deploying.rollout_steps import completes, fails

SENDING = ("CreateService", "UpdateService", "TagResource", "RegisterTaskDefinition")
GROUP = "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/web/0123456789abcdef"


def interrupted(_):
    raise KeyboardInterrupt


def test_slots_are_services_of_their_own_one_after_the_other(ecs, deploy, file):
    ecs.script.extend([completes] * 30)
    code, result, said = deploy(file("web-slot0", "web-slot1"), "--service", "resnet")
    assert code == exits.YES
    assert [item["service"].rpartition("/")[2] for item in result] == ["resnet-slot0", "resnet-slot1"]
    assert said.index("resnet-slot0: deployed") < said.index("resnet-slot1: CreateService")
    for request in ecs.front.sent("CreateService"):
        assert request["placementConstraints"] == [{"type": "distinctInstance"}]


def test_a_slot_that_fails_leaves_the_later_ones_as_they_are(ecs, deploy, file):
    ecs.script.append(fails)
    code, _, said = deploy(file("web-slot0", "web-slot1", "web-slot2"))
    assert code == exits.NO
    assert "not deployed, as before: web-slot1, web-slot2" in said


def test_ctrl_c_and_what_aws_refuses_leave_the_later_slots_too(ecs, deploy, file, clock, monkeypatch):
    slots = file("web-slot0", "web-slot1")
    monkeypatch.setattr(clock, "sleep", interrupted)
    code, _, said = deploy(slots)
    assert (code, "not deployed, as before: web-slot1" in said) == (exits.INTERRUPTED, True)
    ecs.front.faults.append(Fault("RegisterTaskDefinition", Refused("ExpiredTokenException")))
    code, _, said = deploy(file("web-slot2", "web-slot3"))
    assert (code, "not deployed, as before: web-slot3" in said) == (exits.REFUSED, True)
    assert list(ecs.services) == ["web-slot0"]
