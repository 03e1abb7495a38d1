"""The options of ``deploy``: what cannot be asked is refused in one line before AWS is asked."""

from __future__ import annotations

import io
import json

import pytest

from neuronserve.compiled import Compiled
from neuronserve.deploy import exits, program
from neuronserve.deploy.aws import Aws
from neuronserve.deploy.sagemaker.verbs import deploy
from neuronserve.errors import AwsRefused, InvalidInput
from neuronserve.generation import Generation
from tests.deploying.endpoint_commands import BASIC, COMMANDS, INF2, MODEL, calls, order

REALTIME = (*BASIC, *MODEL, *INF2)
DIRECT = (*BASIC, *INF2, "--kind", "direct", "--container", "a=s3://models/a.tar.gz", "--container", "b")
WRONG = [
    ((*REALTIME, "--kind", "serverless"), "serverless inference has CPUs only"),
    ((*REALTIME, "--kind", "elastic-inference"), "Elastic Inference has ended"),
    ((*REALTIME, "--accelerator-type", "ml.eia2.medium"), "Elastic Inference has ended"),
    ((*REALTIME, "--kind", "stream"), "--kind stream: expected realtime, async"),
    ((*BASIC[:1], *MODEL, *INF2), "no image"),
    ((*BASIC[:3], *MODEL, *INF2), "no execution role"),
    ((*BASIC, *INF2), "no model"),
    ((*BASIC, *MODEL), "no instance type"),
    ((*REALTIME, "--compilation-job", "j"), "expected one of them"),
    ((*BASIC, *INF2, "--model-data", "/tmp/model"), "expected s3://BUCKET/KEY.tar.gz"),
    ((*REALTIME, "--container", "a"), "--container is for --kind pipeline or direct"),
    ((*REALTIME, "--async-output", "s3://a/"), "--async-output is for --kind async"),
    ((*REALTIME, "--kind", "async"), "needs --async-output"),
    ((*REALTIME, "--model-cache"), "--model-cache is for --kind multi-model"),
    ((*REALTIME, "--capture-csv", "text/csv"), "--capture-... without --capture"),
    ((*REALTIME, "--step", "10%"), "--step is for --policy canary, linear or rolling"),
    ((*REALTIME, "--policy", "canary", "--step", "ten"), "expected a share such as 10%"),
    ((*REALTIME, "--policy", "canary", "--rollback-step", "10%"), "is for --policy rolling"),
    ((*REALTIME, "--policy", "rolling", "--terminate-wait", "9"), "is for blue/green policies"),
    ((*REALTIME, "--managed-scaling", "1-4"), "expected MIN:MAX"),
    ((*REALTIME, "--env", "A"), "--env, number 1: expected NAME=VALUE"),
    ((*REALTIME, "--variant", "v=s3://models/a.tar.gz"), "--variant names its model itself"),
    ((*BASIC, *INF2, "--variant", "v"), "expected NAME=S3_URI"),
    ((*BASIC, *INF2, "--variant", "v=s3://models/a.tar.gz,wait=1"), "expected NAME=S3_URI"),
    ((*BASIC, *INF2, "--variant", "v=s3://models/a.tar.gz,weight=x"), "weight=x: expected a number"),
    ((*BASIC, *INF2, "--variant", "v=s3://models/a.tar.gz,count=0"), "count=0: expected a whole number"),
    ((*DIRECT, *MODEL), "--kind direct names its models with --container"),
    ((*DIRECT, "--container", "a"), "--container a is there twice"),
    ((*DIRECT, "--container-image", "c=x"), "--container-image c: no such container"),
    ((*DIRECT, "--container-env", "A=1"), "expected HOSTNAME:NAME=VALUE"),
    (("-a", *REALTIME[1:]), "expected 1 to 63 letters"),
    (
        (*BASIC, *INF2, "--kind", "multi-model", "--compilation-job", "j"),
        "--compilation-job is one model, and a multi-model endpoint takes a prefix",
    ),
]


