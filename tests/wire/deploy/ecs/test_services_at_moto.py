"""Services and their scaling against moto, which takes the requests; its services never become stable."""

from __future__ import annotations

import json

import pytest

from neuronserve.deploy import exits, program, shapes
from neuronserve.deploy.ecs.verbs import deploy_service, scale
from tests.deploying.ecs_rollouts import DEFINITION

SENDING = {"RegisterScalableTarget", "PutScalingPolicy", "DeregisterScalableTarget", "UpdateService"}
BALANCER = "arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/app/front/778d41231b141a0f"
GROUP = "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/web/0123456789abcdef"
CORES = {
    "TargetValue": 0.7,
    "CustomizedMetricSpecification": {
        "Namespace": "ECS/ContainerInsights/Prometheus",
        "MetricName": "neuronserve_neuroncore_utilization",
        "Statistic": "Average",
        "Dimensions": [{"Name": "ClusterName", "Value": "c"}, {"Name": "ServiceName", "Value": "web"}],
    },
}


@pytest.fixture
def run(cloud, desk):
    """Runs a verb in cluster c; its exit code, its result (None: none), and what it said."""
    cloud.ecs.create_cluster(clusterName="c")
    cloud.ecs.register_task_definition(family="web", **DEFINITION)

    def run(verb, *words):
        for stream in (desk.out, desk.err):
            stream.seek(0)
            stream.truncate()
        blind = ["--no-preflight"] if verb is deploy_service else []  # moto's cluster has no instances
        code = program.single("verb", verb, [*map(str, words), *blind, "--cluster", "c"], desk)
        out = desk.out.getvalue()
        return code, json.loads(out) if out else None, desk.err.getvalue()

    return run


@pytest.fixture
def service(run):
    """A service of two tasks, behind a target group."""
    run(deploy_service, "web", "--count", 2, "--no-wait", "--target-group", GROUP)


@pytest.fixture
def sent(cloud):
    """What is sent of Application Auto Scaling, from now on."""
    found = []
    cloud.scaling.meta.events.register(
        "before-call.application-autoscaling",
        lambda model, params, **_: found.append((model.name, json.loads(params["body"]))),
    )
    return lambda: [(name, request) for name, request in found if name in SENDING]


def test_a_service_is_created_and_then_updated(run, cloud):
    code, result, _ = run(deploy_service, "web", "--no-wait", "--tag", "team=vision")
    assert (code, result["desiredCount"]) == (exits.YES, 1)
    cloud.ecs.register_task_definition(family="web", **DEFINITION)
    code, result, said = run(deploy_service, "web", "--no-wait", "--count", 3)
    assert code == exits.YES
    assert "web: UpdateService" in said
    (shown,) = cloud.ecs.describe_services(cluster="c", services=["web"])["services"]
    assert (shown["desiredCount"], shown["taskDefinition"]) == (3, result["taskDefinition"])
    assert result["taskDefinition"].endswith("web:2")


def test_a_daemon_service_is_created(run):
    assert run(deploy_service, "web", "--daemon", "--no-wait")[0] == exits.YES


def test_a_service_that_never_becomes_stable_is_no_success(run):
    code, _, said = run(deploy_service, "web", "--timeout", 60)
    assert code == exits.TIME_UP
    assert "the rollout goes on" in said


def test_an_absent_task_definition_is_told(run):
    code, _, said = run(deploy_service, "absent")
    assert code == exits.NO
    assert "absent" in said


def test_bounds_and_policies_are_put_once(run, service, sent):
    words = ("web", "--min", 1, "--max", 4, "--target-cpu", 60, "--in-cooldown", 300)
    code, result, _ = run(scale, *words)
    assert code == exits.YES
    assert (result["target"]["MinCapacity"], result["target"]["MaxCapacity"]) == (1, 4)
    assert [name for name, _ in sent()] == ["RegisterScalableTarget", "PutScalingPolicy"]
    code, _, said = run(scale, *words)
    assert code == exits.YES
    assert "it is so already; nothing is sent" in said
    assert len(sent()) == 2


def test_a_cooldown_that_is_not_asked_stays(run, service, sent):
    run(scale, "web", "--min", 1, "--max", 4, "--target-cpu", 60, "--in-cooldown", 300)
    run(scale, "web", "--max", 8, "--target-cpu", 70)
    _, policy = sent()[-1]
    assert policy["TargetTrackingScalingPolicyConfiguration"]["ScaleInCooldown"] == 300
    _, target = sent()[-2]
    assert (target["MinCapacity"], target["MaxCapacity"]) == (1, 8)


def test_requests_are_tracked_by_the_label_of_the_load_balancer(run, service, sent):
    words = ("web", "--min", 1, "--max", 4, "--target-requests", 600, "--load-balancer", BALANCER)
    code, _, said = run(scale, *words)
    assert code == exits.YES, said
    specification = sent()[-1][1]["TargetTrackingScalingPolicyConfiguration"]["PredefinedMetricSpecification"]
    assert specification == {
        "PredefinedMetricType": "ALBRequestCountPerTarget",
        "ResourceLabel": "app/front/778d41231b141a0f/targetgroup/web/0123456789abcdef",
    }


