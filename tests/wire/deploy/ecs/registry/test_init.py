from __future__ import annotations

import pytest
import yaml

from neuronserve.deploy.ecs.registry import registered


@pytest.fixture(autouse=True)
def web(cloud, define):
    registered.register(cloud, {**define(), "tags": [{"key": "team", "value": "search"}]})
    registered.register(cloud, {**define(user="1000"), "tags": [{"key": "team", "value": "search"}]})


@pytest.mark.parametrize("name", ["web", "web:2", "arn:aws:ecs:us-east-1:123456789012:task-definition/web:2"])
def test_a_name_is_written_as_a_request(run, name):
    ran = run("init", name)
    assert ran.code == 0
    assert next(iter(ran.document)) == "family"
    assert ran.document["containerDefinitions"][0]["user"] == "1000"
    assert ran.document["tags"] == [{"key": "team", "value": "search"}]
    assert not registered.RESPONSE_ONLY & set(ran.document)


def test_what_a_service_runs(run, cloud):
    cloud.ecs.create_cluster(clusterName="prod")
    cloud.ecs.create_service(cluster="prod", serviceName="front", taskDefinition="web:1", desiredCount=0)
    ran = run("init", "--service", "front", "--cluster", "prod")
    assert ran.code == 0
    assert "user" not in ran.document["containerDefinitions"][0]
    absent = run("init", "--service", "back", "--cluster", "prod")
    assert absent.code == 1
    assert "no service back in cluster prod" in absent.err
    assert run("init", "--service", "front", "--cluster", "none").code == 1
    by_arn = run("init", "--service", "arn:aws:ecs:us-east-1:123456789012:service/prod/front")
    assert by_arn.document == ran.document


def test_a_file_is_not_written_over_unless_forced(run, tmp_path):
    path = tmp_path / "web.yml"
    path.write_text("mine")
    ran = run("init", "web", "--out", path)
    assert ran.code == 2
    assert f"{path}: there already" in ran.err
    assert path.read_text() == "mine"
    assert run("init", "web", "--out", path, "--force").code == 0
    assert yaml.safe_load(path.read_text())["family"] == "web"


def test_a_dry_run_writes_no_file(run, tmp_path):
    ran = run("init", "web", "--out", tmp_path / "web.json", "--dry-run")
    assert ran.document["family"] == "web"
    assert not (tmp_path / "web.json").exists()


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        ([], 2, "one of NAME and --service"),
        (["web", "--service", "front"], 2, "one of NAME and --service"),
        (["absent"], 1, "absent: no ACTIVE revision"),
        (["web:9"], 1, "web:9: no such revision"),
        (["web", "--out", "absent/x.json"], 2, "absent/x.json: No such file"),
    ],
)
def test_what_cannot_be_done_is_told(run, words, code, told):
    ran = run("init", *words)
    assert ran.code == code
    assert told in ran.err
