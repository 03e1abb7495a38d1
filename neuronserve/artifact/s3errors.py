"""What botocore raises, as our own errors: what happened, where, and what to do.

Only botocore's error codes, statuses and exception classes are read. Its texts may quote signed
addresses; they are never repeated.
"""

from __future__ import annotations

import contextlib
import re
import ssl
from collections.abc import Callable, Container, Iterator
from typing import Any
from urllib.parse import urlsplit

import botocore.exceptions as boto
import urllib3.exceptions

from neuronserve.artifact.retry import Transient
from neuronserve.errors import (
    AccessDenied,
    CredentialsError,
    LocationError,
    ModelNotFound,
    NeuronserveError,
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
_CODE = re.compile(r"[\w.-]{1,80}", re.ASCII)
_REGION_NAME = re.compile("[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_DENIED = frozenset(
    {"AccessDenied", "AccessDeniedException", "AllAccessDisabled", "Forbidden", "InvalidPayer"}
)
_KMS = ("KMS.", "KMSInvalid", "KMSKey")
_ADDRESS = ("InvalidBucketName", "KeyTooLongError", "InvalidURI", "ValidationException", "ValidationError")
_BROKEN = frozenset(
    {"InternalError", "InternalFailure", "RequestTimeout", "RequestTimeoutException", "IncompleteBody"}
)


_NO_S3 = "check AWS_ENDPOINT_URL and the proxies: a login page, or a program that is no S3, may answer there"


class Changed(Exception):
    """The object was replaced while it was read."""


@contextlib.contextmanager
def translated(what: str) -> Iterator[None]:
    """Runs AWS calls about ``what`` (an address). Raises ArtifactError, Transient or Changed."""
    try:
        yield
    except (NeuronserveError, Transient, Changed):
        raise
    except boto.ClientError as error:
        raise of_response(error.response, what) from error
    except MemoryError:
        raise
    except Exception as error:  # botocore reads an answer before anybody has looked whether it is S3's
        raise of_exception(error, what) from error


def code_of(response: Any) -> tuple[str, int]:
    """The error code of an answer ("403" and the like where it has none of S3's) and its status."""
    status = int(response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    code = str(response.get("Error", {}).get("Code", ""))
    return code if _CODE.fullmatch(code) else str(status), status


def region_of(response: Any) -> str:
    """The region an answer says the bucket is in, or "" where it is none that could be."""
    headers = response.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    region = str(headers.get("x-amz-bucket-region") or response.get("Error", {}).get("Region") or "")
    return region if _REGION_NAME.fullmatch(region) else ""


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
    if 300 <= status < 400:
        return _redirected(response, what)
    return TransferError(
        f"{what}: the store answered {code} (status {status})",
        hint="check AWS_ENDPOINT_URL and the proxies, if there are any",
    )


def _redirected(response: Any, what: str) -> Exception:
    if region_of(response):
        return _wrong_region(response, what)
    _, status = code_of(response)
    host = ""
    with contextlib.suppress(ValueError):
        headers = response.get("ResponseMetadata", {}).get("HTTPHeaders", {})
        host = urlsplit(headers.get("location", "")).hostname or ""
    where = f"to {host}" if re.fullmatch(r"[\w.:-]{1,253}", host, re.ASCII) else "elsewhere"
    return TransferError(f"{what}: the store redirects {where} (status {status})", hint=_NO_S3)


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
    (_ADDRESS, _no_address),
)
_BY_STATUS: dict[int, Callable[[Any, str], Exception]] = {
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
    if isinstance(error, boto.NoRegionError):
        return WrongRegion(
            f"reading {what}: no usable AWS region is set", hint="set AWS_REGION, such as us-east-1"
        )
    if isinstance(error, boto.InvalidRegionError):  # ours was good enough to make a client
        return TransferError(f"{what}: the store redirects to a region that cannot be", hint=_NO_S3)
    if isinstance(error, _ADDRESSES):
        return LocationError(f"{what} is no valid address ({kind})", hint="check MODEL_URI")
    if isinstance(error, boto.SSLError | urllib3.exceptions.SSLError):
        return _no_tls(error, what)
    if isinstance(error, _CUT):
        unreachable = isinstance(error, _UNREACHABLE)
        failed = "the store cannot be reached" if unreachable else "the transfer was cut"
        return Transient(
            TransferError(
                f"{what}: {failed} ({kind})",
                hint="check the network: security groups, the VPC's S3 endpoint, AWS_ENDPOINT_URL, proxies",
            )
        )
    if isinstance(error, boto.BotoCoreError):
        return TransferError(
            f"{what}: the SDK refused the call ({kind})",
            hint="check MODEL_URI and AWS's own variables, and the files they name",
        )
    return TransferError(f"{what}: the store's answer cannot be understood ({kind})", hint=_NO_S3)


def of_address(error: ValueError, what: str) -> LocationError:
    """The error for an address of a store that botocore cannot make sense of, before any call."""
    return LocationError(f"reading {what}: {error}", hint="check MODEL_URI and AWS_ENDPOINT_URL")


_ADDRESSES = (
    boto.ParamValidationError, boto.UnknownEndpointError, boto.InvalidS3AddressingStyleError,
    boto.UnsupportedS3ArnError, boto.UnsupportedS3AccesspointConfigurationError, boto.EndpointProviderError,
)  # fmt: skip
_UNREACHABLE = (boto.EndpointConnectionError, boto.ConnectTimeoutError, boto.ProxyConnectionError)
_CUT = (
    boto.HTTPClientError, boto.ConnectionError, boto.IncompleteReadError,
    urllib3.exceptions.HTTPError, ConnectionError, TimeoutError,
)  # fmt: skip


def _no_tls(error: Exception, what: str) -> Exception:
    """A certificate stays what it is; anything else may have been a connection that was cut."""
    if _caused_by(error, ssl.SSLCertVerificationError):
        return TransferError(
            f"{what}: the store's TLS certificate was not accepted",
            hint="set AWS_CA_BUNDLE to the certificates of your proxy or store; check its name and the clock",
        )
    return Transient(
        TransferError(
            f"{what}: there is no TLS with the store",
            hint="check AWS_ENDPOINT_URL: its scheme and port; and the proxies",
        )
    )


def _caused_by(error: BaseException | None, kind: type[BaseException]) -> bool:
    """Whether an error, or what it was made of, is of a kind."""
    for _ in range(9):
        if error is None or isinstance(error, kind):
            break
        inner = getattr(error, "kwargs", {}).get("error") or getattr(error, "reason", None)
        error = inner if isinstance(inner, BaseException) else error.__cause__ or error.__context__
    return isinstance(error, kind)
