"""The headers of a tar stream, one member after the other: ustar, GNU's long names and sparse files, pax.

``tarfile`` trusts a header: it goes back for a negative size, reads records that overlap, calls itself for
each extended header and searches them in quadratic time (CVE-2024-6232, CVE-2025-8194). So it reads single
blocks here, and what the blocks mean together is read by the rules of GNU tar's manual ("Basic Tar Format",
"Storing Sparse Files") and of POSIX's pax: a member costs what its headers have in bytes, and a malformed one
is an error.
"""

from __future__ import annotations

import dataclasses
import tarfile
from collections.abc import Iterator, Mapping

from neuronserve.artifact.archive import BLOCK, Forward
from neuronserve.errors import CorruptArchive, HostileArchive

_SIZE = tarfile.BLOCKSIZE
_EXTENDED = (tarfile.XHDTYPE, tarfile.SOLARIS_XHDTYPE)
_USED = frozenset({"path", "linkpath", "size"})  # of a pax header; owners and times are of no use here
_SPARSE = "GNU.sparse."
_MOST_EXTENDED = 64  # headers of one member: an honest one has at most four
_LONGEST_NUMBER = 20  # digits: 2**64 has as many


@dataclasses.dataclass(frozen=True)
class Member:
    """``info`` as ``tarfile`` has it, with the name, link and size that extended headers give.

    ``stored``: the bytes of content in the stream. ``sparse``: where they belong, as (offset, length); None
    where they are the content.
    """

    info: tarfile.TarInfo
    stored: int
    sparse: tuple[tuple[int, int], ...] | None = None


