"""Which NeuronCores containers take that share chips, and where they want the same ones. Pure.

A process that says nothing takes all cores of its chips; NEURON_RT_VISIBLE_CORES names them and wins over
NEURON_RT_NUM_CORES, for which the driver gives the first run of so many that are free (Neuron SDK, "Runtime
configuration"; aws-neuron-driver, ``ncrwl_nc_range_mark``). Numbers count from the container's first chip on,
or over the whole host, as older drivers and Neuron's own scheduler do: both readings are tried.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator, Sequence
from enum import StrEnum

from neuronserve.deploy.ecs.validation import chips, programs
from neuronserve.deploy.ecs.validation.neuron import ours
from neuronserve.deploy.ecs.validation.subject import variables
from neuronserve.deploy.node import Node
from neuronserve.environment import Fault, core_range, integer, placement
from neuronserve.generation import Generation
from neuronserve.instances import InstanceType

VISIBLE, COUNT = "NEURON_RT_VISIBLE_CORES", "NEURON_RT_NUM_CORES"
_LOGICAL_CORES = ("NEURON_LOGICAL_NC_CONFIG", "NEURON_RT_VIRTUAL_CORE_SIZE")
_PHYSICAL_PER_LOGICAL = {Generation.V3: 2}  # the runtime pairs Trn2's cores unless it is set to 1


@dataclasses.dataclass(frozen=True)
class Claim:
    """What one container takes. Cores have the numbers of the host.

    ``place``: what says so. ``chips``: number -> the device. ``within``: the cores of its chips.
    ``readings``: the cores that it names, by each way to count that fits; () where it names none.
    ``count``: how many it takes, whichever are free. ``everything``: it says nothing, and takes all.
    Without any of them it is not known yet what it takes.
    """

    container: Node
    place: Node
    chips: dict[int, Node]
    within: frozenset[int]
    readings: tuple[frozenset[int], ...] = ()
    count: int | None = None
    everything: bool = False

    @property
    def name(self) -> str:
        return self.container.at("name").text or self.container.pointer

    @property
    def known(self) -> bool:
        return bool(self.readings) or self.count is not None


class Kind(StrEnum):
    ALL = "one takes all cores"
    SAME = "both name the same cores"
    MANY = "more cores than there are"
    ORDER = "who starts first may take what another names"
    UNKNOWN = "it is not known what one takes"


@dataclasses.dataclass(frozen=True)
class Clash:
    """``claim`` cannot have what it takes beside ``others``. ``chips``: shared ones. ``sure``: by any count.

    ``cores``: the shared ones, or for MANY how many are asked for; ``there``: for MANY how many there are.
    """

    kind: Kind
    claim: Claim
    others: tuple[Claim, ...]
    chips: tuple[int, ...]
    cores: tuple[int, ...] = ()
    asked: int = 0
    there: int = 0
    sure: bool = True

    @property
    def key(self) -> tuple[str, str, tuple[str, ...]]:
        return self.kind, self.claim.container.pointer, tuple(o.container.pointer for o in self.others)


def per_chip(instance: InstanceType, container: Node) -> int:
    """The cores of a chip of this type, as the container's programs count them."""
    values = variables(container)
    single = any((values[name].text or "").strip() == "1" for name in _LOGICAL_CORES if name in values)
    return instance.cores * (_PHYSICAL_PER_LOGICAL.get(instance.generation, 1) if single else 1)


def later(container: Node, name: str) -> bool:
    """The variable may have a value that is not in the task definition: a secret's, or a file's."""
    plain = variables(container).get(name)
    if plain is not None:
        return plain.unknown
    if any(secret.text == name for secret in container.find("secrets.*.name")):
        return True
    return container.at("environmentFiles").size > 0 or container.at("environmentFiles").unknown


def claim(container: Node, instance: InstanceType) -> Claim | None:
    """What the container takes on such an instance; None: nothing, or what cannot be (another rule tells)."""
    given = chips.given(container)
    if not given or programs.observes(container) or programs.without_chips(container):
        return None
    each = per_chip(instance, container)
    own = frozenset(core for chip in given for core in range(chip * each, (chip + 1) * each))
    values = variables(container)
    devices = container.at("linuxParameters", "devices")
    visible, count = _text(values, VISIBLE), _text(values, COUNT)
    whole = Claim(container, devices, given, own)
    try:
        if visible:
            named = readings(container, instance, core_range(visible))
            return dataclasses.replace(whole, place=values[VISIBLE], readings=named) if named else None
        if later(container, VISIBLE):
            return whole
        if count and (number := integer(0, 4096)(count)):
            return _counted(whole, values[COUNT], number, instance)
        if later(container, COUNT):
            return whole
        if planned := _text(values, "SERVE_PLACEMENT"):
            spans = [readings(container, instance, (low, high)) for _, low, high in placement(planned)]
            named = (frozenset().union(*(span[0] for span in spans if span)),)
            return dataclasses.replace(whole, place=values["SERVE_PLACEMENT"], readings=named)
    except Fault:
        return None
    return dataclasses.replace(whole, readings=(own,), everything=True)


def _counted(whole: Claim, place: Node, number: int, instance: InstanceType) -> Claim | None:
    """Our own container takes the first ones of its chips, whether they are free or not."""
    if number > len(whole.within):
        return None
    if not ours.is_ours(whole.container):
        return dataclasses.replace(whole, place=place, count=number)
    first = _offset(whole.container)
    named = readings(whole.container, instance, (first, first + number - 1))
    return dataclasses.replace(whole, place=place, readings=named) if named else None


