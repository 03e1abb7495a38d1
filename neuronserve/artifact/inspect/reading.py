"""The one place that knows what reading a damaged or hostile SavedModel may raise: anything."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator
from pathlib import Path

from neuronserve.errors import DamagedModel, NeuronserveError

log = logging.getLogger(__name__)


@contextlib.contextmanager
def reading(where: Path) -> Iterator[None]:
    """Raises DamagedModel for what the model at ``where`` is to blame for; an OSError passes."""
    try:
        yield
    except (NeuronserveError, OSError):
        raise
    except Exception as error:
        log.debug("%s cannot be read", where, exc_info=True)
        raise DamagedModel(
            f"{where} holds a model that cannot be read: {type(error).__name__}: {str(error)[:200]}",
            hint="fetch or export the model again, and compare its size and digest with the original's",
        ) from error
