"""One way to AWS: profile, region and endpoint as the AWS SDK finds them, and errors that say what to do."""

from __future__ import annotations

import functools
import os
import re
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

import boto3
from botocore import UNSIGNED, exceptions
from botocore.config import Config
from botocore.parsers import ResponseParserError

import neuronserve
from neuronserve.errors import AwsFailed, AwsRefused, DeployError, InvalidInput, NoSuchResource

if TYPE_CHECKING:
    from mypy_boto3_application_autoscaling import ApplicationAutoScalingClient
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_ec2 import EC2Client
    from mypy_boto3_ecr import ECRClient
    from mypy_boto3_ecs import ECSClient
    from mypy_boto3_iam import IAMClient
    from mypy_boto3_kms import KMSClient
    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sagemaker import SageMakerClient
    from mypy_boto3_sagemaker_runtime import SageMakerRuntimeClient
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_ssm import SSMClient
    from mypy_boto3_sts import STSClient

_CONFIG = Config(
    connect_timeout=10,
    read_timeout=60,
    retries={"mode": "standard", "total_max_attempts": 5},
    user_agent_extra=f"neuronserve/{neuronserve.__version__}",
)
# SageMaker ends what takes more than 60 s by itself; who gave up at the same moment would send it again
_INVOKING = _CONFIG.merge(Config(read_timeout=90))

_HERE = ("localhost", "127.0.0.1", "::1")
_RUNTIME_URLS = ("AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME", "AWS_ENDPOINT_URL")  # the SDK's own, in its order


class Aws:
    """Clients, made when first used. None means: as AWS's variables and files say.

    botocore itself does not read AWS_REGION, which ECS and every other SDK set.
    """

    def __init__(
        self, *, profile: str | None = None, region: str | None = None, endpoint_url: str | None = None
    ) -> None:
        self._profile = profile
        self._region = region or os.environ.get("AWS_REGION") or None
        self._endpoint_url = endpoint_url

    @functools.cached_property
    def session(self) -> boto3.Session:
        session = boto3.Session(profile_name=self._profile, region_name=self._region)
        session.events.register("after-call", _refuse_other_answers)
        return session

    def in_region(self, region: str) -> Aws:
        """The same way in another region; an endpoint that is of this region alone is left behind."""
        here = self.region_if_known
        if region == here:
            return self
        endpoint_url = None if here and here in (self._endpoint_url or "") else self._endpoint_url
        there = Aws(profile=self._profile, region=region, endpoint_url=endpoint_url)
        there.session = self.session  # what it has read of files and models serves all regions
        return there

    @property
    def region_if_known(self) -> str | None:
        return self._region or self.session.region_name

    @property
    def region(self) -> str:
        region = self.region_if_known
        if not region:
            raise InvalidInput(
                "no AWS region is set", hint="use --region, AWS_REGION, or a profile that has one"
            )
        return region

    def _client(self, service: Any, config: Config | None = None) -> Any:
        try:
            client = self.session.client(
                service, region_name=self.region, endpoint_url=self._endpoint_url, config=config or _CONFIG
            )
            _ = urlsplit(client.meta.endpoint_url).port  # botocore looks at it only when it is called
        except exceptions.InvalidRegionError:
            raise InvalidInput(f"{self.region!r} is no AWS region", hint="such as us-east-1") from None
        except ValueError as error:
            raise InvalidInput(
                f"the endpoint cannot be used: {error}", hint="see --endpoint-url and AWS_ENDPOINT_URL"
            ) from None
        return client

    @functools.cached_property
    def ecs(self) -> ECSClient:
        return cast("ECSClient", self._client("ecs"))

    @functools.cached_property
    def ec2(self) -> EC2Client:
        return cast("EC2Client", self._client("ec2"))

    @functools.cached_property
    def ecr(self) -> ECRClient:
        return cast("ECRClient", self._client("ecr"))

    @functools.cached_property
    def iam(self) -> IAMClient:
        return cast("IAMClient", self._client("iam"))

    @functools.cached_property
    def kms(self) -> KMSClient:
        return cast("KMSClient", self._client("kms"))

    @functools.cached_property
    def logs(self) -> CloudWatchLogsClient:
        return cast("CloudWatchLogsClient", self._client("logs"))

    @functools.cached_property
    def s3(self) -> S3Client:
        return cast("S3Client", self._client("s3"))

    @functools.cached_property
    def ssm(self) -> SSMClient:
        return cast("SSMClient", self._client("ssm"))

    @functools.cached_property
    def sts(self) -> STSClient:
        return cast("STSClient", self._client("sts"))

    @functools.cached_property
    def secretsmanager(self) -> SecretsManagerClient:
        return cast("SecretsManagerClient", self._client("secretsmanager"))

    @functools.cached_property
    def scaling(self) -> ApplicationAutoScalingClient:
        return cast("ApplicationAutoScalingClient", self._client("application-autoscaling"))

    @functools.cached_property
    def sagemaker(self) -> SageMakerClient:
        return cast("SageMakerClient", self._client("sagemaker"))

    @functools.cached_property
    def runtime(self) -> SageMakerRuntimeClient:
        """Endpoints' invocations. A rehearsal on this machine needs neither a region nor credentials."""
        endpoint = self._endpoint_url or next(filter(None, map(os.environ.get, _RUNTIME_URLS)), "")
        if urlsplit(endpoint).hostname not in _HERE or self._credentials_known:
            return cast("SageMakerRuntimeClient", self._client("sagemaker-runtime", _INVOKING))
        unsigned = _INVOKING.merge(Config(signature_version=UNSIGNED))
        region = self.region_if_known or "us-east-1"
        return self.session.client(
            "sagemaker-runtime", region_name=region, endpoint_url=endpoint, config=unsigned
        )

    @property
    def _credentials_known(self) -> bool:
        return self.region_if_known is not None and self.session.get_credentials() is not None

    @functools.cached_property
    def cloudwatch(self) -> CloudWatchClient:
        return cast("CloudWatchClient", self._client("cloudwatch"))

    @functools.cached_property
    def cloudformation(self) -> CloudFormationClient:
        return cast("CloudFormationClient", self._client("cloudformation"))


