from __future__ import annotations

import pytest

from neuronserve.deploy.sagemaker.policy import execution as roles
from tests.deploying.iam import may

HERE = "us-east-1:123456789012"
ENDPOINT = ("--endpoint", "digits")
MODEL = "arn:aws:s3:::models/digits.tar.gz"
KEY = f"arn:aws:kms:{HERE}:key/1234abcd-12ab-34cd-56ef-1234567890ab"
S3 = "s3.us-east-1.amazonaws.com"


def test_an_archive_is_read_alone_and_listed_by_nobody(execution):
    policy = execution(*ENDPOINT, "--model-data", "s3://models/digits.tar.gz")
    assert may(policy, "s3:GetObject", MODEL)
    assert not may(policy, "s3:GetObject", MODEL + "2")
    assert "s3:ListBucket" not in str(policy)


def test_models_of_a_prefix_are_read_and_listed_below_it(execution):
    policy = execution(*ENDPOINT, "--model-data", "s3://models/all/")
    assert may(policy, "s3:GetObject", "arn:aws:s3:::models/all/a/b.tar.gz")
    assert not may(policy, "s3:GetObject", "arn:aws:s3:::models/allelse/b.tar.gz")
    assert may(policy, "s3:ListBucket", "arn:aws:s3:::models", s3__prefix="all/a")
    assert not may(policy, "s3:ListBucket", "arn:aws:s3:::models", s3__prefix="other/")
    assert not may(policy, "s3:ListBucket", "arn:aws:s3:::models")


def test_results_captures_and_notifications_go_where_was_said(execution):
    topic = f"arn:aws:sns:{HERE}:done"
    policy = execution(
        *ENDPOINT, "--async-output", "s3://results/out", "--async-failure", "s3://results/no/",
        "--capture", "s3://seen", "--async-error-topic", topic, "--async-input", "s3://requests/in/",
    )  # fmt: skip
    for arn in ("results/out/1", "results/no/1", "seen/digits/1"):
        assert may(policy, "s3:PutObject", f"arn:aws:s3:::{arn}")
        assert not may(policy, "s3:GetObject", f"arn:aws:s3:::{arn}")
    assert not may(policy, "s3:PutObject", "arn:aws:s3:::results/outside")
    assert may(policy, "s3:GetObject", "arn:aws:s3:::requests/in/1")
    assert may(policy, "sns:Publish", topic)
    assert not may(policy, "sns:Publish", topic + "2")


def test_a_transform_job_reads_what_begins_so_and_writes_below_its_output(execution):
    policy = execution(*ENDPOINT, "--transform-input", "s3://rows/in", "--transform-output", "s3://answers/o")
    assert may(policy, "s3:GetObject", "arn:aws:s3:::rows/in-2026/1.csv")
    assert may(policy, "s3:ListBucket", "arn:aws:s3:::rows", s3__prefix="in")
    assert may(policy, "s3:PutObject", "arn:aws:s3:::answers/o/1.csv.out")
    assert may(policy, "logs:PutLogEvents", _stream("TransformJobs"))


def _stream(group, name="x/i-1"):
    return f"arn:aws:logs:{HERE}:log-group:/aws/sagemaker/{group}:log-stream:{name}"


def test_logs_are_those_of_the_endpoint_and_metrics_those_of_sagemaker(execution):
    policy = execution(*ENDPOINT)
    assert may(policy, "logs:PutLogEvents", _stream("Endpoints/digits"))
    assert not may(policy, "logs:PutLogEvents", _stream("Endpoints/digits2"))
    assert not may(policy, "logs:PutLogEvents", _stream("TransformJobs"))
    metrics = {"cloudwatch__namespace": "/aws/sagemaker/Endpoints"}
    assert may(policy, "cloudwatch:PutMetricData", "*", **metrics)
    assert not may(policy, "cloudwatch:PutMetricData", "*", cloudwatch__namespace="billing")


