"""Whether ECS can place a task on a container instance, and which part of what it asks for fails.

ECS looks for instances with enough cpu, memory and free ports first, then at the constraints.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from neuronserve.deploy.aws import Aws
from neuronserve.deploy.ecs import cluster as clusters
from neuronserve.deploy.ecs import query
from neuronserve.deploy.ecs.cluster import ContainerInstance, Resources
from neuronserve.deploy.ecs.validation.amounts import asked_cpu, asked_memory
from neuronserve.deploy.node import Node
from neuronserve.errors import InvalidInput

_CHANGING = ("task:group", "runningTasksCount", "agentConnected")  # none of them says what could ever fit


@dataclasses.dataclass(frozen=True)
class Demand:
    """What a task asks of an instance. ``cpu`` in units; ports: the static ones of the instance.

    ``distinct``: no other task of ``group`` may be there.
    """

    cpu: int
    memory_mib: int
    ports: frozenset[int] = frozenset()
    udp_ports: frozenset[int] = frozenset()
    gpus: int = 0
    constraints: tuple[query.Expression, ...] = ()
    distinct: bool = False
    group: str = ""

    @classmethod
    def of(
        cls,
        request: Mapping[str, Any],
        constraints: Sequence[Mapping[str, Any]] = (),
        *,
        group: str | None = None,
    ) -> Demand:
        """Of a task definition's request, with the ``placementConstraints`` of RunTask or of a service.

        ``group``: ``service:NAME`` for a service; RunTask's own default is ``family:FAMILY``.
        Raises InvalidInput for a constraint that cannot be read.
        """
        root = Node(dict(request))
        taken = set(_static_ports(root))
        both = [
            *_constraints(root.at("placementConstraints")),
            *_constraints(Node(list(constraints), "placementConstraints")),
        ]
        return cls(
            cpu=asked_cpu(root),
            memory_mib=asked_memory(root),
            ports=frozenset(port for port, udp in taken if not udp),
            udp_ports=frozenset(port for port, udp in taken if udp),
            gpus=_gpus(root),
            constraints=tuple(constraint for constraint in both if constraint is not None),
            distinct=None in both,
            group=group or f"family:{root.at('family').text or ''}",
        )

    @property
    def asks_for_groups(self) -> bool:
        """Judging it takes the groups of the tasks that run."""
        subjects = {clause.subject for tree in self.constraints for clause in query.clauses(tree)}
        return self.distinct or "task:group" in subjects


def read(aws: Aws, cluster: str, demand: Demand) -> tuple[ContainerInstance, ...]:
    """The instances of a cluster, with what it takes to judge them by this demand."""
    return clusters.read(aws, cluster, task_groups=demand.asks_for_groups)


def reasons(demand: Demand, instance: ContainerInstance, *, registered: bool = False) -> list[str]:
    """Why the instance cannot take the task now; empty when it can.

    ``registered``: why it never could, even if it ran nothing and its agent were connected.
    """
    return [
        *([] if registered else _unfit(instance)),
        *_short(demand, instance, registered=registered),
        *_taken(demand, instance, registered=registered),
        *_unsatisfied(demand, instance, registered=registered),
    ]


def never(demand: Demand, instances: Sequence[ContainerInstance]) -> bool:
    """Whether there are instances, and none of them could ever take it."""
    return bool(instances) and all(reasons(demand, instance, registered=True) for instance in instances)


def explain(demand: Demand, instances: Sequence[ContainerInstance], *, registered: bool = False) -> list[str]:
    """A line for each instance, and one for all of them at the end."""
    if not instances:
        return ["the cluster has no container instances"]
    judged = [(instance, reasons(demand, instance, registered=registered)) for instance in instances]
    return [*(f"{spoken(instance)}: {'; '.join(why) or 'fits'}" for instance, why in judged), _all(judged)]


def together(demands: Sequence[Demand], instances: Sequence[ContainerInstance]) -> list[Demand]:
    """Those that find no place when all are to run at once on these instances, which run nothing else.

    The largest is placed first, each on the first instance that can take it: for slots, which ask for equal
    shares of one type, this finds a way whenever there is one.
    """
    free = [_emptied(instance) for instance in instances]
    left = []
    for demand in sorted(demands, key=lambda demand: (demand.cpu, demand.memory_mib), reverse=True):
        for place, instance in enumerate(free):
            if not reasons(demand, instance):
                free[place] = _after(demand, instance)
                break
        else:
            left.append(demand)
    return left


def spoken(instance: ContainerInstance) -> str:
    """``i-0123 (inf1.xlarge)``."""
    return f"{instance.name} ({instance.instance_type or 'type unknown'})"


def _all(judged: Sequence[tuple[ContainerInstance, list[str]]]) -> str:
    fitting = [instance for instance, why in judged if not why]
    count = f"{len(judged)} container instance{'s' if len(judged) > 1 else ''}"
    if fitting:
        return f"{len(fitting)} of {count} can take it"
    nearest, why = min(judged, key=lambda pair: len(pair[1]))
    return f"none of {count} can take it; nearest: {spoken(nearest)}: {'; '.join(why)}"


def _emptied(instance: ContainerInstance) -> ContainerInstance:
    return dataclasses.replace(
        instance,
        status="ACTIVE",
        agent_connected=True,
        remaining=instance.registered,
        running_tasks=0,
        task_groups=frozenset(),
    )


def _after(demand: Demand, instance: ContainerInstance) -> ContainerInstance:
    """The instance with one more task."""
    free = instance.remaining
    return dataclasses.replace(
        instance,
        remaining=Resources(
            free.cpu - demand.cpu,
            free.memory_mib - demand.memory_mib,
            free.ports | demand.ports,
            free.udp_ports | demand.udp_ports,
            free.gpus - demand.gpus,
        ),
        running_tasks=instance.running_tasks + 1,
        task_groups=(instance.task_groups or frozenset()) | {demand.group},
    )


def _gpus(root: Node) -> int:
    """What the containers ask for together; values that are no numbers are another check's subject."""
    needs = root.find("containerDefinitions.*.resourceRequirements.*")
    values = [need.at("value").text or "" for need in needs if need.at("type").text == "GPU"]
    return sum(int(value) for value in values if value.isascii() and value.isdecimal())


