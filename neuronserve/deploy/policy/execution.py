"""The execution role: what the ECS agent does before a task's container runs, and the log driver after."""

from __future__ import annotations

import re

from neuronserve.deploy.ecs.rendering.spec import TaskSpec
from neuronserve.deploy.policy import images, keys
from neuronserve.deploy.policy import place as places
from neuronserve.deploy.policy.document import Statement, literal
from neuronserve.deploy.policy.place import Place
from neuronserve.deploy.policy.task import Needs
from neuronserve.errors import InvalidInput

_SUFFIX = re.compile(r".*-[A-Za-z0-9]{6}")
_PARAMETER = re.compile(r"[A-Za-z0-9_./-]+")
_ENVIRONMENT_FILE = re.compile(r"arn:(?P<partition>aws[a-z-]*):s3:::(?P<bucket>[^/]+)/(?P<key>.+)")


def statements(spec: TaskSpec, needs: Needs, place: Place) -> list[Statement]:
    """The role's rights. Raises InvalidInput for a secret or a file that is no ARN."""
    return [
        *images.pulling((spec.image,), place),
        *_logs(spec, place),
        *_secrets(spec, needs, place),
        *_environment_files(spec),
    ]


def _logs(spec: TaskSpec, place: Place) -> list[Statement]:
    if not spec.logs.group:
        return []
    there = Place(place.partition, spec.logs.region or place.region, place.account, place.suffix)
    group = there.arn("logs", f"log-group:{spec.logs.group}")
    # the driver names its streams PREFIX/CONTAINER/TASK
    streams = f"{group}:log-stream:{spec.logs.stream_prefix}/{spec.container}/*"
    made = [Statement("WriteTheLog", ("logs:CreateLogStream", "logs:PutLogEvents"), (streams,))]
    if spec.logs.create_group:
        made.append(Statement("MakeTheLogGroup", ("logs:CreateLogGroup",), (group, f"{group}:*")))
    return made


def _secrets(spec: TaskSpec, needs: Needs, place: Place) -> list[Statement]:
    secrets, parameters = set(), set()
    for name, source in spec.secrets.items():
        arn = places.parsed(source)
        if arn and arn.service == "secretsmanager":
            secrets.add(_secret(name, source))
        elif arn and arn.service == "ssm" and arn.rest.startswith("parameter/"):
            parameters.add(literal(source))
        elif arn is None and _PARAMETER.fullmatch(source):
            parameters.add(place.arn("ssm", f"parameter/{source.lstrip('/')}"))
        else:
            raise InvalidInput(
                f"secret {name}: expected the ARN of a Secrets Manager secret or an SSM parameter, or a "
                "parameter's name"
            )
    made = [
        Statement("ReadSecrets", ("secretsmanager:GetSecretValue",), tuple(secrets)),
        Statement("ReadParameters", ("ssm:GetParameters",), tuple(parameters)),
    ]
    if needs.secret_keys:
        services = ["secretsmanager"] * bool(secrets) + ["ssm"] * bool(parameters)
        if not services:
            raise InvalidInput("--secrets-kms-key without --secret: there is nothing to decrypt with it")
        made += keys.decrypt("DecryptSecrets", needs.secret_keys, services, place)
    return [one for one in made if one.resources]


def _secret(name: str, source: str) -> str:
    """The secret's own ARN: ECS appends ``:json-key:stage:version``; IAM wants the six random characters."""
    parts = source.split(":")
    if len(parts) < 7 or parts[5] != "secret" or not parts[6]:
        raise InvalidInput(
            f"secret {name}: expected arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME-SUFFIX"
        )
    arn = ":".join(parts[:7])
    return literal(arn) if _SUFFIX.fullmatch(parts[6]) else f"{literal(arn)}-??????"


def _environment_files(spec: TaskSpec) -> list[Statement]:
    objects, buckets = set(), set()
    for arn in spec.environment_files:
        found = _ENVIRONMENT_FILE.fullmatch(arn)
        if not found:
            raise InvalidInput(f"environment file {arn!r}: expected arn:aws:s3:::BUCKET/KEY.env")
        buckets.add(f"arn:{found['partition']}:s3:::{found['bucket']}")
        objects.add(f"arn:{found['partition']}:s3:::{found['bucket']}/{literal(found['key'])}")
    made = [
        Statement("ReadEnvironmentFiles", ("s3:GetObject",), tuple(objects)),
        Statement("FindTheirBucket", ("s3:GetBucketLocation",), tuple(buckets)),
    ]
    return [one for one in made if one.resources]
