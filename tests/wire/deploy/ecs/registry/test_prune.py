from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from neuronserve.deploy.ecs.registry import described, registered
from neuronserve.deploy.ecs.registry.users import users
from tests.deploying.instances import join

ARN = "arn:aws:ecs:us-east-1:123456789012:task-definition/web:"


@pytest.fixture
def web(cloud, define):
    """Five revisions of it, and one of a family whose name goes on."""
    for user in "12345":
        registered.register(cloud, define(user=user))
    registered.register(cloud, define("web-2"))


def arns(*revisions):
    return [f"{ARN}{revision}" for revision in revisions]


def test_the_newest_stay_and_older_ones_go(run, cloud, web):
    ran = run("prune", "web", "--keep", "2")
    assert ran.code == 0
    assert ran.document == {
        "family": "web",
        "kept": {"newest": arns(5, 4), "in_use": {}},
        "deregistered": arns(3, 2, 1),
        "deleted": [],
        "failures": [],
    }
    assert described.arns(cloud, "web") == arns(5, 4)
    assert described.arns(cloud, "web-2") != []


def test_what_is_in_use_in_any_cluster_stays(run, cloud, web):
    for cluster in ("c", "d"):
        cloud.ecs.create_cluster(clusterName=cluster)
    cloud.ecs.create_service(cluster="d", serviceName="front", taskDefinition="web:1", desiredCount=0)
    join(cloud)
    cloud.ecs.run_task(cluster="c", taskDefinition="web:3")
    ran = run("prune", "web", "--keep", "1")
    assert ran.document["deregistered"] == arns(4, 2)
    assert set(ran.document["kept"]["in_use"]) == set(arns(3, 1))
    assert ran.document["kept"]["in_use"][ARN + "1"] == ["service d/front"]


def test_what_a_service_began_to_use_while_revisions_were_listed_stays(run, cloud, interposed, web):
    cloud.ecs.create_cluster(clusterName="c")
    began = []

    def listed(name):
        pages = cloud.ecs.get_paginator(name)
        if name == "list_task_definitions" and not began:
            began.append(
                cloud.ecs.create_service(
                    cluster="c", serviceName="front", taskDefinition="web:2", desiredCount=0
                )
            )
        return pages

    ran = run("prune", "web", "--keep", "1", aws=interposed(get_paginator=listed))
    assert set(ran.document["kept"]["in_use"]) == set(arns(2))


def test_what_another_deployment_of_a_service_still_runs_stays(run, cloud, interposed, web):
    cloud.ecs.create_cluster(clusterName="c")
    cloud.ecs.create_service(cluster="c", serviceName="front", taskDefinition="web:5", desiredCount=0)

    def describe(**asked):
        answer = cloud.ecs.describe_services(**asked)
        answer["services"][0]["deployments"].append({"status": "ACTIVE", "taskDefinition": ARN + "2"})
        return answer

    ran = run("prune", "web", "--keep", "1", aws=interposed(describe_services=describe))
    assert ran.document["deregistered"] == arns(4, 3, 1)


def test_a_task_that_is_to_stop_and_has_not_yet_keeps_its_revision(cloud, interposed, web):
    cloud.ecs.create_cluster(clusterName="c")
    join(cloud)
    task = cloud.ecs.run_task(cluster="c", taskDefinition="web:1")["tasks"][0]["taskArn"]
    cloud.ecs.stop_task(cluster="c", task=task)

    def describe(last):
        def answer(**asked):
            tasks = cloud.ecs.describe_tasks(**asked)["tasks"]
            return {"tasks": [{**one, "lastStatus": last} for one in tasks]}

        return answer

    assert ARN + "1" in users(interposed(describe_tasks=describe("DEACTIVATING")))
    assert ARN + "1" not in users(interposed(describe_tasks=describe("STOPPED")))


