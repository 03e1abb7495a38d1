"""The Neuron runtime of one process: initialised once, then it owns cores to the end of the process."""

from __future__ import annotations

import logging
import os
import sys
import threading
from collections.abc import Mapping

from neuronserve.simulator import late, nrt, ownership, rules
from neuronserve.simulator.commands import Commands
from neuronserve.simulator.faults import Faults
from neuronserve.simulator.host import SimulatedHost
from neuronserve.simulator.nrt import NrtError
from neuronserve.simulator.occupancy import Occupancy
from neuronserve.simulator.options import Options
from neuronserve.simulator.running import Chips

_log = logging.getLogger(__name__)


class Runtime:
    """``faults``: what the process is told to do wrong, with or without cores."""

    def __init__(self, pretended: SimulatedHost, options: Options, environ: Mapping[str, str]) -> None:
        self.faults = Faults()
        self.generation = pretended.instance.generation
        self._host = pretended
        self._options = options
        self._environ = environ
        self._lock = threading.Lock()
        self._chips: Chips | None = None
        self._error: NrtError | None = None

    def chips(self) -> Chips:
        """The process's cores, taken at the first call. NrtError, now and for ever, when they were not free.

        That is how the framework keeps it: one attempt, whose outcome all models share (``placer.cc``).
        """
        with self._lock:
            if self._chips is None and self._error is None:
                try:
                    self._chips = self._initialise()
                except NrtError as error:
                    self._error = error
            if self._chips is None:
                assert self._error is not None  # noqa: S101  one of the two is there
                raise self._error
            return self._chips

    def _initialise(self) -> Chips:
        tag = self._environ.get("NEURON_PROCESS_TAG", "")
        try:
            request = rules.wanted(self._environ, len(self._host.cores))
            owned = ownership.take(self._host, request, tag, " ".join(sys.argv))
        except NrtError as error:
            for line in error.lines:
                nrt.log(line)
            raise
        if self._options.free_seconds:
            late.keep_after_the_end(owned, self._options.free_seconds, self._host.folder)
        chips = Chips(
            Occupancy(len(owned.cores)), owned.host_cores, self.faults, self._options.service_seconds
        )
        about = {"simulated": True, "pid": os.getpid(), "tag": tag}
        Commands(chips, about).listen(self._host.socket(owned.host_cores[0]))
        first, last, name = owned.cores[0], owned.cores[-1], self._host.instance.name
        _log.info("Owns the simulated NeuronCores %d-%d of a pretended %s", first, last, name)
        return chips
