"""The one error of this server's inside: a canonical status code and a text, as TensorFlow's own."""

from __future__ import annotations

import enum


class Code(enum.IntEnum):
    """Canonical codes; TensorFlow, TF Serving and gRPC number them alike."""

    OK = 0
    CANCELLED = 1
    UNKNOWN = 2
    INVALID_ARGUMENT = 3
    DEADLINE_EXCEEDED = 4
    NOT_FOUND = 5
    ALREADY_EXISTS = 6
    PERMISSION_DENIED = 7
    RESOURCE_EXHAUSTED = 8
    FAILED_PRECONDITION = 9
    ABORTED = 10
    OUT_OF_RANGE = 11
    UNIMPLEMENTED = 12
    INTERNAL = 13
    UNAVAILABLE = 14
    DATA_LOSS = 15
    UNAUTHENTICATED = 16


class StatusError(Exception):
    """A request, a load or a reload that failed; ``message`` goes to the client as it is."""

    def __init__(self, code: Code, message: str) -> None:
        super().__init__(f"{code.name}: {message}")
        self.code = code
        self.message = message


class Refused(StatusError):
    """A model that cannot be served, however often one tries: its load is not retried."""


def invalid(message: str) -> StatusError:
    return StatusError(Code.INVALID_ARGUMENT, message)


def not_found(message: str) -> StatusError:
    return StatusError(Code.NOT_FOUND, message)


def precondition(message: str) -> StatusError:
    return StatusError(Code.FAILED_PRECONDITION, message)


def deadline_exceeded() -> StatusError:
    return StatusError(Code.DEADLINE_EXCEEDED, "Deadline Exceeded")


def cancelled() -> StatusError:
    return StatusError(Code.CANCELLED, "The client cancelled the call")
