"""``BatchingParameters``: a text proto, its defaults and its checks."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from neuronserve import unpublished
from neuronserve.cpuserver import textproto
from neuronserve.cpuserver.status import invalid


@dataclasses.dataclass(frozen=True)
class Parameters:
    """How rows are joined; the defaults are TF Serving's."""

    max_batch_size: int = 1000  # rows that one call may send
    batch_timeout_micros: int = 0
    max_enqueued_batches: int = 10
    num_batch_threads: int = 1
    allowed_batch_sizes: tuple[int, ...] = ()
    pad_variable_length_inputs: bool = False
    enable_large_batch_splitting: bool = False
    max_execution_batch_size: int = 1000  # rows that run at once: less than a call's only with splitting

    def padded(self, rows: int) -> int:
        """The size that a batch of ``rows`` is filled up to."""
        return next((size for size in self.allowed_batch_sizes if size >= rows), rows)


def read(path: Path | None, cpus: int) -> Parameters:
    """The parameters of a ``--batching_parameters_file``; defaults without one."""
    defaults = Parameters(num_batch_threads=cpus)
    if path is None:
        return defaults
    message = textproto.parse(path, unpublished.message(unpublished.BATCHING))
    given = {
        name: getattr(message, name).value
        for name in ("max_batch_size", "batch_timeout_micros", "max_enqueued_batches", "num_batch_threads")
        if message.HasField(name)
    }
    splits = message.enable_large_batch_splitting.value
    most = given.get("max_batch_size", defaults.max_batch_size)
    if splits and message.HasField("max_execution_batch_size"):
        most = message.max_execution_batch_size.value
    return _checked(
        dataclasses.replace(
            defaults,
            **given,
            allowed_batch_sizes=tuple(message.allowed_batch_sizes),
            pad_variable_length_inputs=message.pad_variable_length_inputs,
            enable_large_batch_splitting=splits,
            max_execution_batch_size=most,
        )
    )


def _checked(parameters: Parameters) -> Parameters:
    for name, least in (
        ("max_batch_size", 1),
        ("max_execution_batch_size", 1),
        ("batch_timeout_micros", 0),
        ("max_enqueued_batches", 0),
        ("num_batch_threads", 1),
    ):
        if getattr(parameters, name) < least:
            raise invalid(f"{name} must be at least {least}; was {getattr(parameters, name)}")
    sizes = parameters.allowed_batch_sizes
    if sizes and (list(sizes) != sorted(set(sizes)) or sizes[0] < 1):
        raise invalid("allowed_batch_sizes entries must be monotonically increasing")
    # with splitting bundle_factory_util.cc wants the first, batching_session.cc the second
    fitting = {"max_batch_size": parameters.max_batch_size}
    if parameters.enable_large_batch_splitting:
        fitting["max_execution_batch_size"] = parameters.max_execution_batch_size
    if sizes and sizes[-1] not in fitting.values():
        raise invalid(
            f"Last entry in allowed_batch_sizes must match {' or '.join(fitting)}; "
            f"last entry was {sizes[-1]}; expected {' or '.join(map(str, fitting.values()))}"
        )
    if parameters.max_execution_batch_size > parameters.max_batch_size:
        raise invalid(
            f"max_execution_batch_size ({parameters.max_execution_batch_size}) must not be greater than "
            f"max_batch_size ({parameters.max_batch_size})"
        )
    return parameters
