"""What IAM asks about calls of SageMaker, and of what the scripts call beside it (``authorisation.py``).

CreateModel and its like ask for sagemaker:AddTags too when they come with tags; streamed answers take both
actions of invocation (the API reference of InvokeEndpointWithResponseStream).
"""

from __future__ import annotations

from collections.abc import Mapping

from tests.deploying.ask import Ask, Asked, Known, Parameters, passed

SAGEMAKER = "sagemaker.amazonaws.com"
SCALING = "sagemaker.application-autoscaling.amazonaws.com"


def _on(kind: str, member: str) -> Known:
    """What the request names; its tags, and its role."""

    def asked(action: str, parameters: Parameters, here: str) -> Asked:
        arn = f"{here}{kind}/{parameters[member]}"
        yield Ask(action, arn)
        if parameters.get("Tags"):
            yield Ask("sagemaker:AddTags", arn)
        for role in ("ExecutionRoleArn", "RoleArn"):
            if role in parameters:
                yield passed(parameters[role], SAGEMAKER)

    return asked


def _rollout(action: str, parameters: Parameters, here: str) -> Asked:
    yield from _on("endpoint", "EndpointName")(action, parameters, here)
    yield Ask(action, f"{here}endpoint-config/{parameters['EndpointConfigName']}")


def _tagged(action: str, parameters: Parameters, _: str) -> Asked:
    yield Ask(action, parameters["ResourceArn"])


def _streamed(action: str, parameters: Parameters, here: str) -> Asked:
    for one in (action, "sagemaker:InvokeEndpoint"):
        yield Ask(one, f"{here}endpoint/{parameters['EndpointName']}")


def _package(action: str, parameters: Parameters, here: str) -> Asked:
    group = parameters.get("ModelPackageGroupName")
    name = f"{group}/1" if group else parameters["ModelPackageName"]
    arn = name if name.startswith("arn:") else f"{here}model-package/{name}"
    yield Ask(action, arn)
    if parameters.get("Tags"):
        yield Ask("sagemaker:AddTags", arn)
    if role := parameters.get("ValidationSpecification", {}).get("ValidationRole"):
        yield passed(role, SAGEMAKER)


def _alarms(action: str, parameters: Parameters, here: str) -> Asked:
    names = parameters.get("AlarmNames") or [parameters["AlarmName"]]
    return (Ask(action, f"{here}alarm:{name}") for name in names)


def _every_alarm(action: str, _: Parameters, here: str) -> Asked:
    yield Ask(action, f"{here}alarm:*")


def _group(action: str, parameters: Parameters, here: str) -> Asked:
    yield Ask(action, f"{here}log-group:{parameters['logGroupName']}:log-stream:")


def _put(_: str, parameters: Parameters, __: str) -> Asked:
    yield Ask("s3:PutObject", f"arn:aws:s3:::{parameters['Bucket']}/{parameters['Key']}")


def _container(action: str) -> Known:
    def asked(_: str, parameters: Parameters, __: str) -> Asked:
        yield Ask(action, f"arn:aws:s3:::{parameters['Bucket']}")

    return asked


def scaled(action: str, parameters: Parameters, here: str) -> Asked:
    """Application Auto Scaling does in the caller's name what a target or a policy takes."""
    variant = parameters["ResourceId"]
    endpoint = f"{here.replace('application-autoscaling', 'sagemaker')}endpoint/{variant.split('/')[1]}"
    alarms = f"{here.replace('application-autoscaling', 'cloudwatch')}alarm:"
    own = f"{alarms}TargetTracking-{variant}-AlarmHigh-1"
    if action.endswith(":RegisterScalableTarget"):
        name = f"aws-service-role/{SCALING}/AWSServiceRoleForApplicationAutoScaling_SageMakerEndpoint"
        account = here.split(":")[4]
        made = (("iam:AWSServiceName", SCALING),)
        yield Ask("iam:CreateServiceLinkedRole", f"arn:aws:iam::{account}:role/{name}", made)
        yield Ask("sagemaker:DescribeEndpoint", endpoint)
        yield Ask("sagemaker:UpdateEndpointWeightsAndCapacities", endpoint)
    elif action.endswith(":PutScalingPolicy"):
        yield from (Ask("cloudwatch:DescribeAlarms", f"{alarms}*"), Ask("cloudwatch:PutMetricAlarm", own))
    else:
        yield Ask("cloudwatch:DeleteAlarms", own)


NO_RESOURCE = {
    "application-autoscaling:DescribeScalingActivities",
    "sagemaker:ListCompilationJobs",
    "sagemaker:ListEndpointConfigs",
    "sagemaker:ListEndpoints",
    "sagemaker:ListModels",
    "sagemaker:ListTransformJobs",
}
KNOWN: Mapping[str, Known] = {
    "cloudwatch:DeleteAlarms": _alarms,
    "cloudwatch:DescribeAlarms": _every_alarm,
    "cloudwatch:PutMetricAlarm": _alarms,
    "logs:DeleteLogGroup": _group,
    "logs:DescribeLogStreams": _group,
    "s3:CompleteMultipartUpload": _put,
    "s3:CreateMultipartUpload": _put,
    "s3:GetBucketLocation": _container("s3:GetBucketLocation"),
    "s3:HeadBucket": _container("s3:ListBucket"),
    "s3:PutObject": _put,
    "s3:UploadPart": _put,
    "sagemaker:AddTags": _tagged,
    "sagemaker:CreateCompilationJob": _on("compilation-job", "CompilationJobName"),
    "sagemaker:CreateEndpoint": _rollout,
    "sagemaker:CreateEndpointConfig": _on("endpoint-config", "EndpointConfigName"),
    "sagemaker:CreateModel": _on("model", "ModelName"),
    "sagemaker:CreateModelPackage": _package,
    "sagemaker:CreateTransformJob": _on("transform-job", "TransformJobName"),
    "sagemaker:DeleteEndpoint": _on("endpoint", "EndpointName"),
    "sagemaker:DeleteEndpointConfig": _on("endpoint-config", "EndpointConfigName"),
    "sagemaker:DeleteModel": _on("model", "ModelName"),
    "sagemaker:DescribeCompilationJob": _on("compilation-job", "CompilationJobName"),
    "sagemaker:DescribeEndpoint": _on("endpoint", "EndpointName"),
    "sagemaker:DescribeEndpointConfig": _on("endpoint-config", "EndpointConfigName"),
    "sagemaker:DescribeModel": _on("model", "ModelName"),
    "sagemaker:DescribeModelPackage": _package,
    "sagemaker:DescribeTransformJob": _on("transform-job", "TransformJobName"),
    "sagemaker:InvokeEndpoint": _on("endpoint", "EndpointName"),
    "sagemaker:InvokeEndpointAsync": _on("endpoint", "EndpointName"),
    "sagemaker:InvokeEndpointWithResponseStream": _streamed,
    "sagemaker:ListTags": _tagged,
    "sagemaker:StopCompilationJob": _on("compilation-job", "CompilationJobName"),
    "sagemaker:StopTransformJob": _on("transform-job", "TransformJobName"),
    "sagemaker:UpdateEndpoint": _rollout,
}
