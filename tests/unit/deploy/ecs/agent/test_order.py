from __future__ import annotations

import pytest

from neuronserve.deploy.ecs.agent import order
from neuronserve.errors import InvalidInput


def task(*containers, **more):
    return {"family": "f", "containerDefinitions": [{"image": "i", **c} for c in containers], **more}


def after(name, condition="START"):
    return [{"containerName": name, "condition": condition}]


def test_a_container_starts_after_those_it_depends_on():
    request = task(
        {"name": "a", "dependsOn": after("b")}, {"name": "b", "dependsOn": after("c")}, {"name": "c"}
    )
    assert order.starting(request) == ("c", "b", "a")


def test_links_and_borrowed_volumes_are_dependencies_too():
    request = task(
        {"name": "a", "links": ["b:db"], "volumesFrom": [{"sourceContainer": "c"}]},
        {"name": "b"},
        {"name": "c"},
    )
    assert order.starting(request)[-1] == "a"
    assert set(order.dependencies(request, request["containerDefinitions"][0])) == {"b", "c"}


@pytest.mark.parametrize(
    ("containers", "told"),
    [
        ([{"name": "a"}, {"name": "a"}], "two containers are called a"),
        ([{"name": "a", "dependsOn": after("x")}], "waits for x, which the task has not"),
        ([{"name": "a", "dependsOn": after("a")}], "wait for each other: a -> a"),
        ([{"name": "a", "dependsOn": after("b", "HEALTHY")}, {"name": "b"}], "has no healthCheck"),
        ([{"name": "a", "dependsOn": after("b", "SUCCESS")}, {"name": "b"}], "which is essential"),
        (
            [{"name": "a", "dependsOn": after("b")}, {"name": "b", "dependsOn": after("a")}],
            "wait for each other",
        ),
    ],
)
def test_an_order_that_cannot_be_is_refused(containers, told):
    with pytest.raises(InvalidInput, match=told):
        order.starting(task(*containers))


@pytest.mark.parametrize(
    ("policy", "code", "ran", "refused"),
    [
        (None, 1, 1000, "no restart policy"),
        ({"enabled": False}, 1, 1000, "no restart policy"),
        ({"enabled": True}, 1, 299, "asks for 300"),
        ({"enabled": True}, 1, 300, ""),
        ({"enabled": True}, 0, 300, ""),
        ({"enabled": True, "ignoredExitCodes": [0, 11]}, 11, 1000, "ignores exit code 11"),
        ({"enabled": True, "restartAttemptPeriod": 60}, 1, 60, ""),
    ],
)
def test_the_agents_rule_of_restarts(policy, code, ran, refused):
    found = order.restart({"restartPolicy": policy} if policy else {}).refused(code, ran)
    assert refused in found
    assert bool(refused) == bool(found)


def test_the_agents_own_stop_timeout_is_30_seconds():
    assert (order.stop_timeout({}), order.stop_timeout({"stopTimeout": 0})) == (30, 0)
