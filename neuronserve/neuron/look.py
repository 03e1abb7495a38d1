"""Look at the chips of this host or container, without holding any of them.

::

    look ─┬─ marker       a simulated host says so
          ├─ nodes        /dev/neuronN: which there are, which can be opened
          ├─ numbering    gaps, renumbered paths, chips that are not neighbours
          ├─ told         what sysfs, neuron-ls and the instance type tell of each chip, in this order
          └─ identity     which instance type this is, and whether all agree
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

from neuronserve.errors import DeviceFault
from neuronserve.instances import catalogue
from neuronserve.neuron import identity, marker, neuronls, nodes, numbering, sysfs, told
from neuronserve.neuron.chips import Chip, Host, Problem, Roots
from neuronserve.neuron.marker import Marker
from neuronserve.neuron.nodes import Node, Nodes
from neuronserve.neuron.told import Told

AskNeuronLs = Callable[[], Sequence[neuronls.Device] | None]


def look(
    roots: Roots,
    *,
    instance_type: str | None = None,
    neuron_ls: AskNeuronLs | None = neuronls.devices,
    files: Nodes | None = None,
) -> Host:
    """What is here, and everything that is wrong with it. Never raises for what it finds.

    ``instance_type``: SERVE_INSTANCE_TYPE. ``neuron_ls``: asks neuron-ls; None: it is not asked, as it
    never is on a simulated host, of which it knows nothing.
    """
    try:
        mark = marker.read(roots.dev)
    except DeviceFault as fault:
        damaged = Problem("bad_marker", str(roots.dev / marker.NAME), fault.message, fault.hint, fatal=True)
        return Host((), (damaged,), "", "", None, simulated=True)
    usable, problems = _usable(roots, files or nodes.SystemNodes(), mark)
    asked = neuron_ls() if neuron_ls and usable and not mark else None
    words = [_words(roots, node, usable, asked or (), instance_type) for node in usable]
    known = identity.Known(
        setting=instance_type or "",
        product=mark.instance_type if mark else sysfs.product(roots.sys),
        neuron_ls=next((device.instance_type for device in asked or () if device.instance_type), ""),
        on_host=sysfs.on_host(roots.sys),
        neuron_ls_told=asked is not None,
    )
    name = identity.certain(known, [told.merged(each) for each in words])
    return Host(
        chips=tuple(_chip(node, told.merged(each), name) for node, each in zip(usable, words, strict=True)),
        problems=(*problems, *identity.problems(known, usable, words, name)),
        driver=sysfs.driver(roots.sys),
        instance_type=name,
        on_host=known.on_host,
        simulated=mark is not None,
    )


def _usable(roots: Roots, files: Nodes, mark: Marker | None) -> tuple[list[Node], list[Problem]]:
    """The devices that can be opened, ascending, and what is wrong with all of them."""
    entries = nodes.entries(roots.dev)
    if not entries:
        return [], [_nothing(roots)]
    usable: list[Node] = []
    problems: list[Problem] = []
    for index, path in entries:
        found = nodes.examine(index, path, files, simulated=mark is not None)
        if isinstance(found, Node) and mark:
            found = _pretended(found, mark)
        if isinstance(found, Node):
            usable.append(found)
        else:
            problems.append(found)
    problems += numbering.gaps([index for index, _ in entries])
    return usable, problems + numbering.renumbering(usable)


def _pretended(node: Node, mark: Marker) -> Node | Problem:
    minor = mark.minors.get(node.index)
    if minor is not None:
        return dataclasses.replace(node, minor=minor)
    message = f"{node.path} is not a chip of the simulated host that {marker.NAME} describes"
    return Problem("bad_marker", str(node.path), message, "make the simulated host anew", fatal=True)


def _nothing(roots: Roots) -> Problem:
    shown = sysfs.on_host(roots.sys)
    product = sysfs.product(roots.sys)
    if shown:
        why = f"the host has {shown}, and none was given to this container"
        hint = "start the container with --device=/dev/neuron0 for each chip (ECS: linuxParameters.devices)"
    elif product:
        why = f"this is {product}, and its Neuron driver is not loaded"
        hint = "install aws-neuronx-dkms on the host, or use the Neuron AMI"
    else:
        why = "nothing shows that this machine has Neuron chips"
        hint = "use an Inf1, Inf2 or Trn1 instance, or MODEL_SERVER=cpu for a model that needs no chips"
    return Problem("no_devices", "", f"there is no {roots.dev}/neuron*: {why}", hint, fatal=True)


def _words(
    roots: Roots, node: Node, usable: Sequence[Node], shown: Sequence[neuronls.Device], setting: str | None
) -> list[Told]:
    """What each source tells of one chip, the most trustworthy first."""
    device = neuronls.of_chip(shown, node.index, node.minor, [one.index for one in usable])
    instance = catalogue().get(setting or "")
    return [
        sysfs.chip(roots.sys, node.minor),
        device.told if device else Told(),
        told.by_instance(instance, told.SETTING) if instance else Told(),
    ]


def _chip(node: Node, known: Told, name: str) -> Chip:
    return Chip(
        index=node.index,
        path=node.path,
        host_index=node.minor,
        generation=known.generation,
        cores=known.cores,
        device_mib=known.device_mib,
        instance_type=name or known.family,
        source=known.source,
        connected=known.connected,
    )
