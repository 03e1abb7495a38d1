"""From nothing to a service that scales, by the scripts' own verbs against moto's AWS.

Every call is recorded on its way to AWS; the printed policy of its verb has to allow it, on the resource and
with the condition keys that IAM would see.
"""

from __future__ import annotations

import io
import json
import time
from pathlib import Path

import pytest

from neuronserve.deploy import exits, program
from neuronserve.deploy.desk import Desk
from neuronserve.deploy.ecs import verbs
from neuronserve.deploy.policy import program as policy
from tests.clocks import FakeClock
from tests.deploying.authorisation import ACCOUNT
from tests.deploying.ecs_rollouts import PretendEcs
from tests.deploying.instances import join
from tests.deploying.rollout_steps import completes
from tests.deploying.watched import Done, Watched

INDEX = "application/vnd.oci.image.index.v1+json"
IMAGE = f"{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com/neuronserve:1"
DEFINITION = ["--instance-type", "inf1.xlarge", "--image", IMAGE, "--model-uri", "s3://models/digits.tar.gz"]
DEFINITION += ["--family", "digits", "--task-role", "digits-task", "--execution-role", "digits-execution"]


@pytest.fixture
def run(cloud):
    """``run("run-task", "digits.json")`` -> how the verb ended, and what it asked AWS."""

    aws = Watched()

    def start(verb, *words):
        aws.asked = set()
        desk = Desk(aws=aws, out=io.StringIO(), err=io.StringIO(), clock=FakeClock(), environ={})
        known = verbs.load(verbs.TASK_DEFINITION) | verbs.load(verbs.ECS)
        code = program.main("scripts", "", known, [verb, *words], desk)
        return Done(code, desk.out.getvalue(), desk.err.getvalue(), aws.asked)

    return start


def printed(*words):
    """A document that ``scripts/policy`` prints."""
    desk = Desk(aws=Watched(), out=io.StringIO(), err=io.StringIO(), environ={})
    words = [*DEFINITION, "--account", ACCOUNT, "--cluster", "c", *words]
    assert program.single("policy", policy, words, desk) == exits.YES, desk.err.getvalue()
    return json.loads(desk.out.getvalue())


@pytest.fixture
def policy_of():
    """The policy of the deployer who has one verb."""
    return lambda verb: printed("--role", "deployer", "--verbs", verb)


@pytest.fixture
def digits(run, tmp_path):
    """The file of a task definition for inf1.xlarge."""
    file = tmp_path / "digits.json"
    file.write_text(run("render", *DEFINITION, "--region", "us-east-1").out)
    return str(file)


@pytest.fixture
def instance(cloud):
    cloud.ecs.create_cluster(clusterName="c")
    return join(cloud, "c", "inf1.xlarge", **{"ecs.instance-type": "inf1.xlarge"})


def changed(file, tmp_path, **members):
    """The same definition with other members; sizes are the container's too."""
    request = json.loads(Path(file).read_text()) | members
    for size in {"cpu", "memory"} & set(members):
        request["containerDefinitions"][0][size] = int(members[size])
    other = tmp_path / "changed.json"
    other.write_text(json.dumps(request))
    return str(other)


def on(expression):
    return {"placementConstraints": [{"type": "memberOf", "expression": expression}]}


def test_each_verb_of_the_way_ends_well_and_asks_for_nothing_that_its_policy_denies(
    run, policy_of, digits, instance, tmp_path, monkeypatch
):
    monkeypatch.setenv("MOTO_ECS_SERVICE_RUNNING", "1")
    other = changed(digits, tmp_path, tags=[{"key": "team", "value": "a"}], memory="6000")
    way = [
        ("validate", digits),
        ("register", digits),
        ("diff", digits),
        ("init", "digits"),
        ("revisions", "digits"),
        ("run-task", digits, "--cluster", "c", "--tag", "team=a"),
        ("status", "--cluster", "c"),
        ("stop", "--family", "digits", "--cluster", "c"),
        ("deploy-service", digits, "--cluster", "c", "--service", "digits", "--tag", "team=a"),
        ("deploy-service", other, "--cluster", "c", "--service", "digits", "--no-wait"),
        ("init", "--service", "digits", "--cluster", "c"),
        ("scale", "digits", "--cluster", "c", "--count", "1"),
        ("scale", "digits", "--cluster", "c", "--min", "1", "--max", "3", "--target-cpu", "60"),
        ("scale", "digits", "--cluster", "c", "--off"),
        ("register", other, "--force"),
        ("register", other, "--force"),
        ("prune", "digits", "--keep", "1", "--delete"),
        ("ami",),
    ]
    asked = set()
    for verb, *words in way:
        done = run(verb, *words)
        asked |= done.actions
        assert done.code == exits.YES, (verb, words, done.err)
        assert done.refused(policy_of(verb)) == [], (verb, words)
        assert done.asked or verb == "validate"
    assert {"ecs:DeregisterTaskDefinition", "ecs:DeleteTaskDefinitions", "iam:PassRole"} <= asked


