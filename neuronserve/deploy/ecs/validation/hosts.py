"""The instance types that a task definition's placement constraints leave."""

from __future__ import annotations

import dataclasses
import functools
import re
from collections.abc import Iterator

from neuronserve.deploy import shapes
from neuronserve.deploy.ecs import query
from neuronserve.deploy.node import Node
from neuronserve.errors import InvalidInput
from neuronserve.instances import InstanceType, catalogue

ATTRIBUTE = "attribute:ecs.instance-type"
_HOST = {"ecs.os-type": "linux", "ecs.cpu-architecture": "x86_64"}  # of every Neuron instance


@dataclasses.dataclass(frozen=True)
class Hosts:
    """``types``: of the catalogue, those that satisfy all constraints, their case aside.

    ``narrowed``: something says which types, and not only which not. ``clauses``: what the constraints say
    about the type.
    ``endless``: expressions with patterns that take years. ``trees``: the constraints, types in lower case.
    ``chosen``: the type was not left to the constraints.
    """

    types: tuple[InstanceType, ...]
    narrowed: bool
    clauses: tuple[tuple[Node, query.Clause], ...] = ()
    endless: tuple[tuple[Node, InvalidInput], ...] = ()
    excluded: InstanceType | None = None
    trees: tuple[query.Expression, ...] = ()
    chosen: bool = False

    @classmethod
    def of(cls, root: Node, instance_type: InstanceType | None = None) -> Hosts:
        """``instance_type`` is what it will run on where the constraints do not say."""
        parsed = list(_parsed(root))
        about = tuple(
            (node, clause) for node, tree in parsed for clause in query.clauses(tree) if of_type(clause)
        )
        types, endless, narrowed = tuple(catalogue().values()), [], False
        trees: list[query.Expression] = []
        for node, tree in parsed:
            meant = _lower(tree)
            trees.append(meant)
            try:
                types = _left(types, meant)
                narrowed = narrowed or _chooses(meant)
            except InvalidInput as error:
                endless.append((node, error))
        if instance_type is None:
            return cls(types, narrowed, about, tuple(endless), trees=tuple(trees))
        left = tuple(t for t in types if t == instance_type)
        excluded = None if left else instance_type
        return cls(left or types, True, about, tuple(endless), excluded, chosen=bool(left))

    @property
    def of_neuron(self) -> bool:
        """A clause chooses a type that has chips."""
        families = {t.family for t in catalogue().values()}
        return self.narrowed and any(
            argument.lower().removeprefix("ml.").startswith(tuple(families))
            for _, clause in self.clauses
            for argument in clause.arguments
        )

    @functools.cached_property
    def only_neuron(self) -> bool:
        """Every type that the constraints allow has Neuron chips, of all that EC2 has."""
        if self.chosen or not (self.narrowed and self.types) or self.endless:
            return self.chosen
        others = shapes.words("ec2", "InstanceType") - catalogue().keys()
        return not any(
            all(query.may_match(tree, {"ecs.instance-type": name}) for tree in self.trees) for name in others
        )

    @property
    def spoken(self) -> str:
        """The types for a person."""
        names = [t.name for t in self.types]
        return ", ".join(names) if len(names) <= 4 else f"{', '.join(names[:3])} and {len(names) - 3} more"


def of_type(clause: query.Clause) -> bool:
    return clause.subject == ATTRIBUTE


def _parsed(root: Node) -> Iterator[tuple[Node, query.Expression]]:
    misplaced = root.find("containerDefinitions.*.placementConstraints.*.expression")  # shape.py tells
    for expression in (*root.find("placementConstraints.*.expression"), *misplaced):
        if expression.text is None:
            continue
        try:
            yield expression, query.parse(expression.text)
        except InvalidInput:  # placement.py tells
            continue


def _left(types: tuple[InstanceType, ...], tree: query.Expression) -> tuple[InstanceType, ...]:
    return tuple(t for t in types if query.may_match(tree, {**_HOST, "ecs.instance-type": t.name}))


def _chooses(tree: query.Expression) -> bool:
    """A type that nobody has heard of does not satisfy it: it says more than what a type shall not be."""
    return not query.may_match(tree, {**_HOST, "ecs.instance-type": "another.type"})


def _lower(tree: query.Expression) -> query.Expression:
    """What was meant: types in lower case. That it was not written so is a finding of its own."""
    match tree:
        case query.Clause() if of_type(tree):
            return lower(tree)
        case query.Clause():
            return tree
        case query.Not(of=part):
            return query.Not(_lower(part))
        case query.And(of=parts):
            return query.And(tuple(map(_lower, parts)))
        case query.Or(of=parts):
            return query.Or(tuple(map(_lower, parts)))


def lower(clause: query.Clause) -> query.Clause:
    """The clause in lower case; escapes of regular expressions keep theirs, which means something."""
    words = tuple(_ESCAPE_OR_CAPITAL.sub(_lowered, argument) for argument in clause.arguments)
    return dataclasses.replace(clause, arguments=words)


_ESCAPE_OR_CAPITAL = re.compile(r"\\p\{\w+\}|\\.|[A-Z]", re.IGNORECASE | re.DOTALL)


def _lowered(found: re.Match[str]) -> str:
    return found[0] if found[0].startswith("\\") else found[0].lower()
