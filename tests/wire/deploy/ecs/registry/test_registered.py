from __future__ import annotations

import json

import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from neuronserve.deploy.ecs.registry import registered
from neuronserve.errors import InvalidInput, NoSuchResource
from tests.clocks import FakeClock
from tests.deploying.requests_for_ecs import every_member

ARN = "arn:aws:ecs:us-east-1:123456789012:task-definition/web:"


def revisions(cloud):
    return cloud.ecs.list_task_definitions(familyPrefix="web")["taskDefinitionArns"]


def test_what_did_not_change_is_not_registered_again(cloud, define):
    first = registered.register(cloud, define())
    again = registered.register(cloud, define(environment=[], cpu=0))
    assert (first.arn, first.new, again.arn, again.new) == (ARN + "1", True, ARN + "1", False)
    assert revisions(cloud) == [ARN + "1"]


def test_what_changed_is_a_new_revision(cloud, define):
    registered.register(cloud, define())
    made = registered.register(cloud, define(user="1000"))
    assert (made.arn, made.new) == (ARN + "2", True)
    assert [change.pointer for change in made.changes] == ["/containerDefinitions/app/user"]


def test_force_makes_one_anyway(cloud, define):
    registered.register(cloud, define())
    assert registered.register(cloud, define(), force=True).arn == ARN + "2"


def test_tags_alone_are_put_on_the_revision_that_is_there(cloud, define):
    registered.register(cloud, {**define(), "tags": [{"key": "a", "value": "1"}, {"key": "b", "value": "1"}]})
    made = registered.register(
        cloud, {**define(), "tags": [{"key": "b", "value": "2"}, {"key": "c", "value": ""}]}
    )
    assert (made.arn, made.new) == (ARN + "1", False)
    tags = cloud.ecs.list_tags_for_resource(resourceArn=made.arn)["tags"]
    assert {tag["key"]: tag["value"] for tag in tags} == {"b": "2", "c": ""}
    assert registered.register(cloud, define()).arn == made.arn
    assert cloud.ecs.list_tags_for_resource(resourceArn=made.arn)["tags"] == []


def test_an_empty_list_of_tags_is_not_sent_because_ecs_refuses_it(cloud, define):
    ((operation, parameters),) = registered.plan(cloud, {**define(), "tags": []}).calls
    assert operation == "RegisterTaskDefinition"
    assert "tags" not in parameters


def test_a_malformed_tag_is_named(cloud, define):
    registered.register(cloud, define())
    with pytest.raises(InvalidInput, match="/tags/0"):
        registered.register(cloud, {**define(), "tags": ["team"]})


def test_a_family_is_its_latest_active_revision(cloud, define):
    for user in "123":
        registered.register(cloud, define(user=user))
    cloud.ecs.deregister_task_definition(taskDefinition="web:3")
    assert registered.fetch(cloud, "web").arn == ARN + "2"
    assert registered.fetch(cloud, "web:3").status == "INACTIVE"
    assert registered.fetch(cloud, ARN + "1").revision == 1


def test_a_family_of_no_active_revision_is_registered_anew(cloud, define):
    registered.register(cloud, define())
    cloud.ecs.deregister_task_definition(taskDefinition="web:1")
    with pytest.raises(NoSuchResource, match="web: no ACTIVE revision"):
        registered.fetch(cloud, "web")
    assert registered.register(cloud, define()).arn == ARN + "2"


@pytest.mark.parametrize("name", ["web", "web:7", ARN + "7"])
def test_what_is_not_there_is_told(cloud, name):
    with pytest.raises(NoSuchResource, match="web"):
        registered.fetch(cloud, name)


@pytest.mark.parametrize(
    "name", ["", "a b", "web:", "web:x", "web:1:2", "x" * 256, "arn:aws:ecs:x", "wéb", "web:1\n"]
)
def test_what_names_no_task_definition_is_refused_without_asking(cloud, name):
    with pytest.raises(InvalidInput, match="names no task definition"):
        registered.fetch(cloud, name)


@pytest.mark.parametrize("family", [None, 3, "", "a b", "web:1"])
def test_a_family_that_ecs_would_not_take_is_refused(cloud, define, family):
    with pytest.raises(InvalidInput, match="/family"):
        registered.register(cloud, define(family=family))


def too_many():
    error = {
        "Code": "ClientException",
        "Message": "Too many concurrent attempts to create a new revision of ...",
    }
    return ClientError({"Error": error}, "RegisterTaskDefinition")


def test_when_somebody_else_registers_the_same_at_that_moment_theirs_is_taken(cloud, interposed, define):
    def refuse(**request):
        cloud.ecs.register_task_definition(**request)
        raise too_many()

    clock = FakeClock()
    made = registered.register(interposed(register_task_definition=refuse), define(), clock=clock)
    assert (made.arn, made.new) == (ARN + "1", False)
    assert clock.slept == [1]


def test_when_others_never_stop_registering_the_error_is_ecss(interposed, define):
    def refuse(**_):
        raise too_many()

    clock = FakeClock()
    with pytest.raises(ClientError, match="Too many concurrent"):
        registered.register(interposed(register_task_definition=refuse), define(), clock=clock)
    assert clock.slept == [1, 2, 4, 8, 16]


def test_nothing_that_can_be_registered_is_lost(cloud):
    full = every_member()
    tags = full.pop("tags")
    answer = {
        "taskDefinition": {**full, "taskDefinitionArn": ARN + "1", "revision": 1, "status": "ACTIVE"},
        "tags": [*tags, {"key": "aws:cloudformation:stack-name", "value": "s"}],
    }
    asked = {"taskDefinition": "web:1", "include": ["TAGS"]}
    with Stubber(cloud.ecs) as stub:
        stub.add_response("describe_task_definition", answer, asked)
        request = registered.fetch(cloud, "web:1").request
        assert request == {**full, "tags": tags}
        stub.add_response("register_task_definition", answer, request)
        cloud.ecs.register_task_definition(**request)


def test_a_file_is_registered_and_its_arn_is_the_target(desk, tmp_path, define):
    path = tmp_path / "web.json"
    path.write_text(json.dumps([define(), define("other")]))
    targets = registered.resolve(desk, str(path), dry_run=False)
    assert [target.name for target in targets] == [ARN + "1", ARN.replace("/web", "/other") + "1"]
    assert targets[0].request == define()


def test_a_dry_run_registers_no_file_and_asks_nothing(desk_nowhere, tmp_path, define):
    path = tmp_path / "web.json"
    path.write_text(json.dumps(define()))
    (target,) = registered.resolve(desk_nowhere, str(path), dry_run=True)
    assert (target.name, target.request) == ("web", define())


def test_a_name_is_fetched_also_in_a_dry_run(desk, cloud, define):
    registered.register(cloud, define())
    (target,) = registered.resolve(desk, "web", dry_run=True)
    assert target.name == ARN + "1"
    assert target.request["containerDefinitions"][0]["image"] == "example/app:1"


@pytest.fixture
def desk_nowhere(desk):
    import dataclasses

    return dataclasses.replace(desk, aws=None)
