"""The one table from our errors to HTTP statuses, and the one shape of an error's body."""

from __future__ import annotations

import dataclasses
import errno
from http import HTTPStatus

import orjson

from neuronserve import errors

RETRY_AFTER_SECONDS = 1

_STATUSES: dict[type[errors.NeuronserveError], str] = {
    errors.RequestError: "400 Bad Request",
    errors.UnknownTarget: "404 Not Found",
    errors.NotAcceptable: "406 Not Acceptable",
    errors.SlowClient: "408 Request Timeout",
    errors.BodyTooLarge: "413 Content Too Large",
    errors.UnsupportedMediaType: "415 Unsupported Media Type",
    errors.UnsupportedEncoding: "415 Unsupported Media Type",
    errors.ClientGone: "499 Client Closed Request",  # nobody reads it; the log does
    errors.AlreadyLoaded: "409 Conflict",
    errors.NotReady: "503 Service Unavailable",
    errors.Overloaded: "503 Service Unavailable",
    errors.DeadlineExceeded: "504 Gateway Timeout",
    errors.ModelFailed: "500 Internal Server Error",
    errors.LoadFailed: "500 Internal Server Error",
    errors.NoRoom: "507 Insufficient Storage",
    # why a multi-model endpoint could not load a model
    errors.ArtifactError: "400 Bad Request",
    errors.ModelNotFound: "404 Not Found",
    errors.NoSavedModel: "404 Not Found",
    errors.Throttled: "503 Service Unavailable",
    errors.TransferError: "500 Internal Server Error",
    errors.RequirementsFailed: "500 Internal Server Error",
    errors.BrokenHandler: "500 Internal Server Error",
    errors.DiskFull: "507 Insufficient Storage",
    errors.NotEnoughCores: "507 Insufficient Storage",
    errors.WrongGeneration: "400 Bad Request",
    errors.ModelServerError: "500 Internal Server Error",
}
_NOT_NOW = "503 Service Unavailable"
_DISK_TAKES_NO_MORE = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)
_NO_ROOM_TEXT = "there is no room on the service's disk for this request (try again)"
_UNEXPECTED = "500 Internal Server Error"

UNEXPECTED_TEXT = "an unexpected fault in the service; its log has the reason under this request's id"


@dataclasses.dataclass(frozen=True, slots=True)
class Failure:
    """An error as HTTP has it."""

    status: str
    code: str
    text: str
    retry_after: int | None = None

    def body(self, request_id: str) -> bytes:
        # a name in it may hold half a surrogate pair
        text = self.text.encode(errors="backslashreplace").decode()
        return orjson.dumps({"error": text, "code": self.code, "request_id": request_id})


def of(error: Exception) -> Failure:
    """Status, code word and the text a client may see."""
    if isinstance(error, OSError) and error.errno in _DISK_TAKES_NO_MORE:
        return Failure(_NOT_NOW, errors.NotReady.code, _NO_ROOM_TEXT, RETRY_AFTER_SECONDS)
    if not isinstance(error, errors.NeuronserveError):
        return Failure(_UNEXPECTED, "internal", UNEXPECTED_TEXT)
    if isinstance(error, errors.HandlerFailed):
        return Failure(_line(error.status), error.code, str(error), _retry_after(error.status))
    cls = next((c for c in type(error).__mro__ if c in _STATUSES), None)
    if cls is None:
        return Failure(_UNEXPECTED, "internal", UNEXPECTED_TEXT)
    status = _STATUSES[cls]
    return Failure(status, error.code, str(error), _retry_after(int(status[:3])))


def _retry_after(status: int) -> int | None:
    return RETRY_AFTER_SECONDS if status == HTTPStatus.SERVICE_UNAVAILABLE else None


def _line(status: int) -> str:
    """``422 Unprocessable Entity``; a number that HTTP does not know has no words."""
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return f"{status} Error"
