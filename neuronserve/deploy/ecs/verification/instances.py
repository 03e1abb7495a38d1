"""A container instance of the cluster can take the task: ever, and now."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from botocore.exceptions import ClientError

from neuronserve.deploy.aws import code_of
from neuronserve.deploy.ecs import placement
from neuronserve.deploy.ecs.cluster import ContainerInstance
from neuronserve.deploy.ecs.placement import Demand
from neuronserve.deploy.ecs.verification.case import Case
from neuronserve.deploy.ecs.verification.item import Item, Verdict, guarded

NAME = "instances"
ROOM = "room"
_SHOWN = 10

Judge = Callable[[Case, Demand, Sequence[ContainerInstance]], Item]


def check(case: Case) -> Iterator[Item]:
    yield _judged(case, NAME, _ever)


def room(case: Case) -> Iterator[Item]:
    yield _judged(case, ROOM, _now)


def _judged(case: Case, name: str, judge: Judge) -> Item:
    if case.managed:
        return Item(name, case.family, Verdict.SKIP, "ECS brings the instances")
    if case.cluster is None:
        return Item(name, case.family, Verdict.SKIP, "no cluster is named", "give it with --cluster")
    return guarded(name, case.family, lambda: _looked(case, name, judge))


def _looked(case: Case, name: str, judge: Judge) -> Item:
    cluster = case.cluster or ""
    group = f"service:{case.service}" if case.service else None
    demand = Demand.of(case.request, case.constraints, group=group)
    found = _read(case, cluster, demand)
    if not found:
        if not _exists(case, cluster):
            return Item(name, case.family, Verdict.NG, f"no cluster {cluster}", "make it, or name another")
        return Item(
            name, case.family, Verdict.NG, f"cluster {cluster} has no container instances",
            "start one with the Neuron AMI; scripts/stack renders all that it takes",
        )  # fmt: skip
    return judge(case, demand, found)


def _read(case: Case, cluster: str, demand: Demand) -> Sequence[ContainerInstance]:
    try:
        return placement.read(case.aws, cluster, demand)
    except ClientError as error:
        if code_of(error) == "ClusterNotFoundException":
            return ()
        raise


def _exists(case: Case, cluster: str) -> bool:
    described = case.aws.ecs.describe_clusters(clusters=[cluster])["clusters"]
    return any(found.get("status") == "ACTIVE" for found in described)


def _ever(case: Case, demand: Demand, found: Sequence[ContainerInstance]) -> Item:
    fitting = [item for item in found if not placement.reasons(demand, item, registered=True)]
    if fitting:
        return Item(
            NAME, case.family, Verdict.OK, f"{len(fitting)} of {len(found)} can take it: {_names(fitting)}"
        )
    *lines, summary = placement.explain(demand, found, registered=True)
    return Item(
        NAME, case.family, Verdict.NG, summary, "change what it asks for, or add an instance that has it",
        _shortened(lines),
    )  # fmt: skip


def _now(case: Case, demand: Demand, found: Sequence[ContainerInstance]) -> Item:
    free = [item for item in found if not placement.reasons(demand, item)]
    if free:
        return Item(
            ROOM, case.family, Verdict.OK, f"{len(free)} of {len(found)} can take it now: {_names(free)}"
        )
    *lines, summary = placement.explain(demand, found)
    if case.service:
        seen = f"none beside what runs now; tasks of service {case.service} stop before new ones start"
        return Item(ROOM, case.family, Verdict.SKIP, seen, details=_shortened(lines))
    return Item(
        ROOM, case.family, Verdict.NG, summary, "stop what holds it, or add an instance", _shortened(lines)
    )


def _names(found: Sequence[ContainerInstance]) -> str:
    more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    return ", ".join(placement.spoken(item) for item in found[:_SHOWN]) + more


def _shortened(lines: Sequence[str]) -> tuple[str, ...]:
    more = (f"and {len(lines) - _SHOWN} more",) if len(lines) > _SHOWN else ()
    return (*lines[:_SHOWN], *more)
