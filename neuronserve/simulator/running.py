"""Runs of a loaded model on the process's cores: the true answer, computed on CPU, in a core's time."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Mapping, Sequence
from typing import Any

from neuronserve.cpuserver.models.servable import Runner
from neuronserve.cpuserver.runtime.session import Typed
from neuronserve.cpuserver.status import Code, StatusError, deadline_exceeded
from neuronserve.simulator.batches import Batches
from neuronserve.simulator.faults import Faults
from neuronserve.simulator.nrt import Nrt, failure, log, log_line
from neuronserve.simulator.occupancy import Occupancy


@dataclasses.dataclass(frozen=True)
class Chips:
    """What all models of a process share: its cores, their numbers on the host, and what is wrong with them.

    ``service_seconds``: how long one compiled batch occupies a copy.
    """

    occupancy: Occupancy
    host_cores: tuple[int, ...]
    faults: Faults
    service_seconds: float


class OnCpu:
    """A model without any NeuronOp: it takes no core's time, and hangs and fails with its process."""

    def __init__(self, runner: Runner, faults: Faults) -> None:
        self._runner = runner
        self._faults = faults

    @property
    def meta_graph(self) -> Any:
        return self._runner.meta_graph

    def run(
        self, feeds: Mapping[str, Typed], fetches: Sequence[str], timeout_ms: int | None = None
    ) -> list[Typed]:
        _obey(self._faults, _deadline(timeout_ms))
        self._faults.hold_back()
        return self._runner.run(feeds, fetches, timeout_ms)

    def close(self) -> None:
        self._runner.close()


class OnCores:
    """A compiled model, with its copies on the process's cores."""

    def __init__(self, runner: Runner, copies: Sequence[range], batches: Batches, chips: Chips) -> None:
        self._runner = runner
        self._copies = copies
        self._batches = batches
        self._chips = chips

    @property
    def meta_graph(self) -> Any:
        return self._runner.meta_graph

    def run(
        self, feeds: Mapping[str, Typed], fetches: Sequence[str], timeout_ms: int | None = None
    ) -> list[Typed]:
        """Occupy a copy for the service time of each batch, one after the other, or longer if computing does.

        DEADLINE_EXCEEDED when no copy became free in time; what has begun runs to its end, as on a chip.
        """
        deadline, batches = _deadline(timeout_ms), self._batches.count(feeds)
        try:
            with self._chips.occupancy.occupy(self._copies, batches, deadline) as turn:
                _obey(self._chips.faults, deadline)
                answer = self._runner.run(feeds, fetches)
                computed = time.monotonic()
                service = batches * self._chips.service_seconds * self._factor(turn.copy)
                turn.end = max(turn.begin + service, computed)
                time.sleep(turn.end - computed)
        except TimeoutError:
            raise deadline_exceeded() from None
        self._chips.faults.hold_back()
        return answer

    def _factor(self, copy: range) -> float:
        return self._chips.faults.factor(self._chips.host_cores[core] for core in copy)

    def close(self) -> None:
        self._runner.close()


def _deadline(timeout_ms: int | None) -> float | None:
    return None if timeout_ms is None else time.monotonic() + timeout_ms / 1000


def _obey(faults: Faults, deadline: float | None) -> None:
    """Hang or fail where this was commanded."""
    if not faults.wait_while_hung(deadline):
        raise deadline_exceeded()
    if faults.must_fail():
        log(log_line("NMGR", "dlr_infer", "Inference completed with err: 1004"))
        raise StatusError(Code.INTERNAL, failure("Execute failed: nrt_execute", Nrt.EXEC_COMPLETED_WITH_ERR))
