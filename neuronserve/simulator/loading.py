"""What the runtime demands of a compiled model before it is loaded, and how its copies are placed."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable
from pathlib import Path

from neuronserve.compiled import Compiled
from neuronserve.cpuserver.models.servable import Runner
from neuronserve.cpuserver.status import Code, Refused
from neuronserve.errors import NeuronserveError
from neuronserve.generation import Generation
from neuronserve.simulator.batches import Batches
from neuronserve.simulator.faults import Faults
from neuronserve.simulator.nrt import Nrt, NrtError, failure, log, log_line
from neuronserve.simulator.running import Chips, OnCores, OnCpu

Inspect = Callable[[Path, int], Compiled]


@dataclasses.dataclass(frozen=True)
class Loading:
    """How a process loads models. ``load_seconds``: how much longer each load takes.

    ``chips`` gives the cores that the process owns, which the first compiled model makes it take.
    """

    chips: Callable[[], Chips]
    faults: Faults
    generation: Generation
    load_seconds: float
    inspect: Inspect

    def prepare(self, version: int, folder: Path) -> Callable[[Runner], Runner]:
        """Check and wait before a version is loaded; what comes back puts it on the cores.

        Refused, with the runtime's own text, for what the runtime does not load.
        """
        try:
            compiled = self.inspect(folder, version)
        except NeuronserveError as error:
            raise Refused(Code.INVALID_ARGUMENT, str(error)) from error
        if not compiled.neuron:
            time.sleep(self.load_seconds)
            return lambda runner: OnCpu(runner, self.faults)
        chips = self._initialised()
        self._check(compiled, len(chips.host_cores))
        time.sleep(self.load_seconds)
        placed = copies(compiled, len(chips.host_cores))
        return lambda runner: OnCores(
            runner, placed, Batches(compiled, runner.meta_graph.signature_def), chips
        )

    def _initialised(self) -> Chips:
        try:
            return self.chips()
        except NrtError as error:
            raise Refused(Code.UNAVAILABLE, str(error)) from error

    def _check(self, compiled: Compiled, owned: int) -> None:
        if compiled.generation not in (None, self.generation):
            raise _refused(
                Nrt.UNSUPPORTED_NEFF_VERSION, Code.INVALID_ARGUMENT, _other(compiled, self.generation)
            )
        if compiled.cores > owned:
            why = f"NEFF needs {compiled.cores} NeuronCores, the process has {owned}"
            raise _refused(Nrt.LOAD_NOT_ENOUGH_NC, Code.RESOURCE_EXHAUSTED, why)


def copies(compiled: Compiled, owned: int) -> list[range]:
    """Where the copies of a model are, in a process that owns so many cores: at least one fits."""
    each = max(1, compiled.cores)
    return [
        range(at * each, (at + 1) * each) for at in range(max(1, min(compiled.duplicates, owned // each)))
    ]


def _other(compiled: Compiled, generation: Generation) -> str:
    # [?] the runtime's wording is known for versions that it does not support, not for another generation
    built = compiled.generation or generation
    return (
        f"NEFF version: {compiled.compiler or 'unknown'} ({built}, {built.families}) is not supported.  "
        f"Currently supporting: {generation} ({generation.families})"
    )


def _refused(status: Nrt, code: Code, why: str) -> Refused:
    log(log_line("NEFF", "neff_parse", why))
    log(log_line("NMGR", "kmgr_load_nn_post_metrics", f"Failed to load NN, err: {int(status)}"))
    return Refused(code, f"{failure('nrt_load', status)} {why}")
