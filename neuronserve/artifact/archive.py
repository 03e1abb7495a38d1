"""An archive as a stream of bytes: recognised by content, decompressed in a thread of its own."""

from __future__ import annotations

import contextlib
import io
import tarfile
from collections.abc import Iterator
from typing import BinaryIO, cast

from neuronserve.artifact.digests import Digests
from neuronserve.artifact.strangers import not_packed
from neuronserve.errors import CorruptArchive, HostileArchive

HEAD = 512  # one tar header; every magic we know lies within
BLOCK = 1 << 20
MAX_HEADER = 4 << 20  # no honest header (long names, pax records, sparse maps) comes near

_PACK = "pack it with: tar czf model.tar.gz -C FOLDER ."
_MAGICS = (
    (b"PK\x03\x04", "a zip archive"),
    (b"PK\x05\x06", "an empty zip archive"),
    (b"BZh", "bzip2 data"),
    (b"\xfd7zXZ\0", "xz data"),
    (b"\x28\xb5\x2f\xfd", "zstandard data"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (b"\x89HDF\r\n\x1a\n", "an HDF5 file (a Keras .h5 model?)"),
    (b"\x93NUMPY", "a numpy array"),
    (b"<?xml", "an XML document (an error page of the store?)"),
    (b"<Error>", "an XML document (an error page of the store?)"),
    (b"<!doctype html", "an HTML page (an error or login page?)"),
    (b"<html", "an HTML page (an error or login page?)"),
    (b"{", "JSON text"),
    (b"version https://git-lfs", "a Git LFS pointer, not the file itself"),
)


def is_gzip(head: bytes) -> bool:
    return head.startswith(b"\x1f\x8b")


def is_tar(head: bytes) -> bool:
    """Whether the first 512 bytes are a tar header with a right check sum, or an empty archive's end."""
    if len(head) < HEAD:
        return False
    if not any(head[:HEAD]):
        return True
    try:
        tarfile.TarInfo.frombuf(head[:HEAD], tarfile.ENCODING, "surrogateescape")
    except tarfile.HeaderError:
        return False
    return True


def looks_packed(head: bytes) -> bool:
    """Whether a file that begins so is an archive we take."""
    return is_gzip(head) or is_tar(head)


def describe(head: bytes) -> str:
    """What a file that begins so is, in words."""
    if not head.strip():
        return "empty" if not head else "nothing but white space"
    start = head.lstrip()[:40].lower()
    for magic, words in _MAGICS:
        if head.startswith(magic) or start.startswith(magic):
            return words
    if not any(head):
        return "nothing but zeros"
    with contextlib.suppress(UnicodeDecodeError):
        return f"text that begins with {head[:40].decode('ascii')!r}"
    return f"of unknown kind; it begins with the bytes {head[:8].hex(' ')}"


@contextlib.contextmanager
def opened(raw: BinaryIO, what: str, digests: Digests) -> Iterator[Forward]:
    """The tar stream inside ``raw``, whose compressed bytes pass through ``digests``.

    Raises CorruptArchive when it is neither gzip nor tar.
    """
    tee = _Tee(raw, digests)
    head = tee.peek(HEAD)
    try:
        if is_gzip(head):
            from isal import igzip_threaded

            # isal inflates twice as fast as zlib, and its thread leaves this one to write files
            with igzip_threaded.open(tee, "rb", block_size=BLOCK) as inflated:
                yield Forward(cast("BinaryIO", inflated), what, compressed=True)
        elif is_tar(head):
            yield Forward(io.BufferedReader(tee, BLOCK), what, compressed=False)
    except CorruptArchive:
        if digests.needed:  # was it damaged on its way, or is it what was uploaded?
            tee.drain()
            digests.settle(what)
        raise
    if not looks_packed(head):
        raise not_packed(what, head, describe(head), _PACK)
    tee.drain()


class _Tee(io.RawIOBase):
    """Reads on, and shows each byte to the digests once, in order."""

    def __init__(self, raw: BinaryIO, digests: Digests) -> None:
        super().__init__()
        self._raw = raw
        self._digests = digests
        self._ahead = b""

    def peek(self, size: int) -> bytes:
        while len(self._ahead) < size and (data := self._raw.read(size - len(self._ahead))):
            self._ahead += data
        return self._ahead

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1, /) -> bytes:
        if self._ahead:
            data, self._ahead = self._ahead, b""
        else:
            data = self._raw.read(BLOCK if size < 0 else size)
        if self._digests.needed:
            self._digests.update(data)
        return data

    def readinto(self, buffer: memoryview, /) -> int:  # type: ignore[override]  # memoryview only, by isal
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def drain(self) -> None:
        while self.read(BLOCK):
            pass


class Forward:
    """What ``tarfile`` needs of a file, over a stream: ``read``, ``tell``, and ``seek`` onwards.

    ``read`` serves headers only, and so refuses large sizes: tarfile reads an extended header whole,
    and one may claim any size. File contents go through ``take``. The reader of the members sets
    ``header_bytes`` back to 0 for each.
    """

    def __init__(self, stream: BinaryIO, what: str, *, compressed: bool) -> None:
        self._stream = stream
        self._what = what
        self._position = 0
        self.compressed = compressed
        self.header_bytes = 0
        self.last = b""  # the latest header read: tells a proper end from a cut one

    def tell(self) -> int:
        return self._position

    def seek(self, position: int) -> None:
        while self._position < position:
            if not self.take(min(BLOCK, position - self._position)):
                return

    def read(self, size: int) -> bytes:
        self.header_bytes += size
        if self.header_bytes > MAX_HEADER:
            raise HostileArchive(f"{self._what} holds a header of {self.header_bytes:,} bytes or more")
        self.last = self.take(size)
        return self.last

    def take(self, size: int) -> bytes:
        """Up to ``size`` bytes of content, fewer only at the end. Raises CorruptArchive."""
        from isal.igzip_lib import IsalError

        try:
            data = self._stream.read(size)
        except EOFError as error:
            raise CorruptArchive(
                f"{self._what} is cut short: its gzip data ends after {self._position:,} unpacked bytes",
                hint=f"upload it again; {_PACK}",
            ) from error
        except cast("type[Exception]", IsalError) as error:
            raise self._damaged(error) from error
        except OSError as error:
            if error.errno is not None:
                raise  # the disk's or the system's error, not the data's
            raise self._damaged(error) from error  # gzip.BadGzipFile
        self._position += len(data)
        return data

    def _damaged(self, error: Exception) -> CorruptArchive:
        return CorruptArchive(
            f"{self._what} is damaged: {error}, after {self._position:,} unpacked bytes",
            hint=f"upload it again; {_PACK}",
        )
