"""The task role: what the container itself may do. It reads its model, and nothing else."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence

from neuronserve.deploy.ecs.rendering.spec import TaskSpec
from neuronserve.deploy.policy import keys, model
from neuronserve.deploy.policy.document import Statement
from neuronserve.deploy.policy.place import Place
from neuronserve.errors import InvalidInput

_JOB = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}")


@dataclasses.dataclass(frozen=True)
class Needs:
    """What a TaskSpec does not say. ``artifact_uri``: where the model is, when MODEL_URI does not tell.

    ``exec``: ``aws ecs execute-command`` works. ``*_keys``: KMS keys as ARN, ID or alias.
    """

    model_keys: tuple[str, ...] = ()
    secret_keys: tuple[str, ...] = ()
    artifact_uri: str | None = None
    exec: bool = False


def statements(
    spec: TaskSpec, needs: Needs, place: Place, reading: Sequence[Statement] | None = None
) -> list[Statement]:
    """The role's rights: none at all when the model is in the image. Raises InvalidInput.

    ``reading``: statements for the model that the caller has made already.
    """
    made = _model(spec, needs, place) if reading is None else list(reading)
    if made and needs.model_keys:
        made += keys.decrypt("DecryptTheModel", needs.model_keys, ["s3"], place)
    if needs.exec:
        made += _exec(spec, place)
    return made


def uri(spec: TaskSpec) -> str | None:
    """The address that the container is given, as far as it can be seen here."""
    return spec.model_uri or spec.environment.get("MODEL_URI") or None


def job(spec: TaskSpec) -> str | None:
    """The compilation job that the container is given instead."""
    return spec.compilation_job or spec.environment.get("COMPILATION_JOB") or None


def address(spec: TaskSpec, needs: Needs) -> model.Address | None:
    """Where in S3 the tasks read their model. None: nowhere, it is in the image. Raises InvalidInput."""
    own = uri(spec) or needs.artifact_uri
    if own:
        return None if own.startswith("/") else model.address(own)
    if job(spec):
        raise InvalidInput(
            "a compilation job alone does not say what the task reads",
            hint="give --artifact-uri: `aws sagemaker describe-compilation-job` prints it",
        )
    if {"MODEL_URI", "COMPILATION_JOB"} & spec.secrets.keys():
        raise InvalidInput(
            "MODEL_URI or COMPILATION_JOB is a secret: what the task reads cannot be seen here",
            hint="give --artifact-uri s3://bucket/key or s3://bucket/prefix/",
        )
    return None


def _model(spec: TaskSpec, needs: Needs, place: Place) -> list[Statement]:
    at = address(spec, needs)
    made = [] if at is None else model.statements(at, place)
    name = job(spec)
    if not name:
        return made
    if not _JOB.fullmatch(name):
        raise InvalidInput(f"compilation job {name!r}: expected up to 63 letters, digits and dashes")
    # SageMaker writes the names in its ARNs in lower case
    arns = tuple(place.arn("sagemaker", f"compilation-job/{one}") for one in {name, name.lower()})
    return [Statement("LookUpTheCompilationJob", ("sagemaker:DescribeCompilationJob",), arns), *made]


def _exec(spec: TaskSpec, place: Place) -> list[Statement]:
    made = [
        Statement(
            "EcsExec",
            (
                "ssmmessages:CreateControlChannel",
                "ssmmessages:CreateDataChannel",
                "ssmmessages:OpenControlChannel",
                "ssmmessages:OpenDataChannel",
            ),
            ("*",),
        )
    ]
    if spec.logs.group:
        group = place.arn("logs", f"log-group:{spec.logs.group}")
        made += [
            Statement("FindTheLogGroupOfExec", ("logs:DescribeLogGroups",), ("*",)),
            Statement(
                "LogWhatIsTypedInExec",
                ("logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"),
                (group, f"{group}:*"),
            ),
        ]
    return made


def accounts(spec: TaskSpec) -> Sequence[str]:
    """ARNs of the spec that are in the account of the tasks, likeliest first."""
    given = (spec.task_role, spec.execution_role, *spec.secrets.values())
    return [one for one in given if one and one.startswith("arn:")]