class Headers:
    """Reads the members of ``stream`` in order. ``what`` names the archive in errors."""

    def __init__(self, stream: Forward, what: str) -> None:
        self._stream = stream
        self._what = what
        self._global: dict[str, str] = {}
        self._next = 0

    def next(self) -> Member | None:
        """The next member; None at the end mark, the end of the data, and at what is no header.

        Raises CorruptArchive and HostileArchive.
        """
        self._stream.seek(self._next)
        if self._stream.tell() < self._next:
            raise CorruptArchive(f"{self._what} is cut short: unexpected end of data", hint="upload it again")
        records: dict[str, str] = {}
        extended = False
        for _ in range(_MOST_EXTENDED):
            block = self._stream.read(_SIZE)
            try:
                info = tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
            except tarfile.HeaderError as error:
                if extended:
                    raise self._damaged("an extended header without its member") from error
                return None
            if info.size < 0:
                raise HostileArchive(f"{self._what} holds a header that claims {info.size:,} bytes")
            if info.type in (tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK):
                key = "path" if info.type == tarfile.GNUTYPE_LONGNAME else "linkpath"
                records.setdefault(key, _text(self._payload(info.size).partition(b"\0")[0]))
            elif info.type == tarfile.XGLTYPE:
                found = self._records(self._payload(info.size))
                self._global |= {name: value for name, value in found if name in _USED}
                continue
            elif info.type in _EXTENDED:
                records |= self._mapped(self._records(self._payload(info.size)))
            else:
                return self._member(info, block, {**self._global, **records})
            extended = True
        raise HostileArchive(f"{self._what} holds headers nested without end")

    def content(self, member: Member) -> Iterator[bytes]:
        """The content, in pieces of at most ``BLOCK`` bytes; less of it where the stream ends early."""
        if member.sparse is None:
            yield from self._taken(member.stored)
            return
        at = 0
        for offset, length in (*member.sparse, (member.info.size, 0)):
            while at < offset:
                piece = bytes(min(BLOCK, offset - at))
                at += len(piece)
                yield piece
            for piece in self._taken(length):
                at += len(piece)
                yield piece
            if at < offset + length:
                return

    def _taken(self, size: int) -> Iterator[bytes]:
        while size and (piece := self._stream.take(min(BLOCK, size))):
            size -= len(piece)
            yield piece

    def _member(self, info: tarfile.TarInfo, block: bytes, records: Mapping[str, str]) -> Member:
        info.name = records.get("path", info.name)
        info.linkname = records.get("linkpath", info.linkname)
        if "size" in records:
            info.size = self._number(records["size"])
        stored = info.size
        sparse: list[int] | None = None
        if info.type == tarfile.GNUTYPE_SPARSE:
            sparse = self._old_map(info, block)
        elif any(name.startswith(_SPARSE) for name in records):
            info.name = records.get("GNU.sparse.name", info.name)
            sparse, stored = self._pax_map(info, records)
        has_content = info.isreg() or info.type not in tarfile.SUPPORTED_TYPES
        self._next = self._stream.tell() + (-(-stored // _SIZE) * _SIZE if has_content else 0)
        if sparse is None:
            return Member(info, stored)
        return Member(info, stored, self._checked(sparse, info.size, stored))

    def _old_map(self, info: tarfile.TarInfo, block: bytes) -> list[int]:
        """GNU's own format: four pairs in the header, more in blocks of their own. Sets the real size."""
        fields = block[386:482]
        more = block[482]
        while more:
            extension = self._stream.read(_SIZE)
            if len(extension) < _SIZE:
                raise self._damaged("a sparse file's map is cut short")
            fields += extension[:504]
            more = extension[504]
        info.size = self._field(block[483:495])
        pairs = [fields[at : at + 24] for at in range(0, len(fields), 24)]
        used = [pair for pair in pairs if pair[:1] != b"\0"]
        return [self._field(part) for pair in used for part in (pair[:12], pair[12:])]

    def _pax_map(self, info: tarfile.TarInfo, records: Mapping[str, str]) -> tuple[list[int] | None, int]:
        """The map of one of the three pax formats, and the bytes that follow it. Sets the real size."""
        stored = info.size
        real = records.get("GNU.sparse.realsize", records.get("GNU.sparse.size"))
        if real is None:
            return None, stored
        info.size = self._number(real)
        if "GNU.sparse.map" in records:
            words = records["GNU.sparse.map"].split(",") if records["GNU.sparse.map"] else []
            return [self._number(word) for word in words], stored
        if records.get("GNU.sparse.major", "0") == "0":
            raise self._damaged("a sparse file without its map")
        before = self._stream.tell()
        found = self._map_before_content(stored)
        return found, stored - (self._stream.tell() - before)

    def _map_before_content(self, stored: int) -> list[int]:
        """Version 1.0: decimal numbers, a line each, the count of pairs first; filled up to whole blocks."""
        numbers: list[int] = []
        rest, expected = b"", 1
        while len(numbers) < expected:
            block = self._stream.read(_SIZE) if stored > 0 else b""
            stored -= _SIZE
            if len(block) < _SIZE:
                raise self._damaged("a sparse file without its map")
            *lines, rest = (rest + block).split(b"\n")
            if len(rest) > _SIZE + _LONGEST_NUMBER:
                raise self._damaged("a sparse file's map is no list of numbers")
            numbers += [self._number(_text(line)) for line in lines[: expected - len(numbers)]]
            if expected == 1 and numbers:
                expected += 2 * numbers[0]
                numbers += [self._number(_text(line)) for line in lines[1:expected]]
        return numbers[1:]

    def _checked(self, numbers: list[int], size: int, stored: int) -> tuple[tuple[int, int], ...]:
        """The pairs of a map, which must be in order, within the file, and have their content."""
        pairs = tuple(zip(numbers[::2], numbers[1::2], strict=False))
        end = 0
        for offset, length in pairs:
            if offset < end or length < 0 or offset + length > size:
                raise self._damaged("a sparse file's map has pieces that overlap, or lie beyond its end")
            end = offset + length
        if len(numbers) % 2 or size < 0 or sum(length for _, length in pairs) > stored:
            raise self._damaged("a sparse file's map has more than its content")
        return pairs

    def _payload(self, size: int) -> bytes:
        data = self._stream.read(-(-size // _SIZE) * _SIZE)
        if len(data) < size:
            raise self._damaged("an extended header is cut short")
        return data[:size]

    def _records(self, data: bytes) -> Iterator[tuple[str, str]]:
        """Each record of a pax header: LENGTH, a space, KEYWORD=VALUE and a newline."""
        at = 0
        while at < len(data) and data[at]:
            word, space, _ = data[at : at + _LONGEST_NUMBER + 1].partition(b" ")
            length = self._number(_text(word)) if space else 0
            key, equals, value = data[at + len(word) + 1 : at + length].partition(b"=")
            if not equals or at + length > len(data) or not value.endswith(b"\n"):
                raise self._damaged("a malformed record of a pax header")
            yield _text(key), _text(value[:-1])
            at += length

    def _mapped(self, records: Iterator[tuple[str, str]]) -> dict[str, str]:
        """Those of use, by keyword. The oldest sparse format has two for each pair of its map."""
        found: dict[str, str] = {}
        pairs: list[str] = []
        for name, value in records:
            if name in ("GNU.sparse.offset", "GNU.sparse.numbytes"):
                pairs.append(value)
            elif name in _USED or name.startswith(_SPARSE):
                found[name] = value
        return {**found, "GNU.sparse.map": ",".join(pairs)} if pairs else found

    def _number(self, text: str) -> int:
        if not (text.isascii() and text.isdecimal() and len(text) <= _LONGEST_NUMBER):
            raise self._damaged(f"{text[:40]!r} stands where a number is expected")
        return int(text)

    def _field(self, field: bytes) -> int:
        """A number of a header: octal, or base-256."""
        if field[0] & 0x80:
            return int.from_bytes(bytes([field[0] & 0x7F]) + field[1:], "big")
        digits = field.partition(b"\0")[0].strip(b" ")
        if digits.strip(b"01234567"):
            raise self._damaged("a sparse file's map is no list of numbers")
        return int(digits or b"0", 8)

    def _damaged(self, why: str) -> CorruptArchive:
        return CorruptArchive(f"{self._what} is damaged: {why}, at byte {self._stream.tell():,} of the tar")


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")
