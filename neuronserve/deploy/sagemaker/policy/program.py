r"""Policies for SageMaker: the execution role, and whoever deploys, compiles, packs and invokes.

Options are named as those of `scripts/sagemaker`, `compile-model` and `package-model`; nothing is allowed
that they do not name. Two of them differ: --role says whose policy, --execution-role names the role.

    scripts/policy sagemaker --endpoint digits --image $IMAGE --model-data s3://models/digits.tar.gz \
        --execution-role serving                                     an endpoint: its role, and its deployer
    ... --async-input s3://requests/ --async-output s3://results/                     an asynchronous one
    ... --transform-input s3://rows/ --transform-output s3://answers/                     transform jobs too
    scripts/policy sagemaker --bucket models --execution-role neo --compilation-job 'digits-*'   compile-model
    scripts/policy sagemaker --upload s3://models/ --role deployer                               package-model
    scripts/policy sagemaker --endpoint digits --role deployer --verbs invoke,status       who only asks it
    scripts/policy sagemaker --endpoint digits --role execution --trust       who may take on the role

--verbs names verbs as they are typed: deploy, "deploy --prune", "compile-model run", compile-model (all of
its verbs). Not given: all that what was named has to do with. --role all, the default, prints one object
with a key for each. Each document can go to `aws iam put-role-policy --policy-document file://...` as it is,
that of --trust to `aws iam create-role --assume-role-policy-document`.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from neuronserve.deploy import exits
from neuronserve.deploy.desk import Desk
from neuronserve.deploy.policy import account, document
from neuronserve.deploy.policy import place as places
from neuronserve.deploy.policy.document import Statement
from neuronserve.deploy.sagemaker.policy import deployer, execution, options, verbs
from neuronserve.deploy.sagemaker.policy.rights import RIGHTS, On
from neuronserve.deploy.sagemaker.policy.wanted import Wanted
from neuronserve.errors import InvalidInput

ROLES = ("execution", "deployer")


def arguments(parser: argparse.ArgumentParser) -> None:
    asked = parser.add_argument_group("policies")
    asked.add_argument(
        "--role", type=_whose, metavar="WHOSE", default="all", help="execution, deployer or all (all)"
    )
    asked.add_argument("--trust", action="store_true", help="print who may take on the execution role")
    asked.add_argument(
        "--account", metavar="DIGITS", help="the AWS account; not given: from ARNs, else asked of STS"
    )
    asked.add_argument("--verbs", metavar="VERB,...", help="the deployer's, see above")
    options.arguments(parser)


def _whose(text: str) -> str:
    if text not in (*ROLES, "all"):
        raise argparse.ArgumentTypeError(
            f"{text!r}: expected {', '.join(ROLES)} or all; --execution-role names a role"
        )
    return text


def run(given: argparse.Namespace, desk: Desk) -> int:
    place = places.of(desk.aws.region, account.number(given.account, options.hints(given), desk))
    wanted = options.wanted(given, place)
    roles = ROLES if given.role == "all" else (given.role,)
    if given.trust:
        made = _trusts(wanted, roles)
    else:
        rows = verbs.chosen(given.verbs, wanted) if "deployer" in roles else ()
        made = policies(wanted, roles, rows)
        for remark in _remarks(wanted, made, rows):
            desk.say(f"note: {remark}")
    desk.show(made if given.role == "all" else made[given.role])
    return exits.YES


def policies(wanted: Wanted, roles: Sequence[str], rows: Sequence[str]) -> dict[str, Any]:
    """The documents by role; ``rows`` of ``RIGHTS``. Raises InvalidInput."""
    makers: Mapping[str, Callable[[], list[Statement]]] = {
        "execution": lambda: execution.statements(wanted),
        "deployer": lambda: deployer.statements(wanted, rows),
    }
    return {role: document.of(makers[role]()) for role in roles}


def _trusts(wanted: Wanted, roles: Sequence[str]) -> dict[str, Any]:
    if "execution" not in roles:
        raise InvalidInput(
            "no trust policy for the deployer: it may be a user, a pipeline's role, or a group",
            hint="leave --trust out, or use --role execution",
        )
    return {"execution": execution.trusting(wanted)}


def _remarks(wanted: Wanted, made: Mapping[str, Any], rows: Sequence[str]) -> Iterator[str]:
    """Raises InvalidInput for a document that is larger than IAM takes."""
    for name, policy in made.items():
        if said := document.fit(name, policy):
            yield said
        if not policy["Statement"]:
            yield f"the {name} policy allows nothing: nothing was named that it would be for"
    asked = {on for row in rows for on in RIGHTS[row]}
    if On.PASS in asked and not wanted.roles:
        yield "iam:PassRole is only for the roles given: see --execution-role"
    if On.COMPILATIONS in asked and not wanted.jobs:
        yield "compilation jobs of any name: --compilation-job 'NAME-*' narrows it"
    if "execution" in made and wanted.packages:
        yield (
            "for the role that validates a package AWS documents AmazonSageMakerFullAccess, and no smaller "
            "policy: this one has what the transform job itself does"
        )
