"""The deployer: whoever runs ``scripts/task-definition`` and ``scripts/ecs``, a person or a pipeline."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Mapping, Sequence

from neuronserve.deploy.ecs import ami
from neuronserve.deploy.ecs.rendering.spec import TaskSpec
from neuronserve.deploy.policy import execution, images, keys, model, task, trust
from neuronserve.deploy.policy import place as places
from neuronserve.deploy.policy.document import Condition, Statement
from neuronserve.deploy.policy.place import Place
from neuronserve.deploy.policy.rights import RIGHTS, On
from neuronserve.deploy.policy.task import Needs
from neuronserve.errors import InvalidInput


@dataclasses.dataclass(frozen=True)
class Reach:
    """What a deployer has to do with: one cluster, some families and services, and what their tasks need."""

    spec: TaskSpec
    place: Place
    cluster: str
    families: tuple[str, ...]
    services: tuple[str, ...]
    needs: Needs = dataclasses.field(default_factory=Needs)

    @property
    def cluster_arn(self) -> str:
        return self.place.arn("ecs", f"cluster/{self.cluster}")

    def definitions(self) -> tuple[str, ...]:
        return tuple(self.place.arn("ecs", f"task-definition/{family}:*") for family in self.families)

    def service_arns(self) -> tuple[str, ...]:
        return tuple(self.place.arn("ecs", f"service/{self.cluster}/{name}") for name in self.services)


def statements(reach: Reach, verbs: Sequence[str] = tuple(RIGHTS)) -> list[Statement]:
    """One statement for each kind of resource that the verbs have to do with. Raises InvalidInput."""
    merged: dict[On, set[str]] = {}
    for verb in verbs:
        if verb not in RIGHTS:
            raise InvalidInput(f"no verb {verb!r}", hint=f"there are {', '.join(RIGHTS)}")
        for on, actions in RIGHTS[verb].items():
            merged.setdefault(on, set()).update(actions)
    made: list[Statement] = []
    for on in On:
        if on is On.MODEL and on in merged:
            made += _model(reach)
        elif on in merged:
            resources, condition = _PLACES[on](reach)
            made.append(Statement(str(on), tuple(merged[on]), resources, condition))
    return [one for one in made if one.resources]


def _model(reach: Reach) -> list[Statement]:
    """What the tasks may read, the deployer may: to look into the model before it is deployed."""
    at = task.address(reach.spec, reach.needs)
    if at is None:
        return []
    key = keys.decrypt("DecryptTheModel", reach.needs.model_keys, ["s3"], reach.place)
    return [*model.statements(at, reach.place), *key]


Resources = tuple[tuple[str, ...], Condition]
_ROLE = re.compile(r"[A-Za-z0-9+=,.@_/-]{1,128}")


def _in_cluster(reach: Reach) -> Condition:
    return {"ArnEquals": {"ecs:cluster": reach.cluster_arn}}


def _created_by(action: str) -> Condition:
    return {"StringEquals": {"ecs:CreateAction": action}}


def _anything(_: Reach) -> Resources:
    return ("*",), {}


def _listed(reach: Reach) -> Resources:
    return ("*",), _in_cluster(reach)


def _tasks(reach: Reach) -> tuple[str, ...]:
    return (reach.place.arn("ecs", f"task/{reach.cluster}/*"),)


def _instances(reach: Reach) -> Resources:
    return (reach.place.arn("ecs", f"container-instance/{reach.cluster}/*"),), {}


def _revisions(reach: Reach) -> Resources:
    """IAM asks for the service too."""
    names = [f"service-revision/{reach.cluster}/{name}/*" for name in reach.services]
    return (*reach.service_arns(), *(reach.place.arn("ecs", name) for name in names)), {}


def _roles(reach: Reach) -> tuple[str, ...]:
    return tuple(
        role(given, reach.place) for given in (reach.spec.task_role, reach.spec.execution_role) if given
    )


def role(given: str, place: Place) -> str:
    """A role's ARN; ECS takes its name too. Raises InvalidInput."""
    arn = places.parsed(given)
    if arn and arn.service == "iam" and arn.rest.startswith("role/"):
        return given
    if arn or not _ROLE.fullmatch(given):
        raise InvalidInput(f"role {given!r}: expected its name, or arn:aws:iam::ACCOUNT:role/NAME")
    return place.role(given)


def _passed(reach: Reach) -> Resources:
    return _roles(reach), {"StringEquals": {"iam:PassedToService": trust.TASKS}}


