"""What one model server must answer before it is ready, and what it is asked while it runs."""

from __future__ import annotations

import dataclasses
import itertools
import time
from collections.abc import Collection, Sequence
from pathlib import Path

from neuronserve.errors import (
    ClientGone,
    DeadlineExceeded,
    InputMismatch,
    NeuronserveError,
    NotReady,
    Overloaded,
)
from neuronserve.modelserver import calls
from neuronserve.modelserver.client import METADATA, Channel
from neuronserve.readiness import warmup as warmups
from neuronserve.readiness.golden import Lines
from neuronserve.readiness.interview import Interview, Question
from neuronserve.readiness.lanes import Lanes
from neuronserve.readiness.made import made, predictable
from neuronserve.readiness.subject import Ask, Subject, signatures_of

__all__ = ["Proof", "Proven", "Subject"]

AUTO, OFF = "auto", "off"
FILE, RECORDED, MADE, GOLDEN = "warm-up file", "recorded", "made from the signature", "golden"
_SILENT = (NotReady, Overloaded, DeadlineExceeded, ClientGone)


@dataclasses.dataclass(frozen=True)
class Proven:
    """What a proof came to.

    ``seconds``: the slowest answer after each model's first ones, 0 when nothing was asked. ``answered``:
    requests, each copy's counted. ``sources``: where they came from, as above. ``warnings``: lines for a log.
    """

    seconds: float
    answered: int
    sources: tuple[str, ...]
    warnings: tuple[str, ...] = ()


class Proof:
    """Of one model server: ``prove()`` once per start, ``canary()`` while it runs; both block.

    ``warmup``: ``auto`` (each version's own warm-up file, else requests made from its signatures), ``off``,
    or a file of recorded requests. ``golden``: a file of them with the answers expected. ``deadline``:
    seconds that one answer may take. ``models``: the names of all models of the service, where other
    servers have others: recorded lines may be about those.
    """

    def __init__(
        self,
        target: str,
        subjects: Sequence[Subject],
        *,
        warmup: str | Path = AUTO,
        golden: Path | None = None,
        deadline: float,
        models: Collection[str] = (),
    ) -> None:
        self._target = target
        self._subjects = tuple(subjects)
        self._warmup = warmup
        self._golden = golden
        self._deadline = deadline
        self._models = models
        self._questions: dict[tuple[str, int], Question] = {}
        self._turns = itertools.count()

    def prove(self) -> Proven:
        """Warm it up, then compare its golden answers. Raises WarmUpFailed or GoldenMismatch."""
        with Lanes(self._target, self._deadline) as lanes:
            interview = Interview(lanes)
            sources, warnings = self._warm(interview)
            if self._golden is not None:
                lines = self._lines(interview)
                lines.examine(self._golden)
                sources += [GOLDEN] if lines.asked else []
                warnings += (
                    []
                    if lines.compared
                    else [f"{self._golden} has no answers to compare for this model server"]
                )
        self._questions = interview.questions
        return Proven(
            interview.seconds,
            interview.answered,
            tuple(dict.fromkeys(sources)),
            tuple(dict.fromkeys(warnings)),
        )

    def canary(self, timeout: float) -> bool:
        """Ask for one small prediction, of each model in turn; whether an answer came in ``timeout`` seconds.

        An error is an answer: it is alive. But that its queue is full is none: so it is also when nothing
        comes out of it any more. Of a server without models nothing is asked.
        """
        if not self._subjects:
            return True
        end = time.monotonic() + timeout
        channel = Channel(self._target)
        try:
            question = self._next(lambda method, message: channel.call(method, message, _left(end)))
            channel.call(question.method, question.message, _left(end))
        except _SILENT:
            return False
        except NeuronserveError:
            return True
        finally:
            channel.cancel()
        return True

    def _warm(self, interview: Interview) -> tuple[list[str], list[str]]:
        """Sources and warnings."""
        sources: list[str] = []
        warnings: list[str] = []
        if isinstance(self._warmup, Path):
            lines, path = self._lines(interview), self._warmup
            warmups.twice_if_cheap(lambda: lines.examine(path))
            return (
                ([RECORDED], []) if lines.asked else ([], [f"{path} has no requests for this model server"])
            )
        for subject in self._subjects if self._warmup == AUTO else ():
            source = self._automatically(subject, interview, warnings)
            sources += [source] if source else []
        return sources, warnings

    def _automatically(self, subject: Subject, interview: Interview, warnings: list[str]) -> str:
        before = interview.answered
        warmups.twice_if_cheap(lambda: warmups.replay(subject, interview))
        if interview.answered > before:
            return FILE
        warmups.twice_if_cheap(lambda: warnings.extend(warmups.make_up(subject, interview)))
        if interview.answered > before:
            return MADE
        warnings.append(f"{subject} was not warmed up: its first requests may be slow")
        return ""

    def _lines(self, interview: Interview) -> Lines:
        return Lines(interview, self._subjects, self._models)

    def _next(self, ask: Ask) -> Question:
        subject = self._subjects[next(self._turns) % len(self._subjects)]
        question = self._questions.get(subject.key)
        if question is None:
            question = self._questions[subject.key] = _smallest(subject, ask)
        return question


def _smallest(subject: Subject, ask: Ask) -> Question:
    """A request that nobody tried before; about the signatures alone, where none can be made."""
    for signature in predictable(signatures_of(subject, ask)):
        try:
            return made(subject, signature)
        except InputMismatch:
            continue
    return Question(METADATA, calls.metadata_request(subject.spec()))


def _left(end: float) -> float:
    return max(0.001, end - time.monotonic())
