from __future__ import annotations

import pytest
from botocore import exceptions
from botocore.parsers import ResponseParserError

from neuronserve.deploy.aws import Aws, explained
from neuronserve.errors import AwsFailed, AwsRefused, InvalidInput, NoSuchResource
from tests.stored_models import isolate


def answered(code, message="because\n  of it"):
    return exceptions.ClientError({"Error": {"Code": code, "Message": message}}, "RunTask")


@pytest.mark.parametrize(
    ("error", "kind", "said"),
    [
        (answered("AccessDeniedException"), AwsRefused, "RunTask: AccessDeniedException: because of it"),
        (answered("ExpiredTokenException"), AwsRefused, "ExpiredTokenException"),
        (answered("ClusterNotFoundException"), NoSuchResource, "ClusterNotFoundException"),
        (answered("ClientException"), AwsFailed, "RunTask: ClientException: because of it"),
        (answered("ThrottlingException"), AwsFailed, "ThrottlingException"),
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
