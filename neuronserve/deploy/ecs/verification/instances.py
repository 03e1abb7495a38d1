"""A container instance can take the task: ever, and now; and all tasks can be there at once."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence

from neuronserve.deploy.ecs import placement
from neuronserve.deploy.ecs.cluster import ContainerInstance
from neuronserve.deploy.ecs.verification.case import Case
from neuronserve.deploy.item import Item, Verdict, guarded

NAME = "instances"
ROOM = "room"
TOGETHER = "together"
_SHOWN = 10


def check(case: Case) -> Iterator[Item]:
    yield _judged(case, NAME, _ever)


def room(case: Case) -> Iterator[Item]:
    yield _judged(case, ROOM, _now)


def together(cases: Sequence[Case]) -> Iterator[Item]:
    """Several definitions, such as slots that share an instance, may each fit and not all of them."""
    if len(cases) > 1:
        yield _judged(cases[0], TOGETHER, functools.partial(_at_once, cases))


def _judged(case: Case, name: str, judge: Callable[[Case], Item]) -> Item:
    if case.managed:
        return Item(name, case.family, Verdict.SKIP, "ECS brings the instances")
    if case.cluster is None:
        return Item(name, case.family, Verdict.SKIP, "no cluster is named", "give it with --cluster")
    return guarded(name, case.family, functools.partial(_looked, case, name, judge))


def _looked(case: Case, name: str, judge: Callable[[Case], Item]) -> Item:
    if case.instances:
        return judge(case)
    if not _exists(case):
        return Item(name, case.family, Verdict.NG, f"no cluster {case.cluster}", "make it, or name another")
    seen = f"cluster {case.cluster} has no container instances"
    fix = "start one with the Neuron AMI; scripts/stack renders all that it takes"
    return Item(name, case.family, Verdict.NG, seen, fix)


def _exists(case: Case) -> bool:
    described = case.aws.ecs.describe_clusters(clusters=[case.cluster or ""])["clusters"]
    return any(found.get("status") == "ACTIVE" for found in described)


def _ever(case: Case) -> Item:
    fitting = _fitting(case, registered=True)
    if fitting:
        seen = f"{len(fitting)} of {len(case.instances)} can take it: {_names(fitting)}"
        return Item(NAME, case.family, Verdict.OK, seen)
    fix = "change what it asks for, or add an instance that has it"
    return Item(NAME, case.family, Verdict.NG, _none(case), fix, _why(case, registered=True))


def _now(case: Case) -> Item:
    free = _fitting(case, registered=False)
    if free:
        seen = f"{len(free)} of {len(case.instances)} can take it now: {_names(free)}"
        return Item(ROOM, case.family, Verdict.OK, seen)
    if not _fitting(case, registered=True):
        return Item(ROOM, case.family, Verdict.SKIP, "it fits on none, whatever runs there")
    if case.service:
        seen = f"none beside what runs now; tasks of service {case.service} stop before new ones start"
        return Item(ROOM, case.family, Verdict.SKIP, seen, details=_why(case, registered=False))
    fix = "stop what holds it, or add an instance"
    return Item(ROOM, case.family, Verdict.NG, f"{_none(case)} now", fix, _why(case, registered=False))


def _at_once(cases: Sequence[Case], first: Case) -> Item:
    left = placement.together([case.demand for case in cases], first.instances)
    names = ", ".join(case.family for case in cases)
    if not left:
        return Item(
            TOGETHER, names, Verdict.OK, f"all {len(cases)} fit at once on the instances, were they empty"
        )
    missing = {id(demand) for demand in left}  # tasks of one service ask for the same
    without = ", ".join(case.family for case in cases if id(case.demand) in missing)
    seen = f"no place for {without} when the others have theirs"
    return Item(TOGETHER, names, Verdict.NG, seen, "make their shares smaller, or add an instance")


def _fitting(case: Case, *, registered: bool) -> list[ContainerInstance]:
    return [
        item for item in case.instances if not placement.reasons(case.demand, item, registered=registered)
    ]


def _none(case: Case) -> str:
    count = len(case.instances)
    return f"none of {count} container instance{'s' if count > 1 else ''} can take it"


def _why(case: Case, *, registered: bool) -> tuple[str, ...]:
    lines = placement.explain(case.demand, case.instances, registered=registered)[:-1]
    more = (f"and {len(lines) - _SHOWN} more",) if len(lines) > _SHOWN else ()
    return (*lines[:_SHOWN], *more)


def _names(found: Sequence[ContainerInstance]) -> str:
    more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    return ", ".join(placement.spoken(item) for item in found[:_SHOWN]) + more
