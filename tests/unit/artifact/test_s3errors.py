from __future__ import annotations

import ssl

import boto3
import botocore.exceptions as boto
import pytest
from botocore import parsers
from botocore.config import Config
from botocore.stub import Stubber

from neuronserve import errors, exitcodes
from neuronserve.artifact import s3errors
from neuronserve.artifact.retry import Patience, Transient, patiently

WHERE = "s3://bucket/key"
SECRET = "https://bucket/key?X-Amz-Signature=abc"


def verdict(code, status, *, message="no", headers=None):
    client = boto3.client(
        "s3", "us-east-1", aws_access_key_id="x", aws_secret_access_key="y",
        config=Config(retries={"total_max_attempts": 1}),
    )  # fmt: skip
    with Stubber(client) as stub:
        stub.add_client_error(
            "get_object", code, message, status, response_meta={"HTTPHeaders": headers or {}}
        )
        with (
            pytest.raises((errors.ArtifactError, Transient, s3errors.Changed)) as caught,
            s3errors.translated(WHERE),
        ):
            client.get_object(Bucket="bucket", Key="key")
    return caught.value


@pytest.mark.parametrize(
    ("code", "status", "cls", "exit_code", "said"),
    [
        ("NoSuchBucket", 404, errors.ModelNotFound, 11, "no such bucket"),
        ("NoSuchKey", 404, errors.ModelNotFound, 11, "no such object"),
        ("404", 404, errors.ModelNotFound, 11, "no such object"),
        ("AccessDenied", 403, errors.AccessDenied, 12, "without s3:ListBucket"),
        ("403", 403, errors.AccessDenied, 12, "s3:GetObject"),
        ("InvalidObjectState", 403, errors.AccessDenied, 12, "restore-object"),
        ("KMS.DisabledException", 400, errors.AccessDenied, 12, "kms:Decrypt"),
        ("PermanentRedirect", 301, errors.WrongRegion, 13, "the bucket is in another region"),
        ("AuthorizationHeaderMalformed", 400, errors.WrongRegion, 13, "AWS_REGION"),
        ("301", 301, errors.TransferError, 16, "redirects elsewhere"),
        ("303", 303, errors.TransferError, 16, "redirects elsewhere"),
        ("<b>" * 999, 418, errors.TransferError, 16, "answered 418 (status 418)"),
        ("ExpiredToken", 400, errors.CredentialsError, 14, "expired"),
        ("InvalidAccessKeyId", 403, errors.CredentialsError, 14, "unknown to AWS"),
        ("SignatureDoesNotMatch", 403, errors.CredentialsError, 14, "clock"),
        ("RequestTimeTooSkewed", 403, errors.CredentialsError, 14, "set the clock"),
        ("InvalidBucketName", 400, errors.LocationError, 10, "no valid address"),
        ("MethodNotAllowed", 405, errors.TransferError, 16, "MethodNotAllowed"),
    ],
)
def test_each_refusal_has_its_own_error_and_hint(code, status, cls, exit_code, said):
    error = verdict(code, status)
    assert type(error) is cls
    assert exitcodes.of(error) == exit_code
    assert said in str(error)
    assert WHERE in error.message


@pytest.mark.parametrize(
    ("code", "status", "cls"),
    [
        ("SlowDown", 503, errors.Throttled),
        ("503", 503, errors.Throttled),
        ("TooManyRequests", 429, errors.Throttled),
        ("InternalError", 500, errors.TransferError),
        ("502", 502, errors.TransferError),
        ("RequestTimeout", 400, errors.TransferError),
    ],
)
def test_what_may_pass_is_worth_another_try(code, status, cls):
    error = verdict(code, status)
    assert isinstance(error, Transient)
    assert type(error.error) is cls


def test_an_object_that_changed_is_told_apart():
    assert isinstance(verdict("PreconditionFailed", 412), s3errors.Changed)
    assert isinstance(verdict("InvalidRange", 416), s3errors.Changed)


def test_a_kms_key_that_may_not_be_used_is_named():
    error = verdict("AccessDenied", 403, message="User is not authorized to perform: kms:Decrypt")
    assert "KMS key" in error.message