def _static_ports(root: Node) -> Iterator[tuple[int, bool]]:
    """Ports of the instance that only one task can have, and whether of UDP.

    A task with awsvpc has an interface, and so all ports, of its own.
    """
    mode = root.at("networkMode").text or "bridge"
    if mode not in ("bridge", "host"):
        return
    for port in root.find("containerDefinitions.*.portMappings.*"):
        number = port.at("hostPort").number or (port.at("containerPort").number if mode == "host" else 0)
        if number:
            yield number, port.at("protocol").text == "udp"


def _constraints(listed: Node) -> Iterator[query.Expression | None]:
    """The expressions; None for distinctInstance."""
    for constraint in listed.each():
        kind, expression = constraint.at("type").text, constraint.at("expression")
        if kind == "distinctInstance":
            yield None
        elif kind == "memberOf" and expression.text is not None:
            try:
                yield query.parse(expression.text)
            except InvalidInput as error:
                raise InvalidInput(f"{expression.pointer}: {error.message}", hint=error.hint) from None
        else:
            raise InvalidInput(
                f"{constraint.pointer}: no placement constraint",
                hint="its type is memberOf, with an expression, or distinctInstance",
            )


def _unfit(instance: ContainerInstance) -> Iterator[str]:
    if instance.status != "ACTIVE":
        yield f"its status is {instance.status or 'unknown'}: only ACTIVE ones take tasks"
    if not instance.agent_connected:
        yield "its agent is disconnected"


def _short(demand: Demand, instance: ContainerInstance, *, registered: bool) -> Iterator[str]:
    all_of_it, free = instance.registered, instance.remaining
    for what, unit, asked, had, left in (
        ("cpu", "units", demand.cpu, all_of_it.cpu, free.cpu),
        ("memory", "MiB", demand.memory_mib, all_of_it.memory_mib, free.memory_mib),
        ("GPU", "GPUs", demand.gpus, all_of_it.gpus, free.gpus),
    ):
        if asked > had:
            yield f"{what}: needs {asked} {unit}, {had} are registered in all"
        elif asked > left and not registered:
            yield f"{what}: needs {asked} {unit}, {left} of {had} are free"


def _taken(demand: Demand, instance: ContainerInstance, *, registered: bool) -> Iterator[str]:
    for kind, wanted, reserved, taken in (
        ("port", demand.ports, instance.registered.ports, instance.remaining.ports),
        ("UDP port", demand.udp_ports, instance.registered.udp_ports, instance.remaining.udp_ports),
    ):
        for port in sorted(wanted & (reserved if registered else taken)):
            yield f"{kind} {port} is {'reserved on the instance' if port in reserved else 'taken'}"


def _unsatisfied(demand: Demand, instance: ContainerInstance, *, registered: bool) -> Iterator[str]:
    def values(subject: str) -> tuple[str, ...] | None:
        return None if registered and subject in _CHANGING else instance.values(subject)

    for tree in demand.constraints:
        yield from map(str, query.failures(tree, values))
    if demand.distinct and not registered and demand.group in (instance.task_groups or ()):
        yield f"distinctInstance: a task of {demand.group} is there"
