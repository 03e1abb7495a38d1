"""What every script does first: make sure that the checkout has what it needs, once, and say so.

Standard library only: it runs before there is a virtual environment.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
LOCK = ROOT / "requirements" / "dev.txt"


def enter(*, needs: tuple[str, ...] = ()) -> None:
    """Go on inside ``.venv``, made first where it is missing or old.

    ``needs`` names programs from Debian's packages, such as ``nginx``. The caller's script starts
    again with the environment's Python when it was started with another.
    """
    _environment()
    for program in needs:
        system_package(program)
    os.chdir(ROOT)
    if Path(sys.prefix).resolve() != VENV.resolve():
        os.environ["PYTHONPATH"] = str(ROOT)
        os.environ["PATH"] = f"{VENV / 'bin'}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
        os.execv(PYTHON, [str(PYTHON), *sys.argv])


def system_package(program: str, package: str = "") -> None:
    """Install a Debian package that brings ``program``; without root, say the one command."""
    if shutil.which(program, path=_wide_path()):
        return
    package = package or program
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        sys.exit(f"{program} is missing. Install it with:\n\n    sudo apt-get install -y {package}\n")
    say(f"installing {package} with apt")
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    install = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", package]
    if subprocess.run(install, env=quiet, stdout=subprocess.DEVNULL, check=False).returncode != 0:
        # the package lists of a fresh machine are empty or old
        subprocess.run(["apt-get", "update", "-qq"], env=quiet, check=True)
        subprocess.run(install, env=quiet, stdout=subprocess.DEVNULL, check=True)


def say(text: str) -> None:
    print(f"==> {text}", file=sys.stderr, flush=True)


def _wide_path() -> str:
    # a plain user's PATH on Debian has no sbin, where nginx lives
    return os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"))


def _environment() -> None:
    wanted = hashlib.sha256(LOCK.read_bytes() + sys.version.encode()).hexdigest()
    stamp = VENV / ".neuronserve"
    if _is(stamp, wanted):
        return
    if sys.version_info < (3, 11):
        sys.exit(f"Python 3.11 or newer is needed; this is {sys.version.split()[0]}")
    with (ROOT / ".venv.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two scripts at once make it once
        if _is(stamp, wanted):
            return
        base = Path(getattr(sys, "_base_executable", sys.executable))
        say("making .venv (once; about a minute)")
        _virtual_environment(base)
        _install()
        stamp.write_text(wanted)


def _is(stamp: Path, wanted: str) -> bool:
    return stamp.is_file() and stamp.read_text() == wanted


def _virtual_environment(base: Path) -> None:
    command = [str(base), "-m", "venv", "--clear", str(VENV)]
    if subprocess.run(command, capture_output=True, check=False).returncode == 0:
        return
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    if os.geteuid() != 0:
        sys.exit(f"{version} has no venv. Install it with:\n\n    sudo apt-get install -y {version}-venv\n")
    say(f"installing {version}-venv with apt")
    subprocess.run(["apt-get", "update", "-qq"], check=True)
    subprocess.run(["apt-get", "install", "-y", "-qq", f"{version}-venv"], stdout=subprocess.DEVNULL, check=True)
    subprocess.run(command, check=True)


def _install() -> None:
    """Everything in the lock and nothing else, each file checked against its hashes."""
    pip = [str(PYTHON), "-m", "pip", "--disable-pip-version-check", "install", "--require-hashes", "--no-deps"]
    tool = VENV / "uv.txt"
    tool.write_text(_entry("uv"))
    say("installing the packages of requirements/dev.txt")
    fast = subprocess.run([*pip, "-q", "-r", str(tool)], check=False).returncode == 0 and (
        subprocess.run(
            [str(VENV / "bin" / "uv"), "pip", "sync", "--require-hashes", "--python", str(PYTHON), str(LOCK)],
            env={**os.environ, "UV_SYSTEM_CERTS": "1"},
            check=False,
        ).returncode
        == 0
    )
    if not fast:
        say("with pip, which knows the package index that this machine is set up for")
        subprocess.run([*pip, "-r", str(LOCK)], check=True)


def _entry(name: str) -> str:
    """One package's lines of the lock."""
    lines = LOCK.read_text().splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith(f"{name}=="))
    end = start + 1
    while end < len(lines) and lines[end].startswith("    --hash"):
        end += 1
    return "\n".join(lines[start:end]).rstrip("\\ ") + "\n"
