"""An archive as a stream of bytes: recognised by content, decompressed in a thread of its own."""

from __future__ import annotations

import contextlib
import errno
import io
import logging
import tarfile
from collections.abc import Iterator
from typing import BinaryIO, cast

from neuronserve.artifact.digests import Digests
from neuronserve.artifact.strangers import not_packed
from neuronserve.errors import CorruptArchive, HostileArchive, NeuronserveError

log = logging.getLogger(__name__)
HEAD = 512  # one tar header; every magic we know lies within
BLOCK = 1 << 20
MAX_HEADER = 4 << 20  # no honest header (long names, pax records, sparse maps) comes near

# what a name or a link can be blamed for, and no disk
_NAMES = frozenset({
    errno.ENAMETOOLONG, errno.ELOOP, errno.EMLINK, errno.EILSEQ, errno.EINVAL, errno.EEXIST, errno.ENOTDIR,
    errno.EISDIR,
})  # fmt: skip
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

    Raises CorruptArchive when it is neither gzip nor tar. Whatever the archive makes the reader raise in
    here is CorruptArchive or HostileArchive; what ``raw`` raises passes, as does a disk's error.
    """
    tee = _Tee(raw, digests)
    head = tee.peek(HEAD)
    if not looks_packed(head):
        raise not_packed(what, head, describe(head), _PACK)
    try:
        with reading(what, tee):
            if is_gzip(head):
                from isal import igzip_threaded

                # isal inflates twice as fast as zlib, and its thread leaves this one to write files
                with igzip_threaded.open(tee, "rb", block_size=BLOCK) as inflated:
                    yield Forward(cast("BinaryIO", inflated), what, compressed=True)
            else:
                yield Forward(io.BufferedReader(tee, BLOCK), what, compressed=False)
    except (CorruptArchive, HostileArchive):
        if digests.needed:  # was it damaged on its way, or is it what was uploaded?
            tee.drain()
            digests.settle(what)
        raise
    tee.drain()


@contextlib.contextmanager
def reading(what: str, tee: _Tee | None = None) -> Iterator[None]:
    """The one place that knows what reading a damaged or hostile archive may raise: anything."""
    try:
        yield
    except NeuronserveError:
        raise
    except Exception as error:
        if tee is not None and tee.failure is not None:
            raise  # the source's error: the archive is not to blame
        if isinstance(error, OSError) and error.errno is not None and error.errno not in _NAMES:
            raise  # the disk's
        log.debug("%s cannot be read", what, exc_info=True)
        why = f"{type(error).__name__}: {str(error)[:200]}"
        if isinstance(error, OSError) and error.errno is not None:
            raise HostileArchive(
                f"{what} holds a name or a link that this file system does not take: {error.strerror}"
            ) from error
        if isinstance(error, (RecursionError, MemoryError)):
            raise HostileArchive(f"{what} asks for too much to be read ({why})") from error
        raise CorruptArchive(f"{what} is damaged: {why}", hint=f"upload it again; {_PACK}") from error


class _Tee(io.RawIOBase):
    """Reads on, and shows each byte to the digests once, in order."""

    def __init__(self, raw: BinaryIO, digests: Digests) -> None:
        super().__init__()
        self._raw = raw
        self._digests = digests
        self._ahead = b""
        self.failure: Exception | None = None  # what the source raised

    def peek(self, size: int) -> bytes:
        while len(self._ahead) < size and (data := self._from_source(size - len(self._ahead))):
            self._ahead += data
        return self._ahead

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1, /) -> bytes:
        if self._ahead:
            data, self._ahead = self._ahead, b""
        else:
            data = self._from_source(BLOCK if size < 0 else size)
        if self._digests.needed:
            self._digests.update(data)
        return data

    def _from_source(self, size: int) -> bytes:
        try:
            return self._raw.read(size)
        except Exception as error:
            self.failure = error
            raise

    def readinto(self, buffer: memoryview, /) -> int:  # type: ignore[override]  # memoryview only, by isal
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def drain(self) -> None:
        while self.read(BLOCK):
            pass


class Forward:
    """A tar stream: headers through ``read``, content through ``take``, and ``seek`` onwards.

    ``read`` refuses large sizes: an extended header is read whole, and may claim any size. The reader of the
    members sets ``header_bytes`` back to 0 for each. ``limit``: bytes that are read in all.
    """

    def __init__(self, stream: BinaryIO, what: str, *, compressed: bool, limit: int = 0) -> None:
        self._stream = stream
        self._limit = limit
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

        if self._limit and self._position + size > self._limit:
            raise HostileArchive(f"{self._what} unpacks to more than {self._limit:,} bytes")
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
