"""Log events of containers, read from CloudWatch Logs in order, once each."""

from __future__ import annotations

import dataclasses
import datetime as dt
import heapq
import re
from collections import deque
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from neuronserve.deploy.aws import code_of
from neuronserve.errors import InvalidInput, NoSuchResource

if TYPE_CHECKING:
    from mypy_boto3_logs import CloudWatchLogsClient

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_AGO = re.compile(r"(\d{1,9})([smhdw])")


@dataclasses.dataclass(frozen=True)
class Stream:
    """A log stream; ``label`` says whose it is, when there are several."""

    group: str
    name: str
    region: str
    label: str = ""


@dataclasses.dataclass(frozen=True)
class Event:
    """``at``: milliseconds since 1970 (UTC)."""

    at: int
    text: str
    stream: Stream

    def line(self, *, timestamps: bool, labels: bool) -> str:
        when = dt.datetime.fromtimestamp(self.at / 1000, dt.UTC).isoformat(timespec="milliseconds")
        parts = [when.replace("+00:00", "Z") if timestamps else "", self.stream.label if labels else ""]
        return " ".join([*filter(None, parts), self.text.rstrip("\n")])


class Reader:
    """Reads one stream. An event stays next until it is taken, so that a call that fails loses none.

    GetLogEvents has no last page: the end is where the token that it gives is the one that it got. Pages
    before it may be empty.
    """

    def __init__(self, client: CloudWatchLogsClient, stream: Stream, since: int | None = None) -> None:
        self._client = client
        self.stream = stream
        self._since: dict[str, Any] = {} if since is None else {"startTime": since}
        self._token: str | None = None
        self._page: deque[Event] = deque()
        self._ended = False

    def look_again(self) -> None:
        """Go on where the end was."""
        self._ended = False

    def next(self) -> Event | None:
        """The first event that was not taken; None at the end, or when the stream does not exist (yet).

        Raises NoSuchResource when there is no log group.
        """
        while not self._page and not self._ended:
            self._ended = self._turn()
        return self._page[0] if self._page else None

    def take(self) -> Event:
        return self._page.popleft()

    def _turn(self) -> bool:
        """Get the next page; whether it is the last one for now."""
        answer = self._read()
        if answer is None:
            return True
        self._page.extend(Event(item["timestamp"], item["message"], self.stream) for item in answer["events"])
        before, self._token = self._token, answer.get("nextForwardToken")
        return self._token in (None, before)

    def _read(self) -> Any:
        more: dict[str, Any] = {"nextToken": self._token} if self._token else {}
        try:
            return self._client.get_log_events(
                logGroupName=self.stream.group,
                logStreamName=self.stream.name,
                startFromHead=True,
                **self._since,
                **more,
            )
        except ClientError as error:
            if code_of(error) != "ResourceNotFoundException":
                raise
            if "stream" in str(error).lower() or self._group_exists():
                return None
            raise NoSuchResource(
                f"no log group {self.stream.group} in {self.stream.region}",
                hint="create it, or set awslogs-create-group in the task definition",
            ) from None

    def _group_exists(self) -> bool:
        """Not everything that speaks the protocol says which of the two is absent; AWS does."""
        try:
            self._client.describe_log_streams(logGroupName=self.stream.group, limit=1)
        except ClientError:
            return False
        return True


def merged(readers: Iterable[Reader]) -> Iterator[Event]:
    """All new events of several streams, in order of time; what was yielded is taken."""
    readers = list(readers)
    for reader in readers:
        reader.look_again()
    heads = [(event.at, place) for place, reader in enumerate(readers) if (event := reader.next())]
    heapq.heapify(heads)
    while heads:
        _, place = heads[0]
        yield readers[place].take()
        if event := readers[place].next():
            heapq.heapreplace(heads, (event.at, place))
        else:
            heapq.heappop(heads)


def moment(text: str, now: float) -> int:
    """``10m``, ``2h``, ``1d`` ago, or a time in ISO 8601, as milliseconds since 1970.

    A time without a zone is UTC. ``now`` is in seconds since 1970. Raises InvalidInput.
    """
    ago = _AGO.fullmatch(text)
    if ago:
        return max(0, int((now - int(ago[1]) * _UNITS[ago[2]]) * 1000))
    try:
        when = dt.datetime.fromisoformat(text)
    except ValueError:
        raise InvalidInput(
            f"--since {text}: expected 30s, 10m, 2h, 1d, 1w, or a time such as 2026-01-31T12:00:00Z"
        ) from None
    when = when if when.tzinfo else when.replace(tzinfo=dt.UTC)
    return max(0, int(when.timestamp() * 1000))
