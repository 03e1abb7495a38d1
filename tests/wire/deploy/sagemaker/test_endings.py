"""How deployments of endpoints end, and what is said of it."""

from __future__ import annotations

import time

import pytest

from neuronserve.deploy import exits
from tests.deploying.json_aws import Fault, Refused
from tests.deploying.sagemaker_steps import (
    fails,
    goes_on,
    mixes,
    rolls_back,
    somebody_deploys,
    succeeds,
    vanishes,
)

PING = "The primary container for production variant AllTraffic did not pass the ping health check."


@pytest.fixture
def log(cloud):
    """Writes lines to the log of an instance of the endpoint."""

    def write(*lines, stream="AllTraffic/i-0123"):
        group = "/aws/sagemaker/Endpoints/digits"
        cloud.logs.create_log_group(logGroupName=group)
        cloud.logs.create_log_stream(logGroupName=group, logStreamName=stream)
        now = int(time.time() * 1000)  # older ones are dropped
        events = [{"timestamp": now + n, "message": line} for n, line in enumerate(lines)]
        cloud.logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=events)

    return write


def test_a_new_endpoint_that_failed_is_no_success_and_shows_the_end_of_its_log(sagemaker, deploy_digits, log):
    log("booting", "neuronserve: no_saved_model: nothing to serve")
    sagemaker.script.append(fails(PING))
    code, result, said = deploy_digits()
    assert (code, result) == (exits.NO, None)
    assert "log /aws/sagemaker/Endpoints/digits, AllTraffic/i-0123:" in said
    assert "  neuronserve: no_saved_model: nothing to serve" in said
    assert "failed: The primary container for production variant AllTraffic did not pass" in said
    assert "--startup-timeout" in said
    assert "--recreate deletes it and tries again" in said


def test_an_endpoint_without_a_log_never_started(sagemaker, deploy_digits):
    sagemaker.script.append(fails("The role passed to CreateModel cannot pull the image"))
    _, _, said = deploy_digits()
    assert "no log in /aws/sagemaker/Endpoints/digits: nothing was written there" in said


def test_in_service_again_with_the_old_configuration_is_not_deployed(sagemaker, deploy_digits):
    _, before, _ = deploy_digits()
    sagemaker.script.extend([goes_on("ActivatingTraffic"), rolls_back("Alarm digits-5xx is in ALARM")])
    code, result, said = deploy_digits(model="s3://models/digits-2.tar.gz")
    assert (code, result) == (exits.NO, None)
    assert sagemaker.endpoints["digits"]["EndpointStatus"] == "InService"
    assert "digits: not deployed: " in said
    assert "was rolled back: Alarm digits-5xx is in ALARM" in said
    assert f"{before['config']} serves as before" in said


def test_a_rolled_back_update_leaves_the_way_back_as_it_was(sagemaker, deploy_digits):
    deploy_digits()
    tags = dict(sagemaker.tags)
    sagemaker.script.append(rolls_back("no"))
    deploy_digits(model="s3://models/digits-2.tar.gz")
    arn = sagemaker.endpoints["digits"]["EndpointArn"]
    assert sagemaker.tags[arn] == tags[arn]


@pytest.mark.parametrize(
    ("step", "said"),
    [
        (mixes("rolling back failed too"), "neither went through nor back: rolling back failed too"),
        (somebody_deploys("another-config"), "was superseded: another-config serves now"),
        (vanishes, "is gone: "),
    ],
)
def test_other_endings_of_an_update_are_no_success(sagemaker, deploy_digits, step, said):
    deploy_digits()
    sagemaker.script.append(goes_on("Updating"))
    sagemaker.script.append(step)
    code, _, told = deploy_digits(model="s3://models/digits-2.tar.gz")
    assert code == exits.NO, told
    assert said in told


def test_a_failed_endpoint_is_deleted_only_when_that_is_asked_for(sagemaker, deploy_digits):
    sagemaker.script.append(fails("InsufficientInstanceCapacity"))
    code, _, said = deploy_digits()
    assert (code, "try again later, another type" in said) == (exits.NO, True)
    code, _, said = deploy_digits()
    assert code == exits.INPUT
    assert "digits is Failed, and SageMaker can only delete it: InsufficientInstanceCapacity" in said
    code, result, said = deploy_digits("--recreate")
    assert (code, result["status"]) == (exits.YES, "InService"), said


