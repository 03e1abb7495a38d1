"""A small SageMaker that hosts endpoints as a script says, over the real protocol (JSON 1.1, HTTP).

What moto does not do: Inf2 and Trn1 instances, updates, rollbacks, failures, and refusals in SageMaker's own
words. Requests and answers are held against botocore's model (``json_aws.py``).
"""

from __future__ import annotations

import datetime as dt
import itertools
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any

from tests.deploying.json_aws import Front, Refused

PREFIX = "arn:aws:sagemaker:us-east-1:123456789012"
BEGIN = dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.UTC)
Step = Callable[["PretendSageMaker", dict[str, Any]], None]
_BUSY = {"Creating", "Updating", "SystemUpdating", "RollingBack", "Deleting"}
_PAGE = 2


class PretendSageMaker:
    """``script``: a step before each DescribeEndpoint while something goes on; without one it succeeds
    at once. ``unseen``: how many calls do not see yet what was made just before. ``jobs``: compilation jobs;
    ``transforms``: transform jobs, by name. ``front``: what was asked, and what is to fail.
    """

    def __init__(self) -> None:
        self.front = Front("sagemaker")
        self.models: dict[str, dict[str, Any]] = {}
        self.configs: dict[str, dict[str, Any]] = {}
        self.endpoints: dict[str, dict[str, Any]] = {}
        self.tags: dict[str, dict[str, str]] = {}
        self.jobs: dict[str, dict[str, Any]] = {}
        self.transforms: dict[str, dict[str, Any]] = {}
        self.script: deque[Step] = deque()
        self.unseen = 0
        self._seconds = itertools.count(1)

    def time(self) -> dt.datetime:
        """Later with each look at it."""
        return BEGIN + dt.timedelta(seconds=next(self._seconds))

    # Models and configurations.

    def create_model(self, request: dict[str, Any]) -> dict[str, Any]:
        return {"ModelArn": self._make("model", self.models, request["ModelName"], request)}

    def describe_model(self, request: dict[str, Any]) -> dict[str, Any]:
        name = request["ModelName"]
        there = _found("model", self.models, name)
        made = {"CreationTime": there["CreationTime"], "ModelArn": _arn("model", name), **there}
        for container in (made.get("PrimaryContainer"), *made.get("Containers", ())):
            if container and "ModelDataUrl" in container and container.get("Mode") != "MultiModel":
                container["ModelDataSource"] = {"S3DataSource": {
                    "S3Uri": container["ModelDataUrl"], "S3DataType": "S3Object", "CompressionType": "Gzip",
                }}  # fmt: skip
        return {"EnableNetworkIsolation": False, **made}

    def delete_model(self, request: dict[str, Any]) -> dict[str, Any]:
        self._drop("model", self.models, request["ModelName"])
        return {}

    def list_models(self, request: dict[str, Any]) -> dict[str, Any]:
        return _page(request, "Models", [
            {"ModelName": name, "ModelArn": _arn("model", name), "CreationTime": one["CreationTime"]}
            for name, one in self.models.items()
        ], "ModelName")  # fmt: skip

    def create_endpoint_config(self, request: dict[str, Any]) -> dict[str, Any]:
        for variant in request["ProductionVariants"]:
            self._seen()
            _found("model", self.models, variant["ModelName"])
        arn = self._make("endpoint-config", self.configs, request["EndpointConfigName"], request)
        return {"EndpointConfigArn": arn}

    def describe_endpoint_config(self, request: dict[str, Any]) -> dict[str, Any]:
        name = request["EndpointConfigName"]
        there = _found("endpoint configuration", self.configs, name)
        return {"EndpointConfigArn": _arn("endpoint-config", name), "EnableNetworkIsolation": False, **there}

    def delete_endpoint_config(self, request: dict[str, Any]) -> dict[str, Any]:
        self._drop("endpoint-config", self.configs, request["EndpointConfigName"])
        return {}

    def list_endpoint_configs(self, request: dict[str, Any]) -> dict[str, Any]:
        return _page(request, "EndpointConfigs", [
            {
                "EndpointConfigName": name, "EndpointConfigArn": _arn("endpoint-config", name),
                "CreationTime": one["CreationTime"],
            }
            for name, one in self.configs.items()
        ], "EndpointConfigName")  # fmt: skip

    # Endpoints.

    def create_endpoint(self, request: dict[str, Any]) -> dict[str, Any]:
        name = request["EndpointName"]
        if name.lower() in {one.lower() for one in self.endpoints}:
            raise _invalid(f'Cannot create already existing endpoint "{_arn("endpoint", name)}".')
        self._seen()
        config = _found("endpoint configuration", self.configs, request["EndpointConfigName"])
        now = self.time()
        self.endpoints[name] = {
            "EndpointName": name, "EndpointArn": _arn("endpoint", name), "EndpointStatus": "Creating",
            "EndpointConfigName": config["EndpointConfigName"], "CreationTime": now, "LastModifiedTime": now,
            "ProductionVariants": variants(config, begun=True),
        }  # fmt: skip
        self._tag(_arn("endpoint", name), request.get("Tags", ()))
        return {"EndpointArn": _arn("endpoint", name)}

    def update_endpoint(self, request: dict[str, Any]) -> dict[str, Any]:
        endpoint = _found("endpoint", self.endpoints, request["EndpointName"])
        if endpoint["EndpointStatus"] in _BUSY:
            raise _invalid(f'Cannot update in-progress endpoint "{endpoint["EndpointArn"]}".')
        self._seen()
        config = _found("endpoint configuration", self.configs, request["EndpointConfigName"])
        endpoint["EndpointStatus"] = "Updating"
        endpoint.pop("FailureReason", None)
        endpoint["PendingDeploymentSummary"] = {
            "EndpointConfigName": config["EndpointConfigName"],
            "ProductionVariants": variants(config, begun=True),
            "StartTime": self.time(),
        }
        if request.get("RetainAllVariantProperties"):
            self._retain(endpoint, request)
        return {"EndpointArn": endpoint["EndpointArn"]}

    def describe_endpoint(self, request: dict[str, Any]) -> dict[str, Any]:
        endpoint = _found("endpoint", self.endpoints, request["EndpointName"])
        if endpoint["EndpointStatus"] in _BUSY:
            step = self.script.popleft() if self.script else succeeds
            step(self, endpoint)
        return _found("endpoint", self.endpoints, request["EndpointName"])

    def delete_endpoint(self, request: dict[str, Any]) -> dict[str, Any]:
        endpoint = _found("endpoint", self.endpoints, request["EndpointName"])
        if endpoint["EndpointStatus"] in _BUSY - {"Creating"}:
            raise _invalid(f'Cannot update in-progress endpoint "{endpoint["EndpointArn"]}".')
        endpoint["EndpointStatus"] = "Deleting"
        return {}

    def list_endpoints(self, request: dict[str, Any]) -> dict[str, Any]:
        members = ("EndpointName", "EndpointArn", "CreationTime", "LastModifiedTime", "EndpointStatus")
        listed = [{member: one[member] for member in members} for one in self.endpoints.values()]
        return _page(request, "Endpoints", listed, "EndpointName")

    # Beside them.

    def add_tags(self, request: dict[str, Any]) -> dict[str, Any]:
        self._tag(request["ResourceArn"], request["Tags"])
        return {"Tags": _listed(self.tags[request["ResourceArn"]])}

    def list_tags(self, request: dict[str, Any]) -> dict[str, Any]:
        return {"Tags": _listed(self.tags.get(request["ResourceArn"], {}))}

    def describe_compilation_job(self, request: dict[str, Any]) -> dict[str, Any]:
        return _found("compilation job", self.jobs, request["CompilationJobName"])

    def create_transform_job(self, request: dict[str, Any]) -> dict[str, Any]:
        name = request["TransformJobName"]
        if name in self.transforms:
            raise Refused("ResourceInUse", f"Job name must be unique: {name}")
        asked = {key: value for key, value in request.items() if key != "Tags"}
        self.transforms[name] = {**asked, "TransformJobStatus": "InProgress"}
        return {"TransformJobArn": _arn("transform-job", name)}

    def stop_transform_job(self, request: dict[str, Any]) -> dict[str, Any]:
        job = _found("transform job", self.transforms, request["TransformJobName"])
        job["TransformJobStatus"] = "Stopping"
        return {}

    def list_transform_jobs(self, request: dict[str, Any]) -> dict[str, Any]:
        return _page(request, "TransformJobSummaries", [
            {
                "TransformJobName": name, "TransformJobArn": _arn("transform-job", name),
                "CreationTime": BEGIN, "TransformJobStatus": one["TransformJobStatus"],
            }
            for name, one in self.transforms.items()
            if one["TransformJobStatus"] == request.get("StatusEquals", one["TransformJobStatus"])
        ], "TransformJobName")  # fmt: skip

    def describe_transform_job(self, request: dict[str, Any]) -> dict[str, Any]:
        name = request["TransformJobName"]
        return {
            "TransformJobName": name, "TransformJobArn": _arn("transform-job", name), "CreationTime": BEGIN,
            "TransformInput": {"DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://b/i"}}},
            "TransformResources": {"InstanceType": "ml.inf2.xlarge", "InstanceCount": 1},
            **_found("transform job", self.transforms, name),
        }  # fmt: skip

    def _make(self, kind: str, where: dict[str, Any], name: str, request: dict[str, Any]) -> str:
        if name in where:
            raise _invalid(f'Cannot create already existing {kind} "{_arn(kind, name)}".')
        where[name] = {
            **{key: value for key, value in request.items() if key != "Tags"}, "CreationTime": self.time(),
        }  # fmt: skip
        self._tag(_arn(kind, name), request.get("Tags", ()))
        return _arn(kind, name)

    def _drop(self, kind: str, where: dict[str, Any], name: str) -> None:
        _found(kind, where, name)
        del where[name]
        self.tags.pop(_arn(kind, name), None)

    def _tag(self, arn: str, tags: Iterable[dict[str, str]]) -> None:
        self.tags.setdefault(arn, {}).update({tag["Key"]: tag["Value"] for tag in tags})

    def _seen(self) -> None:
        if self.unseen > 0:
            self.unseen -= 1
            raise _invalid('Could not find model or endpoint configuration "arn".')

    @staticmethod
    def _retain(endpoint: dict[str, Any], request: dict[str, Any]) -> None:
        excluded = {one["VariantPropertyType"] for one in request.get("ExcludeRetainedVariantProperties", ())}
        kept = {one["VariantName"]: one for one in endpoint["ProductionVariants"]}
        for variant in endpoint["PendingDeploymentSummary"]["ProductionVariants"]:
            if "DesiredInstanceCount" not in excluded:
                variant["DesiredInstanceCount"] = kept[variant["VariantName"]]["DesiredInstanceCount"]


