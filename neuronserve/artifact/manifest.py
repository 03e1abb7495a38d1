"""What a published tree holds, so that a file that went missing or changed its size is noticed.

Publishing does not wait for the disk (``fsync`` of a gigabyte would cost more than the download), so
after a crash of the machine a file may have the right size and wrong bytes. The manifest therefore
remembers the boot it was written in: within it, names and sizes are enough; after another boot each
file is read once and compared with its CRC-32, and the manifest is renewed.
"""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

NAME = "manifest.json"
_BOOT = Path("/proc/sys/kernel/random/boot_id")
_BLOCK = 1 << 20


class Row(NamedTuple):
    """A file: its size in bytes and the CRC-32 of its content."""

    size: int
    crc: int


@dataclasses.dataclass(frozen=True)
class Manifest:
    """The files of a tree by relative path, the archive's ``digest`` and the boot it was checked in.

    ``checked``: the store's sums that its bytes were compared with as they came, in words.
    """

    rows: Mapping[str, Row]
    digest: str = ""
    boot: str = ""
    checked: str = ""

    def to_json(self) -> str:
        return json.dumps(dataclasses.asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Manifest:
        raw = json.loads(text)
        rows = {path: Row(*row) for path, row in raw["rows"].items()}
        return cls(rows, raw["digest"], raw["boot"], raw["checked"])


def boot() -> str:
    """The name of this boot of the machine; "" where it cannot be known."""
    try:
        return _BOOT.read_text().strip()
    except OSError:
        return ""


def read(folder: Path) -> Manifest | None:
    """The manifest in a folder; None when there is none that can be read."""
    try:
        return Manifest.from_json((folder / NAME).read_text())
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def write(folder: Path, manifest: Manifest) -> None:
    """Replace it whole."""
    partial = folder / f"{NAME}.partial"
    partial.write_text(manifest.to_json())
    os.replace(partial, folder / NAME)


def fault(tree: Path, manifest: Manifest, *, deep: bool) -> str:
    """The first thing wrong with a tree, in words, or "". ``deep`` reads every byte."""
    for path, row in manifest.rows.items():
        try:
            size = os.stat(tree / path).st_size
        except OSError as error:
            return f"{path}: {error.strerror}"
        if size != row.size:
            return f"{path}: {size:,} bytes instead of {row.size:,}"
        if deep and crc_of(tree / path) != row.crc:
            return f"{path}: its content changed"
    return ""


def crc_of(path: Path) -> int:
    """The CRC-32 of a file's content."""
    from isal import isal_zlib

    crc = 0
    with path.open("rb", buffering=0) as file:
        while data := file.read(_BLOCK):
            crc = isal_zlib.crc32(data, crc)
    return crc
