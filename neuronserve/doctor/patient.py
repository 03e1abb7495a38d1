"""What the checks know: the settings, the machine, and what earlier checks have learned."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from neuronserve import machine
from neuronserve.artifact.bundle import Bundle
from neuronserve.artifact.location import Location
from neuronserve.artifact.obtain import DEFAULT_MODEL_DIR
from neuronserve.artifact.peek import Stored
from neuronserve.doctor import asking, starting
from neuronserve.neuron import neuronls
from neuronserve.neuron.allotment import Allotment
from neuronserve.neuron.chips import Host, Roots
from neuronserve.settings import Settings


class Run(Protocol):
    def __call__(
        self, argv: Sequence[str], seconds: float, environ: Mapping[str, str] | None = None
    ) -> asking.Ran: ...


class Start(Protocol):
    def __call__(self, environ: Mapping[str, str], log: Path, seconds: float) -> starting.StartResult: ...


@dataclasses.dataclass(frozen=True)
class Surroundings:
    """What is asked of the machine; tests give other answers. ``libraries``: where libnrt may lie."""

    run: Run = asking.run
    get: Callable[[int, str], asking.Answer] = asking.get
    program: Callable[[str, Mapping[str, str]], str | None] = machine.program
    start: Start = starting.start
    neuron_ls: Callable[[], Sequence[neuronls.Device] | None] = neuronls.devices
    proc: Path = Path("/proc")
    cgroup: Path = Path("/sys/fs/cgroup")
    libraries: Path = Path("/opt/aws/neuron/lib")
    default_model_dir: Path = DEFAULT_MODEL_DIR


@dataclasses.dataclass(frozen=True)
class Wants:
    """What was asked for. ``network``: whether a store may be asked; ``download``: and fetched from.

    ``start``: whether the service may be started once, also where that takes NeuronCores; None: only where it
    takes none. ``start_seconds``: how long that may take.
    """

    network: bool = True
    download: bool = False
    start: bool | None = None
    start_seconds: float = 120.0


@dataclasses.dataclass(frozen=True)
class Patient:
    """``environ`` is what the settings were read from; ``scratch`` a folder that is removed at the end.

    The rest is learned by the checks, and None or empty until then: ``kind`` of model server, the devices
    (``host`` stays None where none are in play), ``running``: what a service on our port tells of itself,
    where the model is (``at``; ``stored`` for S3) and what is in it (``bundle``), who gets which cores, the
    versions of what was met.
    """

    environ: Mapping[str, str] = dataclasses.field(default_factory=lambda: dict(os.environ))
    scratch: Path | None = None
    wants: Wants = Wants()
    around: Surroundings = Surroundings()
    known: Settings | None = None
    running: Mapping[str, Any] | None = None
    kind: str = ""
    roots: Roots = Roots()
    host: Host | None = None
    at: Location | None = None
    stored: Stored | None = None
    bundle: Bundle | None = None
    allotment: Allotment | None = None
    versions: Mapping[str, str] = dataclasses.field(default_factory=dict)

    @property
    def settings(self) -> Settings:
        assert self.known is not None  # noqa: S101  checks that need the settings run after the one that reads them
        return self.known

    def with_versions(self, **found: str) -> dict[str, str]:
        """The versions known, and these where they are not empty."""
        return {**self.versions, **{name: version for name, version in found.items() if version}}
