"""Install AWS's Neuron packages from the apt repository that the build's arguments name.

Run as root by the image's ``neuron`` target. Standard library only: the image has no curl, no gpg.
Reads NEURON_APT (address of the repository), NEURON_APT_SUITE, NEURON_APT_COMPONENT, NEURON_APT_KEY
(address of its signing key), NEURON_APT_KEY_SHA256 (the key file's checksum; checked when given) and
NEURON_PACKAGES (``name=version`` each, white space between; every one pinned).
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path

ARMOR = b"-----BEGIN PGP PUBLIC KEY BLOCK-----"


def required(environ: Mapping[str, str]) -> dict[str, str]:
    """The arguments, all there; every missing one is named at once."""
    names = ("NEURON_APT", "NEURON_APT_SUITE", "NEURON_APT_COMPONENT", "NEURON_APT_KEY", "NEURON_PACKAGES")
    missing = [name for name in names if not environ.get(name)]
    if missing:
        sys.exit(f"the neuron target needs --build-arg {' and --build-arg '.join(missing)}; see README.md")
    return {name: environ[name] for name in names}


def pinned(packages: str) -> list[str]:
    """The packages, each with its version: what is archived must not change between two builds."""
    wanted = packages.split()
    loose = [package for package in wanted if not all(package.partition("="))]
    if loose:
        sys.exit(f"NEURON_PACKAGES has no version for {', '.join(loose)}: write name=version")
    return wanted


def fetch_key(address: str, checksum: str) -> bytes:
    """The repository's public key, armored or binary.

    Exits when it cannot be had, is no key, or is not the one whose SHA-256 ``checksum`` names.
    """
    try:
        with urllib.request.urlopen(address, timeout=60) as answer:  # nosec B310  # noqa: S310  the builder's own argument
            key: bytes = answer.read()
    except (urllib.error.URLError, ValueError) as error:
        sys.exit(f"NEURON_APT_KEY={address}: cannot be read: {error}")
    found = hashlib.sha256(key).hexdigest()
    if checksum and checksum.lower() != found:
        sys.exit(f"NEURON_APT_KEY={address}: its sha256 is {found}, expected {checksum}")
    if not key.startswith(ARMOR) and not key[:1] >= b"\x80":
        sys.exit(f"NEURON_APT_KEY={address}: this is no OpenPGP key")
    return key


def _empty(folder: Path) -> None:
    for path in folder.iterdir():  # the folder itself stays: apt does not make it again
        shutil.rmtree(path) if path.is_dir() else path.unlink()


def main(environ: Mapping[str, str], etc: Path = Path("/etc/apt")) -> None:
    arguments = required(environ)
    packages = pinned(arguments["NEURON_PACKAGES"])
    key = fetch_key(arguments["NEURON_APT_KEY"], environ.get("NEURON_APT_KEY_SHA256", ""))
    # apt tells armored from binary keys by the name's ending
    ring = etc / "keyrings" / ("neuron.asc" if key.startswith(ARMOR) else "neuron.gpg")
    ring.parent.mkdir(exist_ok=True)
    ring.write_bytes(key)
    source = etc / "sources.list.d" / "neuron.list"
    source.write_text(
        f"deb [signed-by={ring}] {arguments['NEURON_APT']} "
        f"{arguments['NEURON_APT_SUITE']} {arguments['NEURON_APT_COMPONENT']}\n"
    )
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    strict = ["-o", "APT::Update::Error-Mode=any"]  # a repository that fails is not a warning
    subprocess.run(["apt-get", "update", "-qq", *strict], env=quiet, check=True)
    install = ["apt-get", "install", "-y", "-qq", "--no-install-recommends"]
    subprocess.run([*install, *packages], env=quiet, check=True)
    source.unlink()  # a mirror's address may be private
    ring.unlink()
    for folder in ("/var/lib/apt/lists", "/var/cache/apt", "/var/log/apt"):
        _empty(Path(folder))


if __name__ == "__main__":
    main(os.environ)
