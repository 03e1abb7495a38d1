"""One running model server, watched: the canary's questions asked in threads, never waited for."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Protocol

from neuronserve.readiness.canary import Canary

_SURE = 1.0  # seconds between a first suspicion and the verdict
_log = logging.getLogger("serve")


class Asked(Protocol):
    """A ``Proof``, or what stands in for it."""

    def canary(self, timeout: float) -> bool: ...


class _Question:
    """A canary under way; ``answered`` is None until it came back."""

    def __init__(self) -> None:
        self.answered: bool | None = None


class Watchman:
    """Of one run of one server, from its being ready to its end; a new run gets a new one.

    ``completed``: the server's answers so far, over all workers.
    """

    def __init__(self, proof: Asked, canary: Canary, completed: Callable[[], int]) -> None:
        self._proof = proof
        self._canary = canary
        self._completed = completed
        self._question: _Question | None = None
        self._suspected: float | None = None

    def poll(self, now: float) -> str:
        """Why the server counts as hung; empty while it does not. Never blocks.

        ``now`` is in seconds of any clock that never goes back. To be called about once a second.
        """
        self._collect(now)
        completed = self._completed()
        if self._canary.due(now, completed):
            self._ask(now)
        if not self._canary.hung(now, completed):
            self._suspected = None
            return ""
        # whoever was frozen together with the server sees time gone by, and must let it answer first
        if self._suspected is None:
            self._suspected = now
        if now - self._suspected < _SURE:
            return ""
        return (
            f"it answered nothing for {self._canary.patience:.3g} s, and owes an answer to a small prediction"
        )

    def _collect(self, now: float) -> None:
        if self._question is None or self._question.answered is None:
            return
        if self._question.answered:
            self._canary.answered(now)
        self._question = None

    def _ask(self, now: float) -> None:
        """At most one question at a time: one that is still out is the one that is owed."""
        if self._question is None:
            question = _Question()
            try:
                threading.Thread(target=self._put, args=(question,), daemon=True).start()
            except RuntimeError:  # the container's limit of processes is reached: at the next poll, then
                return
            self._question = question
        self._canary.asked(now)

    def _put(self, question: _Question) -> None:
        try:
            question.answered = self._proof.canary(self._canary.patience)
        except Exception:  # noqa: BLE001  our own fault is no proof against the server
            _log.exception("the canary failed")
            question.answered = True
