"""One loaded version of a model: its signatures, and runs of its session."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from neuronserve.cpuserver.batching.batcher import Batcher
from neuronserve.cpuserver.call import Call
from neuronserve.cpuserver.runtime.session import Typed
from neuronserve.cpuserver.status import Code, StatusError


class Runner(Protocol):
    """What a servable needs of a session."""

    @property
    def meta_graph(self) -> Any: ...

    def run(
        self, feeds: Mapping[str, Typed], fetches: Sequence[str], timeout_ms: int | None = None
    ) -> list[Typed]: ...

    def close(self) -> None: ...


class Scratch(Protocol):
    """What a servable leaves on the disk."""

    def cleanup(self) -> None: ...


class Servable:
    """A version of a model that can be called from many threads at once."""

    def __init__(
        self,
        name: str,
        version: int,
        session: Runner,
        *,
        batcher: Batcher | None = None,
        scratch: Scratch | None = None,
        checks_method_name: bool = False,
    ) -> None:
        """``scratch``: a folder that lives as long as the servable (a rewritten SavedModel).

        ``checks_method_name``: a signature is called by the method that it names only.
        """
        self.name = name
        self.version = version
        self.checks_method_name = checks_method_name
        self.signatures: Mapping[str, Any] = session.meta_graph.signature_def
        self._session = session
        self._batcher = batcher
        self._scratch = scratch
        self._batchable = {_edges(signature) for signature in self.signatures.values()}

    def run(self, feeds: Mapping[str, Typed], fetches: Sequence[str], call: Call) -> list[Typed]:
        """The fetched tensors, in order; both are named as in the graph (``name:0``)."""
        call.check()
        began = time.monotonic()
        results = self._run(feeds, fetches, call)
        call.ran(time.monotonic() - began)
        return results

    def _run(self, feeds: Mapping[str, Typed], fetches: Sequence[str], call: Call) -> list[Typed]:
        # TF Serving batches the calls that fetch exactly what a signature has, and runs others alone
        if self._batcher is not None and (frozenset(feeds), frozenset(fetches)) in self._batchable:
            return self._unique(feeds, fetches, lambda wanted: self._batched(feeds, wanted, call))
        return self._unique(
            feeds, fetches, lambda wanted: self._session.run(feeds, wanted, call.timeout_ms())
        )

    def _batched(self, feeds: Mapping[str, Typed], fetches: Sequence[str], call: Call) -> list[Typed]:
        assert self._batcher is not None  # noqa: S101  run() looked
        return self._batcher.submit(self, self._session.run, feeds, fetches, call)

    def _unique(
        self,
        feeds: Mapping[str, Typed],
        fetches: Sequence[str],
        run: Callable[[Sequence[str]], list[Typed]],
    ) -> list[Typed]:
        """Fetch each tensor once, although two outputs may be the same one; a fed one comes back as it is."""
        wanted = sorted({name for name in fetches if name not in feeds})
        results = dict(zip(wanted, run(wanted), strict=True)) if wanted else {}
        return [results[name] if name in results else feeds[name] for name in fetches]

    def close(self) -> None:
        self._session.close()
        if self._scratch is not None:
            self._scratch.cleanup()


def _edges(signature: Any) -> tuple[frozenset[str], frozenset[str]]:
    return (
        frozenset(info.name for info in signature.inputs.values()),
        frozenset(info.name for info in signature.outputs.values()),
    )


def check_named(name: str) -> None:
    """INVALID_ARGUMENT for a request that names no model."""
    if not name:
        raise StatusError(Code.INVALID_ARGUMENT, "ModelSpec has no name specified.")
