"""The NeuronCores under the service: what is here, and who gets what. Nothing of it exists on a CPU."""

from __future__ import annotations

import dataclasses
import functools
import logging
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from neuronserve.artifact.bundle import BundledModel
from neuronserve.neuron import allotment, ownership
from neuronserve.neuron.allotment import Allotment
from neuronserve.neuron.chips import Host, Roots
from neuronserve.neuron.plan import Owner
from neuronserve.settings import Settings

_log = logging.getLogger("serve")
_AS_ADVISED = "renumbered"  # contiguous chips of the host as /dev/neuron0..k-1: the safest way there is
# "NeuronCore(s) not available - Requested:4 Available:0"; newer ones say "Logical Neuron Core(s)"
_BUSY = re.compile(r"Neuron ?Core\(s\) not available")


@dataclasses.dataclass(frozen=True)
class Ground:
    """What the model servers stand on. ``host`` is None where there are no Neuron devices in play.

    ``env``: what model servers need in their environment beside the service's own. ``core_offset``: the
    number of the first core of the first chip.
    """

    roots: Roots = Roots()
    host: Host | None = None
    env: Mapping[str, str] = dataclasses.field(default_factory=dict)
    core_offset: int = 0

    @property
    def simulated(self) -> bool:
        return self.host is not None and self.host.simulated


def survey(settings: Settings, kind: str, runtime: Path) -> Ground:
    """Look at the devices; for the simulator, make them first. May take seconds, and takes no core.

    Raises DeviceFault for what cannot be used.
    """
    from neuronserve.modelserver import programs
    from neuronserve.neuron.look import look

    if kind == programs.SIMULATOR:
        ground = _simulated(settings, runtime)
    elif kind == programs.NEURON:
        roots = Roots(dev=settings.devices_dir, sys=settings.sysfs_dir)
        ground = Ground(roots, look(roots, instance_type=settings.instance_type))
    else:
        if programs.has_devices(settings):
            _log.warning("there are Neuron devices here, and the %s model server does not use them", kind)
        return Ground()
    assert ground.host is not None  # noqa: S101  both branches looked
    ground.host.check()
    for problem in ground.host.problems:
        level = logging.INFO if problem.code == _AS_ADVISED else logging.WARNING
        fields = {"fields": dataclasses.asdict(problem)}
        _log.log(level, "%s (%s)", problem.message, problem.hint, extra=fields)
    return _numbered(ground, settings)


def _numbered(ground: Ground, settings: Settings) -> Ground:
    """With the way in which its cores are counted, which the simulated runtime is told."""
    assert ground.host is not None  # noqa: S101  survey() looked
    offset = allotment.core_offset(ground.host, settings)
    if offset != settings.core_offset:
        _log.info("NEURON_RT_VISIBLE_CORES counts as the host does: the first core here is %d", offset)
    env = {**ground.env, **({"SERVE_CORE_OFFSET": str(offset)} if offset and ground.simulated else {})}
    return dataclasses.replace(ground, core_offset=offset, env=env)


def _simulated(settings: Settings, runtime: Path) -> Ground:
    from neuronserve.neuron.look import look
    from neuronserve.simulator import host

    folder = runtime / "neuron-host"
    if settings.simulate:
        made = host.create(folder, settings.simulate)
    else:  # the devices that the container was given; settings saw to the instance type
        made = host.adopt(folder, settings.devices_dir, settings.instance_type or "")
    _log.warning("SIMULATED: a pretended %s; nothing here runs on Neuron hardware", made.instance.name)
    roots = Roots(dev=made.devices, sys=made.sysfs)
    return Ground(roots, look(roots), {"SERVE_SIMULATE_HOST": str(folder)})


def allot(settings: Settings, ground: Ground, models: Sequence[BundledModel]) -> Allotment:
    """Who owns which cores. Raises what ``neuron/plan.py`` raises."""
    if ground.host is None:
        names = tuple(model.name for model in models)
        return Allotment(tuple(Owner(n, None, (), names) for n in range(settings.server_count or 1)))
    return _told(allotment.allot(ground.host, models, settings))


def allot_vacant(settings: Settings, ground: Ground) -> Allotment:
    """The same before there is any model: they come and go while the servers run."""
    if ground.host is None:
        return Allotment(tuple(Owner(n, None, (), ()) for n in range(settings.server_count or 1)))
    return _told(allotment.allot_vacant(ground.host, settings))


def _told(made: Allotment) -> Allotment:
    assert made.map is not None  # noqa: S101  there are devices
    for line in ownership.table(made.map):
        _log.info("%s", line)
    _log.info("the ownership map, for machines", extra={"fields": {"ownership": made.map}})
    return made


def waiting_for(ground: Ground, cores: str, tag: str) -> Callable[[], str] | None:
    """What a server that will own ``cores`` has to wait for: asked in a thread; empty: nothing."""
    if ground.host is None or not cores:
        return None
    first, _, last = cores.partition("-")
    low = int(first) - ground.core_offset
    high = int(last or first) - ground.core_offset
    return functools.partial(_held, ground, cores, (low, high), tag)


def _held(ground: Ground, cores: str, wanted: tuple[int, int], tag: str) -> str:
    from neuronserve.neuron import holders

    assert ground.host is not None  # noqa: S101  waiting_for() looked
    # neuron-ls is not asked: it knows chips, no cores, and would take a neighbour's for the server's own
    found = holders.busy(ground.roots, ground.host, *wanted, core_offset=ground.core_offset, neuron_ls=None)
    if not found:
        return ""
    who = ", ".join(f"process {h.pid}" + (" (its predecessor)" if h.tag == tag else "") for h in found)
    return f"cores {cores} are still held by {who}"


def busy(line: str) -> bool:
    """Whether a line of a model server means that another process still holds its cores."""
    return _BUSY.search(line) is not None
