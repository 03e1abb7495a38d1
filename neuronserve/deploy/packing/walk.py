"""The files of one folder: links followed inside it, junk left out, everything else refused by name."""

from __future__ import annotations

import dataclasses
import itertools
import os
import stat
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from pathlib import Path

from neuronserve.errors import InvalidInput

_MOST = 500_000  # files and folders
_DEEPEST = 64  # folders below one another: what `serve` follows
_JUNK = (
    ".DS_Store", "._*", "__MACOSX", ".Trashes", ".Spotlight-V100", ".fseventsd", "Thumbs.db", "desktop.ini",
    "__pycache__", ".ipynb_checkpoints", ".pytest_cache", ".mypy_cache", ".ruff_cache", ".git", ".hg", ".svn",
)  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Member:
    """One file: its place in the archive, with slashes, and where its bytes are."""

    path: str
    source: Path


@dataclasses.dataclass(frozen=True)
class Rules:
    """``leave_out``: patterns of paths in the archive. ``not_these``: files that are being written."""

    leave_out: Sequence[str] = ()
    not_these: frozenset[Path] = frozenset()

    def leaves_out(self, path: str) -> bool:
        parts = path.split("/")
        heads = ["/".join(parts[: n + 1]) for n in range(len(parts))]
        return any(fnmatchcase(head, pattern.rstrip("/")) for pattern in self.leave_out for head in heads)


def is_junk(name: str) -> bool:
    """Whether a file manager, Python, an editor or a version control put it there."""
    return any(fnmatchcase(name, pattern) for pattern in _JUNK)


def members(source: Path, place: str, *, within: Path, rules: Rules) -> Iterator[Member]:
    """The files of ``source``, a folder or file, as they lie below ``place`` ("" is the archive's top).

    Links are followed as long as they stay inside ``within``. Empty folders are left out: whether they are
    there hangs on how a tree was copied. Raises InvalidInput with the path.
    """
    root = os.path.realpath(within)
    yield from _walk(os.fspath(source), place, root, rules, (), itertools.count(1))


def _walk(
    source: str, place: str, root: str, rules: Rules, above: tuple[str, ...], visits: Iterator[int]
) -> Iterator[Member]:
    if next(visits) > _MOST:  # links may lead to one folder on many ways
        raise InvalidInput(f"{root} holds more than {_MOST:,} files and folders", hint="take links away")
    real = _inside(source, root)
    if rules.leaves_out(place) or Path(real) in rules.not_these:
        return
    try:
        kind = stat.S_IFMT(os.stat(real).st_mode)
        if kind == stat.S_IFREG:
            if not os.access(real, os.R_OK):
                raise InvalidInput(f"{source} may not be read", hint="chmod it, or --leave-out")
            yield Member(_named(place, source), Path(real))
            return
        names = sorted(entry.name for entry in Path(real).iterdir()) if kind == stat.S_IFDIR else None
    except OSError as error:
        raise InvalidInput(f"{source}: {error.strerror}") from None
    if names is None:
        raise InvalidInput(f"{source} is neither a file nor a folder", hint="--leave-out it, or take it away")
    if real in above or len(above) > _DEEPEST:
        raise InvalidInput(f"{source}: a folder inside itself, by links", hint="take the link away")
    for name in names:
        if not is_junk(name):
            below = f"{place}/{name}" if place else name
            yield from _walk(f"{source}/{name}", below, root, rules, (*above, real), visits)


def _inside(source: str, root: str) -> str:
    real = os.path.realpath(source)
    if real != root and not real.startswith(f"{root.rstrip('/')}/"):
        raise InvalidInput(
            f"{source} leads to {real}, outside of {root}",
            hint="copy it there, or name the folder itself",
        )
    if not os.path.lexists(real):
        raise InvalidInput(f"{source} is a link to {real}, which is not there", hint="mend or remove it")
    return real


def _named(place: str, source: str) -> str:
    """A name that every tar and file system takes."""
    try:
        place.encode()
    except UnicodeEncodeError:
        shown = place.encode(errors="backslashreplace").decode()
        raise InvalidInput(f"{shown}: its name is not UTF-8", hint="rename it") from None
    if any(ord(letter) < 32 or ord(letter) == 127 for letter in place):
        raise InvalidInput(f"{source!r}: its name has a control character", hint="rename it")
    return place
