"""Wheels for the image's Python, so that requirements.txt can be installed where there is no network."""

from __future__ import annotations

import functools
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from packaging import tags
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename
from packaging.version import Version

from neuronserve.errors import InvalidInput

PYTHON = (3, 11)  # the image's, on Debian 12: glibc 2.36; all hosts of Neuron chips are x86_64
_GLIBC = 36
_MARKERS = {
    "python_version": "3.11", "python_full_version": "3.11.2", "implementation_name": "cpython",
    "platform_python_implementation": "CPython", "os_name": "posix", "sys_platform": "linux",
    "platform_system": "Linux", "platform_machine": "x86_64", "extra": "",
}  # fmt: skip
_LOCK = Path(__file__).resolve().parents[3] / "requirements" / "gateway.txt"
_PIN = re.compile(r"(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^ ;]+)")
_TIMEOUT = 1800  # seconds for all downloads


def platforms() -> list[str]:
    """What a wheel of the image's platform may be called, the newest first."""
    manylinux = [f"manylinux_2_{minor}_x86_64" for minor in range(_GLIBC, 4, -1)]
    return [*manylinux, "manylinux2014_x86_64", "manylinux2010_x86_64", "manylinux1_x86_64", "linux_x86_64"]


@functools.cache
def _supported() -> frozenset[tags.Tag]:
    named = platforms()
    return frozenset(
        [
            *tags.cpython_tags(PYTHON, ["cp311"], named),
            *tags.compatible_tags(PYTHON, "cp311", named),
        ]
    )


def check(names: Sequence[str]) -> None:
    """Raises InvalidInput for the first that is no wheel, or not one for the image."""
    for name in names:
        try:
            found = parse_wheel_filename(name)[3]
        except InvalidWheelFilename as error:
            raise InvalidInput(f"{name}: {error}") from None
        if not found & _supported():
            raise InvalidInput(
                f"{name} is not for the image: Python 3.11 on x86_64 with glibc 2.{_GLIBC}",
                hint="--download-wheels fetches those that are",
            )


def unmet(requirements: str, names: Sequence[str]) -> Iterator[str]:
    """Lines of a requirements.txt that neither a wheel nor the image has; options are left to pip."""
    there = [*(parse_wheel_filename(name)[:2] for name in names), *images_own()]
    for line in _lines(requirements):
        try:
            wanted = Requirement(line)
        except InvalidRequirement:
            continue  # an option, a path, an address: pip's own business
        if wanted.url or (wanted.marker and not wanted.marker.evaluate(dict(_MARKERS))):
            continue
        name = canonicalize_name(wanted.name)
        if not any(name == found[0] and _fits(wanted, found[1]) for found in there):
            yield line


@functools.cache
def images_own() -> tuple[tuple[str, Version], ...]:
    """What the image has itself, which counts as installed: the lock that it is built from."""
    pins = (_PIN.match(line) for line in _LOCK.read_text().splitlines())
    return tuple((canonicalize_name(pin["name"]), Version(pin["version"])) for pin in pins if pin)


def named(requirements: str) -> bool:
    """Whether a requirements.txt asks for anything that the image has not."""
    options = (line.strip().startswith("-") for line in requirements.splitlines())
    return any(options) or next(unmet(requirements, []), None) is not None


def _fits(wanted: Requirement, version: Version) -> bool:
    return wanted.specifier.contains(version, prereleases=True)


def _lines(requirements: str) -> Iterator[str]:
    for line in requirements.replace("\\\n", " ").splitlines():
        plain = line.partition(" #")[0].partition(" --hash")[0].strip()
        if plain and not plain.startswith(("#", "-")):
            yield plain


def download(requirements: Path, folder: Path) -> None:
    """Have pip fetch wheels for all of a requirements.txt, and what they need. Raises InvalidInput.

    pip is that of this checkout's Python: markers are judged for the machine that it runs on.
    """
    words = [
        sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input", "download", "--quiet",
        "--only-binary", ":all:", "--python-version", "3.11", "--implementation", "cp",
        *(word for abi in ("cp311", "abi3", "none") for word in ("--abi", abi)),
        *(word for name in platforms() for word in ("--platform", name)),
        "--dest", str(folder), "--requirement", str(requirements),
    ]  # fmt: skip
    try:
        done = subprocess.run(
            words, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL, timeout=_TIMEOUT
        )
    except subprocess.TimeoutExpired:
        raise InvalidInput(f"{requirements}: pip was not done after {_TIMEOUT} s") from None
    if done.returncode:
        lines = [
            line.removeprefix("ERROR: ") for line in done.stderr.splitlines() if line.startswith("ERROR")
        ]
        told = (
            lines[0]
            if lines
            else (done.stderr.strip() or f"pip ended with {done.returncode}").splitlines()[-1]
        )
        raise InvalidInput(
            f"{requirements}: pip: {told}",
            hint="what is source alone has no wheel: make one in the image (`pip wheel`), and see --wheels",
        )
