from __future__ import annotations

import json

import pytest

from neuronserve.deploy import exits, program
from neuronserve.deploy.aws import Aws
from neuronserve.deploy.policy import program as ecs
from neuronserve.deploy.sagemaker.policy import program as sagemaker
from neuronserve.deploy.sagemaker.policy.rights import RIGHTS
from tests.deploying.ask import ACCOUNT

ENDPOINT = ("--endpoint", "digits", "--execution-role", f"arn:aws:iam::{ACCOUNT}:role/serving")


@pytest.fixture
def run(desk_with):
    """``run(*words) -> (exit code, document, what was said)``, in us-east-1 and without a way to AWS."""

    def run(*words):
        desk = desk_with(aws=Aws(region="us-east-1"))
        desk.out.seek(0), desk.out.truncate()
        known = {"ecs": ecs, "sagemaker": sagemaker}
        code = program.main("scripts/policy", "", known, words, desk, default="ecs")
        text = desk.out.getvalue()
        return code, json.loads(text) if text else None, desk.err.getvalue()

    return run


def test_options_alone_are_those_of_ecs(run):
    words = ("--instance-type", "inf1.xlarge", "--image", "ghcr.io/a/b", "--account", ACCOUNT)
    assert run(*words)[1].keys() == {"task", "execution", "deployer", "instance"}


@pytest.mark.parametrize("word", ["-h", "--help"])
def test_help_tells_of_both(run, capsys, word):
    with pytest.raises(SystemExit):
        run(word)
    told = capsys.readouterr().out
    assert "ecs" in told
    assert "sagemaker" in told


def test_both_policies_come_together_and_one_alone_is_the_document_itself(run):
    _, both, _ = run("sagemaker", *ENDPOINT)
    assert both.keys() == {"execution", "deployer"}
    assert run("sagemaker", *ENDPOINT, "--role", "execution")[1] == both["execution"]


def test_the_account_is_that_of_the_role(run):
    _, document, _ = run(
        "sagemaker", "--endpoint", "digits", "--execution-role", "arn:aws:iam::210987654321:role/a"
    )
    assert "arn:aws:sagemaker:us-east-1:210987654321:endpoint/digits" in str(document["deployer"])


def test_trust_is_printed_when_asked(run):
    _, document, _ = run("sagemaker", *ENDPOINT, "--role", "execution", "--trust")
    assert document["Statement"][0]["Action"] == "sts:AssumeRole"


def test_a_scripts_name_means_all_its_verbs(run):
    words = ("sagemaker", "--account", ACCOUNT, "--bucket", "models", "--role", "deployer")
    assert run(*words, "--verbs", "compile-model")[1] == run(*words)[1]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ((), "nothing says what is deployed (name it with --endpoint"),
        (("--endpoint", "a_b"), "endpoint 'a_b': expected 1 to 63 letters"),
        (("--endpoint", "d", "--verbs", "fly"), "no verb 'fly'"),
        (("--endpoint", "d", "--verbs", ","), "--verbs names none"),
        (("--endpoint", "d", "--verbs", "status,batch"), "--verbs batch: nothing says what for"),
        (("--bucket", "models", "--verbs", "deploy --prune"), "name it with --endpoint"),
        (("--endpoint", "d", "--role", "deployer", "--trust"), "no trust policy for the deployer"),
        (("--endpoint", "d", "--model-data", "models/a"), "--model-data 'models/a': expected s3://"),
        (("--endpoint", "d", "--model-data", "s3://models"), "names a bucket but no object"),
        (("--endpoint", "d", "--model-data", "s3://a--use1-az4--x-s3/m.tar.gz"), "directory bucket"),
        (("--bucket", "s3://models"), "--bucket"),
        (("--endpoint", "d", "--async-error-topic", "done"), "expected arn:aws:sns"),
        (("--endpoint", "d", "--subnet", "s"), "--subnet 's'"),
        (("--endpoint", "d", "--subnet", "subnet-01234567"), "--subnet and --security-group"),
        (("--endpoint", "d", "--execution-role", "arn:aws:s3:::x"), "role"),
        (("--compilation-job", "a*b"), "--compilation-job 'a*b'"),
        (("--endpoint", "d", "--model-kms-key", "mine", "--model-data", "s3://models/a.tar.gz"), "KMS key"),
    ],
)
def test_what_cannot_be_is_one_line_with_what_to_do(run, words, told):
    code, document, said = run("sagemaker", "--account", ACCOUNT, *words)
    assert (code, document) == (exits.INPUT, None)
    assert told in said
    assert said.count("\n") == 1


def test_a_role_where_whose_policy_is_asked_is_told_the_option_for_it(run, capsys):
    with pytest.raises(SystemExit) as ended:
        run("sagemaker", "--endpoint", "digits", "--role", "serving")
    assert ended.value.code == exits.INPUT
    assert "--execution-role names a role" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--endpoint", "digits"), "iam:PassRole is only for the roles given"),
        (("--bucket", "models"), "compilation jobs of any name"),
        (("--package", "net"), "AmazonSageMakerFullAccess"),
        (("--upload", "s3://models/"), "the execution policy allows nothing"),
    ],
)
def test_what_a_person_should_know_is_said_beside_it(run, words, told):
    code, _, said = run("sagemaker", "--account", ACCOUNT, *words)
    assert code == exits.YES
    assert told in said


@pytest.mark.parametrize("row", RIGHTS)
def test_each_verb_can_be_asked_for_as_it_is_typed(run, row):
    words = (
        "--model-data", "s3://models/a.tar.gz", "--bucket", "models", "--compilation-job", "a-*", "--upload",
        "s3://models/", "--package", "net", "--transform-input", "s3://rows/",
    )  # fmt: skip
    code, document, said = run("sagemaker", *ENDPOINT, *words, "--role", "deployer", "--verbs", row)
    assert code == exits.YES, said
    assert document["Statement"] != []