@pytest.fixture
def everything(cloud, instance):
    """What the task definition names: image, roles with the printed policies, log group, model."""
    manifest = {
        "schemaVersion": 2,
        "mediaType": INDEX,
        "manifests": [{"digest": f"sha256:{1:064}", "platform": {"os": "linux", "architecture": "amd64"}}],
    }
    cloud.ecr.create_repository(repositoryName="neuronserve")
    cloud.ecr.put_image(
        repositoryName="neuronserve",
        imageManifest=json.dumps(manifest),
        imageTag="1",
        imageManifestMediaType=INDEX,
    )
    for role in ("task", "execution"):
        trust, rights = (printed("--role", role, *more) for more in (["--trust"], []))
        name = {"RoleName": f"digits-{role}"}
        cloud.iam.create_role(**name, AssumeRolePolicyDocument=json.dumps(trust))
        cloud.iam.put_role_policy(**name, PolicyName="rights", PolicyDocument=json.dumps(rights))
    cloud.logs.create_log_group(logGroupName="/ecs/digits")
    cloud.s3.create_bucket(Bucket="models")
    cloud.s3.put_object(Bucket="models", Key="digits.tar.gz", Body=b"model")


def test_verify_finds_all_in_its_place_with_the_rights_of_its_policy(run, policy_of, digits, everything):
    done = run("verify", digits, "--cluster", "c", "--output", "json")
    found = {item["check"]: item["verdict"] for item in done.json()["items"]}
    assert done.code == exits.YES, done.out
    assert {check for check, verdict in found.items() if verdict == "OK"} == {
        "image", "roles", "log-group", "model", "instance-type", "ami", "instances", "room",
    }  # fmt: skip
    assert done.refused(policy_of("verify")) == []


def test_verify_of_what_is_not_there_asks_for_nothing_more(run, policy_of, digits, instance):
    done = run("verify", digits, "--cluster", "c")
    assert done.code == exits.NO  # nothing but the cluster is there
    assert done.refused(policy_of("verify")) == []


def test_a_service_goes_back_with_the_rights_of_its_policy(run, policy_of, monkeypatch):
    ecs = PretendEcs()  # moto keeps no record of deployments
    service = ecs.serves(ecs.registered("digits"), "digits")
    service["taskDefinition"] = ecs.registered("digits")
    ecs.begin(service)
    completes(ecs, service)
    ecs.script.append(completes)
    with ecs.front.serving(ecs) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL_ECS", url)
        done = run("deploy-service", "--rollback", "--service", "digits", "--cluster", "c")
    assert done.code == exits.YES, done.err
    assert "back from digits:2 to digits:1 (its deployment completed)" in done.err
    assert {"ecs:ListServiceDeployments", "ecs:DescribeServiceRevisions"} <= done.actions
    assert done.refused(policy_of("deploy-service")) == []


def test_the_log_of_a_task_is_read_with_the_rights_of_its_policy(run, policy_of, digits, instance, cloud):
    task = run("run-task", digits, "--cluster", "c", "--wait", "no").json()["tasks"][0]["taskArn"]
    stream = {
        "logGroupName": "/ecs/digits",
        "logStreamName": f"neuronserve/neuronserve/{task.rpartition('/')[2]}",
    }
    cloud.logs.create_log_group(logGroupName=stream["logGroupName"])
    cloud.logs.create_log_stream(**stream)
    cloud.logs.put_log_events(
        **stream, logEvents=[{"timestamp": int(time.time() * 1000), "message": "ready"}]
    )
    done = run("logs", "--family", "digits", "--cluster", "c")
    assert (done.code, done.out) == (exits.YES, "ready\n")
    assert done.refused(policy_of("logs")) == []
    assert done.refused(policy_of("ami")) == list(done.asked)


@pytest.mark.parametrize(
    ("members", "said"),
    [
        ({"memory": "8192"}, "memory: needs 8192 MiB, 7482 are registered in all"),
        ({"cpu": "8192"}, "cpu: needs 8192 units, 4096 are registered in all"),
        (on("attribute:ecs.instance-type == Inf1.xlarge"), "differs only in case"),
        (on("attribute:ecs.instance-type == inf2.xlarge"), "it is inf1.xlarge"),
    ],
)
def test_a_task_that_no_instance_can_take_is_refused_with_what_is_wrong_with_each(
    run, digits, instance, tmp_path, members, said
):
    file = changed(digits, tmp_path, **members)
    done = run("run-task", file, "--cluster", "c")
    assert done.code == exits.NOT_PLACED, done.err
    assert said in done.err
    assert "ecs:RunTask" not in done.actions


def test_a_second_task_for_the_same_chips_is_refused_because_of_what_the_first_has(run, digits, instance):
    assert run("run-task", digits, "--cluster", "c", "--wait", "no").code == exits.YES
    second = run("run-task", digits, "--cluster", "c", "--wait", "no")
    assert second.code == exits.NOT_PLACED
    assert "port 8080 is taken" in second.err
    assert "memory" in second.err
    assert "ecs:RunTask" in second.actions  # moto answers with neither tasks nor failures, as ECS may


def test_what_was_written_from_ecs_is_the_same_as_what_was_rendered(run, digits, tmp_path):
    run("register", digits)
    again = tmp_path / "again.json"
    again.write_text(run("init", "digits").out)
    assert run("diff", str(again)).code == exits.YES
    assert run("diff", digits).code == exits.YES
    assert run("register", str(again)).json()["new"] is False