_NOT_AWS = "see --endpoint-url, AWS_ENDPOINT_URL and proxies"


def _refuse_other_answers(*, parsed: Any, model: Any, http_response: Any, **_: Any) -> None:
    """An answer without a single member of its shape is that of a proxy, or of some other server."""
    expected = model.output_shape.members if model.output_shape else {}
    speaks_json = model.service_model.metadata.get("protocol") == "json"
    if speaks_json and http_response.status_code < 300 and expected and not set(expected) & set(parsed):
        raise AwsFailed(
            f"what answers is not AWS: {model.name}: an answer without {' or '.join(expected)}", hint=_NOT_AWS
        )


_VALUE = re.compile(r", value: .*?(?=, (?:type|valid)|$)", re.MULTILINE | re.DOTALL)
_DENIED = {
    "AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "UnauthorizedException",
    "OptInRequired", "NotAuthorized",
}  # fmt: skip
_STALE = {
    "AuthFailure", "ExpiredToken", "ExpiredTokenException", "IncompleteSignature", "InvalidClientTokenId",
    "InvalidSignatureException", "MissingAuthenticationToken", "MissingAuthenticationTokenException",
    "RequestExpired", "SignatureDoesNotMatch", "UnrecognizedClientException",
}  # fmt: skip
_BUSY = {
    "RequestLimitExceeded", "RequestThrottled", "RequestThrottledException", "ThrottledException",
    "Throttling", "ThrottlingException", "TooManyRequestsException",
}  # fmt: skip
_ABSENT = {
    "ClusterNotFoundException", "ServiceNotFoundException", "ServiceNotActiveException", "ParameterNotFound",
    "ResourceNotFoundException", "NoSuchEntity", "NoSuchBucket", "NoSuchKey", "404",
    "TargetNotFoundException", "RepositoryNotFoundException", "ImageNotFoundException",
}  # fmt: skip
_NO_CREDENTIALS = (
    exceptions.NoCredentialsError,
    exceptions.PartialCredentialsError,
    exceptions.CredentialRetrievalError,
    exceptions.TokenRetrievalError,
    exceptions.SSOError,
    exceptions.LoginError,
)


def explained(error: Exception) -> DeployError | None:
    """AWS's error as ours: which call, what it said, and what to do. None: it is no error of AWS's."""
    if isinstance(error, exceptions.ClientError):
        return _answered(error)
    if isinstance(error, exceptions.ParamValidationError):
        # the report has each value in it, which may be a secret
        report = _VALUE.sub("", error.kwargs["report"])
        return InvalidInput(f"botocore refuses the request: {_line(report)}")
    if isinstance(error, (exceptions.ProfileNotFound, exceptions.NoRegionError, exceptions.ConfigParseError)):
        return InvalidInput(_line(str(error)))
    if isinstance(error, _NO_CREDENTIALS):
        return AwsRefused(
            f"no AWS credentials: {_line(str(error))}",
            hint="use --profile, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, `aws sso login`, or a role",
        )
    if isinstance(error, ResponseParserError):
        return AwsFailed(f"what answers is not AWS: {_line(str(error))[:200]}", hint=_NOT_AWS)
    if isinstance(error, (exceptions.HTTPClientError, exceptions.BotoCoreError)):
        return AwsFailed(
            f"AWS cannot be reached: {_line(str(error))}", hint="see --region and --endpoint-url"
        )
    return None


def _answered(error: exceptions.ClientError) -> DeployError:
    told = error.response.get("Error", {})
    code, call = told.get("Code", "unknown"), error.operation_name
    message = f"{call}: {code}: {_line(told.get('Message', ''))}"
    if bucket := told.get("BucketName"):
        message = f"{message}: {bucket}"
    if code in _DENIED:
        return AwsRefused(message, hint="scripts/policy prints the rights that are needed")
    if code in _STALE:
        return AwsRefused(message, hint="renew the AWS credentials; a wrong clock has the same effect")
    if code.isdecimal() and code < "500" and not call.startswith("Head"):  # AWS itself names its errors
        return AwsFailed(f"what answers is not AWS: {message[:200]}", hint=_NOT_AWS)
    if code in _ABSENT:
        return NoSuchResource(message)
    return AwsFailed(message, hint="AWS throttles: try again in a minute" if code in _BUSY else "")


def passes(error: Exception) -> bool:
    """Whether the same call may succeed in a moment: the network, throttling, or a fault of AWS's own."""
    if isinstance(error, exceptions.ClientError):
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        return code_of(error) in _BUSY or status >= 500
    return isinstance(error, (exceptions.ConnectionError, exceptions.HTTPClientError, ResponseParserError))


def code_of(error: exceptions.ClientError) -> str:
    """AWS's word for it, such as ``AccessDeniedException``."""
    return error.response.get("Error", {}).get("Code", "")


def _line(text: str) -> str:
    return " ".join(text.split())
