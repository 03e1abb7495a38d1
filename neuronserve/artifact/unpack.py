"""A tar stream becomes a tree, within bounds, while it arrives.

Links are made last, when every file is in place: so no file can be written through one, and where
each leads can be asked of the file system itself. The caller throws the tree away on any error.
"""

from __future__ import annotations

import errno
import os
import posixpath
import tarfile
from collections.abc import Callable
from pathlib import Path

from isal import isal_zlib

from neuronserve.artifact import members
from neuronserve.artifact.archive import BLOCK, Forward
from neuronserve.artifact.manifest import Row
from neuronserve.artifact.members import COPY, FILE, FOLDER, Bounds, Entry
from neuronserve.artifact.tarheaders import Headers, Member
from neuronserve.errors import CorruptArchive, HostileArchive

ZEROS = bytes(tarfile.BLOCKSIZE)
HEADER_BYTES = 1 << 16  # of a member, where all of them need as many


class Unpacker:
    """Unpacks one archive into ``root`` (an empty folder). ``rows`` lists the files it made."""

    def __init__(self, root: Path, what: str, bounds: Bounds, *, arrived: Callable[[int], None]) -> None:
        self._root = os.fspath(root)
        self._what = what
        self._bounds = bounds
        self._arrived = arrived  # told the unpacked bytes so far, often
        self._written = 0
        self._members = 0
        self._headers = 0  # bytes of them
        self._folders: set[str] = {""}
        self._links: dict[str, Entry] = {}
        self.rows: dict[str, Row] = {}

    def run(self, stream: Forward) -> None:
        """Raises CorruptArchive, HostileArchive and OSError (a full disk, for one)."""
        headers = Headers(stream, self._what)
        while (member := headers.next()) is not None:
            self._headers += stream.header_bytes
            stream.header_bytes = 0
            self._take(headers, member)
        self._check_end(stream)
        for link in self._links.values():
            self._make_link(link)
        self._check_links()

    def _take(self, headers: Headers, member: Member) -> None:
        self._members += 1
        if self._members > self._bounds.files:
            raise HostileArchive(
                f"{self._what} holds more than {self._bounds.files:,} members",
                hint="raise SERVE_MAX_FILES if that is right",
            )
        if self._headers > max(self._bounds.bytes, HEADER_BYTES * self._bounds.files):
            raise HostileArchive(f"{self._what} holds headers of {self._headers >> 20:,} MiB")
        entry = members.judge(member.info)
        if entry is None:
            self._admit(member.info.size)  # junk is skipped, not free
            self._written += member.info.size
            return
        if entry.kind == FOLDER:
            self._make_folder(entry.path)
            return
        if entry.path in self.rows or entry.path in self._folders or entry.path in self._links:
            raise HostileArchive(f"{self._what} holds {members.shown(entry.path)} twice")
        self._make_folder(posixpath.dirname(entry.path))
        if entry.kind == FILE:
            self._write(headers, member, entry)
        elif entry.kind == COPY:
            self._copy(entry)
        else:
            self._links[entry.path] = entry

    def _make_folder(self, path: str) -> None:
        missing: list[str] = []
        while path not in self._folders:
            if path in self.rows or path in self._links:
                raise HostileArchive(
                    f"{self._what} holds {members.shown(path)} both as a folder and as something else"
                )
            missing.append(path)
            path = posixpath.dirname(path)
        if len(self._folders) + len(missing) > self._bounds.files + 1:
            raise HostileArchive(
                f"{self._what} holds more than {self._bounds.files:,} folders",
                hint="raise SERVE_MAX_FILES if that is right",
            )
        for folder in reversed(missing):
            Path(self._at(folder)).mkdir(0o755)
            self._folders.add(folder)

    def _at(self, path: str) -> str:
        return f"{self._root}/{path}"

    def _write(self, headers: Headers, member: Member, entry: Entry) -> None:
        self._admit(entry.size)  # a claim alone is enough to refuse; what comes is counted below
        mode = 0o755 if entry.executable else 0o644  # no set-id bits, no owner, readable by any uid
        descriptor = os.open(self._at(entry.path), os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode)
        crc, left = 0, entry.size
        try:
            for data in headers.content(member):
                crc = isal_zlib.crc32(data, crc)
                _write_all(descriptor, data)
                left -= len(data)
                self._written += len(data)
                self._arrived(self._written)
        finally:
            os.close(descriptor)
        if left:
            raise CorruptArchive(
                f"{self._what} is cut short: {left:,} of {entry.size:,} bytes of "
                f"{members.shown(entry.path)} are missing",
                hint="upload it again",
            )
        self.rows[entry.path] = Row(entry.size, crc)

    def _admit(self, size: int) -> None:
        if self._written + size > self._bounds.bytes:
            raise HostileArchive(
                f"{self._what} unpacks to more than {self._bounds.bytes >> 20:,} MiB",
                hint="raise SERVE_MAX_UNPACKED_MB if that is right",
            )

    def _copy(self, entry: Entry) -> None:
        row = self.rows.get(entry.target)
        if row is None:
            raise HostileArchive(
                f"{self._what} holds {members.shown(entry.path)}, a hard link to "
                f"{members.shown(entry.target)}, which is no file before it in the archive"
            )
        os.link(self._at(entry.target), self._at(entry.path))
        self.rows[entry.path] = row

    def _make_link(self, entry: Entry) -> None:
        start = posixpath.dirname(entry.path)
        Path(self._at(entry.path)).symlink_to(posixpath.relpath(entry.target, start or "."))

    def _check_links(self) -> None:
        root = os.path.realpath(self._root)
        for link in self._links.values():
            place = self._at(link.path)
            try:
                os.stat(place)
            except OSError as error:
                if error.errno == errno.ELOOP:  # the kernel follows 40 links, and nobody could read it
                    raise HostileArchive(
                        f"{self._what} holds links that lead to each other without end: "
                        f"{members.shown(link.path)}"
                    ) from error
            real = os.path.realpath(place)
            if real != root and not real.startswith(f"{root}/"):
                raise HostileArchive(
                    f"{self._what} holds links that lead out of its folder: {members.shown(link.path)}"
                )

    def _check_end(self, stream: Forward) -> None:
        """A damaged header is the end like any other. What follows the end must be zeros."""
        if stream.last != ZEROS and (stream.last or not stream.compressed):
            # a gzip that ended well proves itself whole; bare tar data without its end mark may be cut
            kind = "damaged" if stream.last else "cut short"
            raise CorruptArchive(
                f"{self._what} is {kind}: no member and no end mark at byte {stream.tell():,} of the tar",
                hint="upload it again",
            )
        limit = self._bounds.bytes
        while data := stream.take(BLOCK):  # to the end: gzip's own check sum comes last
            if data.count(0) != len(data):
                raise CorruptArchive(f"{self._what} has trailing garbage after the end of the tar data")
            limit -= len(data)
            if limit < 0:
                raise HostileArchive(f"{self._what} holds zeros without end after the tar data")


def _write_all(descriptor: int, data: bytes) -> None:
    written = os.write(descriptor, data)
    while written < len(data):
        written += os.write(descriptor, memoryview(data)[written:])
