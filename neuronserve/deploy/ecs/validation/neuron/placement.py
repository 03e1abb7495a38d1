"""Placement constraints: whether ECS can read them, and whether any instance can satisfy them."""

from __future__ import annotations

import difflib
from collections.abc import Iterator

from neuronserve.deploy.ecs import query
from neuronserve.deploy.ecs.validation import chips, hosts
from neuronserve.deploy.ecs.validation.subject import Subject
from neuronserve.deploy.findings import Finding
from neuronserve.deploy.node import Node
from neuronserve.errors import InvalidInput
from neuronserve.instances import catalogue

_LONGEST = 2000


def check(subject: Subject) -> Iterator[Finding]:
    for constraint in subject.root.each("placementConstraints"):
        yield from _readable(constraint)
    for node, error in subject.hosts.endless:
        yield node.error("bad-expression", error.message, error.hint)
    yield from _types(subject)
    if subject.takes_chips:
        yield from _possible(subject)


def _readable(constraint: Node) -> Iterator[Finding]:
    expression = constraint.at("expression")
    if isinstance(constraint.value, dict):
        for member in ("type", "expression"):
            if not constraint.at(member).given:
                yield constraint.error("missing-member", f"a constraint needs {member}", f"add {member}")
    if expression.text is None:
        return
    if len(expression.text) > _LONGEST:
        yield expression.error(
            "out-of-range", f"{len(expression.text)} characters: expected at most {_LONGEST}", "shorten it"
        )
        return
    try:
        query.parse(expression.text)
    except InvalidInput as error:
        yield expression.error(
            "bad-expression", error.message, error.hint or "see ECS's cluster query language"
        )


def _types(subject: Subject) -> Iterator[Finding]:
    for node, clause in subject.hosts.clauses:
        meant = hosts.lower(clause)
        if _only_case(clause, meant):
            yield node.error(
                "instance-type-case",
                f"{', '.join(clause.arguments)}: values of ecs.instance-type are lower case and compared as "
                "they are, so that no instance matches",
                f"write {', '.join(meant.arguments)}",
            )
        if clause.operator in (query.Operator.EQUALS, query.Operator.IN):
            for argument in clause.arguments:
                yield from _existing(node, argument.lower())


def _only_case(clause: query.Clause, meant: query.Clause) -> bool:
    """It holds for no type as it is written. A pattern may have capitals and be right: ``[A-Za-z0-9]+``."""
    if clause.operator is query.Operator.MATCHES:
        return not _matched(clause) and _matched(meant)
    return clause != meant and clause.operator is not query.Operator.NOT_MATCHES


def _matched(clause: query.Clause) -> bool:
    try:
        return any(query.may_match(clause, {"ecs.instance-type": name}) for name in catalogue())
    except InvalidInput:  # told as endless
        return True


def _existing(node: Node, name: str) -> Iterator[Finding]:
    known = catalogue()
    families = {t.family for t in known.values()}
    if name in known or name.removeprefix("ml.").partition(".")[0] not in families:
        return
    near = difflib.get_close_matches(name.removeprefix("ml."), known, n=1)
    yield node.error(
        "unknown-instance-type",
        f"there is no instance type {name}",
        f"did you mean {near[0]}?" if near else f"one of {', '.join(known)}",
    )


def _possible(subject: Subject) -> Iterator[Finding]:
    left, place = subject.hosts, subject.root.at("placementConstraints")
    if not left.types:
        yield place.error(
            "never-placed",
            "no instance type with Neuron chips satisfies all constraints",
            "name a type that has them, in lower case, such as inf1.xlarge",
        )
    elif left.excluded:
        yield place.error(
            "instance-type-excluded",
            f"the constraints leave {left.spoken}, and not {left.excluded.name}",
            "change the constraint, or --instance-type",
        )
    elif left.endless or subject.root.may_have("placementConstraints.*.expression"):
        return
    elif not (left.narrowed or subject.fargate or subject.managed) and any(
        map(chips.places, subject.containers)
    ):
        yield place.warning(
            "no-type-constraint",
            "nothing keeps the task off instances that have other chips, or none",
            'add a memberOf constraint such as "attribute:ecs.instance-type == inf1.xlarge"',
        )
