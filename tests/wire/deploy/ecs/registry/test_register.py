from __future__ import annotations

ARN = "arn:aws:ecs:us-east-1:123456789012:task-definition/web:"


def test_what_is_new_is_told_and_what_is_not_too(run, written, define):
    path = written(define())
    first, again = run("register", path), run("register", path)
    assert (first.code, again.code) == (0, 0)
    assert first.document == {"family": "web", "arn": ARN + "1", "new": True, "changes": []}
    assert again.document == {"family": "web", "arn": ARN + "1", "new": False, "changes": []}
    assert run("register", path, "--force").document["arn"] == ARN + "2"


def test_a_dry_run_prints_what_would_be_sent_and_sends_nothing(run, cloud, written, define):
    ran = run("register", "--dry-run", written(define()))
    assert ran.document["new"] is True
    assert ran.document["calls"] == [{"RegisterTaskDefinition": define()}]
    assert cloud.ecs.list_task_definitions()["taskDefinitionArns"] == []
    run("register", written(define()))
    assert run("register", "--dry-run", written(define())).document == {
        "family": "web", "arn": ARN + "1", "new": False, "changes": [], "calls": [],
    }  # fmt: skip
    tagged = run("register", "--dry-run", written({**define(), "tags": [{"key": "a", "value": "b"}]}))
    assert tagged.document["calls"] == [
        {"TagResource": {"resourceArn": ARN + "1", "tags": [{"key": "a", "value": "b"}]}}
    ]
    assert cloud.ecs.list_tags_for_resource(resourceArn=ARN + "1")["tags"] == []


def test_errors_stop_it_before_anything_is_sent(run, cloud, written, define):
    ran = run("register", written([define(), define("other", memory=-5)]))
    assert ran.code == 1
    assert "[other]#/containerDefinitions/0/memory: error: " in ran.err
    assert "nothing is registered" in ran.err
    assert cloud.ecs.list_task_definitions()["taskDefinitionArns"] == []


def test_without_the_check_ecs_is_the_judge(run, written, define):
    ran = run("register", written(define(memory=3)), "--no-validate")
    assert (ran.code, ran.document["new"]) == (0, True)
    ran = run("register", written(define(memory="3")), "--no-validate")
    assert ran.code == 2
    assert "botocore refuses the request" in ran.err


def test_several_files_are_a_list_of_answers(run, written, define):
    ran = run("register", written(define()), written([define("a"), define("b")], "more.json"))
    assert [(one["family"], one["new"]) for one in ran.document] == [("web", True), ("a", True), ("b", True)]


def test_one_family_twice_is_refused(run, cloud, written, define):
    ran = run("register", written([define(), define(user="1")]))
    assert ran.code == 2
    assert "family web is there twice" in ran.err
    assert cloud.ecs.list_task_definitions()["taskDefinitionArns"] == []


def test_what_was_registered_before_an_error_is_told(run, cloud, interposed, written, define):
    def register(**request):
        if request["family"] == "b":
            raise ValueError("the line is cut")
        return cloud.ecs.register_task_definition(**request)

    aws = interposed(register_task_definition=register)
    ran = run("register", written([define("a"), define("b")]), aws=aws)
    assert ran.code == 70
    assert [one["family"] for one in ran.document] == ["a"]


def test_what_init_wrote_is_registered_as_no_change(run, tmp_path, written, define):
    run("register", written(define(portMappings=[{"containerPort": 80}])))
    assert run("init", "web", "--out", tmp_path / "again.yaml").code == 0
    assert run("register", tmp_path / "again.yaml").document["new"] is False
