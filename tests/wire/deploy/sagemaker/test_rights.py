"""Each call that the verbs make is held against the policy that ``scripts/policy sagemaker`` prints for them.

Calls are recorded on their way to AWS, with the resource and the condition keys that IAM would see.
"""

from __future__ import annotations

import contextlib
import io
import json
from pathlib import Path

import pytest

from neuronserve.artifact.inspect import uncompiled
from neuronserve.deploy import exits, program
from neuronserve.deploy.aws import Aws
from neuronserve.deploy.desk import Desk
from neuronserve.deploy.models import Tree
from neuronserve.deploy.neo import verbs as neo
from neuronserve.deploy.packing import archive, upload
from neuronserve.deploy.packing.walk import Member
from neuronserve.deploy.sagemaker import verbs
from neuronserve.deploy.sagemaker.local.store import S3
from neuronserve.deploy.sagemaker.marketplace import creation
from neuronserve.deploy.sagemaker.marketplace.checks import Case, place, registry
from neuronserve.deploy.sagemaker.marketplace.listing import Listing
from neuronserve.deploy.sagemaker.policy import program as policy
from tests.clocks import FakeClock
from tests.deploying.ask import ACCOUNT
from tests.deploying.json_aws import Front
from tests.deploying.neo_jobs import PretendNeo
from tests.deploying.sagemaker_steps import fails
from tests.deploying.uncompiled_models import saved_model
from tests.deploying.watched import Done, Watched
from tests.wire.deploy.sagemaker import furnished

IMAGE = f"{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com/neuronserve:1"
INF2 = ("--instance-type", "ml.inf2.xlarge", "--image", IMAGE, "--role", "serving")
DIGITS = ("digits", *INF2)
NAMED = ("--endpoint", "digits", "--execution-role", "serving")
TRUST = json.dumps({"Version": "2012-10-17", "Statement": []})


@pytest.fixture(scope="module")
def watched():
    """One session for all: it reads SageMaker's large model once."""
    return Watched()


@pytest.fixture
def aws(watched):
    watched.asked = set()
    found = Aws(region="us-east-1")
    found.session = watched.session
    return found


@pytest.fixture
def desk(aws):
    return Desk(
        aws=aws,
        out=io.StringIO(),
        err=io.StringIO(),
        clock=FakeClock(),
        environ={},
        uncompiled=uncompiled.read,
    )


@pytest.fixture
def run(cloud, watched, desk):
    """``run("deploy", "digits", ...)`` -> how the verb ended, and what it asked AWS."""
    cloud.iam.create_role(RoleName="serving", AssumeRolePolicyDocument=TRUST)
    known = verbs.load(("deploy", "status", "invoke", "autoscale", "batch", "delete"))

    def start(*words, of=known):
        watched.asked = set()
        for stream in (desk.out, desk.err):
            stream.seek(0)
            stream.truncate()
        code = program.main("scripts", "", of, [*map(str, words)], desk)
        return Done(code, desk.out.getvalue(), desk.err.getvalue(), watched.asked)

    return start


def printed(verbs, *words):
    """The policy of the deployer who has some verbs."""
    desk = Desk(aws=Aws(region="us-east-1"), out=io.StringIO(), err=io.StringIO(), environ={})
    words = ["sagemaker", "--account", ACCOUNT, "--role", "deployer", "--verbs", verbs, *words]
    assert program.main("policy", "", {"sagemaker": policy}, words, desk) == exits.YES, desk.err.getvalue()
    return json.loads(desk.out.getvalue())


def test_each_verb_of_an_endpoints_life_asks_for_nothing_that_its_policy_denies(sagemaker, cloud, run):
    cloud.logs.create_log_group(logGroupName="/aws/sagemaker/Endpoints/digits")
    cloud.logs.create_log_stream(
        logGroupName="/aws/sagemaker/Endpoints/digits", logStreamName="AllTraffic/i-1"
    )
    models = [("--model-data", f"s3://models/digits-{number}.tar.gz") for number in range(3)]
    way = [
        ("deploy", "deploy", *DIGITS, *models[0], "--errors-alarm", "5", "--tag", "team=a"),
        ("deploy", "deploy", *DIGITS, *models[0], "--tag", "team=b"),
        ("deploy", "deploy", *DIGITS, *models[1]),
        ("deploy,deploy --prune", "deploy", *DIGITS, *models[2], "--prune"),
        ("deploy --rollback", "deploy", "digits", "--rollback"),
        ("status", "status", "digits"),
        ("autoscale", "autoscale", "digits", "--min", "1", "--max", "3", "--target-invocations", "600"),
        ("autoscale", "autoscale", "digits", "--show"),
        ("autoscale", "autoscale", "digits", "--off"),
        ("delete,delete --logs", "delete", "digits", "--logs"),
    ]
    asked = set()
    for rows, *words in way:
        done = run(*words)
        assert done.code == exits.YES, (words, done.err)
        assert done.refused(printed(rows, *NAMED)) == [], words
        asked |= done.actions
    assert {
        "iam:PassRole", "iam:GetRole", "sagemaker:AddTags", "sagemaker:UpdateEndpoint",
        "sagemaker:DeleteModel", "cloudwatch:PutMetricAlarm", "cloudwatch:DeleteAlarms",
        "logs:DeleteLogGroup", "logs:GetLogEvents", "application-autoscaling:PutScalingPolicy",
    } <= asked  # fmt: skip
    assert (sagemaker.endpoints, sagemaker.configs, sagemaker.models) == ({}, {}, {})


