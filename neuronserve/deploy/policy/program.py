"""Policies for ECS: a task, its execution, the instances and whoever deploys it.

The options are those of `scripts/task-definition render`: the same inputs make the policies. Each document
can go to `aws iam put-role-policy --policy-document file://...` as it is; --trust prints the trust policies
for `aws iam create-role --assume-role-policy-document`. With --role all it is one object with a key for each.
"""

from __future__ import annotations

import argparse
import dataclasses
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from neuronserve.deploy import exits
from neuronserve.deploy.desk import Desk
from neuronserve.deploy.ecs.rendering import options, render
from neuronserve.deploy.ecs.rendering.spec import TaskSpec
from neuronserve.deploy.policy import account, deployer, document, execution, instance, task, trust
from neuronserve.deploy.policy import place as places
from neuronserve.deploy.policy.deployer import Reach
from neuronserve.deploy.policy.document import Statement
from neuronserve.deploy.policy.place import Place
from neuronserve.deploy.policy.rights import RIGHTS, On
from neuronserve.deploy.policy.task import Needs
from neuronserve.errors import InvalidInput

_NAME = re.compile(r"[A-Za-z0-9_-]{1,255}")
ROLES = ("task", "execution", "deployer", "instance")


def arguments(parser: argparse.ArgumentParser) -> None:
    asked = parser.add_argument_group("policies")
    asked.add_argument("--role", choices=(*ROLES, "all"), default="all", help="whose policy (all)")
    asked.add_argument("--trust", action="store_true", help="print who may take on the role, not its rights")
    asked.add_argument(
        "--account", metavar="DIGITS", help="the AWS account; not given: from ARNs, else asked of STS"
    )
    asked.add_argument(
        "--cluster", metavar="NAME", default="default", help="the cluster's name or ARN (default)"
    )
    asked.add_argument(
        "--service",
        metavar="NAME",
        action="append",
        help="a service of the deployer's; again for more (the families)",
    )
    asked.add_argument(
        "--verbs", metavar="VERB,...", help="the deployer's: run-task,deploy-service,... (all there are)"
    )
    needs_arguments(asked)
    options.arguments(parser)


def needs_arguments(group: argparse._ArgumentGroup) -> None:
    """The options for what a TaskSpec does not say."""
    group.add_argument(
        "--model-kms-key",
        metavar="KEY",
        action="append",
        default=[],
        help="what the model is encrypted with: ARN, ID or alias/NAME",
    )
    group.add_argument(
        "--secrets-kms-key",
        metavar="KEY",
        action="append",
        default=[],
        help="what secrets and parameters are encrypted with",
    )
    group.add_argument(
        "--artifact-uri", metavar="S3_URI", help="where the model is, when --model-uri does not tell"
    )
    group.add_argument("--exec", action="store_true", help="let `aws ecs execute-command` into the container")


def needs(given: argparse.Namespace) -> Needs:
    return Needs(
        model_keys=tuple(given.model_kms_key),
        secret_keys=tuple(given.secrets_kms_key),
        artifact_uri=given.artifact_uri,
        exec=given.exec,
    )


def run(given: argparse.Namespace, desk: Desk) -> int:
    spec = options.spec(given, desk)
    cluster = given.cluster
    if (arn := places.parsed(cluster)) and arn.service == "ecs":
        cluster = arn.rest.removeprefix("cluster/")
    hints = [given.cluster, *task.accounts(spec), *given.model_kms_key]
    place = places.of(desk.aws.region, account.number(given.account, hints, desk))
    families = _families(spec)
    reach = Reach(
        spec=spec,
        place=place,
        cluster=_name("--cluster", cluster),
        families=families,
        services=tuple(_name("--service", one) for one in given.service or ()) or families,
        needs=needs(given),
    )
    wanted = ROLES if given.role == "all" else (given.role,)
    verbs = _verbs(given.verbs)
    made = trusts(wanted, place) if given.trust else policies(reach, wanted, verbs)
    for name, policy in made.items() if not given.trust else ():
        for remark in _remarks(name, policy, spec, verbs):
            desk.say(f"note: {remark}")
    desk.show(made if given.role == "all" else made[given.role])
    return exits.YES


def _families(spec: TaskSpec) -> tuple[str, ...]:
    """The families that the spec makes, for slots as a pattern of an ARN: there may be sixteen.

    A role that is still to be made is none of their business.
    """
    whole = dataclasses.replace(spec, execution_role=spec.execution_role or "to-be-made")
    families = tuple(request["family"] for request in render.task_definitions(whole))
    return families if len(families) == 1 else (f"{spec.family}-slot*",)


def policies(reach: Reach, roles: Sequence[str], verbs: Sequence[str]) -> dict[str, Any]:
    """The documents by role. Raises InvalidInput, also for one that is larger than IAM takes."""
    makers: Mapping[str, Callable[[], list[Statement]]] = {
        "task": lambda: task.statements(reach.spec, reach.needs, reach.place),
        "execution": lambda: execution.statements(reach.spec, reach.needs, reach.place),
        "deployer": lambda: deployer.statements(reach, verbs),
        "instance": lambda: instance.statements(reach.cluster, reach.place),
    }
    return {role: document.of(makers[role]()) for role in roles}


def trusts(roles: Sequence[str], place: Place) -> dict[str, Any]:
    """The trust policies by role; a deployer is whoever you say."""
    known = {"task": trust.tasks(place), "execution": trust.tasks(place), "instance": trust.instances(place)}
    if roles == ("deployer",):
        raise InvalidInput(
            "no trust policy for the deployer: it may be a user, a pipeline's role, or a group",
            hint="leave --trust out, or name task, execution or instance",
        )
    return {role: known[role] for role in roles if role in known}


def _name(option: str, text: str) -> str:
    if not _NAME.fullmatch(text):
        raise InvalidInput(f"{option} {text!r}: expected 1 to 255 letters, digits, '-' and '_'")
    return text


def _verbs(text: str | None) -> tuple[str, ...]:
    if text is None:
        return tuple(RIGHTS)
    return tuple(word for word in (part.strip() for part in text.split(",")) if word)


def _remarks(name: str, policy: Mapping[str, Any], spec: TaskSpec, verbs: Sequence[str]) -> list[str]:
    said = [document.fit(name, policy)]
    if name == "deployer":
        passes = any(On.PASS in RIGHTS[verb] for verb in verbs)
        if passes and not (spec.task_role and spec.execution_role):
            said.append("iam:PassRole is only for the roles given: see --task-role and --execution-role")
    elif not policy["Statement"]:
        said.append(f"the {name} role needs no rights: leave the role out")
    return [one for one in said if one]
