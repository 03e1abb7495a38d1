"""Which instance type this is, and what its sources disagree about."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence

from neuronserve.instances import InstanceType, catalogue
from neuronserve.neuron.chips import Problem
from neuronserve.neuron.nodes import Node
from neuronserve.neuron.told import NEURON_LS, SETTING, SYSFS, Told, disagreements, family_of

_SET = "set SERVE_INSTANCE_TYPE to the EC2 instance type, such as inf1.xlarge"
_TOOLS = "install the tools that fit the driver"
_CORRECT = "correct SERVE_INSTANCE_TYPE, or leave it unset"


@dataclasses.dataclass(frozen=True)
class Known:
    """What names the whole machine; empty and None: not known.

    ``setting``: SERVE_INSTANCE_TYPE. ``product``: the machine's own word. ``on_host``: chips in sysfs.
    ``neuron_ls_told``: whether it told anything at all.
    """

    setting: str = ""
    product: str = ""
    neuron_ls: str = ""
    on_host: int | None = None
    neuron_ls_told: bool = False


def certain(known: Known, chips: Sequence[Told]) -> str:
    """The catalogue's name for this instance; empty when several fit, or the sources contradict it."""
    for name in (known.product, known.neuron_ls, known.setting):
        instance = catalogue().get(name)
        if instance and all(_fits(chip, instance) for chip in chips):
            return name
    families = {chip.family for chip in chips}
    fitting = [
        instance.name
        for instance in catalogue().values()
        if families == {family_of(instance.name)} and instance.chips == known.on_host
    ]
    return fitting[0] if len(fitting) == 1 else ""


def problems(
    known: Known, nodes: Sequence[Node], words: Sequence[Sequence[Told]], name: str
) -> list[Problem]:
    """What is not known, and what contradicts. ``words``: for each node what its sources tell."""
    return [
        *_unknown(nodes, words),
        *_strangers(known, nodes, words),
        *_contradictions(known, nodes, words),
        *_counts(known, len(nodes), name),
    ]


def _fits(chip: Told, instance: InstanceType) -> bool:
    same_family = chip.family in {"", family_of(instance.name)}
    return same_family and chip.generation in {None, instance.generation}


def _unknown(nodes: Sequence[Node], words: Sequence[Sequence[Told]]) -> Iterable[Problem]:
    told = list(zip(nodes, words, strict=True))
    coreless = [node for node, sources in told if not any(source.cores for source in sources)]
    if coreless:
        message = f"nothing tells how many cores {_paths(coreless)} has"
        yield Problem("unknown_chip", _device(coreless), message, _SET, fatal=True)
    ageless = [node for node, sources in told if not any(source.generation for source in sources)]
    if ageless and ageless != coreless:
        message = f"nothing tells of which generation {_paths(ageless)} is"
        yield Problem("unknown_generation", _device(ageless), message, _SET, fatal=False)


def _strangers(known: Known, nodes: Sequence[Node], words: Sequence[Sequence[Told]]) -> Iterable[Problem]:
    by_driver = _without(SYSFS, nodes, words) if known.on_host is not None else []
    if by_driver:
        message = (
            f"the driver shows {known.on_host} chips in sysfs, and {_paths(by_driver)} is not among them"
        )
        hint = "map the devices that the driver made on the host, each by its own number"
        yield Problem("not_in_sysfs", _device(by_driver), message, hint, fatal=False)
    by_tool = _without(NEURON_LS, nodes, words) if known.neuron_ls_told else []
    if by_tool:
        message = f"neuron-ls does not show {_paths(by_tool)}"
        yield Problem("neuron_ls_disagrees", _device(by_tool), message, _TOOLS, fatal=False)


def _without(source: str, nodes: Sequence[Node], words: Sequence[Sequence[Told]]) -> list[Node]:
    """The nodes of which a source tells nothing."""
    told = zip(nodes, words, strict=True)
    return [node for node, each in told if not any(one.source == source for one in each)]


def _contradictions(
    known: Known, nodes: Sequence[Node], words: Sequence[Sequence[Told]]
) -> Iterable[Problem]:
    found: dict[tuple[str, str], list[Node]] = {}
    for node, sources in zip(nodes, words, strict=True):
        for _, other, difference in disagreements([source for source in sources if not source.empty]):
            code = "setting_disagrees" if other.source == SETTING else "neuron_ls_disagrees"
            found.setdefault((code, difference), []).append(node)
    for (code, difference), where in found.items():
        hint = _CORRECT if code == "setting_disagrees" else _TOOLS
        message = f"{_paths(where)}: {difference}; the first is believed"
        yield Problem(code, _device(where), message, hint, fatal=False)
    if known.setting and known.setting not in catalogue():
        message = f"SERVE_INSTANCE_TYPE={known.setting} is no instance type with Neuron chips"
        yield Problem("unknown_instance_type", "", message, _CORRECT, fatal=False)
    elif known.setting and known.product and known.setting != known.product and not found:
        message = f"SERVE_INSTANCE_TYPE={known.setting}, but this is {known.product}"
        yield Problem("setting_disagrees", "", message, _CORRECT, fatal=False)


def _counts(known: Known, here: int, name: str) -> Iterable[Problem]:
    instance = catalogue().get(name)
    if instance is None or not here:
        return
    shown = max(here, known.on_host or 0)
    if shown > instance.chips:
        message = f"{name} has {instance.chips} chips, and there are {shown}"
        yield Problem("chip_count", "", message, _CORRECT, fatal=False)
    elif known.on_host is not None and known.on_host < instance.chips:
        message = f"{name} has {instance.chips} chips, and the driver shows {known.on_host}"
        hint = "see the host's kernel log (dmesg) for the others, or replace the instance"
        yield Problem("chip_count", "", message, hint, fatal=False)


def _paths(nodes: Sequence[Node]) -> str:
    return ", ".join(str(node.path) for node in nodes)


def _device(nodes: Sequence[Node]) -> str:
    return str(nodes[0].path) if len(nodes) == 1 else ""
