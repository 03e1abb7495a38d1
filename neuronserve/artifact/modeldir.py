"""``/opt/ml/model`` leads to the model wherever it was unpacked, so that scripts that open files there work.

SageMaker unpacks the artifact there before the container starts. Where MODEL_URI is pulled, or in a checkout,
the artifact lies in the cache or in a folder of its own, and a link in its place is the same to a script:
below it is the artifact's own layout.

The link is made only where there is nothing: never in the place of a file, a folder or another's link.
Ours leads through a link in the runtime folder of the ``serve`` that made it. That ``serve`` holds a lock in
the folder as long as it lives, so that one that was killed leaves a link that the next one replaces, and two
on one host do not take it from each other.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

MODEL, MODELS = Path("/opt/ml/model"), Path("/opt/ml/models")  # where SageMaker unpacks
NAME = "neuronserve-artifact"  # of the link in a work folder
_LOCK = "lock"  # of the runtime folder, above the work folder: boot/rundir.py


def offer(place: Path, model_dir: Path, work_dir: Path) -> bool:
    """Whether ``place`` leads to ``model_dir`` now. ``work_dir``: of this start, in its runtime folder."""
    if _same(place, model_dir):
        return True
    inner = work_dir / NAME
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        work_dir.mkdir(parents=True, exist_ok=True)
        _replace(inner, model_dir)
        with _locked(place.parent):
            if os.path.lexists(place):
                if not _is_left_over(place, work_dir):
                    return False
                _replace(place, inner)
            else:
                place.symlink_to(inner)
    except OSError:  # not root, a read-only file system, or another program was quicker
        return False
    return _same(place, model_dir)


def withdraw(place: Path, work_dir: Path) -> None:
    """Remove the link, where it is that of this work folder."""
    with contextlib.suppress(OSError), _locked(place.parent):
        if place.readlink() == work_dir / NAME:
            place.unlink()


def is_ours(place: Path) -> bool:
    """Whether it is a link that some ``serve`` made: there is no model of this one's at it."""
    with contextlib.suppress(OSError):
        return place.readlink().name == NAME
    return False


def _is_left_over(place: Path, work_dir: Path) -> bool:
    if not is_ours(place):
        return False
    owner = place.readlink().parent
    return owner == work_dir or not _is_held(owner.parent / _LOCK)


def _is_held(lock: Path) -> bool:
    try:
        with lock.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except OSError:  # held, or another user's
        return True
    return False


def _replace(link: Path, target: Path) -> None:
    new = link.with_name(f".{link.name}.{os.getpid()}")
    new.symlink_to(target)
    os.replace(new, link)


def _same(place: Path, model_dir: Path) -> bool:
    try:
        return place.samefile(model_dir)
    except OSError:
        return False


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    number = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(number, fcntl.LOCK_EX)
        yield
    finally:
        os.close(number)
