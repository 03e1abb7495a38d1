"""What a server is asked before it counts as warm: the model's own requests, else some made up."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator

from neuronserve.errors import (
    ClientGone,
    DeadlineExceeded,
    ModelFailed,
    NeuronserveError,
    NotReady,
    RequestError,
)
from neuronserve.readiness import replayed
from neuronserve.readiness.interview import Interview, failing, reason
from neuronserve.readiness.made import composite, made, predictable
from neuronserve.readiness.subject import Subject

_CHEAP = 5.0  # seconds
_ZEROS_SECONDS = 20.0  # for zeros on CPU: a loop may have no end with them, and the start must go on
_HINT = "see what the model server said in the log; SERVE_WARMUP=off starts without a warm-up"


def twice_if_cheap(ask: Callable[[], object], clock: Callable[[], float] = time.monotonic) -> None:
    """The first time makes warm; the second tells how long answers take then, if the first took not long."""
    began = clock()
    ask()
    if clock() - began < _CHEAP:
        ask()


def replay(subject: Subject, interview: Interview) -> int:
    """Ask what is in the model's warm-up file; how many requests that were. WarmUpFailed."""
    count = 0
    for where, question in replayed.questions(subject):
        with failing(f"{subject}, {where}", hint=_HINT):
            interview.ask(subject, question.method, question.message)
        count += 1
    return count


def make_up(subject: Subject, interview: Interview) -> Iterator[str]:
    """Ask each signature with zeros, as far as such a request can be made; yields what is worth a warning.

    Nobody sent these requests, and a model need not take zeros: that it refuses them is no failure. Nor is
    any other error of a model that runs on CPU alone, since zeros may be its cause (a lookup of nothing, an
    image without bytes, a loop that never ends). A compiled part takes zeros of its compiled shape, so that
    there an error is the device's. WarmUpFailed: that, and a server that is gone.
    """
    with failing(f"{subject}, its signatures", hint=_HINT):
        signatures = interview.signatures(subject)
    for sentence in composite(signatures):
        yield f"{subject}, {sentence}"
    for signature in predictable(signatures):
        where = f'{subject}, a request of zeros for signature "{signature.name}"'
        with failing(where, hint=_HINT):
            try:
                question = made(subject, signature)
                with contextlib.nullcontext() if subject.neuron else interview.within(_ZEROS_SECONDS):
                    interview.ask(subject, question.method, question.message)
            except NeuronserveError as error:
                if not _excusable(error, compiled=subject.neuron):
                    raise
                if isinstance(error, DeadlineExceeded):
                    interview.avoid(subject)  # which a server that answers nothing at all does not survive
                yield f"{where} was refused: {reason(error)}"


def _excusable(error: NeuronserveError, *, compiled: bool) -> bool:
    """Whether the zeros may be the reason, and not the server."""
    if isinstance(error, NotReady):  # it is gone, or going
        return False
    refused = isinstance(error, RequestError) and not isinstance(error, ClientGone)
    precondition = isinstance(error, ModelFailed) and error.detail.startswith("FAILED_PRECONDITION")
    return refused or precondition or not compiled