def test_an_endpoint_that_failed_is_made_anew_with_the_rights_for_it(sagemaker, run):
    model = ("--model-data", "s3://models/digits.tar.gz")
    sagemaker.script.append(fails("it did not pass the ping health check"))
    first = run("deploy", *DIGITS, *model)
    assert first.code == exits.NO
    assert first.refused(printed("deploy", *NAMED)) == []
    again = run("deploy", *DIGITS, *model, "--recreate")
    assert again.code == exits.YES, again.err
    assert again.refused(printed("deploy, deploy --recreate", *NAMED)) == []
    assert {ask.action for ask in again.refused(printed("deploy", *NAMED))} == {"sagemaker:DeleteEndpoint"}


def test_a_compilation_jobs_artefact_is_looked_up_with_the_right_for_it(sagemaker, run, job):
    sagemaker.jobs["resnet"] = job("ml_inf2")
    done = run("deploy", *DIGITS, "--compilation-job", "resnet")
    assert done.code == exits.YES, done.err
    rows = "deploy,deploy --compilation-job"
    assert done.refused(printed(rows, *NAMED, "--compilation-job", "resnet")) == []
    (refused,) = done.refused(printed(rows, *NAMED, "--compilation-job", "other-*"))
    assert refused.action == "sagemaker:DescribeCompilationJob"


def test_another_endpoints_policy_denies_all_that_changes_something(sagemaker, run):
    done = run("deploy", *DIGITS, "--model-data", "s3://models/digits.tar.gz")
    denied = {one.action for one in done.refused(printed("deploy", "--endpoint", "digits-blue"))}
    assert {"sagemaker:CreateModel", "sagemaker:CreateEndpoint", "iam:PassRole"} <= denied


def test_an_asynchronous_endpoint_goes_to_sleep_and_wakes_with_the_rights_of_autoscale(sagemaker, run):
    words = ("--kind", "async", "--async-output", "s3://results/digits/")
    assert run("deploy", *DIGITS, "--model-data", "s3://models/a.tar.gz", *words).code == exits.YES
    done = run("autoscale", "digits", "--min", "0", "--max", "2", "--target-backlog", "5")
    assert done.code == exits.YES, done.err
    assert done.refused(printed("autoscale", *NAMED)) == []
    gone = run("delete", "digits")
    assert "cloudwatch:DeleteAlarms" in gone.actions
    assert gone.refused(printed("delete", *NAMED)) == []


def test_a_transform_job_runs_with_the_rights_of_batch(cloud, run):
    furnished.endpoint(cloud)
    words = ("digits", "s3://rows/in/", "s3://answers/out/", "--instance-type", "ml.inf2.xlarge")
    done = run("batch", *words, "--tag", "team=a")
    assert done.code == exits.YES, done.err
    data = ("--transform-input", "s3://rows/in/", "--transform-output", "s3://answers/out")
    assert done.refused(printed("batch", "--model", "digits", *data)) == []
    assert {"sagemaker:AddTags", "sagemaker:CreateTransformJob"} <= done.actions


@pytest.mark.parametrize(
    ("words", "action"),
    [
        (("--data", "{}"), "sagemaker:InvokeEndpoint"),
        (("--data", "{}", "--stream"), "sagemaker:InvokeEndpointWithResponseStream"),
        (("--location", "s3://requests/1.json"), "sagemaker:InvokeEndpointAsync"),
    ],
)
def test_whoever_only_invokes_may_do_no_more(cloud, run, words, action):
    """moto streams nothing: what is asked is asked before that."""
    furnished.endpoint(cloud)
    done = run("invoke", "digits", *words, "--timeout", "1")
    rights = printed("invoke", "--endpoint", "digits", "--async-output", "s3://sagemaker-results/")
    assert action in done.actions
    assert {ask.action for ask in done.refused(rights)} <= {"s3:GetObject"}  # moto has a bucket of its own
    assert "sagemaker:DeleteEndpoint" not in str(rights)


NEO = ("--bucket", "models", "--execution-role", "serving", "--compilation-job", "resnet-*")


