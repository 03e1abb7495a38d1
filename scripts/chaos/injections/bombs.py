"""Small bodies that ask for much: packed ones, deep ones, and headers that promise huge arrays.

Each may be refused (400, 413, 415, 503 with Retry-After), be answered, or run into the deadline (504). What
it may not do is to fail otherwise, break its connection, or keep others from their answers; nor may one by
itself take more memory than eight of the largest bodies, and 64 MiB. All grow to about such a body.
"""

from __future__ import annotations

import asyncio
import collections
import functools
import gzip
import io
import time
import zipfile
from collections.abc import Callable
from dataclasses import dataclass

from benchmark.load import Client
from chaos.scene import Harm, Scene
from chaos.schedule import Step

_ALLOWED = frozenset((200, 400, 408, 413, 415, 504))
_AT_ONCE = 4
_DEEP = 100_000
_TIMES, _MORE = 8, 64 << 20  # of the largest body, and bytes besides: what one request may cost
_SEEN_SECONDS = 0.6  # longer than from one look at the memory to the next
_HUGE = 1 << 40  # elements that a header promises


@dataclass(frozen=True)
class Bomb:
    name: str
    content_type: str
    body: Callable[[int], bytes]
    packed: bool = True


@functools.cache
def _wire(bomb: Bomb, path: str, size: int) -> bytes:
    """The request; ``size``: bytes of its body when it is unpacked, about. Making one takes a second."""
    body = bomb.body(size)
    packed = "Content-Encoding: gzip\r\n" if bomb.packed else ""
    head = (
        f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {bomb.content_type}\r\n{packed}"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def _repeated(unit: bytes, before: bytes = b"", after: bytes = b"") -> Callable[[int], bytes]:
    """gzip of ``unit`` again and again, made in pieces: the tool itself stays small."""

    def packed(size: int) -> bytes:
        buffer = io.BytesIO()
        piece = unit * max(1, (1 << 20) // len(unit))
        with gzip.GzipFile(fileobj=buffer, mode="wb", compresslevel=6) as stream:
            stream.write(before)
            for _ in range(max(1, size // len(piece))):
                stream.write(piece)
            stream.write(after)
        return buffer.getvalue()

    return packed


def _deep(_size: int) -> bytes:
    return b'{"instances": ' + b"[" * _DEEP + b"]" * _DEEP + b"}"


def _promise() -> bytes:
    """The header of an npy whose array would be huge, and nothing of the array."""
    words = f"{{'descr': '<f4', 'fortran_order': False, 'shape': ({_HUGE}, 3), }}".encode()
    header = words + b" " * (117 - len(words)) + b"\n"
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header


def _promises(_size: int) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("x.npy", _promise())
    return buffer.getvalue()


BOMBS = (
    Bomb("empty JSON lines", "application/jsonlines", _repeated(b"{}\n")),
    Bomb("CSV of ones", "text/csv", _repeated(b"1\n")),
    Bomb("CSV rows", "text/csv", _repeated(b"1,1,1\n")),
    Bomb("JSON rows", "application/json", _repeated(b"[1],", b'{"instances":[', b"[1]]}")),
    Bomb("JSON lists", "application/json", _repeated(b"[],", b'{"instances":[', b"[]]}")),
    Bomb("JSON documents", "application/json", _repeated(b"{}")),
    Bomb("white space", "application/json", _repeated(b" " * 1024)),
    Bomb("deep nesting", "application/json", _deep, packed=False),
    Bomb("a huge npz header", "application/x-npz", _promises, packed=False),
    Bomb("a huge npy header", "application/x-npy", lambda _size: _promise(), packed=False),
)


def bombs(scene: Scene, step: Step) -> Harm:
    """Each by itself, then some at once."""
    return asyncio.run(_bombs(scene, step.seed))


async def _bombs(scene: Scene, seed: int) -> Harm:
    statuses: collections.Counter[str] = collections.Counter()
    notes: list[str] = []

    async def one(bomb: Bomb) -> None:
        began = time.monotonic()
        status, note = await _send(scene, bomb)
        statuses[status] += 1
        if note:
            notes.append(f"{bomb.name}: {note} after {time.monotonic() - began:.1f} s")

    for bomb in BOMBS:
        await asyncio.sleep(_SEEN_SECONDS)
        scene.peak.since()
        before = scene.peak.since()
        await one(bomb)
        await asyncio.sleep(_SEEN_SECONDS)
        cost = scene.peak.since() - before
        if cost > _TIMES * scene.max_body + _MORE:
            notes.append(f"{bomb.name}: took {cost >> 20} MiB of memory")
    first = seed % len(BOMBS)
    await asyncio.gather(*(one((BOMBS * 2)[first + number]) for number in range(_AT_ONCE)))
    return Harm(
        (", ".join(f"{count} x {status}" for status, count in sorted(statuses.items())),), notes=tuple(notes)
    )


async def _send(scene: Scene, bomb: Bomb) -> tuple[str, str]:
    """The status, and what must not have been."""
    client = Client(scene.port)
    wire = await asyncio.to_thread(_wire, bomb, scene.targets[0].path, scene.max_body)
    try:
        status, again, body = await asyncio.wait_for(client.ask(wire), scene.patience)
    except TimeoutError:
        return "hung", f"no answer in {scene.patience:g} s"
    except (OSError, EOFError) as error:
        return "reset", repr(error)
    finally:
        client.close()
    if status in _ALLOWED or (status == 503 and again):
        return str(status), ""
    return str(status), f"{status} {body[:200].decode(errors='backslashreplace')}"