def test_a_redirect_says_where_to_and_no_more():
    error = verdict("301", 301, headers={"location": "https://login.example.com/?token=abc"})
    assert "redirects to login.example.com (status 301)" in error.message
    assert "token" not in str(error)


@pytest.mark.parametrize("region", ["../x", "a.b", "x" * 99, "eu-west-1@evil", "\u00e9"])
def test_a_region_that_cannot_be_one_is_not_followed(region):
    error = verdict("301", 301, headers={"x-amz-bucket-region": region})
    assert type(error) is errors.TransferError
    assert region not in str(error)


def test_the_region_that_the_store_names_is_in_the_hint():
    error = verdict("PermanentRedirect", 301, headers={"x-amz-bucket-region": "eu-west-1"})
    assert "the bucket is in eu-west-1" in error.message
    assert "AWS_REGION=eu-west-1" in error.hint


@pytest.mark.parametrize("code", ["SlowDown", "AccessDenied", "SignatureDoesNotMatch", "Odd"])
def test_the_stores_own_text_which_may_hold_signed_addresses_is_never_repeated(code):
    error = verdict(code, 403, message=f"signed {SECRET}")
    assert "X-Amz-Signature" not in str(getattr(error, "error", error))


@pytest.mark.parametrize(
    ("raised", "cls", "said"),
    [
        (boto.NoCredentialsError(), errors.CredentialsError, "network isolation there are none"),
        (boto.PartialCredentialsError(provider="env", cred_var="x"), errors.CredentialsError, "incomplete"),
        (
            boto.CredentialRetrievalError(provider="p", error_msg=SECRET),
            errors.CredentialsError,
            "could not be had",
        ),
        (boto.NoRegionError(), errors.WrongRegion, "AWS_REGION"),
        (boto.ParamValidationError(report="x"), errors.LocationError, "no valid address"),
        (
            boto.SSLError(endpoint_url=SECRET, error=ssl.SSLCertVerificationError(1, SECRET)),
            errors.TransferError,
            "AWS_CA_BUNDLE",
        ),
        (boto.UnsupportedS3ArnError(arn=SECRET, msg="x"), errors.LocationError, "no valid address"),
        (boto.InvalidConfigError(error_msg=SECRET), errors.TransferError, "the SDK refused the call"),
        (KeyError("ETag"), errors.TransferError, "cannot be understood (KeyError)"),
        (RecursionError(SECRET), errors.TransferError, "cannot be understood (RecursionError)"),
        (parsers.ResponseParserError(SECRET), errors.TransferError, "cannot be understood"),
        (ValueError(SECRET), errors.TransferError, "cannot be understood"),
    ],
)
def test_each_call_that_could_not_be_made_has_its_own_error(raised, cls, said):
    error = s3errors.of_exception(raised, WHERE)
    assert type(error) is cls
    assert said in str(error)
    assert "X-Amz-Signature" not in str(error)


@pytest.mark.parametrize(
    ("raised", "said"),
    [
        (boto.EndpointConnectionError(endpoint_url=SECRET), "cannot be reached"),
        (boto.ConnectTimeoutError(endpoint_url=SECRET), "cannot be reached"),
        (boto.ReadTimeoutError(endpoint_url=SECRET), "was cut"),
        (boto.ResponseStreamingError(error=SECRET), "was cut"),
        (ConnectionResetError(104, "reset"), "was cut"),
        (boto.SSLError(endpoint_url=SECRET, error=ssl.SSLEOFError(8, SECRET)), "no TLS"),
    ],
)
def test_a_broken_network_is_worth_another_try(raised, said):
    error = s3errors.of_exception(raised, WHERE)
    assert isinstance(error, Transient)
    assert said in error.error.message
    assert "X-Amz-Signature" not in str(error)


def test_retries_end_with_the_error_itself():
    calls = []

    def call():
        calls.append(1)
        raise Transient(errors.Throttled("slow"))

    with pytest.raises(errors.Throttled):
        patiently(call, Patience(3, base=0))
    assert len(calls) == 4


def test_waits_grow_and_are_bounded():
    patience = Patience(9, base=1, cap=4)
    assert all(0 <= patience.delay(attempt) <= min(4, 2**attempt) for attempt in range(9) for _ in range(50))
