"""A tiny signed apt repository that stands in for AWS's: same layout, packages of a few bytes."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import http.server
import subprocess
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path

SUITE = "focal"


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


def build_package(pool: Path, name: str, version: str, files: Mapping[str, str]) -> Path:
    """A .deb with ``files`` (absolute path -> text), all executable."""
    root = pool / f"{name}-{version}.root"
    control = root / "DEBIAN" / "control"
    control.parent.mkdir(parents=True)
    control.write_text(
        f"Package: {name}\nVersion: {version}\nArchitecture: amd64\n"
        "Maintainer: a test <test@example.invalid>\nDescription: stands in for the real package\n"
    )
    for path, text in files.items():
        file = root / path.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        file.chmod(0o755)
    deb = pool / f"{name}_{version}_amd64.deb"
    subprocess.run(["dpkg-deb", "--root-owner-group", "--build", root, deb], check=True, capture_output=True)
    return deb


def publish(folder: Path, debs: list[Path], home: Path) -> Path:
    """Write the index below ``folder``, signed with a new key; returns the armored public key."""
    index = folder / "dists" / SUITE / "main" / "binary-amd64" / "Packages"
    index.parent.mkdir(parents=True)
    index.write_text("\n".join(_entry(folder, deb) for deb in debs))
    listed = index.read_bytes()
    release = folder / "dists" / SUITE / "Release"
    release.write_text(
        f"Origin: stand-in\nSuite: {SUITE}\nCodename: {SUITE}\nArchitectures: amd64\nComponents: main\n"
        "Date: Thu, 01 Jan 2026 00:00:00 UTC\nSHA256:\n"
        f" {hashlib.sha256(listed).hexdigest()} {len(listed)} main/binary-amd64/Packages\n"
    )
    home.mkdir(mode=0o700)
    gpg = [
        "gpg",
        "--homedir",
        str(home),
        "--batch",
        "--quiet",
        "--pinentry-mode",
        "loopback",
        "--passphrase",
        "",
    ]
    subprocess.run(
        [*gpg, "--quick-generate-key", "stand-in", "rsa2048", "sign", "1d"], check=True, capture_output=True
    )
    subprocess.run(
        [*gpg, "--clearsign", "--output", str(release.with_name("InRelease")), str(release)], check=True
    )
    key = folder / "KEY.PUB"
    key.write_bytes(subprocess.run([*gpg, "--armor", "--export"], check=True, capture_output=True).stdout)
    subprocess.run(["gpgconf", "--homedir", str(home), "--kill", "gpg-agent"], check=True)
    return key


def _entry(folder: Path, deb: Path) -> str:
    control = subprocess.run(["dpkg-deb", "--field", deb], check=True, capture_output=True, text=True).stdout
    data = deb.read_bytes()
    return (
        f"{control}Filename: {deb.relative_to(folder)}\nSize: {len(data)}\n"
        f"SHA256: {hashlib.sha256(data).hexdigest()}\n"
    )


@contextlib.contextmanager
def served(folder: Path) -> Iterator[str]:
    """The folder over HTTP on a free port of 127.0.0.1."""
    handler = functools.partial(_Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