def test_cores_are_tracked_by_a_metric_of_one_s_own_beside_others(run, service, sent, tmp_path):
    file = tmp_path / "metric.json"
    file.write_text(json.dumps(CORES))
    run(scale, "web", "--min", 1, "--max", 4, "--target-memory", 80)
    code, _, said = run(scale, "web", "--metric", file)
    assert code == exits.YES
    assert sent()[-1][1]["TargetTrackingScalingPolicyConfiguration"] == CORES
    assert "policy neuronserve-memory stays" in said


def test_off_takes_all_of_it_away_once(run, service, sent):
    run(scale, "web", "--min", 1, "--max", 4, "--target-cpu", 60)
    code, result, _ = run(scale, "web", "--off")
    assert (code, result) == (exits.YES, {"target": None, "policies": []})
    before = len(sent())
    assert run(scale, "web", "--off")[0] == exits.YES
    assert len(sent()) == before


def test_show_prints_what_there_is(run, service):
    assert run(scale, "web", "--show")[1] == {"target": None, "policies": []}
    run(scale, "web", "--min", 1, "--max", 4, "--target-cpu", 60)
    (policy,) = run(scale, "web", "--show")[1]["policies"]
    assert policy["PolicyName"] == "neuronserve-cpu"


def test_a_dry_run_prints_both_requests_and_sends_none(run, service, sent):
    code, result, said = run(scale, "web", "--min", 1, "--max", 4, "--target-cpu", 60, "--dry-run")
    assert code == exits.YES
    operations = ("RegisterScalableTarget", "PutScalingPolicy")
    for operation, request in zip(operations, result, strict=True):
        assert shapes.findings("application-autoscaling", operation, request) == []
        assert f"would send {operation}" in said
    assert sent() == []


def test_a_count_is_set_plainly(run, service, cloud):
    code, _, _ = run(scale, "web", "--count", 5, "--no-wait")
    assert code == exits.YES
    (shown,) = cloud.ecs.describe_services(cluster="c", services=["web"])["services"]
    assert shown["desiredCount"] == 5


def test_a_dry_run_of_a_count_sends_nothing(run, service, cloud):
    _, result, _ = run(scale, "web", "--count", 5, "--dry-run")
    assert result["desiredCount"] == 5
    assert shapes.findings("ecs", "UpdateService", result) == []
    (shown,) = cloud.ecs.describe_services(cluster="c", services=["web"])["services"]
    assert shown["desiredCount"] == 2


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ([], "nothing to do"),
        (["--count", 2, "--off"], "several jobs at once"),
        (["--min", 1, "--count", 2], "several jobs at once"),
        (["--min", 1, "--max", 4], "bounds alone scale nothing"),
        (["--target-cpu", 60], "--min and --max are both needed the first time"),
        (["--min", 5, "--max", 4, "--target-cpu", 60], "--min 5 is more than --max 4"),
        (["--min", 1, "--max", 4, "--target-requests", 9], "--target-requests needs --load-balancer"),
        (
            ["--min", 1, "--max", 4, "--target-requests", 9, "--load-balancer", "x"],
            "not the ARN of an Application",
        ),
        (["--min", 1, "--max", 4, "--metric", "absent.json"], "absent.json: No such file"),
    ],
)
def test_what_cannot_be_scaled_so_is_one_line(run, service, sent, words, told):
    code, result, said = run(scale, "web", *words)
    assert (code, result) == (exits.INPUT, None)
    assert told in said
    assert len(said.splitlines()) == 1
    assert sent() == []


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ([], "expected an object"),
        ({"TargetValue": 1}, "CustomizedMetricSpecification are both needed"),
        ({**CORES, "TargetValue": "high"}, "/TargetValue"),
        ({**CORES, "Oops": 1}, "Oops is no member"),
    ],
)
def test_a_metric_s_file_that_is_none_is_told(run, service, sent, tmp_path, content, told):
    file = tmp_path / "metric.json"
    file.write_text(json.dumps(content))
    code, _, said = run(scale, "web", "--min", 1, "--max", 4, "--metric", file)
    assert code == exits.INPUT
    assert told in said
    assert sent() == []


@pytest.mark.parametrize("words", [["--count", 2], ["--min", 1, "--max", 2, "--target-cpu", 60]])
def test_a_daemon_service_is_not_scaled(run, words):
    run(deploy_service, "web", "--daemon", "--no-wait")
    code, _, said = run(scale, "web", *words)
    assert code == exits.INPUT
    assert "web is a daemon service" in said


def test_a_service_that_is_not_there_is_told(run):
    code, _, said = run(scale, "absent", "--count", 2)
    assert code == exits.NO
    assert "no service absent in cluster c" in said
