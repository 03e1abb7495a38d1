from __future__ import annotations

import pytest
from botocore import exceptions
from botocore.awsrequest import AWSResponse
from botocore.parsers import ResponseParserError

from neuronserve.deploy.aws import Aws, explained, passes
from neuronserve.errors import AwsFailed, AwsRefused, InvalidInput, NoSuchResource
from tests.stored_models import isolate


def answered(code, message="because\n  of it", **more):
    return exceptions.ClientError({"Error": {"Code": code, "Message": message, **more}}, "RunTask")


@pytest.mark.parametrize(
    ("error", "kind", "said"),
    [
        (answered("AccessDeniedException"), AwsRefused, "RunTask: AccessDeniedException: because of it"),
        (answered("ExpiredTokenException"), AwsRefused, "renew the AWS credentials"),
        (answered("InvalidSignatureException"), AwsRefused, "a wrong clock has the same effect"),
        (exceptions.LoginRefreshRequired(), AwsRefused, "no AWS credentials"),
        (answered("404"), AwsFailed, "what answers is not AWS: RunTask: 404"),
        (answered("302"), AwsFailed, "what answers is not AWS"),
        (answered("502"), AwsFailed, "RunTask: 502"),
        (answered("ClusterNotFoundException"), NoSuchResource, "ClusterNotFoundException"),
        (answered("NoSuchBucket", BucketName="models"), NoSuchResource, "because of it: models"),
        (answered("ClientException"), AwsFailed, "RunTask: ClientException: because of it"),
        (answered("ThrottlingException"), AwsFailed, "try again in a minute"),
        (exceptions.NoCredentialsError(), AwsRefused, "no AWS credentials"),
        (exceptions.ProfileNotFound(profile="x"), InvalidInput, "profile"),
        (exceptions.ParamValidationError(report="a\nb"), InvalidInput, "botocore refuses the request"),
        (exceptions.EndpointConnectionError(endpoint_url="http://x"), AwsFailed, "cannot be reached"),
        (ResponseParserError("Unable to parse <html>\n"), AwsFailed, "what answers is not AWS"),
        (exceptions.ReadTimeoutError(endpoint_url="http://x"), AwsFailed, "cannot be reached"),
    ],
)
def test_an_error_of_awss_is_told_in_one_line_with_the_call(error, kind, said):
    told = explained(error)
    assert type(told) is kind
    assert said in str(told)
    assert "\n" not in str(told)


def test_a_value_that_botocore_refuses_is_not_repeated():
    client = Aws(region="eu-west-1").ecs
    container = {"environment": [{"name": "PASSWORD", "value": 12345}, {"name": 7, "value": "a\nb"}]}
    with pytest.raises(exceptions.ParamValidationError) as caught:
        client.register_task_definition(family="f", containerDefinitions=[container])
    told = str(explained(caught.value))
    assert "12345" not in told
    assert "containerDefinitions[0].environment[0].value, type: <class 'int'>" in told
    assert "environment[1].name" in told


def test_what_is_no_error_of_awss_is_left_alone():
    assert explained(ValueError("x")) is None


@pytest.mark.parametrize(
    ("environ", "region"),
    [
        ({"AWS_REGION": "eu-west-1"}, "eu-west-1"),
        ({"AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "us-east-2"}, "eu-west-1"),
        ({"AWS_REGION": "", "AWS_DEFAULT_REGION": "us-east-2"}, "us-east-2"),
    ],
)
def test_the_region_is_that_of_awss_variables(monkeypatch, tmp_path, environ, region):
    isolate(monkeypatch, tmp_path, **environ)
    assert Aws().region == region
    assert Aws(region="sa-east-1").region == "sa-east-1"


def test_without_a_region_it_says_how_to_give_one(monkeypatch, tmp_path):
    isolate(monkeypatch, tmp_path, AWS_REGION="")
    assert Aws().region_if_known is None
    with pytest.raises(InvalidInput, match="--region"):
        _ = Aws().ecs


@pytest.mark.parametrize(
    ("error", "does"),
    [
        (answered("ThrottlingException"), True),
        (answered("AccessDeniedException"), False),
        (answered("ExpiredTokenException"), False),
        (
            exceptions.ClientError(
                {"Error": {"Code": "ServerException"}, "ResponseMetadata": {"HTTPStatusCode": 500}}, "RunTask"
            ),
            True,
        ),
        (exceptions.EndpointConnectionError(endpoint_url="http://x"), True),
        (exceptions.ReadTimeoutError(endpoint_url="http://x"), True),
        (exceptions.NoCredentialsError(), False),
        (NoSuchResource("x"), False),
    ],
)
def test_what_may_pass_by_itself_is_told_from_what_does_not(error, does):
    assert passes(error) is does


def test_another_region_shares_what_was_read_and_goes_the_same_way(monkeypatch, tmp_path):
    isolate(monkeypatch, tmp_path)
    here = Aws(region="us-east-1", endpoint_url="http://127.0.0.1:1")
    there = here.in_region("eu-west-1")
    assert there.ssm.meta.region_name == "eu-west-1"
    assert there.ssm.meta.endpoint_url == "http://127.0.0.1:1"
    assert there.session is here.session
    assert here.region == "us-east-1"
    assert here.in_region("us-east-1") is here


def test_an_endpoint_of_one_region_is_for_that_one_alone(monkeypatch, tmp_path):
    isolate(monkeypatch, tmp_path)
    here = Aws(region="us-east-1", endpoint_url="https://ssm.us-east-1.amazonaws.com")
    assert here.in_region("eu-west-1").ssm.meta.endpoint_url == "https://ssm.eu-west-1.amazonaws.com"


def test_without_a_region_of_its_own_another_one_can_be_asked(monkeypatch, tmp_path):
    isolate(monkeypatch, tmp_path, AWS_REGION="")
    assert Aws().in_region("eu-west-1").region == "eu-west-1"


@pytest.mark.parametrize("url", ["foo", "http://", "http://a b", "http://[::1", "https://127.0.0.1:99999"])
def test_an_endpoint_that_is_none_is_told(monkeypatch, tmp_path, url):
    isolate(monkeypatch, tmp_path)
    with pytest.raises(InvalidInput, match="the endpoint cannot be used"):
        _ = Aws(region="us-east-1", endpoint_url=url).ecs


def test_a_region_of_no_known_form_is_told(monkeypatch, tmp_path):
    isolate(monkeypatch, tmp_path)
    with pytest.raises(InvalidInput, match="'us east' is no AWS region"):
        _ = Aws(region="us east").ecs


@pytest.mark.parametrize("body", [b"<html>hello</html>", b"{}", b"", b'{"clusters": null}'])
def test_an_answer_that_is_not_aws_s_is_told(monkeypatch, tmp_path, body):
    isolate(monkeypatch, tmp_path)
    aws = Aws(region="us-east-1")

    def answer(request, **_):
        response = AWSResponse(request.url, 200, {"Content-Type": "text/html"}, None)
        response._content = body
        return response

    aws.session.events.register("before-send", answer)
    with pytest.raises(AwsFailed, match="what answers is not AWS: DescribeClusters"):
        aws.ecs.describe_clusters()
