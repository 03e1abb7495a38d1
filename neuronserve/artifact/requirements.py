"""``code/requirements.txt``: installed at the start, by pip, into a folder of the cache.

Never into the service's own environment: pip works on a bare virtual environment beside it, which sees the
service's packages as installed and cannot remove them; what it adds is kept, under a key made of all that
decides it, so that a container that starts again finds it there.

Wheels in the archive (``code/wheels``, ``code/wheelhouse``, or beside ``requirements.txt``) are all that is
used where there are any; else pip asks the index that its own settings (PIP_INDEX_URL, ...) name.
"""

from __future__ import annotations

import hashlib
import logging
import os
import shutil
import sys
import venv
from collections.abc import Iterator
from pathlib import Path

from neuronserve.artifact import manifest, pins, pipwords
from neuronserve.artifact.cache import Entry, opened
from neuronserve.artifact.child import Child, TimeUp
from neuronserve.artifact.manifest import Manifest, Row
from neuronserve.artifact.progress import INSTALL, Progress, Report
from neuronserve.artifact.source import readable
from neuronserve.errors import RequirementsFailed
from neuronserve.settings import Settings

log = logging.getLogger("pip")
FILE = "requirements.txt"
_LONGEST = 1 << 20  # bytes of a file of requirements
WHEELS = ("wheels", "wheelhouse")
_QUIET = ("--disable-pip-version-check", "--no-input", "--no-color", "--progress-bar=off", "--no-cache-dir")
_PATIENT = ("--retries", "2", "--timeout", "15")  # under network isolation every try is in vain


def installed(code: Path, settings: Settings, report: Report) -> Path | None:
    """The folder with the packages; None when the service has them all already.

    Raises RequirementsFailed, and ArtifactError where the cache cannot be written.
    """
    with readable(code):
        wheels = wheelhouse(code)
        identity = _identity(code, wheels)
    cache = opened(settings)
    report(Progress(INSTALL, detail=f"code/{FILE}"))
    with cache.entry(identity, report) as entry:
        if entry.reuse(report) is None:
            entry.begin(resume=False)
            try:
                _install(entry, code, wheels, settings.install_seconds, report)
            except BaseException:
                entry.discard()
                raise
            entry.publish(_told(entry.staging))
        else:
            log.info("code/%s was installed before: it is used again", FILE)
    return entry.tree if any(entry.tree.iterdir()) else None


def wheelhouse(code: Path) -> Path | None:
    """The folder with wheels in the archive; None without any."""
    folders = (*(code / name for name in WHEELS), code)
    return next((folder for folder in folders if _matching(folder, "*.whl")), None)


def _identity(code: Path, wheels: Path | None) -> str:
    """All that decides what is installed: what is asked for, the wheels, the interpreter, the service."""
    told = [f"packages of {sys.version}", *map(str, pins.own_packages()), pins.constraints()]
    texts = _matching(code, "*.txt")  # requirements.txt may name others with -r and -c
    files = [*texts, *(_matching(wheels, "*.whl") if wheels else ())]
    if any(_maybe_local(line) for text in texts for line in _lines(text)):
        files += _files(code)
    for path in files:
        with path.open("rb") as file:
            told.append(f"{path.relative_to(code)} {hashlib.file_digest(file, 'sha256').hexdigest()}")
    return "\n".join(told)


def _matching(folder: Path, pattern: str) -> list[Path]:
    return sorted(path for path in folder.glob(pattern) if path.is_file())


def _lines(text: Path) -> list[str]:
    """Of as much as requirements may have: a longer file is something else, such as a vocabulary."""
    with text.open("rb") as file:
        return file.read(_LONGEST).decode(errors="replace").splitlines()


def _maybe_local(line: str) -> bool:
    """Whether a line may name a file or folder of the code itself, such as ``./package``."""
    asked = line.partition("#")[0].strip()
    return "/" in asked or asked.startswith((".", "-e", "--editable"))


def _install(entry: Entry, code: Path, wheels: Path | None, seconds: float, report: Report) -> None:
    """Into the entry's staging tree."""
    place = entry.partial / "environment"
    venv.EnvBuilder(with_pip=False, symlinks=True).create(place)
    for link in (place / "bin").glob("python*"):
        if (
            link.readlink().is_absolute()
        ):  # pip runs by it, with the service's variables: see privileges.hide()
            link.unlink()
            link.symlink_to(sys.executable)
    site = next(place.glob("lib/python*/site-packages"))
    own = site / "service.pth"
    own.write_text("".join(f"{folder}\n" for folder in pins.own_packages()))
    fixed = entry.partial / "constraints.txt"
    fixed.write_text(pins.constraints())
    _run(_argv(place, code, wheels, fixed), code, seconds, report, offline=wheels is not None)
    own.unlink()
    entry.staging.rmdir()
    site.rename(entry.staging)
    shutil.rmtree(place)
    fixed.unlink()


def _argv(place: Path, code: Path, wheels: Path | None, fixed: Path) -> list[str]:
    where = ["--no-index", "--find-links", str(wheels)] if wheels else []
    pip = [sys.executable, "-P", "-m", "pip", "--python", str(place / "bin" / "python"), "install"]
    return [*pip, *_QUIET, *_PATIENT, *where, "--constraint", str(fixed), "--requirement", str(code / FILE)]


def _run(argv: list[str], code: Path, seconds: float, report: Report, *, offline: bool) -> None:
    said: list[str] = []

    def hear(line: str) -> None:
        line = pipwords.masked(line)
        said.append(line)
        log.info("%s", line)
        doing = pipwords.doing(line)
        if doing:
            report(Progress(INSTALL, detail=doing))

    env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    try:
        status = Child(argv, env, cwd=code, hear=hear).run(seconds)
    except TimeUp:
        raise RequirementsFailed(
            f"code/{FILE} was not installed within {seconds:g} s",
            hint="raise SERVE_INSTALL_SECONDS, or bring the wheels along in code/wheels",
        ) from None
    if status:
        raise pipwords.failure(said, offline=offline)


def _told(tree: Path) -> Manifest:
    rows = {
        str(path.relative_to(tree)): Row(path.stat().st_size, manifest.crc_of(path)) for path in _files(tree)
    }
    return Manifest(rows, boot=manifest.boot())


def _files(tree: Path) -> Iterator[Path]:
    return (path for path in sorted(tree.rglob("*")) if path.is_file())