@pytest.mark.parametrize(("words", "said"), WRONG)
def test_what_cannot_be_asked_is_refused(words, said, desk):
    name, *rest = words
    with pytest.raises(InvalidInput) as caught:
        order((*rest, "--", name), desk)
    assert said in str(caught.value)


def test_an_instance_type_may_be_written_as_ec2_has_it(desk):
    made = order((*BASIC, *MODEL, "--instance-type", "inf2.xlarge"), desk).made
    assert made.config["ProductionVariants"][0]["InstanceType"] == "ml.inf2.xlarge"


def test_the_alarm_that_is_made_comes_first_and_rolls_back_after_a_bake(desk):
    (name, alarm), *_, (_, endpoint) = calls(order((*REALTIME, "--errors-alarm", "3"), desk))
    assert (name, alarm["Threshold"]) == ("PutMetricAlarm", 3)
    policy = endpoint["DeploymentConfig"]
    assert policy["AutoRollbackConfiguration"]["Alarms"] == [{"AlarmName": alarm["AlarmName"]}]
    traffic = policy["BlueGreenUpdatePolicy"]["TrafficRoutingConfiguration"]
    assert traffic == {"Type": "ALL_AT_ONCE", "WaitIntervalInSeconds": 300}


class _NoCredentials(Aws):
    @property
    def sagemaker(self):
        raise AwsRefused("no AWS credentials")


@pytest.fixture
def dry_run(desk_with):
    """A dry run of ``deploy`` where nobody may ask AWS: its exit code, result, and what it said."""

    def start(*words, **parts):
        desk = desk_with(
            aws=_NoCredentials(region="us-east-1"), out=io.StringIO(), err=io.StringIO(), **parts
        )
        code = program.main("sagemaker", "", {"deploy": deploy}, ["deploy", *words, "--dry-run"], desk)
        return code, json.loads(desk.out.getvalue() or "null"), desk.err.getvalue()

    return start


@pytest.mark.parametrize("name", COMMANDS)
def test_a_dry_run_prints_every_request_in_order_without_aws(name, dry_run):
    code, shown, said = dry_run(*COMMANDS[name])
    assert code == exits.YES, said
    sent = [line.removeprefix("would send ") for line in said.splitlines() if line.startswith("would send ")]
    assert sent[-2:] == ["CreateEndpointConfig", "CreateEndpoint"]
    assert len(shown) == len(sent)
    assert "AWS cannot be asked what there is, so this is a new endpoint: no AWS credentials" in said


def test_a_model_that_was_looked_into_has_to_fit(dry_run):
    def inspect(_):
        return {"digits": (Compiled(version=1, neuron=True, cores=1, generation=Generation.V1),)}

    code, _, said = dry_run(*REALTIME, "--model", "/models/digits", inspect=inspect)
    assert code == exits.INPUT
    assert "/models/digits was compiled for Inf1 (NeuronCore-v1), and inf2.xlarge has NeuronCore-v2" in said


def test_what_a_check_refuses_can_be_accepted_by_its_code(dry_run):
    words = (*BASIC, *MODEL, "--instance-type", "inf1.xlarge", "--kind", "async", "--async-output", "s3://o/")
    assert dry_run(*words)[0] == exits.INPUT
    code, _, said = dry_run(*words, "--accept", "async-family")
    assert code == exits.YES
    assert "error: AWS has no asynchronous inference on Inf1" in said
    assert "nothing of that code was found" in dry_run(*REALTIME, "--accept", "async-family")[2]


def test_rollback_takes_no_new_model(dry_run):
    code, _, said = dry_run(*REALTIME, "--rollback")
    assert code == exits.INPUT
    assert "--rollback with --image: what served before is taken as it was" in said


def test_no_value_of_an_environment_is_said(dry_run):
    _, _, said = dry_run(*REALTIME, "--env", "AWS_SECRET_ACCESS_KEY=hunter2")
    assert "hunter2" not in said
    assert "give the execution role the rights instead" in said