def test_a_compilation_job_reads_writes_and_looks_at_its_buckets_and_logs(execution):
    policy = execution("--upload-to", "s3://uploads/in", "--compiled-to", "s3://compiled/out/")
    assert may(policy, "s3:GetObject", "arn:aws:s3:::uploads/in/x/model.tar.gz")
    assert may(policy, "s3:PutObject", "arn:aws:s3:::compiled/out/model-ml_inf1.tar.gz")
    assert not may(policy, "s3:PutObject", "arn:aws:s3:::uploads/in/x/model.tar.gz")
    for bucket in ("uploads", "compiled"):
        assert may(policy, "s3:GetBucketLocation", f"arn:aws:s3:::{bucket}")
    assert may(policy, "logs:CreateLogStream", _stream("CompilationJobs"))
    assert "Endpoints" not in str(policy)


def test_keys_are_used_through_s3_for_what_they_are_for(execution):
    words = (*ENDPOINT, "--model-data", "s3://models/digits.tar.gz", "--capture", "s3://seen/")
    policy = execution(*words, "--model-kms-key", KEY)
    assert may(policy, "kms:Decrypt", KEY, kms__ViaService=S3)
    assert not may(policy, "kms:Decrypt", KEY, kms__ViaService="ssm.us-east-1.amazonaws.com")
    assert not may(policy, "kms:GenerateDataKey", KEY, kms__ViaService=S3)
    policy = execution(*words, "--output-kms-key", KEY)
    assert may(policy, "kms:GenerateDataKey", KEY, kms__ViaService=S3)
    assert may(policy, "kms:Encrypt", KEY)
    policy = execution(*words, "--volume-kms-key", KEY)
    assert may(policy, "kms:CreateGrant", KEY, kms__GrantIsForAWSResource="true")
    assert not may(policy, "kms:CreateGrant", KEY)


def test_a_key_without_anything_to_use_it_for_is_no_right(execution):
    policy = execution(*ENDPOINT, "--model-kms-key", KEY, "--output-kms-key", KEY)
    assert "kms" not in str(policy)


def test_alarms_that_roll_back_are_watched(execution):
    policy = execution(*ENDPOINT, "--alarm", "latency")
    alarms = f"arn:aws:cloudwatch:{HERE}:alarm:"
    for name in ("latency", "neuronserve/digits/AllTraffic-5xx"):
        assert may(policy, "cloudwatch:DescribeAlarms", alarms + name)
    assert not may(policy, "cloudwatch:DescribeAlarms", f"{alarms}neuronserve/digits-blue/AllTraffic-5xx")


def test_interfaces_are_made_in_the_subnets_alone(execution):
    policy = execution(
        *ENDPOINT, "--subnet", "subnet-0123456789abcdef0", "--security-group", "sg-0123456789abcdef0"
    )
    subnet, interface = (
        f"arn:aws:ec2:{HERE}:subnet/subnet-0123456789abcdef0",
        f"arn:aws:ec2:{HERE}:network-interface/*",
    )
    assert may(policy, "ec2:CreateNetworkInterface", subnet)
    assert not may(policy, "ec2:CreateNetworkInterface", subnet[:-1] + "1")
    assert may(policy, "ec2:CreateNetworkInterfacePermission", interface, ec2__Subnet=subnet)
    assert not may(policy, "ec2:CreateNetworkInterfacePermission", interface, ec2__Subnet=subnet[:-1] + "1")
    assert "ec2:" not in str(execution(*ENDPOINT))


@pytest.mark.parametrize(
    ("words", "source"),
    [
        (ENDPOINT, "*"),
        (("--bucket", "models"), "compilation-job/*"),
        ((*ENDPOINT, "--bucket", "models"), "*"),
        (("--transform-input", "s3://rows/", "--bucket", "models"), "*"),
    ],
)
def test_the_role_is_for_sagemaker_of_this_account_and_region(wanted, words, source):
    (statement,) = roles.trusting(wanted(*words))["Statement"]
    assert statement["Principal"] == {"Service": "sagemaker.amazonaws.com"}
    assert statement["Condition"] == {"ArnLike": {"aws:SourceArn": f"arn:aws:sagemaker:{HERE}:{source}"}}
