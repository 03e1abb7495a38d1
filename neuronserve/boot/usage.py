"""How much of the NeuronCores is used: asked while the service runs, and left for the metrics page.

From neuron-monitor, where it is installed, else from what the driver counts below ``/sys``. Nothing depends
on it: without either, ``/metrics`` has no such lines.
"""

from __future__ import annotations

import functools
import json
import logging
import os
import time
from collections.abc import Mapping
from pathlib import Path

from neuronserve.boot.cores import Ground
from neuronserve.boot.relay import relay
from neuronserve.errors import DeviceFault
from neuronserve.modelserver import variables
from neuronserve.neuron import monitor, sysfs_stats
from neuronserve.neuron.sysfs_stats import Sample
from neuronserve.neuron.usage import Usage
from neuronserve.supervise.children import Child, Children, Command, Exit
from neuronserve.supervise.loop import Loop

FILE = "neuron.json"  # in the runtime folder; gateway/gauges.py reads it
_PERIOD = 5.0  # seconds, as neuron-monitor's own
_AGAIN = 30.0  # seconds before a monitor that ended is started again
_LONGEST = 1 << 22  # bytes of one of its lines
_log = logging.getLogger("serve")


class Measuring:
    """From ``begin()`` to ``end()``."""

    def __init__(self, loop: Loop, children: Children, runtime: Path, environ: Mapping[str, str]) -> None:
        self._loop = loop
        self._children = children
        self._runtime = runtime
        self._environ = environ
        self._monitor: Child | None = None
        self._ended = False

    def begin(self, ground: Ground) -> None:
        if ground.host is None:
            return
        program = None if ground.simulated else monitor.command()
        if program is None:
            self._look(ground, None)
        else:
            self._start(program)

    def end(self) -> None:
        self._ended = True
        if self._monitor:
            self._monitor.kill_group()

    def _start(self, program: tuple[str, ...]) -> None:
        if self._ended:
            return
        command = Command(
            program,
            variables.needed(self._environ),
            self._runtime,
            on_stdout=self._heard,
            on_stderr=relay(monitor.SOURCE),
            longest_line=_LONGEST,
        )
        try:
            self._monitor = self._children.spawn(command, functools.partial(self._gone, program))
        except OSError as error:
            _log.warning("%s cannot be started: %s", monitor.SOURCE, error)

    def _gone(self, program: tuple[str, ...], exit_: Exit) -> None:
        self._monitor = None
        if not self._ended:
            _log.warning("%s ended (%s); again in %g s", monitor.SOURCE, exit_, _AGAIN)
            self._loop.later(_AGAIN, lambda: self._start(program))

    def _heard(self, line: str) -> None:
        try:
            self._write(monitor.parse(line))
        except DeviceFault as fault:
            _log.debug("%s: %s", fault, fault.detail)

    def _look(self, ground: Ground, before: Sample | None) -> None:
        if not self._ended:
            self._loop.background(
                functools.partial(_sample, ground), lambda found: self._seen(ground, before, found)
            )

    def _seen(self, ground: Ground, before: Sample | None, found: Sample | None) -> None:
        if found is None and before is None:
            return  # this driver counts nothing there, and will not begin to
        if found is None:
            (self._runtime / FILE).unlink(missing_ok=True)  # what it counted is no longer so
        else:
            self._write(sysfs_stats.between(before, found))
        self._loop.later(_PERIOD, lambda: self._look(ground, found or before))

    def _write(self, usage: Usage) -> None:
        partial = self._runtime / f"{FILE}.partial"
        try:
            partial.write_text(json.dumps(usage.as_dict()))
            os.replace(partial, self._runtime / FILE)
        except OSError as error:
            _log.debug("%s could not be written: %s", FILE, error)


def _sample(ground: Ground) -> Sample | None:
    try:
        return sysfs_stats.read(ground.roots, ground.host, time.monotonic()) if ground.host else None
    except OSError as error:
        _log.debug("the driver's counters could not be read: %s", error)
        return None
