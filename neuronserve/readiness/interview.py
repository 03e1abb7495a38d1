"""The questions put to one server before it is ready, and what came of them."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterator

from neuronserve.errors import NeuronserveError, RequestError, ServingError, WarmUpFailed
from neuronserve.modelserver import calls
from neuronserve.modelserver.client import METADATA
from neuronserve.payload import Signatures
from neuronserve.readiness.lanes import Lanes
from neuronserve.readiness.subject import Subject, signatures_of

_KEPT = 1 << 20  # bytes of a message that is kept for the canary, in the supervisor's memory


@dataclasses.dataclass(frozen=True, slots=True)
class Question:
    """A serialized request, and the gRPC method it is for."""

    method: str
    message: bytes


class Interview:
    """Asks, times the answers, and remembers the smallest question of each subject that was answered."""

    def __init__(self, lanes: Lanes) -> None:
        self._lanes = lanes
        self._signatures: dict[tuple[str, int], Signatures] = {}
        self._cold = 0.0
        self._warm = 0.0
        self._begun: set[tuple[str, int]] = set()
        self._smallest: dict[tuple[str, int], Question] = {}
        self.answered = 0

    def ask(self, subject: Subject, method: str, message: bytes) -> list[bytes]:
        """The answers to one message, one for each copy of the model. Raises the server's fault."""
        replies = self._lanes.ask(method, message, subject.copies)
        slowest = max(reply.seconds for reply in replies)
        if subject.key in self._begun:
            self._warm = max(self._warm, slowest)
        else:  # the first one on each copy is slow on Neuron
            self._begun.add(subject.key)
            self._cold = max(self._cold, slowest)
        self.answered += len(replies)
        self._keep(subject, Question(method, message))
        return [reply.body for reply in replies]

    def within(self, seconds: float) -> contextlib.AbstractContextManager[None]:
        """For a while answers may take so long at most; see ``Lanes.within``."""
        return self._lanes.within(seconds)

    def avoid(self, subject: Subject) -> None:
        """Ask it no more predictions: one that was made up found no end. Raises a dead server's fault."""
        question = Question(METADATA, calls.metadata_request(subject.spec()))
        self._one(question.method, question.message)
        self._smallest[subject.key] = question

    def signatures(self, subject: Subject) -> Signatures:
        """Asked once for each subject."""
        found = self._signatures.get(subject.key)
        if found is None:
            found = signatures_of(subject, self._one)
            self._signatures[subject.key] = found
        return found

    @property
    def seconds(self) -> float:
        """The slowest answer after each subject's first ones; where there are no others, of those."""
        return self._warm or self._cold

    @property
    def questions(self) -> dict[tuple[str, int], Question]:
        """By subject: the smallest one that was answered well."""
        return dict(self._smallest)

    def _one(self, method: str, message: bytes) -> bytes:
        return self._lanes.ask(method, message)[0].body

    def _keep(self, subject: Subject, question: Question) -> None:
        known = self._smallest.get(subject.key)
        if len(question.message) < (len(known.message) if known else _KEPT):
            self._smallest[subject.key] = question


@contextlib.contextmanager
def failing(where: str, *, hint: str) -> Iterator[None]:
    """What keeps a question from being answered, as a WarmUpFailed: where, and what the server said."""
    try:
        yield
    except (RequestError, ServingError) as error:
        # what a client could do about a server's fault, to try again, is no advice here
        advice = error.hint if isinstance(error, RequestError) else ""
        raise WarmUpFailed(f"{where}: {reason(error)}", hint=advice or hint, detail=error.detail) from error


def reason(error: NeuronserveError) -> str:
    """The server's own words where it has some: who starts a service may read them, unlike its clients."""
    if error.detail and isinstance(error, ServingError):
        return f"{error.message}: {error.detail}"
    return error.message
