"""What IAM asks about a call of AWS: actions, on which resources, with which condition keys.

From AWS's service authorization reference, and from what AWS says when it refuses. A call that is not known
here is an error: somebody has to look up what is asked about it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from tests.deploying import sagemaker_authorisation
from tests.deploying.ask import ACCOUNT, Ask, Asked, Parameters, passed

__all__ = ["ACCOUNT", "Ask", "of"]
TASKS = "ecs-tasks.amazonaws.com"
SCALING = "ecs.application-autoscaling.amazonaws.com"


_PREFIXES = {"monitoring": "cloudwatch"}  # where a service signs by another name than IAM's


def of(service: str, operation: str, parameters: Parameters, region: str) -> list[Ask]:
    """``service``: the name that its requests are signed by."""
    service = _PREFIXES.get(service, service)
    action = f"{service}:{operation}"
    if action == "sts:GetCallerIdentity":  # IAM asks nobody for it
        return []
    if action in _NO_RESOURCE:
        return [Ask(action)]
    return list(_KNOWN[action](action, parameters, f"arn:aws:{service}:{region}:{ACCOUNT}:"))


def _short(name: str) -> str:
    return name.rpartition("/")[2]


def _arns(member: str) -> Callable[[str, Parameters, str], Asked]:
    """The request names what it is about by ARN."""

    def asked(action: str, parameters: Parameters, _: str) -> Asked:
        value = parameters[member]
        return (Ask(action, arn) for arn in ([value] if isinstance(value, str) else value))

    return asked


def _inside(kind: str, member: str) -> Callable[[str, Parameters, str], Asked]:
    """Something of a cluster, by ARN or by the last part of it; ECS adds the cluster as a key."""

    def asked(action: str, parameters: Parameters, here: str) -> Asked:
        value = parameters[member]
        cluster = _short(parameters["cluster"])
        for name in [value] if isinstance(value, str) else value:
            keys = (("ecs:cluster", f"{here}cluster/{cluster}"),)
            yield Ask(action, f"{here}{kind}/{cluster}/{_short(name)}", keys)

    return asked


def _cluster(action: str, parameters: Parameters, here: str) -> Asked:
    names: Sequence[str] = parameters.get("clusters") or [parameters["cluster"]]
    return (Ask(action, f"{here}cluster/{_short(name)}") for name in names)


def _listed(action: str, parameters: Parameters, here: str) -> Asked:
    yield Ask(action, "*", (("ecs:cluster", f"{here}cluster/{_short(parameters['cluster'])}"),))


def _passed(parameters: Parameters) -> Asked:
    for member in ("taskRoleArn", "executionRoleArn"):
        if name := parameters.get(member):
            yield passed(name, TASKS)


def _register(action: str, parameters: Parameters, here: str) -> Asked:
    arn = f"{here}task-definition/{parameters['family']}:*"
    yield Ask(action, arn)
    yield from _passed(parameters)
    if parameters.get("tags"):
        yield Ask("ecs:TagResource", arn, (("ecs:CreateAction", "RegisterTaskDefinition"),))


def _run(action: str, parameters: Parameters, here: str) -> Asked:
    name, cluster = _short(parameters["taskDefinition"]), _short(parameters["cluster"])
    definition = f"{here}task-definition/{name if ':' in name else name + ':*'}"
    yield Ask(action, definition, (("ecs:cluster", f"{here}cluster/{cluster}"),))
    yield from _passed(parameters.get("overrides", {}))
    if parameters.get("tags") or parameters.get("propagateTags", "NONE") != "NONE":
        yield Ask("ecs:TagResource", f"{here}task/{cluster}/*", (("ecs:CreateAction", "RunTask"),))


def _create_service(action: str, parameters: Parameters, here: str) -> Asked:
    yield from _inside("service", "serviceName")(action, parameters, here)
    if parameters.get("tags"):
        arn = f"{here}service/{_short(parameters['cluster'])}/{parameters['serviceName']}"
        yield Ask("ecs:TagResource", arn, (("ecs:CreateAction", "CreateService"),))


def _stream(action: str, parameters: Parameters, here: str) -> Asked:
    group, stream = parameters["logGroupName"], parameters["logStreamName"]
    yield Ask(action, f"{here}log-group:{group}:log-stream:{stream}")


def _parameters(action: str, parameters: Parameters, here: str) -> Asked:
    """AWS's own parameters are in no account."""
    for name in parameters.get("Names") or [parameters["Name"]]:
        owner = here.replace(ACCOUNT, "") if name.startswith("/aws/service/") else here
        yield Ask(action, f"{owner}parameter/{name.lstrip('/')}")


def _role(action: str, parameters: Parameters, _: str) -> Asked:
    yield Ask(action, f"arn:aws:iam::{ACCOUNT}:role/{parameters['RoleName']}")


