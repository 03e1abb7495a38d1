"""What botocore raises, as our own errors: what happened, where, and what to do.

Only botocore's error codes, statuses and exception classes are read. Its texts may quote signed
addresses; they are never repeated.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Container, Iterator
from typing import Any

import botocore.exceptions as boto
import urllib3.exceptions

from neuronserve.artifact.retry import Transient
from neuronserve.errors import (
    AccessDenied,
    CredentialsError,
    LocationError,
    ModelNotFound,
    Throttled,
    TransferError,
    WrongRegion,
)

_ISOLATED = (
    "under SageMaker's network isolation there are none: let the platform fill /opt/ml/model and leave "
    "MODEL_URI unset; elsewhere give the task a role, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
)
_POLICY = (
    "the role needs s3:GetObject on the object, s3:ListBucket on the bucket for a prefix, and kms:Decrypt on "
    "the key where the object is encrypted with one of its own"
)
_THROTTLES = frozenset(
    {"SlowDown", "ServiceUnavailable", "Throttling", "ThrottlingException", "RequestLimitExceeded",
     "TooManyRequestsException", "BandwidthLimitExceeded"}
)  # fmt: skip
_CREDENTIALS = {
    "ExpiredToken": "expired",
    "ExpiredTokenException": "expired",
    "RequestExpired": "expired",
    "TokenRefreshRequired": "expired",
    "InvalidAccessKeyId": "unknown to AWS (InvalidAccessKeyId)",
    "UnrecognizedClientException": "unknown to AWS",
    "InvalidClientTokenId": "unknown to AWS",
    "InvalidToken": "malformed (InvalidToken)",
    "SignatureDoesNotMatch": "refused (SignatureDoesNotMatch)",
    "RequestTimeTooSkewed": "refused, because this machine's clock is wrong (RequestTimeTooSkewed)",
    "IncompleteSignature": "refused (IncompleteSignature)",
}
_REGION = frozenset(
    {"PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException",
     "TemporaryRedirect", "AuthorizationQueryParametersError"}
)  # fmt: skip
_DENIED = frozenset(
    {"AccessDenied", "AccessDeniedException", "AllAccessDisabled", "Forbidden", "InvalidPayer"}
)
_KMS = ("KMS.", "KMSInvalid", "KMSKey")
_ADDRESS = ("InvalidBucketName", "KeyTooLongError", "InvalidURI", "ValidationException", "ValidationError")
_BROKEN = frozenset(
    {"InternalError", "InternalFailure", "RequestTimeout", "RequestTimeoutException", "IncompleteBody"}
)


class Changed(Exception):
    """The object was replaced while it was read."""


@contextlib.contextmanager
def translated(what: str) -> Iterator[None]:
    """Runs AWS calls about ``what`` (an address). Raises ArtifactError, Transient or Changed."""
    try:
        yield
    except boto.ClientError as error:
        raise of_response(error.response, what) from error
    except (boto.BotoCoreError, urllib3.exceptions.HTTPError, ConnectionError, TimeoutError) as error:
        raise of_exception(error, what) from error


def code_of(response: Any) -> tuple[str, int]:
    """The error code of an answer ("403" and the like where there was no body) and its status."""
    status = int(response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    return str(response.get("Error", {}).get("Code", "") or status), status


def region_of(response: Any) -> str:
    """The region an answer says the bucket is in, or ""."""
    headers = response.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    return str(headers.get("x-amz-bucket-region") or response.get("Error", {}).get("Region") or "")


def of_response(response: Any, what: str) -> Exception:
    """The error for an answer that was not a success."""
    code, status = code_of(response)
    family = next((make for codes, make in _FAMILIES if code in codes), None) or _BY_STATUS.get(status)
    if code.startswith(_KMS):
        family = _no_key
    elif family is None and status >= 500:
        family = _broken
    if family is not None:
        return family(response, what)
    return TransferError(f"{what}: the store answered {code} (status {status})")


def _refused(response: Any, what: str) -> CredentialsError:
    code, _ = code_of(response)
    hint = (
        "set the clock (NTP)" if "Skewed" in code else "renew them; for a wrong signature check the clock too"
    )
    return CredentialsError(f"reading {what}: the AWS credentials are {_CREDENTIALS[code]}", hint=hint)


def _no_bucket(_response: Any, what: str) -> ModelNotFound:
    return ModelNotFound(f"{what}: no such bucket", hint="check MODEL_URI's spelling and the account")


def _no_object(_response: Any, what: str) -> ModelNotFound:
    hint = "list what is there with: aws s3 ls --recursive s3://BUCKET/"
    return ModelNotFound(f"{what}: no such object", hint=hint)


def _no_key(response: Any, what: str) -> AccessDenied:
    code, _ = code_of(response)
    return AccessDenied(f"{what} is encrypted with a KMS key that cannot be used ({code})", hint=_POLICY)


def _archived(_response: Any, what: str) -> AccessDenied:
    return AccessDenied(
        f"{what} is archived (Glacier) and cannot be read",
        hint="restore it first: aws s3api restore-object, or copy it to the STANDARD storage class",
    )


def _denied(response: Any, what: str) -> AccessDenied:
    said = str(response.get("Error", {}).get("Message", ""))
    if "kms" in said.lower():
        return _no_key(response, what)
    return AccessDenied(
        f"access to {what} was denied",
        hint=f"{_POLICY}; without s3:ListBucket an object that does not exist is reported as denied too",
    )


def _changed(_response: Any, what: str) -> Changed:
    return Changed(what)


def _throttled(response: Any, what: str) -> Transient:
    code, _ = code_of(response)
    hint = "try again later; SERVE_DOWNLOAD_RETRIES and SERVE_DOWNLOAD_CONNECTIONS set how hard it is tried"
    return Transient(Throttled(f"{what}: the store kept throttling ({code})", hint=hint))


def _broken(response: Any, what: str) -> Transient:
    code, _ = code_of(response)
    return Transient(TransferError(f"{what}: the store failed ({code})", hint="try again later"))


def _no_address(response: Any, what: str) -> LocationError:
    code, _ = code_of(response)
    return LocationError(f"{what} is no valid address ({code})", hint="check MODEL_URI")


def _wrong_region(response: Any, what: str) -> WrongRegion:
    region = region_of(response)
    where = f"the bucket is in {region}" if region else "the bucket is in another region"
    return WrongRegion(
        f"{what}: {where}, and it could not be reached there",
        hint=f"set AWS_REGION={region or 'to the region of the bucket'}",
    )


_FAMILIES: tuple[tuple[Container[str], Callable[[Any, str], Exception]], ...] = (
    (_CREDENTIALS, _refused),
    (("NoSuchBucket",), _no_bucket),
    (("NoSuchKey", "NoSuchVersion", "NotFound"), _no_object),
    (_REGION, _wrong_region),
    (("InvalidObjectState",), _archived),
    (_DENIED, _denied),
    (("PreconditionFailed", "InvalidRange"), _changed),
    (_THROTTLES, _throttled),
    (_BROKEN, _broken),
    (
        ("InvalidBucketName", "KeyTooLongError", "InvalidURI", "ValidationException", "ValidationError"),
        _no_address,
    ),
)
_BY_STATUS: dict[int, Callable[[Any, str], Exception]] = {
    301: _wrong_region,
    403: _denied,
    404: _no_object,
    412: _changed,
    416: _changed,
    429: _throttled,
    503: _throttled,
}


def of_exception(error: Exception, what: str) -> Exception:
    """The error for a call that brought no answer."""
    kind = type(error).__name__
    if isinstance(error, boto.NoCredentialsError | boto.PartialCredentialsError):
        missing = "incomplete" if isinstance(error, boto.PartialCredentialsError) else "absent"
        return CredentialsError(f"reading {what}: AWS credentials are {missing}", hint=_ISOLATED)
    if isinstance(
        error,
        boto.CredentialRetrievalError | boto.MetadataRetrievalError | boto.TokenRetrievalError
        | boto.SSOError | boto.UnauthorizedSSOTokenError | boto.ProfileNotFound | boto.ConfigParseError,
    ):  # fmt: skip
        return CredentialsError(f"reading {what}: AWS credentials could not be had ({kind})", hint=_ISOLATED)
    if isinstance(error, boto.NoRegionError | boto.InvalidRegionError):
        return WrongRegion(
            f"reading {what}: no usable AWS region is set", hint="set AWS_REGION, such as us-east-1"
        )
    if isinstance(
        error, boto.ParamValidationError | boto.UnknownEndpointError | boto.InvalidS3AddressingStyleError
    ):
        return LocationError(f"{what} is no valid address ({kind})", hint="check MODEL_URI")
    if isinstance(error, boto.SSLError | urllib3.exceptions.SSLError):
        return TransferError(
            f"{what}: the store's TLS certificate was not accepted",
            hint="set AWS_CA_BUNDLE to the certificates of your proxy or store",
        )
    if isinstance(error, ValueError):
        return LocationError(f"reading {what}: {error}", hint="check MODEL_URI and AWS_ENDPOINT_URL")
    unreachable = isinstance(
        error, boto.EndpointConnectionError | boto.ConnectTimeoutError | boto.ProxyConnectionError
    )
    failed = "the store cannot be reached" if unreachable else "the transfer was cut"
    return Transient(
        TransferError(
            f"{what}: {failed} ({kind})",
            hint="check the network: security groups, the VPC's S3 endpoint, AWS_ENDPOINT_URL, proxies",
        )
    )
