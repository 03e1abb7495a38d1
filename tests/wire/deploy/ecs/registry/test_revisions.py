from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from neuronserve.deploy.ecs.registry import described, registered
from tests.deploying.instances import join

ARN = "arn:aws:ecs:us-east-1:123456789012:task-definition/web:"


@pytest.fixture(autouse=True)
def web(cloud, define):
    for tag in "123":
        registered.register(cloud, define(image=f"example/app:{tag}"))
    registered.register(cloud, define("web-2"))
    cloud.ecs.create_cluster(clusterName="c")


def test_the_newest_is_first_and_users_are_named(run, cloud):
    cloud.ecs.create_service(cluster="c", serviceName="front", taskDefinition="web:2", desiredCount=0)
    join(cloud)
    started = cloud.ecs.run_task(cluster="c", taskDefinition="web:1")["tasks"][0]["taskArn"]
    ran = run("revisions", "web", "--output", "json")
    assert [(one["revision"], one["images"], one["used_by"]) for one in ran.document] == [
        (3, {"app": "example/app:3"}, []),
        (2, {"app": "example/app:2"}, ["service c/front"]),
        (1, {"app": "example/app:1"}, [f"task c/{started.rpartition('/')[2]}"]),
    ]


def test_a_table_is_for_a_person(run):
    lines = run("revisions", "web").out.splitlines()
    assert lines[0].split() == ["REVISION", "STATUS", "REGISTERED", "CPU", "MEMORY", "IMAGE", "USED", "BY"]
    assert lines[1].split() == ["3", "ACTIVE", "-", "-", "64", "example/app:3", "-"]
    assert len(lines) == 4


def test_those_that_are_deregistered_are_listed_when_asked_for(run, cloud):
    cloud.ecs.deregister_task_definition(taskDefinition="web:2")
    revisions = [one["revision"] for one in run("revisions", "web", "--output", "json").document]
    assert revisions == [3, 1]
    every = run("revisions", "web", "--all", "--output", "json").document
    assert [(one["revision"], one["status"]) for one in every] == [
        (3, "ACTIVE"),
        (2, "INACTIVE"),
        (1, "ACTIVE"),
    ]


def test_the_newest_few(run):
    ran = run("revisions", "web", "--newest", "1", "--output", "json")
    assert [one["revision"] for one in ran.document] == [3]


def test_without_the_right_to_look_for_users_the_rest_is_told(run, interposed):
    def refuse(name):
        raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, "ListClusters")

    real = interposed().ecs.get_paginator
    aws = interposed(get_paginator=lambda name: refuse(name) if name == "list_clusters" else real(name))
    ran = run("revisions", "web", "--output", "json", aws=aws)
    assert ran.code == 0
    assert [one["used_by"] for one in ran.document] == [None, None, None]
    assert "cannot be found out: ListClusters: AccessDeniedException" in ran.err


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["we"], 1, "we: no ACTIVE revision is registered"),
        (["web:3"], 2, "'web:3' is no family"),
        (["web", "--cluster", "none"], 1, "ClusterNotFoundException"),
    ],
)
def test_what_is_not_there_is_told(run, words, code, told):
    ran = run("revisions", *words)
    assert ran.code == code
    assert told in ran.err


class Pages:
    """ListTaskDefinitions as it is with more than a page, and as those take it that match a prefix."""

    def __init__(self, arns):
        self.arns = arns
        self.asked = []

    def get_paginator(self, name):
        assert name == "list_task_definitions"
        return self

    def paginate(self, **asked):
        self.asked.append(asked)
        return [{"taskDefinitionArns": self.arns[at : at + 2]} for at in range(0, len(self.arns), 2)]


def test_all_pages_are_read_and_other_families_left_out():
    class Aws:
        ecs = Pages([ARN + "10", ARN.replace("web", "web-2") + "11", ARN + "9", ARN + "100"])

    assert described.arns(Aws, "web") == [ARN + "100", ARN + "10", ARN + "9"]
    assert Aws.ecs.asked == [{"familyPrefix": "web", "status": "ACTIVE", "sort": "DESC"}]