def _repository(action: str, parameters: Parameters, here: str) -> Asked:
    where = here.replace(ACCOUNT, parameters.get("registryId", ACCOUNT))
    yield Ask(action, f"{where}repository/{parameters['repositoryName']}")


def _object(_: str, parameters: Parameters, __: str) -> Asked:
    arn = f"arn:aws:s3:::{parameters['Bucket']}/{parameters['Key']}"
    yield Ask("s3:GetObjectVersion" if parameters.get("VersionId") else "s3:GetObject", arn)


def _bucket(_: str, parameters: Parameters, __: str) -> Asked:
    prefix = (("s3:prefix", parameters.get("Prefix", "")),)
    yield Ask("s3:ListBucket", f"arn:aws:s3:::{parameters['Bucket']}", prefix)


def _scaling(action: str, parameters: Parameters, here: str) -> Asked:
    """Application Auto Scaling does in the caller's name what a target or a policy takes."""
    keys = (
        ("application-autoscaling:service-namespace", parameters["ServiceNamespace"]),
        ("application-autoscaling:scalable-dimension", parameters["ScalableDimension"]),
    )
    yield Ask(action, f"{here}scalable-target/*", keys)
    if parameters["ServiceNamespace"] == "sagemaker":
        yield from sagemaker_authorisation.scaled(action, parameters, here)
        return
    service = f"{here.replace('application-autoscaling', 'ecs')}{parameters['ResourceId']}"
    yield from (Ask("ecs:DescribeServices", service), Ask("ecs:UpdateService", service))
    alarms = f"{here.replace('application-autoscaling', 'cloudwatch')}alarm:"
    own = f"{alarms}TargetTracking-{parameters['ResourceId']}-AlarmHigh-1"
    if action.endswith(":RegisterScalableTarget"):
        name = f"aws-service-role/{SCALING}/AWSServiceRoleForApplicationAutoScaling_ECSService"
        made = (("iam:AWSServiceName", SCALING),)
        yield Ask("iam:CreateServiceLinkedRole", f"arn:aws:iam::{ACCOUNT}:role/{name}", made)
    elif action.endswith(":PutScalingPolicy"):
        yield from (Ask("cloudwatch:DescribeAlarms", f"{alarms}*"), Ask("cloudwatch:PutMetricAlarm", own))
    else:
        yield Ask("cloudwatch:DeleteAlarms", own)


_NO_RESOURCE = sagemaker_authorisation.NO_RESOURCE | {
    "application-autoscaling:DescribeScalableTargets",
    "application-autoscaling:DescribeScalingPolicies",
    "ec2:DescribeInstances",
    "ecs:DeregisterTaskDefinition",
    "ecs:DescribeTaskDefinition",
    "ecs:ListClusters",
    "ecs:ListTaskDefinitions",
    "logs:DescribeLogGroups",
}
_KNOWN: Mapping[str, Callable[[str, Parameters, str], Asked]] = {
    **sagemaker_authorisation.KNOWN,
    "application-autoscaling:DeregisterScalableTarget": _scaling,
    "application-autoscaling:PutScalingPolicy": _scaling,
    "application-autoscaling:RegisterScalableTarget": _scaling,
    "ecr:BatchGetImage": _repository,
    "ecr:DescribeImages": _repository,
    "ecr:GetDownloadUrlForLayer": _repository,
    "ecs:CreateService": _create_service,
    "ecs:DeleteTaskDefinitions": _arns("taskDefinitions"),
    "ecs:DescribeClusters": _cluster,
    "ecs:DescribeContainerInstances": _inside("container-instance", "containerInstances"),
    "ecs:DescribeServiceRevisions": _arns("serviceRevisionArns"),
    "ecs:DescribeServices": _inside("service", "services"),
    "ecs:DescribeTasks": _inside("task", "tasks"),
    "ecs:ListContainerInstances": _cluster,
    "ecs:ListServiceDeployments": _inside("service", "service"),
    "ecs:ListServices": _listed,
    "ecs:ListTasks": _listed,
    "ecs:RegisterTaskDefinition": _register,
    "ecs:RunTask": _run,
    "ecs:StopTask": _inside("task", "task"),
    "ecs:TagResource": _arns("resourceArn"),
    "ecs:UntagResource": _arns("resourceArn"),
    "ecs:UpdateService": _inside("service", "service"),
    "iam:GetRole": _role,
    "iam:SimulatePrincipalPolicy": _arns("PolicySourceArn"),
    "logs:GetLogEvents": _stream,
    "s3:GetObject": _object,
    "s3:HeadObject": _object,
    "s3:ListObjectsV2": _bucket,
    "secretsmanager:DescribeSecret": _arns("SecretId"),
    "secretsmanager:GetSecretValue": _arns("SecretId"),
    "ssm:GetParameter": _parameters,
    "ssm:GetParameters": _parameters,
}
