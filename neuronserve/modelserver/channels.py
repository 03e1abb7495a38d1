"""Open channels to one server, lent to one call at a time.

A channel belongs to the call that it carries, because closing it is the one way to cancel a blocking call.
The last one that came back is lent first: there are no more than calls at the same time.
"""

from __future__ import annotations

from collections import deque

from neuronserve.modelserver.client import Channel


class Channels:
    """Safe to share between threads; never made before a fork."""

    def __init__(self, target: str, largest: int = -1) -> None:
        """``largest``: bytes of an answer; -1: any."""
        self._target = target
        self._largest = largest
        self._idle: deque[Channel] = deque()

    def take(self) -> Channel:
        try:
            return self._idle.pop()
        except IndexError:
            return Channel(self._target, self._largest)

    def give_back(self, channel: Channel) -> None:
        if not channel.cancelled:
            self._idle.append(channel)
