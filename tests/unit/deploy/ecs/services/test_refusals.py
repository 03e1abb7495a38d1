"""What is refused before anything is sent, each with what to do."""

from __future__ import annotations

import pytest

from neuronserve.deploy.ecs.services import changes, creation
from neuronserve.deploy.ecs.services.wanted import Provider
from neuronserve.errors import InvalidInput
from tests.deploying.ecs_rollouts import DEFINITION, REQUEST
from tests.deploying.wanted_services import ARN, CHIPS, GROUP, wanted

P, Q = Provider("p"), Provider("q")
TWO_PORTS = {
    "containerDefinitions": [{"name": "a", "portMappings": [{"containerPort": 1}, {"containerPort": 2}]}]
}
NO_PORTS = {"containerDefinitions": [{"name": "a"}]}
AWSVPC = {**DEFINITION, "networkMode": "awsvpc"}
MANY = {
    **DEFINITION,
    "placementConstraints": [{"type": "memberOf", "expression": f"a{n} exists"} for n in range(9)],
}


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (wanted(name="a b"), "service name 'a b'"),
        (wanted(name="x" * 256), "1 to 255"),
        (wanted(providers=(P,), launch_type="EC2"), "exclude each other"),
        (wanted(providers=(P, P)), "given twice"),
        (wanted(providers=(Provider("p", 1, 1), Provider("q", 1, 1))), "only one capacity provider"),
        (wanted(providers=(Provider("p", 0), Provider("q", 0))), "needs a weight above 0"),
        (wanted(providers=tuple(Provider(f"p{n}") for n in range(21))), "at most 20"),
        (wanted(launch_type="FARGATE"), "Fargate has no Neuron chips"),
        (wanted("managed", launch_type="EC2", subnets=("s",)), "run on Managed Instances only"),
        (wanted("managed", subnets=("s",)), "--capacity-provider NAME"),
        (wanted("managed", providers=(P,)), "needs --subnet"),
        (wanted("managed", daemon=True, subnets=("s",)), "EC2 or EXTERNAL instances only"),
        (wanted(daemon=True, count=2), "a daemon service has no --count"),
        (wanted(daemon=True, providers=(P,)), "takes no --capacity-provider"),
        (wanted("none", daemon=True, launch_type="FARGATE"), "EC2 or EXTERNAL instances only"),
        (wanted(definition=MANY, constraints=("a exists",)), "ECS takes 10 in all"),
        (wanted(constraints=("",)), "expected an expression"),
        (wanted(constraints=("a" * 2001,)), "1 to 2000 characters"),
        (wanted(minimum_healthy=50), "none could stop"),
        (wanted(minimum_healthy=67, count=3), "none could stop"),
        (wanted(minimum_healthy=100, count=9), "none could stop"),
        (wanted(minimum_healthy=101, count=9), "--minimum-healthy 101: expected"),
        (wanted(security_groups=("sg",)), "--security-group needs --subnet"),
        (wanted(subnets=("s",)), "this one has bridge"),
        (wanted(definition=AWSVPC), "needs --subnet"),
        (wanted(definition=AWSVPC, subnets=tuple("abcdefghijklmnopq")), "at most 16 subnets"),
        (wanted(target_groups=("web",)), "not the ARN of a target group"),
        (wanted(container_port=8080), "--container-port is for --target-group"),
        (
            wanted(target_groups=(GROUP,), container_port=9),
            "no port 9 in the task definition (neuronserve:8080)",
        ),
        (
            wanted(target_groups=(GROUP,), definition=TWO_PORTS),
            "several ports in the task definition (a:1, a:2)",
        ),
        (wanted(target_groups=(GROUP,), definition=NO_PORTS), "no port in the task definition (none)"),
    ],
)
def test_a_new_service_that_cannot_be_is_refused(asked, told):
    with pytest.raises(InvalidInput) as refused:
        creation.request(asked)
    assert told in str(refused.value)


@pytest.mark.parametrize(("percent", "count"), [(50, 2), (66, 3), (99, 100), (0, 1)])
def test_a_share_that_lets_a_task_stop_is_taken(percent, count):
    made = creation.request(wanted(minimum_healthy=percent, count=count))
    assert made["deploymentConfiguration"]["minimumHealthyPercent"] == percent


@pytest.mark.parametrize(
    ("asked", "there", "told"),
    [
        (wanted(count=2), {"schedulingStrategy": "DAEMON"}, "a daemon service has no --count"),
        (wanted(providers=(P,)), {"schedulingStrategy": "DAEMON"}, "takes no --capacity-provider"),
        (wanted(minimum_healthy=50), {"desiredCount": 1}, "none could stop"),
        (wanted("managed", subnets=("s",)), {}, "--capacity-provider NAME"),
        (wanted("managed", providers=(Q,)), {}, "needs --subnet"),
    ],
)
def test_an_update_that_cannot_be_is_refused_by_what_runs(asked, there, told):
    with pytest.raises(InvalidInput) as refused:
        changes.request(asked, {**REQUEST, "taskDefinition": ARN, **there})
    assert told in str(refused.value)


@pytest.mark.parametrize(
    "broken",
    [
        {},
        {"containerDefinitions": None},
        {"containerDefinitions": "x"},
        {"containerDefinitions": [None, {}]},
        {"containerDefinitions": [{"linuxParameters": [], "resourceRequirements": 1, "portMappings": 3}]},
        {"containerDefinitions": [{"linuxParameters": {"devices": ["/dev/neuron0"]}, "healthCheck": []}]},
        {"placementConstraints": 5},
    ],
)
def test_a_malformed_task_definition_is_refused_in_one_line(broken):
    with pytest.raises(InvalidInput, match=r"--target-group|#/containerDefinitions: a list of objects"):
        creation.request(wanted(definition=broken, target_groups=(GROUP,)))


def test_the_chips_of_a_definition_are_seen_in_any_container():
    both = {
        "containerDefinitions": [*CHIPS["none"]["containerDefinitions"], *DEFINITION["containerDefinitions"]]
    }
    assert wanted(definition=both).chips == "devices"
    assert wanted(definition={"containerDefinitions": [
        {"linuxParameters": {"devices": [{"hostPath": "/dev/fuse"}, {"hostPath": "/dev/neuron_x"}]}}
    ]}).chips == "none"  # fmt: skip