def readings(container: Node, instance: InstanceType, named: tuple[int, int]) -> tuple[frozenset[int], ...]:
    """The host's numbers of a range of cores, by each way to count by which they are the container's own.

    Where paths count the chips anew from 0, cores are counted so too, if that can be.
    """
    ways = (from_first_chip(container, instance, named), over_the_host(container, instance, named))
    found = tuple(dict.fromkeys(way for way in ways if way))
    return found[:1] if renumbered(container) else found


def from_first_chip(container: Node, instance: InstanceType, named: tuple[int, int]) -> frozenset[int] | None:
    """The host's numbers of cores counted from the container's first chip on; None: it lacks them."""
    each = per_chip(instance, container)
    own = [chip * each + core for chip in sorted(chips.given(container)) for core in range(each)]
    first, last = (core - _offset(container) for core in named)
    return frozenset(own[first : last + 1]) if first >= 0 and last < len(own) else None


def over_the_host(container: Node, instance: InstanceType, named: tuple[int, int]) -> frozenset[int] | None:
    """Cores that have the host's numbers; None: they are on no chip of the container."""
    each, given = per_chip(instance, container), chips.given(container)
    cores = frozenset(range(named[0], named[1] + 1))
    return cores if {core // each for core in cores} <= given.keys() and not _offset(container) else None


def renumbered(container: Node) -> bool:
    """Its paths count the chips from 0, in the host's order."""
    return inner(container) == list(range(len(chips.given(container))))


def inner(container: Node) -> list[int | None]:
    """The chips' numbers inside the container, in the host's order; where no path says, it is the host's."""
    return [
        chips.index(device.at("containerPath").text or device.at("hostPath").text)
        for _, device in sorted(chips.given(container).items())
    ]


def _offset(container: Node) -> int:
    try:
        return int(integer(0, 4096)(_text(variables(container), "SERVE_CORE_OFFSET")))
    except Fault:
        return 0


def _text(values: dict[str, Node], name: str) -> str:
    return (values[name].text or "").strip() if name in values else ""


def clashes(claims: Sequence[Claim]) -> Iterator[Clash]:
    """Where the claims of containers that run side by side cannot all be met."""
    for one, other in itertools.combinations(claims, 2):
        yield from _pair(one, other)
    yield from _counts(claims)


def _pair(one: Claim, other: Claim) -> Iterator[Clash]:
    shared = tuple(sorted(one.chips.keys() & other.chips.keys()))
    if not shared:
        return
    if not (one.known and other.known):
        if one.everything or other.everything:
            yield Clash(Kind.ALL, other, (one,), shared)
        else:
            yield Clash(Kind.UNKNOWN, other, (one,), shared)
        return
    both = [a & b for a in one.readings for b in other.readings]
    if any(both):
        everything = one.everything or other.everything
        cores = tuple(sorted(next(filter(None, both))))
        yield Clash(Kind.ALL if everything else Kind.SAME, other, (one,), shared, cores, sure=all(both))


def _counts(claims: Sequence[Claim]) -> Iterator[Clash]:
    """Those that take any free cores: together with the others on their chips they must find enough."""
    known = [claim for claim in claims if claim.known]
    for group in _neighbours(known):
        counted = [claim for claim in group if claim.count is not None]
        if not counted or len(group) < 2:
            continue
        there = frozenset().union(*(claim.within for claim in group))
        named = frozenset().union(*(claim.readings[0] for claim in group if claim.readings))
        asked = sum(claim.count or 0 for claim in counted)
        last, before = group[-1], tuple(group[:-1])
        shared = tuple(sorted({chip for claim in group for chip in claim.chips}))
        alone = any((claim.count or 0) + len(named & claim.within) > len(claim.within) for claim in counted)
        if asked + len(named) > len(there) or alone:
            yield Clash(Kind.MANY, last, before, shared, asked=asked + len(named), there=len(there))
            continue
        first = frozenset(sorted(frozenset().union(*(c.within for c in counted)))[:asked])
        if first & named:
            naming = tuple(claim for claim in group if claim.readings and claim.readings[0] & first)
            yield Clash(Kind.ORDER, counted[-1], naming, shared, tuple(sorted(first & named)))


def _neighbours(claims: Sequence[Claim]) -> Iterator[list[Claim]]:
    """Claims that share chips, directly or through others, in their order."""
    left = list(claims)
    while left:
        group = [left.pop(0)]
        reach = set(group[0].chips)
        while more := [claim for claim in left if reach & claim.chips.keys()]:
            group += more
            reach.update(*(claim.chips for claim in more))
            left = [claim for claim in left if claim not in more]
        yield group


def together(containers: Sequence[Node], types: Sequence[InstanceType]) -> Iterator[Clash]:
    """The clashes of containers on one instance. ``sure`` only where they are so on every type.

    Of types with unlike chips those that differ from type to type are not sure.
    """
    kinds = {(t.cores, t.generation): t for t in types}.values()
    each = []
    for instance in kinds:
        found = [claim(container, instance) for container in containers]
        each.append({clash.key: clash for clash in clashes([one for one in found if one])})
    for key, clash in itertools.chain.from_iterable(found.items() for found in each):
        everywhere = [found[key] for found in each if key in found]
        if clash is everywhere[0]:
            yield dataclasses.replace(
                clash, sure=len(everywhere) == len(each) and all(one.sure for one in everywhere)
            )
