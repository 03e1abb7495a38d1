from __future__ import annotations

import pytest

from neuronserve.deploy.ecs.registry import registered


def test_the_same_is_0_and_a_difference_is_1(run, cloud, written, define):
    registered.register(cloud, define())
    same = run("diff", written(define(environment=[])))
    assert (same.code, same.out) == (0, "")
    assert "web: the same as web:1" in same.err
    other = run("diff", written(define(image="example/app:2")))
    assert other.code == 1
    assert '-      "image": "example/app:1"\n+      "image": "example/app:2"\n' in other.out


def test_a_family_that_is_not_registered_is_a_difference_and_told(run, written, define):
    ran = run("diff", written(define()))
    assert ran.code == 1
    assert ran.err == "web: not registered: no ACTIVE revision\n"
    assert ran.out.startswith("--- /dev/null\n")


def test_the_changes_as_a_document(run, cloud, written, define):
    registered.register(cloud, define())
    ran = run("diff", "--output", "json", written(define(user="1000")))
    assert ran.document == {
        "family": "web",
        "against": "arn:aws:ecs:us-east-1:123456789012:task-definition/web:1",
        "same": False,
        "changes": [{"pointer": "/containerDefinitions/app/user", "new": "1000"}],
    }


def test_each_of_a_list_is_compared_and_one_difference_is_enough(run, cloud, written, define):
    registered.register(cloud, define())
    ran = run("diff", "--output", "json", written([define(), define("other")]))
    assert ran.code == 1
    assert [(one["family"], one["same"]) for one in ran.document] == [("web", True), ("other", False)]


def test_against_an_older_revision(run, cloud, written, define):
    registered.register(cloud, define())
    registered.register(cloud, define(user="1000"))
    assert run("diff", written(define()), "--against", "web:1").code == 0
    assert run("diff", written(define()), "--against", "web").code == 1


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["absent.json"], "absent.json: No such file"),
        (["FILE", "--against", "a b"], "'a b' names no task definition"),
        (["FILE", "FILE", "--against", "web"], "--against compares one definition, not 2"),
    ],
)
def test_what_cannot_be_compared_is_2(run, written, define, words, told):
    ran = run("diff", *[written(define()) if word == "FILE" else word for word in words])
    assert ran.code == 2
    assert told in ran.err


def test_against_what_is_not_there_is_1(run, written, define):
    ran = run("diff", written(define()), "--against", "web:7")
    assert ran.code == 1
    assert "web:7: no such revision is registered" in ran.err


def test_no_secret_is_printed(run, cloud, written, define):
    registered.register(cloud, define(environment=[{"name": "API_KEY", "value": "swordfish"}]))
    path = written(define(environment=[{"name": "API_KEY", "value": "hunter2"}]))
    for form in ("text", "json", "yaml"):
        ran = run("diff", path, "--output", form)
        assert ran.code == 1
        assert "swordfish" not in ran.out + ran.err
        assert "hunter2" not in ran.out + ran.err