def test_compile_model_asks_for_nothing_that_its_policy_denies(cloud, run, tmp_path, monkeypatch):
    cloud.s3.create_bucket(Bucket="models")
    resnet = saved_model(tmp_path / "resnet" / "1", {"image": (-1, 224, 224, 3)})
    pretended = PretendNeo()
    with pretended.front.serving(pretended) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL_SAGEMAKER", url)
        known = neo.load()
        words = ("--target", "ml_inf1", "--bucket", "models", "--role", "serving", "--tag", "team=a")
        done = run("run", resnet, *words, of=known)
        assert done.code == exits.YES, done.err
        assert done.refused(printed("compile-model run", *NEO)) == []
        assert {
            "iam:PassRole",
            "iam:GetRole",
            "s3:PutObject",
            "s3:ListBucket",
            "sagemaker:AddTags",
        } <= done.actions
        (job,) = pretended.jobs
        for verb in (("describe", job), ("list",), ("stop", job)):
            done = run(*verb, of=known)
            assert done.refused(printed(f"compile-model {verb[0]}", *NEO)) == [], verb


@pytest.mark.parametrize("parts", [False, True])
def test_package_model_sends_its_archive_with_its_rights(cloud, aws, watched, tmp_path, monkeypatch, parts):
    cloud.s3.create_bucket(Bucket="models")
    (tmp_path / "f").write_bytes(b"1" * 9000)
    packed = archive.write([Member("f", tmp_path / "f")], tmp_path / "m.tar.gz")
    if parts:
        monkeypatch.setattr(upload, "_ONE_CALL", 64)
    to = upload.target("s3://models/digits/", "m.tar.gz")
    assert upload.sent(aws, packed, to)
    assert not upload.sent(aws, packed, to)
    done = Done(0, "", "", watched.asked)
    assert done.actions == {"s3:GetObject", "s3:PutObject"}
    assert done.refused(printed("package-model", "--upload", "s3://models/digits")) == []
    assert done.refused(printed("package-model", "--upload", "s3://models/digits/m.tar.gz")) == []
    assert done.refused(printed("package-model", "--upload", "s3://models/others")) == [*done.asked]


class Packages:
    """One package, which is validated at once."""

    there = False

    def create_model_package(self, _):
        self.there = True
        return {"ModelPackageArn": self.describe_model_package(_)["ModelPackageArn"]}

    def describe_model_package(self, _):
        arn = f"arn:aws:sagemaker:us-east-1:{ACCOUNT}:model-package/net"
        return {
            "ModelPackageName": "net", "ModelPackageArn": arn, "CreationTime": 0,
            "ModelPackageStatus": "Completed" if self.there else "",
            "ModelPackageStatusDetails": {"ValidationStatuses": []},
        }  # fmt: skip


def test_marketplace_check_looks_and_creates_with_its_rights(
    cloud, aws, watched, desk, tmp_path, monkeypatch
):
    cloud.s3.create_bucket(Bucket="models")
    model = "s3://models/net.tar.gz"
    listing = Listing(image="neuronserve", model=model, tests=(), ecr=IMAGE, model_uri=model)
    case = Case(listing, aws, None, desk.clock, Tree(Path(tmp_path), (), {}), None)
    for check in (registry, place):
        assert list(check.check(case))
    with contextlib.ExitStack() as stack:
        url = stack.enter_context(Front("sagemaker").serving(Packages()))
        monkeypatch.setenv("AWS_ENDPOINT_URL_SAGEMAKER", url)
        role = f"arn:aws:iam::{ACCOUNT}:role/validation"
        request = {
            "ModelPackageName": "net",
            "Tags": [{"Key": "team", "Value": "a"}],
            "ValidationSpecification": {"ValidationRole": role, "ValidationProfiles": []},
        }
        arn = creation.sent(desk, request)
        creation.followed(desk, arn, 60)
    rights = printed(
        "marketplace-check,marketplace-check --create",
        "--image", IMAGE, "--model-data", model, "--package", "net", "--execution-role", role,
    )  # fmt: skip
    done = Done(0, "", "", watched.asked)
    assert {"ecr:DescribeImages", "s3:GetBucketLocation", "iam:PassRole"} <= done.actions
    assert done.refused(rights) == []


def test_a_rehearsal_reads_and_writes_what_was_named_alone(cloud, aws, watched, tmp_path):
    cloud.s3.create_bucket(Bucket="models")
    (tmp_path / "body").write_bytes(b"1")
    store = S3(lambda: aws.s3)
    store.upload(tmp_path / "body", "s3://models/out/1.out", "")
    cloud.s3.put_object(Bucket="models", Key="in/1", Body=b"1")
    assert list(store.keys("s3://models/in/")) == ["s3://models/in/1"]
    store.download("s3://models/in/1", tmp_path / "got")
    done = Done(0, "", "", watched.asked)
    words = ("--transform-input", "s3://models/in/", "--transform-output", "s3://models/out/")
    rights = printed("local", "--model-data", "s3://models/m.tar.gz", *words)
    assert done.refused(rights) == []
    assert len(done.refused(printed("local", "--model-data", "s3://models/m.tar.gz"))) == len(done.asked)