def variants(config: dict[str, Any], *, begun: bool) -> list[dict[str, Any]]:
    """Of an endpoint: with no instances yet when it has only ``begun``."""
    return [
        {
            "VariantName": one["VariantName"],
            "CurrentInstanceCount": 0 if begun else one["InitialInstanceCount"],
            "DesiredInstanceCount": one["InitialInstanceCount"],
            "CurrentWeight": one.get("InitialVariantWeight", 1.0),
            "DesiredWeight": one.get("InitialVariantWeight", 1.0),
        }
        for one in config["ProductionVariants"]
    ]


def succeeds(aws: PretendSageMaker, endpoint: dict[str, Any]) -> None:
    """What goes on ends well; what is deleted is gone."""
    if endpoint["EndpointStatus"] == "Deleting":
        del aws.endpoints[endpoint["EndpointName"]]
        aws.tags.pop(endpoint["EndpointArn"], None)
        return
    pending = endpoint.pop("PendingDeploymentSummary", None)
    if pending:
        endpoint["EndpointConfigName"] = pending["EndpointConfigName"]
        endpoint["ProductionVariants"] = pending["ProductionVariants"]
    for variant in endpoint["ProductionVariants"]:
        variant["CurrentInstanceCount"] = variant["DesiredInstanceCount"]
        variant.pop("VariantStatus", None)
    endpoint["EndpointStatus"] = "InService"


def _arn(kind: str, name: str) -> str:
    return f"{PREFIX}:{kind}/{name.lower() if kind == 'endpoint' else name}"


def _invalid(message: str) -> Refused:
    return Refused("ValidationException", message)


def _found(kind: str, where: dict[str, Any], name: str) -> dict[str, Any]:
    if name not in where:
        raise _invalid(f'Could not find {kind} "{_arn(kind.replace(" ", "-"), name)}".')
    found: dict[str, Any] = where[name]
    return found


def _listed(tags: dict[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def _page(request: dict[str, Any], member: str, found: list[dict[str, Any]], name: str) -> dict[str, Any]:
    """Two to a page; NameContains as SageMaker has it."""
    wanted = [one for one in found if request.get("NameContains", "").lower() in one[name].lower()]
    start = int(request.get("NextToken", 0))
    answer: dict[str, Any] = {member: wanted[start : start + _PAGE]}
    return {**answer, "NextToken": str(start + _PAGE)} if len(wanted) > start + _PAGE else answer
