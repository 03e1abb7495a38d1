"""A file becomes request bodies, as batch transform splits it."""

from __future__ import annotations

import contextlib
import dataclasses
import gzip
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, cast

from neuronserve.deploy.sagemaker.local.calls import Body
from neuronserve.deploy.sagemaker.local.limits import MIB
from neuronserve.errors import JobFailed

_BLOCK = 1 << 20


@dataclasses.dataclass(frozen=True)
class Payload:
    """``records``: those in the body, without their newlines; none where the file is not split."""

    body: Body
    records: Sequence[bytes] = ()


@dataclasses.dataclass(frozen=True)
class Source:
    """One input file. ``packed``: gzip. ``name``: for messages."""

    path: Path
    packed: bool
    name: str

    def __iter__(self) -> Iterator[bytes]:
        """Its content in parts, anew each time: a body that is sent chunked."""
        with self.open() as file:
            while block := file.read(_BLOCK):
                yield block

    def open(self) -> IO[bytes]:
        return cast("IO[bytes]", gzip.open(self.path)) if self.packed else self.path.open("rb")

    @contextlib.contextmanager
    def reading(self) -> Iterator[IO[bytes]]:
        """Raises JobFailed for what is no gzip."""
        try:
            with self.open() as file:
                yield file
        except (gzip.BadGzipFile, EOFError) as error:
            raise JobFailed(
                f"{self.name}: CompressionType is Gzip, and this is no gzip data: {error}"
            ) from None


@dataclasses.dataclass(frozen=True)
class Splitting:
    """``lines``: SplitType Line; ``several``: BatchStrategy MultiRecord; ``limit_mb``: 0 has no limit."""

    lines: bool
    several: bool
    limit_mb: int

    def payloads(self, source: Source) -> Iterator[Payload]:
        """Raises JobFailed for a record that is larger than a payload may be."""
        if self.lines:
            yield from self._of_lines(source)
        elif self.limit_mb:
            yield Payload(self._whole(source))
        else:
            yield Payload(source)

    def _whole(self, source: Source) -> bytes:
        limit = self.limit_mb * MIB
        with source.reading() as file:
            content = file.read(limit + 1)
        if len(content) > limit:
            raise JobFailed(
                f"{source.name}: larger than MaxPayloadInMB, {self.limit_mb}",
                hint="--split-type Line sends its lines apart, --max-payload 0 the whole in chunks",
            )
        return content

    def _of_lines(self, source: Source) -> Iterator[Payload]:
        limit = self.limit_mb * MIB
        held: list[bytes] = []
        size = 0
        for number, record in enumerate(_lines(source), 1):
            length = len(record) + 1
            if limit and len(record) > limit:
                raise JobFailed(
                    f"{source.name}, line {number}: {len(record)} bytes, more than MaxPayloadInMB, "
                    f"{self.limit_mb}"
                )
            if held and (not self.several or (limit and size + length > limit + 1)):
                yield self._payload(held)
                held, size = [], 0
            held.append(record)
            size += length
        if held:
            yield self._payload(held)

    def _payload(self, records: list[bytes]) -> Payload:
        body = b"\n".join(records)
        return Payload(body if self.limit_mb else [body], tuple(records))


def _lines(source: Source) -> Iterator[bytes]:
    with source.reading() as file:
        for line in file:
            yield line.removesuffix(b"\n").removesuffix(b"\r")
