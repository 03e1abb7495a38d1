"""How much of the chips is used: the values that neuron-monitor's lines and sysfs are read into."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any


@dataclasses.dataclass(frozen=True)
class CoreUsage:
    """One core, by the number its source gives it. None: not told.

    ``utilisation``: 0 to 1, over the period. ``device_bytes``: memory that it uses of its chip.
    ``executions`` and ``errors`` (by kind, none that is 0): since the driver was loaded.
    """

    core: int
    utilisation: float | None = None
    device_bytes: int | None = None
    executions: int | None = None
    errors: Mapping[str, int] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class RuntimeUsage:
    """One process. ``tag``: its NEURON_PROCESS_TAG, or its pid as text where it has none.

    ``device_bytes``, ``host_bytes``: memory in bytes, None: not told. ``completed`` and ``errors`` (by
    kind, none that is 0) count executions of the period.
    """

    pid: int
    tag: str = ""
    device_bytes: int | None = None
    host_bytes: int | None = None
    completed: int = 0
    errors: Mapping[str, int] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Usage:
    """One look at all cores and processes that ``source`` (``neuron-monitor`` or ``sysfs``) shows.

    ``seconds``: the period that utilisation and counts of executions are over; None: not told.
    ``faults``: what the source said it could not find out.
    """

    source: str
    cores: tuple[CoreUsage, ...] = ()
    runtimes: tuple[RuntimeUsage, ...] = ()
    seconds: float | None = None
    faults: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """The same in JSON's types."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, raw: Mapping[str, Any]) -> Usage:
        """The opposite of ``as_dict``."""
        return cls(
            **{
                **raw,
                "cores": tuple(CoreUsage(**core) for core in raw["cores"]),
                "runtimes": tuple(RuntimeUsage(**runtime) for runtime in raw["runtimes"]),
                "faults": tuple(raw["faults"]),
            }
        )
