"""What a model's code finds around it in a worker: a log for what it prints, a way to the model server."""

from __future__ import annotations

import os
import sys
from typing import TextIO

_NEAR = "localhost,127.0.0.1"


def prepare() -> None:
    """Once is enough; again does no harm."""
    for stream in (sys.stdout, sys.stderr):
        _by_lines(stream)
    _past_proxies()


def _by_lines(stream: TextIO) -> None:
    """A pipe is written to only when a buffer is full, and a line would come minutes later."""
    reconfigure = getattr(stream, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(line_buffering=True)


def _past_proxies() -> None:
    """``context.rest_uri`` is on this host: no proxy that the environment names leads there."""
    if not any(os.environ.get(name) for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy")):
        return
    for name in ("NO_PROXY", "no_proxy"):
        told = os.environ.get(name, "")
        if told != "*" and _NEAR not in told:
            os.environ[name] = ",".join(filter(None, (told, _NEAR)))