def test_a_dry_run_prints_the_calls_and_makes_none(run, cloud, web):
    ran = run("prune", "web", "--keep", "3", "--delete", "--dry-run")
    assert ran.document["calls"] == [
        {"DeregisterTaskDefinition": {"taskDefinition": ARN + "2"}},
        {"DeregisterTaskDefinition": {"taskDefinition": ARN + "1"}},
        {"DeleteTaskDefinitions": {"taskDefinitions": arns(2, 1)}},
    ]
    assert len(described.arns(cloud, "web")) == 5


def test_deleting_takes_what_is_inactive_too_ten_at_a_time(run, cloud, define):
    for user in range(14):
        registered.register(cloud, define(user=str(user)))
    cloud.ecs.deregister_task_definition(taskDefinition="web:1")
    cloud.ecs.create_cluster(clusterName="c")
    cloud.ecs.create_service(cluster="c", serviceName="front", taskDefinition="web:2", desiredCount=0)
    cloud.ecs.deregister_task_definition(taskDefinition="web:2")
    ran = run("prune", "web", "--keep", "1", "--delete")
    assert ran.code == 0
    assert ran.document["deleted"] == arns(*range(13, 2, -1), 1)
    assert described.arns(cloud, "web", "INACTIVE") == arns(2)


def test_what_ecs_refuses_to_delete_is_told_and_is_no_success(run, cloud, interposed, web):
    def delete(taskDefinitions):  # noqa: N803  AWS's name
        failure = {"arn": ARN + "1", "reason": "The specified task definition is still in ACTIVE status."}
        return {"taskDefinitions": [], "failures": [failure]}

    ran = run("prune", "web", "--keep", "3", "--delete", aws=interposed(delete_task_definitions=delete))
    assert ran.code == 69
    assert ran.document["deleted"] == arns(2)
    assert ran.document["failures"][0]["arn"] == ARN + "1"
    assert "1 of 2 could not be deleted" in ran.err


def throttled():
    return ClientError({"Error": {"Code": "ThrottlingException", "Message": "Rate exceeded"}}, "Deregister")


def test_being_throttled_is_waited_out(run, desk, cloud, interposed, web):
    answers = iter([throttled(), throttled()])

    def deregister(**given):
        for error in answers:
            raise error
        return cloud.ecs.deregister_task_definition(**given)

    ran = run("prune", "web", "--keep", "4", aws=interposed(deregister_task_definition=deregister))
    assert (ran.code, ran.document["deregistered"]) == (0, arns(1))
    assert desk.clock.slept == [1, 2]


def test_what_was_done_before_an_error_is_told(run, cloud, interposed, web):
    def deregister(**given):
        if given["taskDefinition"] == ARN + "2":
            raise throttled()
        return cloud.ecs.deregister_task_definition(**given)

    ran = run("prune", "web", "--keep", "2", aws=interposed(deregister_task_definition=deregister))
    assert ran.code == 69
    assert ran.document["deregistered"] == arns(3)
    assert "Rate exceeded" in ran.err


def test_without_the_right_to_see_all_users_nothing_is_done(run, cloud, interposed, web):
    def refuse(**_):
        raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, "DescribeServices")

    cloud.ecs.create_cluster(clusterName="c")
    cloud.ecs.create_service(cluster="c", serviceName="front", taskDefinition="web:1", desiredCount=0)
    ran = run("prune", "web", "--keep", "1", aws=interposed(describe_services=refuse))
    assert ran.code == 77
    assert len(described.arns(cloud, "web")) == 5


@pytest.mark.parametrize("keep", ["0", "-1", "x", "1.5"])
def test_the_newest_always_stays(run, keep, capsys):
    with pytest.raises(SystemExit) as ended:
        run("prune", "web", "--keep", keep)
    assert ended.value.code == 2
    assert "the newest revision always stays" in capsys.readouterr().err


def test_a_family_that_is_not_there_is_1(run):
    ran = run("prune", "absent", "--keep", "1")
    assert ran.code == 1
    assert "absent: nothing is registered" in ran.err