def test_an_update_that_goes_on_is_waited_for_and_then_planned_anew(sagemaker, deploy_digits):
    deploy_digits()
    sagemaker.script.extend([goes_on("Updating")] * 3 + [succeeds])
    deploy_digits("--no-wait", model="s3://models/digits-2.tar.gz")
    code, result, said = deploy_digits(model="s3://models/digits-3.tar.gz")
    assert (code, result["status"]) == (exits.YES, "InService"), said
    assert "digits: it is Updating since before; waiting until that ended" in said


def test_the_same_update_that_goes_on_is_followed_and_not_sent_again(sagemaker, deploy_digits):
    deploy_digits()
    sagemaker.script.extend([goes_on("Updating")] * 4)
    deploy_digits("--no-wait", model="s3://models/digits-2.tar.gz")
    sagemaker.front.calls.clear()
    code, result, said = deploy_digits(model="s3://models/digits-2.tar.gz")
    assert (code, result["serving"]) == (exits.YES, result["config"]), said
    assert sagemaker.front.sent("UpdateEndpoint") == []


def test_without_patience_a_busy_endpoint_is_left_alone(sagemaker, deploy_digits):
    deploy_digits()
    sagemaker.script.extend([goes_on("Updating")] * 2)
    deploy_digits("--no-wait", model="s3://models/digits-2.tar.gz")
    code, _, said = deploy_digits("--no-wait", model="s3://models/digits-3.tar.gz")
    assert code == exits.NO
    assert "SageMaker takes one change at a time" in said


def test_a_race_for_the_endpoint_is_waited_out(sagemaker, deploy_digits):
    deploy_digits()
    busy = Refused("ValidationException", 'Cannot update in-progress endpoint "arn".')
    sagemaker.front.faults.append(Fault("UpdateEndpoint", busy, times=1))
    code, _, said = deploy_digits(model="s3://models/digits-2.tar.gz")
    assert code == exits.YES, said


def test_the_time_that_is_up_ends_nothing(sagemaker, deploy_digits):
    sagemaker.script.extend([goes_on()] * 20)
    code, _, said = deploy_digits("--timeout", "60")
    assert code == exits.TIME_UP
    assert "after 60 s; last seen: digits: Creating; AllTraffic 0/1 instances (Creating)" in said
    assert "goes on in SageMaker" in said


def test_ctrl_c_tells_what_goes_on(sagemaker, deploy_digits, desk, monkeypatch):
    def interrupt(_):
        raise KeyboardInterrupt

    monkeypatch.setattr(desk.clock, "sleep", interrupt)
    sagemaker.script.append(goes_on())
    code, _, said = deploy_digits()
    assert code == exits.INTERRUPTED
    assert "digits: the deployment goes on in SageMaker" in said


def test_what_aws_refuses_is_one_line(sagemaker, deploy_digits):
    refused = Refused("AccessDeniedException", "not authorized to perform sagemaker:CreateModel")
    sagemaker.front.faults.append(Fault("CreateModel", refused))
    code, _, said = deploy_digits()
    assert code == exits.REFUSED
    assert said.splitlines()[-1].startswith("scripts/sagemaker deploy: CreateModel: AccessDeniedException")


def test_who_stops_waiting_keeps_the_way_back(sagemaker, deploy_digits, run, desk, monkeypatch):
    deploy_digits()
    _, second, _ = deploy_digits(model="s3://models/digits-2.tar.gz")
    sagemaker.script.extend([goes_on("Updating")] * 2)
    monkeypatch.setattr(desk.clock, "sleep", lambda _: (_ for _ in ()).throw(KeyboardInterrupt))
    assert deploy_digits(model="s3://models/digits-3.tar.gz")[0] == exits.INTERRUPTED
    monkeypatch.undo()
    sagemaker.script.clear()
    sagemaker.describe_endpoint({"EndpointName": "digits"})
    code, result, said = run("deploy", "digits", "--rollback")
    assert (code, result["serving"]) == (exits.YES, second["config"]), said
