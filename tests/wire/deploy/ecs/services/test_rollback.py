"""Back to what was good: the last task definition before this one whose deployment completed."""

from __future__ import annotations

import json

import pytest

from neuronserve.deploy import exits
from tests.deploying.ecs_rollouts import DEFINITION
from tests.deploying.json_aws import Fault, Refused
from tests.deploying.rollout_steps import completes, goes_back, is_stable_again


def history(ecs, *good):
    """A service with revisions 1 to 5 of web, on which these were deployed, in this order."""
    arns = [ecs.registered() for _ in range(5)]
    service = ecs.serves(arns[good[0] - 1])
    for number in good[1:]:
        service["taskDefinition"] = arns[number - 1]
        ecs.begin(service)
        completes(ecs, service)
    ecs.script.append(completes)
    return service


def revision(service):
    return service["deployments"][0]["taskDefinition"].rpartition("/")[2]


@pytest.mark.parametrize(("good", "back"), [((1, 2), 1), ((1, 3, 5), 3), ((4, 2, 2, 2), 4)])
def test_it_goes_to_the_last_other_one_that_completed(ecs, deploy, good, back):
    service = history(ecs, *good)
    code, result, said = deploy("--rollback", "--service", "web")
    assert code == exits.YES
    assert revision(service) == f"web:{back}"
    assert result["taskDefinition"].endswith(f"web:{back}")
    assert f"back from web:{good[-1]} to web:{back} (its deployment completed)" in said


def test_one_that_failed_is_passed_over(ecs, deploy):
    service = history(ecs, 1, 2)
    ecs.script.clear()
    service["taskDefinition"] = service["taskDefinition"].replace(":2", ":3")
    ecs.begin(service)
    goes_back(ecs, service)  # from 3 to 2
    completes(ecs, service)
    ecs.script.append(completes)
    deploy("--rollback", "--service", "web")
    assert revision(service) == "web:1"


def test_a_rollout_that_hangs_goes_back_to_the_one_before_it(ecs, deploy):
    service = history(ecs, 1, 2)
    service["taskDefinition"] = service["taskDefinition"].replace(":2", ":3")
    ecs.begin(service)
    deploy("--rollback", "--service", "web")
    assert revision(service) == "web:2"


def test_one_that_is_deregistered_is_passed_over(ecs, deploy):
    service = history(ecs, 1, 2, 3)
    ecs.definitions["web"][1]["status"] = "INACTIVE"
    _, _, said = deploy("--rollback", "--service", "web")
    assert revision(service) == "web:1"
    assert "web:2 was good, and is deregistered" in said


def test_nothing_to_go_back_to_is_told_and_nothing_sent(ecs, deploy):
    history(ecs, 3)
    code, _, said = deploy("--rollback", "--service", "web")
    assert code == exits.NO
    assert "nothing to go back to" in said
    assert ecs.front.sent("UpdateService") == []


@pytest.mark.parametrize("code", ["AccessDeniedException", "UnknownOperationException"])
def test_without_ecs_s_record_it_is_the_newest_older_revision(ecs, deploy, code):
    service = history(ecs, 1, 4)
    ecs.definitions["web"][2]["status"] = "INACTIVE"
    ecs.front.faults.append(Fault("ListServiceDeployments", Refused(code)))
    ended, _, said = deploy("--rollback", "--service", "web")
    assert ended == exits.YES
    assert revision(service) == "web:2"
    assert "whether it ever ran is not known" in said


def test_without_record_and_older_revision_it_says_so(ecs, deploy):
    history(ecs, 1)
    ecs.front.faults.append(Fault("ListServiceDeployments", Refused("AccessDeniedException")))
    code, _, said = deploy("--rollback", "--service", "web")
    assert code == exits.NO
    assert "web has none ACTIVE before 1" in said


def test_a_way_back_that_fails_is_a_failure(ecs, deploy):
    history(ecs, 1, 2)
    ecs.script.clear()
    ecs.script.append(is_stable_again)
    assert deploy("--rollback", "--service", "web")[0] == exits.NO


def test_a_dry_run_of_a_way_back_sends_nothing(ecs, deploy):
    history(ecs, 1, 2)
    code, result, _ = deploy("--rollback", "--service", "web", "--dry-run")
    assert code == exits.YES
    assert result["taskDefinition"].endswith("web:1")
    assert ecs.front.sent("UpdateService") == []


def test_a_way_back_needs_a_service_that_runs(ecs, deploy):
    code, _, said = deploy("--rollback", "--service", "web")
    assert code == exits.NO
    assert "no service web in cluster c" in said


def test_a_way_back_of_no_named_service_is_refused(deploy):
    code, _, said = deploy("--rollback")
    assert code == exits.INPUT
    assert "--rollback of which service?" in said


def test_a_file_says_which_services_go_back_and_is_not_registered(ecs, deploy, tmp_path):
    service = history(ecs, 1, 2)
    file = tmp_path / "web.json"
    file.write_text(json.dumps({"family": "web", **DEFINITION, "cpu": "2048"}))
    code, _, _ = deploy(file, "--rollback")
    assert (code, revision(service)) == (exits.YES, "web:1")
    assert len(ecs.definitions["web"]) == 5
