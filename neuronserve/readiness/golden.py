"""Recorded requests, asked of a server, and its answers compared with those expected."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from neuronserve.errors import GoldenMismatch, InputMismatch, WarmUpFailed
from neuronserve.modelserver import calls
from neuronserve.modelserver.client import PREDICT
from neuronserve.payload import Signature, batches, jsonforms
from neuronserve.readiness import compare, expected, recorded
from neuronserve.readiness.interview import Interview, failing
from neuronserve.readiness.recorded import Recorded
from neuronserve.readiness.subject import Subject

_ASKED = "correct the line; or see what the model server said in the log"
Arrays = Mapping[str, np.ndarray[Any, Any]]
_COMPARED = (
    "if the model was meant to change, record its answers again; if the compiler's rounding is all it is, "
    'give the line an "rtol" and "atol" of its own'
)


class Lines:
    """What recorded lines ask of one server. ``models``: all names that the service has, on any server."""

    def __init__(self, interview: Interview, subjects: Sequence[Subject], models: Collection[str]) -> None:
        self._interview = interview
        self._subjects = subjects
        self._models = sorted({*models, *(subject.name for subject in subjects)})
        self.asked = 0  # lines
        self.compared = 0  # of them

    def examine(self, path: Path) -> None:
        """Ask every line that is for this server's models.

        WarmUpFailed: a line that cannot be asked, or was not answered. GoldenMismatch: the first difference.
        """
        for line in recorded.read(path):
            subject = self._subject(line)
            if subject is not None:
                self._examine(line, subject)

    def _subject(self, line: Recorded) -> Subject | None:
        """Who is meant: without a version the latest; None when another server has the model."""
        name = line.model or (self._models[0] if len(self._models) == 1 else "")
        if name not in self._models:
            told = f"there is no model {name!r}" if name else 'it names no "model", and there are several'
            raise WarmUpFailed(f"{line.where}: {told}", hint=f"served: {', '.join(self._models) or 'none'}")
        own = {subject.version: subject for subject in self._subjects if subject.name == name}
        if not own:
            return None
        if line.version is None:
            return own[max(own)]
        if line.version not in own:
            known = ", ".join(str(version) for version in sorted(own))
            raise WarmUpFailed(
                f"{line.where}: model {name!r} has no version {line.version}", hint=f"served: {known}"
            )
        return own[line.version]

    def _examine(self, line: Recorded, subject: Subject) -> None:
        with failing(f"{subject}, {line.where}", hint=_ASKED):
            signature, arrays = self._request(line, subject)
            wanted = _wanted(line, subject, signature)
            for answer in self._answers(subject, signature, arrays):
                told = compare.difference(wanted, answer, line.tolerance) if wanted is not None else ""
                if told:
                    raise GoldenMismatch(f"{subject}, {line.where}: {told}", hint=_COMPARED)
        self.asked += 1
        self.compared += wanted is not None

    def _request(self, line: Recorded, subject: Subject) -> tuple[Signature, Arrays]:
        signatures = subject.relaxed(self._interview.signatures(subject))
        signature, _, arrays = jsonforms.read([line.request], signatures, None)
        return signature, arrays

    def _answers(self, subject: Subject, signature: Signature, arrays: Arrays) -> Iterator[Arrays]:
        """What the copies answered, each different answer once."""
        batch = subject.batch(signature.name)
        split = batches.split(arrays, batch) if batch and batch.inputs else None
        copies = [
            self._interview.ask(
                subject, PREDICT, calls.predict_request(subject.spec(signature.name), part, signature.dtypes)
            )
            for part in (split.parts if split else (arrays,))
        ]
        for bodies in dict.fromkeys(zip(*copies, strict=True)):
            answers = [calls.predict_response(body)[0] for body in bodies]
            yield split.join(answers) if split else answers[0]


def _wanted(line: Recorded, subject: Subject, signature: Signature) -> Arrays | None:
    if line.answer is None:
        return None
    try:
        return expected.arrays(*line.answer, signature)
    except InputMismatch as error:
        raise GoldenMismatch(f"{subject}, {line.where}: {error.message}", hint=_COMPARED) from error
