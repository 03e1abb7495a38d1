"""What ``output_handler`` gets: the model's answer, as ``requests.Response`` has it, and as arrays."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from http import HTTPStatus
from typing import Any, Self

import numpy as np

Arrays = Mapping[str, np.ndarray[Any, Any]]
_PIECE = 64 * 1024


class Response:
    """``body``: makes the JSON, which an output handler that only reads ``arrays`` does not need."""

    encoding = apparent_encoding = "utf-8"
    is_redirect = is_permanent_redirect = False

    def __init__(
        self, status_code: int, url: str, body: Callable[[], bytes], arrays: Callable[[], Arrays] = dict
    ) -> None:
        self.status_code = status_code
        self.url = url
        self.history: list[Any] = []
        self._body = body
        self._arrays = arrays

    @cached_property
    def content(self) -> bytes:
        return self._body()

    @cached_property
    def arrays(self) -> Arrays:
        """The outputs by name; none where the model refused, and for classify and regress."""
        return self._arrays()

    @cached_property
    def headers(self) -> Mapping[str, str]:
        return _Headers({"Content-Type": "application/json", "Content-Length": str(len(self.content))})

    @cached_property
    def raw(self) -> io.BytesIO:
        return io.BytesIO(self.content)

    @property
    def text(self) -> str:
        return self.content.decode("utf-8", "replace")

    @property
    def ok(self) -> bool:
        return self.status_code < 400

    @property
    def reason(self) -> str:
        return HTTPStatus(self.status_code).phrase

    def __bool__(self) -> bool:
        return self.ok

    def __repr__(self) -> str:
        return f"<Response [{self.status_code}]>"

    def __iter__(self) -> Iterator[bytes]:
        return self.iter_content(128)

    def json(self, **options: Any) -> Any:
        return json.loads(self.content, **options)

    def iter_content(self, chunk_size: int | None = _PIECE, *, decode_unicode: bool = False) -> Iterator[Any]:
        whole: Any = self.text if decode_unicode else self.content
        step = chunk_size or max(1, len(whole))
        return (whole[at : at + step] for at in range(0, len(whole), step))

    def iter_lines(self, *_: Any, decode_unicode: bool = False, **__: Any) -> Iterator[Any]:
        return iter((self.text if decode_unicode else self.content).splitlines())

    def raise_for_status(self) -> None:
        """Raises requests.HTTPError, as the real one does."""
        if self.ok:
            return
        import requests  # only now: a model may bring a version of its own

        kind = "Client" if self.status_code < 500 else "Server"
        why = f"{self.status_code} {kind} Error: {self.reason} for url: {self.url}"
        raise requests.HTTPError(why, response=self)  # type: ignore[arg-type]  # it reads the same

    def close(self) -> None:
        """There is nothing to close."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _Headers(dict[str, str]):
    """Names in any case."""

    def __init__(self, headers: Mapping[str, str]) -> None:
        super().__init__(headers)
        self._lower = {name.lower(): value for name, value in headers.items()}

    def __getitem__(self, name: str) -> str:
        return self._lower[name.lower()]

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name.lower() in self._lower

    def get(self, name: str, default: Any = None) -> Any:
        return self._lower.get(name.lower(), default)