def _log_stream(reach: Reach) -> Resources:
    spec = reach.spec
    return tuple(
        f"{group}:log-stream:{spec.logs.stream_prefix}/{spec.container}/*" for group in _groups(reach)
    ), {}


def _groups(reach: Reach) -> list[str]:
    logs, place = reach.spec.logs, reach.place
    if not logs.group:
        return []
    there = dataclasses.replace(place, region=logs.region or place.region)
    return [there.arn("logs", f"log-group:{logs.group}")]


def _repository(reach: Reach) -> Resources:
    found = images.arn(reach.spec.image, reach.place)
    return ((found,) if found else ()), {}


def _of_execution(sid: str) -> Callable[[Reach], Resources]:
    """The same secrets or parameters that the execution role reads."""

    def resources(reach: Reach) -> Resources:
        found = execution.statements(reach.spec, reach.needs, reach.place)
        return tuple(arn for one in found if one.sid == sid for arn in one.resources), {}

    return resources


def _secrets_with_keys(reach: Reach) -> Resources:
    """Whether a secret has a JSON key is in its value; no other secret is read."""
    keyed = {
        name: source
        for name, source in reach.spec.secrets.items()
        if source.split(":")[7:8] not in ([], [""])
    }
    spec = dataclasses.replace(reach.spec, secrets=keyed)
    found = execution.statements(spec, dataclasses.replace(reach.needs, secret_keys=()), reach.place)
    return tuple(arn for one in found if one.sid == "ReadSecrets" for arn in one.resources), {}


def _ami(reach: Reach) -> Resources:
    """Public parameters have no account in their ARN. In every region: they tell everybody the same."""
    names = sorted(name.rpartition("/")[0] for name in ami.PARAMETERS.values())
    return tuple(f"arn:{reach.place.partition}:ssm:*::parameter{name}/*" for name in names), {}


def _targets(reach: Reach) -> Resources:
    condition = {
        "StringEquals": {
            "application-autoscaling:service-namespace": "ecs",
            "application-autoscaling:scalable-dimension": "ecs:service:DesiredCount",
        }
    }
    return (reach.place.arn("application-autoscaling", "scalable-target/*"),), condition


def _alarms(reach: Reach) -> Resources:
    names = [f"alarm:TargetTracking-service/{reach.cluster}/{name}-*" for name in reach.services]
    return tuple(reach.place.arn("cloudwatch", name) for name in names), {}


def _all_alarms(reach: Reach) -> Resources:
    """To list alarms is a right on all of them: with a narrower one it is refused."""
    return (reach.place.arn("cloudwatch", "alarm:*"),), {}


def _scaling_role(reach: Reach) -> Resources:
    service = "ecs.application-autoscaling.amazonaws.com"
    name = f"aws-service-role/{service}/AWSServiceRoleForApplicationAutoScaling_ECSService"
    return (reach.place.role(name),), {"StringEquals": {"iam:AWSServiceName": service}}


_PLACES: Mapping[On, Callable[[Reach], Resources]] = {
    On.ANYTHING: _anything,
    On.IN_CLUSTER: _listed,
    On.FAMILY: lambda reach: (reach.definitions(), {}),
    On.RUN: lambda reach: (reach.definitions(), _in_cluster(reach)),
    On.CLUSTER: lambda reach: ((reach.cluster_arn,), {}),
    On.INSTANCES: _instances,
    On.TASKS: lambda reach: (_tasks(reach), {}),
    On.TASK_TAGS: lambda reach: (_tasks(reach), _created_by("RunTask")),
    On.SEEN: lambda reach: ((reach.place.arn("ecs", f"service/{reach.cluster}/*"),), {}),
    On.EVERYWHERE: lambda reach: (
        tuple(reach.place.arn("ecs", kind) for kind in ("service/*", "task/*")),
        {},
    ),
    On.SERVICES: lambda reach: (reach.service_arns(), {}),
    On.REVISIONS: _revisions,
    On.PASS: _passed,
    On.ROLES: lambda reach: (_roles(reach), {}),
    On.LOG_STREAM: _log_stream,
    On.REPOSITORY: _repository,
    On.SECRETS: _of_execution("ReadSecrets"),
    On.JSON_KEYS: _secrets_with_keys,
    On.PARAMETERS: _of_execution("ReadParameters"),
    On.AMI: _ami,
    On.TARGETS: _targets,
    On.ALARMS: _alarms,
    On.ALL_ALARMS: _all_alarms,
    On.SCALING_ROLE: _scaling_role,
}
