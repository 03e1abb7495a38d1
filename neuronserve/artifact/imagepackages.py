"""In a checkout: the packages that the image's gateway has, and no others, for a model's own code.

A checkout's environment also holds the embedded server's TensorFlow, and all that tests and scripts need.
A script that imports one of these would load here and end the image's start with exit code 26. So a folder
with links to the packages of ``requirements/gateway.txt``, which the Dockerfile installs, takes the place of
``site-packages`` where a model's code is run and where its requirements are installed. In the image itself
there is nothing to do.

TensorFlow's message modules are among them, as in the image, and TensorFlow itself is not.
"""

from __future__ import annotations

import functools
import hashlib
import importlib
import importlib.metadata
import logging
import os
import re
import shutil
import sys
import sysconfig
import tempfile
from collections.abc import Iterable, Iterator
from importlib.metadata import Distribution
from pathlib import Path, PurePath

log = logging.getLogger(__name__)
ROOT = Path(__file__).resolve().parents[2]
LOCK = ROOT / "requirements" / "gateway.txt"
_CACHE = ROOT / ".cache" / "gateway-packages"
_PINNED = re.compile(r"^([A-Za-z0-9][\w.-]*)==", re.MULTILINE)
_MESSAGES = ("tensorflow-cpu", "tensorflow")  # whichever is installed brings TensorFlow's message modules
_MESSAGE_FILES = ("_pb2.py", "_pb2_grpc.py")


def environment() -> list[Path]:
    """The folders that this interpreter's own packages lie in."""
    paths = sysconfig.get_paths()
    return sorted({Path(paths["purelib"]), Path(paths["platlib"])})


@functools.cache
def folder() -> Path | None:
    """The folder of links; None in the image, whose environment is the gateway's alone."""
    if not LOCK.is_file():
        return None
    distributions = list(_installed(_PINNED.findall(LOCK.read_text())))
    messages = next(_installed(_MESSAGES), None)
    made = _CACHE / _key(distributions, messages)
    if made.is_dir():
        return made
    try:
        _CACHE.mkdir(parents=True, exist_ok=True)
        partial = Path(tempfile.mkdtemp(prefix="partial-", dir=_CACHE))
        partial.chmod(0o755)  # nobody else's worker must fail to read it
        link(distributions, messages, partial)
        _publish(partial, made)
    except OSError as error:
        log.warning("all packages of this checkout are seen, not the image's alone: %s", error)
        return None
    return made


def confine() -> None:
    """From now on this process finds the image's packages only; modules that are loaded stay."""
    packages = folder()
    if packages is None:
        return
    own = {os.path.realpath(path) for path in environment()}
    replaced = [str(packages) if os.path.realpath(path) in own else path for path in sys.path]
    sys.path[:] = list(dict.fromkeys(replaced))
    importlib.invalidate_caches()


def link(distributions: Iterable[Distribution], messages: Distribution | None, target: Path) -> None:
    """Fill ``target`` with links to the packages' own files and folders."""
    files = [(Path(str(one.locate_file(""))), path) for one in distributions for path in _files(one)]
    if messages is not None:
        root = Path(str(messages.locate_file("")))
        files += [(root, path) for path in _files(messages) if path.name.endswith(_MESSAGE_FILES)]
    whole = {str(path.parent) for _, path in files if path.name == "__init__.py"}
    done: set[str] = set()
    for root, path in files:
        # the highest folder that is a package of its own; folders above it may be shared by several packages
        parts = path.parts
        heads = ("/".join(parts[:n]) for n in range(1, len(parts)))
        head = next((one for one in heads if one in whole or one.endswith(".dist-info")), str(path))
        if head in done:
            continue
        done.add(head)
        place = target / head
        place.parent.mkdir(parents=True, exist_ok=True)
        place.symlink_to(root / head)


def _files(distribution: Distribution) -> Iterator[PurePath]:
    """Relative to site-packages; programs in ``bin`` and compiled files are left out."""
    for path in distribution.files or ():
        if ".." not in path.parts and "__pycache__" not in path.parts:
            yield PurePath(path)


def _installed(names: Iterable[str]) -> Iterator[Distribution]:
    for name in names:
        try:
            yield importlib.metadata.distribution(name)
        except importlib.metadata.PackageNotFoundError:
            continue


def _key(distributions: Iterable[Distribution], messages: Distribution | None) -> str:
    every = [*distributions, *([messages] if messages else [])]
    told = sorted(f"{one.metadata['Name']} {one.version} {one.locate_file('')}" for one in every)
    return hashlib.sha256("\n".join([sys.version, *told]).encode()).hexdigest()[:16]


def _publish(partial: Path, made: Path) -> None:
    try:
        partial.rename(made)
    except OSError:
        shutil.rmtree(partial, ignore_errors=True)
        if not made.is_dir():  # another process was not quicker: it could not be done
            raise
