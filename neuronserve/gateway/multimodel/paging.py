"""``GET /models`` in pages.

A page goes on after the name that the last one ended with, in the order of names. So a model that stays is in
exactly one page, however many come and go between two of them.
"""

from __future__ import annotations

import base64
import binascii
import dataclasses
from collections.abc import Iterable

from neuronserve.errors import RequestError
from neuronserve.gateway.multimodel import names
from neuronserve.state import Model

SIZE = 100  # models; multi-model-server's too


@dataclasses.dataclass(frozen=True)
class Page:
    """``next``: the token of the page after this one; "" for the last."""

    models: tuple[Model, ...]
    next: str


def page(models: Iterable[Model], token: str, size: int = SIZE) -> Page:
    """The page that ``token`` stands for; "" is the first. Raises RequestError."""
    after = _name(token) if token else ""
    left = sorted((m for m in models if m.name > after), key=lambda m: m.name)
    shown = tuple(left[:size])
    return Page(shown, _token(shown[-1].name) if len(left) > size else "")


def _token(name: str) -> str:
    return base64.urlsafe_b64encode(name.encode()).decode().rstrip("=")


def _name(token: str) -> str:
    try:
        raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
        name = names.checked(raw.decode("ascii"))
    except (binascii.Error, ValueError, RequestError):
        name = ""
    if not name or _token(name) != token:
        raise RequestError(
            f"next_page_token={token[:80]!r} did not come from here",
            hint="send the nextPageToken of the page before, or none for the first page",
        )
    return name
