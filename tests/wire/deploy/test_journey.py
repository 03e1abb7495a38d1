"""From nothing to a service that scales, by the scripts' own verbs against moto's AWS.

Every call is recorded on its way to AWS and must be one that the printed policy of its verb allows.
"""

from __future__ import annotations

import dataclasses
import functools
import io
import json
from pathlib import Path

import pytest

from neuronserve.deploy import exits, program
from neuronserve.deploy.aws import Aws
from neuronserve.deploy.desk import Desk
from neuronserve.deploy.ecs import verbs
from neuronserve.deploy.policy import program as policy
from tests.clocks import FakeClock
from tests.deploying.awscalls import _OTHERWISE as OTHERWISE
from tests.deploying.iam import listed
from tests.deploying.instances import join

ACCOUNT = "123456789012"
IMAGE = f"{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com/neuronserve:1"
DEFINITION = ["--instance-type", "inf1.xlarge", "--image", IMAGE, "--model-uri", "s3://models/digits.tar.gz"]
DEFINITION += ["--family", "digits", "--task-role", "digits-task", "--execution-role", "digits-execution"]
FREE = {"sts:GetCallerIdentity"}  # IAM asks nobody for it


class Watched(Aws):
    """``asked``: the IAM actions of all calls so far."""

    def __init__(self):
        super().__init__(region="us-east-1")
        self.asked = set()

    @functools.cached_property
    def session(self):
        session = super().session
        session.events.register("before-call.*.*", self._note)
        return session

    def _note(self, model, **_):
        service = {"CloudWatch Logs": "logs"}.get(model.service_model.service_id)
        service = service or model.service_model.signing_name
        action = f"{service}:{model.name}"
        self.asked.add(OTHERWISE.get(action, action))


@dataclasses.dataclass
class Done:
    code: int
    out: str
    err: str
    asked: set[str]

    def json(self):
        return json.loads(self.out)


@pytest.fixture
def run(cloud):
    """``run("run-task", "digits.json")`` -> how the verb ended, and what it asked AWS."""

    def start(verb, *words):
        aws = Watched()
        desk = Desk(aws=aws, out=io.StringIO(), err=io.StringIO(), clock=FakeClock(), environ={})
        known = verbs.load(verbs.TASK_DEFINITION) | verbs.load(verbs.ECS)
        code = program.main("scripts", "", known, [verb, *words], desk)
        return Done(code, desk.out.getvalue(), desk.err.getvalue(), aws.asked)

    return start


@pytest.fixture
def allowed(tmp_path):
    """The actions that ``scripts/policy --verbs VERB`` allows the deployer."""

    def actions(verb):
        desk = Desk(aws=Watched(), out=io.StringIO(), err=io.StringIO(), environ={})
        words = [*DEFINITION, "--account", ACCOUNT, "--cluster", "c", "--role", "deployer", "--verbs", verb]
        assert program.single("policy", policy, words, desk) == 0, desk.err.getvalue()
        document = json.loads(desk.out.getvalue())
        return {action for s in document["Statement"] for action in listed(s["Action"])} | FREE

    return actions


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


def test_each_verb_of_the_way_ends_well_and_asks_for_no_right_that_its_policy_has_not(
    run, allowed, digits, instance, monkeypatch
):
    monkeypatch.setenv("MOTO_ECS_SERVICE_RUNNING", "1")
    way = [
        ("validate", digits),
        ("register", digits),
        ("diff", digits),
        ("init", "digits"),
        ("revisions", "digits"),
        ("run-task", digits, "--cluster", "c"),
        ("status", "--cluster", "c"),
        ("stop", "--family", "digits", "--cluster", "c"),
        ("deploy-service", digits, "--cluster", "c", "--service", "digits"),
        ("scale", "digits", "--cluster", "c", "--min", "1", "--max", "3", "--target-cpu", "60"),
        ("scale", "digits", "--cluster", "c", "--off"),
        ("prune", "digits", "--keep", "1"),
        ("ami",),
    ]
    for verb, *words in way:
        done = run(verb, *words)
        assert done.code == exits.YES, (verb, done.err)
        assert done.asked <= allowed(verb), (verb, done.asked - allowed(verb))
        assert done.asked or verb == "validate"


def test_verify_asks_for_no_right_that_its_policy_has_not(run, allowed, digits, instance):
    done = run("verify", digits, "--cluster", "c")
    assert done.code == exits.NO  # nothing but the cluster is there
    assert done.asked <= allowed("verify")


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
    assert "ecs:RunTask" not in done.asked


def test_a_second_task_for_the_same_chips_is_refused_because_of_what_the_first_has(run, digits, instance):
    assert run("run-task", digits, "--cluster", "c", "--wait", "no").code == exits.YES
    second = run("run-task", digits, "--cluster", "c", "--wait", "no")
    assert second.code == exits.NOT_PLACED
    assert "port 8080 is taken" in second.err
    assert "memory" in second.err
    assert "ecs:RunTask" in second.asked  # moto answers with neither tasks nor failures, as ECS may


def test_what_was_written_from_ecs_is_the_same_as_what_was_rendered(run, digits, tmp_path):
    run("register", digits)
    again = tmp_path / "again.json"
    again.write_text(run("init", "digits").out)
    assert run("diff", str(again)).code == exits.YES
    assert run("diff", digits).code == exits.YES
    assert run("register", str(again)).json()["new"] is False
