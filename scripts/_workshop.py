"""What every script does first: make sure that the checkout has what it needs, once, and say so.

Standard library only: it runs before there is a virtual environment.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import importlib.util
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
LOCK = ROOT / "requirements" / "dev.txt"
SDK = ROOT / "requirements" / "sdk.txt"  # without dependencies: tests import two modules of it
CACHE = ROOT / ".cache"
NGINX_LUA = Path("/usr/lib/nginx/modules/ngx_http_lua_module.so")


def enter(*, needs: tuple[str, ...] = (), stay: bool = False) -> None:
    """Go on inside ``.venv``, made first where it is missing or old, with the checkout as folder.

    ``needs`` names programs from Debian's packages, such as ``nginx``. ``stay``: in the caller's folder, for
    scripts that are given files; until such a script says otherwise, Ctrl-C ends it without a word. The
    caller's script starts again with the environment's Python when it was started with another.
    """
    if stay and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    # a plain user's PATH on Debian has no sbin, where nginx lives
    path = [str(VENV / "bin"), os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"]
    os.environ["PATH"] = os.pathsep.join(path)
    wanted = _fingerprint()
    fresh = _is_made(wanted)
    missing = [program for program in needs if not shutil.which(program)]
    if "nginx" in needs and not NGINX_LUA.exists():
        missing.append("libnginx-mod-http-lua")
    system_packages(missing if fresh else [*missing, *_venv_package()])
    if not fresh:
        _make_environment(wanted)
    sys.argv[0] = str(Path(sys.argv[0]).resolve())
    if not stay:
        os.chdir(ROOT)
    os.environ["PYTHONPATH"] = str(ROOT)
    if Path(sys.prefix).resolve() != VENV.resolve():
        os.execv(PYTHON, [str(PYTHON), *sys.argv])  # noqa: S606  a list, and no shell
    sys.path.insert(0, str(ROOT))


def system_packages(packages: Sequence[str]) -> None:
    """Install Debian packages; without root, say the one command and end."""
    if not packages:
        return
    names = " ".join(packages)
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        lacks = f"This machine lacks {' and '.join(packages)}. Install with:"
        sys.exit(f"{lacks}\n\n    sudo apt-get install -y {names}\n")
    say(f"installing {names} with apt")
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    install = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages]
    if subprocess.run(install, env=quiet, capture_output=True, check=False).returncode == 0:
        return
    # the package lists of a fresh machine are empty or old
    for command in (["apt-get", "update", "-qq"], install):
        if subprocess.run(command, env=quiet, stdout=subprocess.DEVNULL, check=False).returncode != 0:
            sys.exit(f"`{' '.join(command)}` failed; apt's reason is above")


def say(text: str) -> None:
    print(f"==> {text}", file=sys.stderr, flush=True)


def _fingerprint() -> str:
    """What ``.venv`` depends on: the lock, Python's version, and the folder it lies in."""
    here = f"{sys.version_info.major}.{sys.version_info.minor} {VENV}"
    return hashlib.sha256(LOCK.read_bytes() + SDK.read_bytes() + here.encode()).hexdigest()


def _is_made(wanted: str) -> bool:
    stamp = VENV / ".neuronserve"
    return PYTHON.exists() and stamp.is_file() and stamp.read_text() == wanted


def _has_python() -> bool:
    """Whether ``.venv`` has a working Python of this version, and lies where it was made."""
    asked = [str(PYTHON), "-c", "import sys, pip; print(sys.version_info[:2], sys.prefix)"]
    with contextlib.suppress(OSError):
        found = subprocess.run(asked, capture_output=True, text=True, check=False)
        return found.stdout.strip() == f"{sys.version_info[:2]} {VENV}"
    return False


def _venv_package() -> list[str]:
    """Debian leaves ``ensurepip`` out of Python; the package that brings it, when it is missing."""
    if importlib.util.find_spec("ensurepip"):
        return []
    return [f"python{sys.version_info.major}.{sys.version_info.minor}-venv"]


def _make_environment(wanted: str) -> None:
    with (ROOT / ".venv.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two scripts at once make it once
        if _is_made(wanted):
            return
        say("making .venv (once; a minute or two)")
        if not _has_python():  # an old environment is brought up to date, under running programs too
            base = getattr(sys, "_base_executable", sys.executable)
            made = subprocess.run([base, "-m", "venv", "--clear", str(VENV)], check=False)
            if made.returncode != 0:
                sys.exit(f"{VENV} could not be made; the reason is above")
        _install()
        (VENV / ".neuronserve").write_text(wanted)


def environment(name: str) -> Path:
    """An environment with the packages of ``requirements/NAME.txt`` alone, made once; where its programs are.

    For tools whose requirements cannot stand beside ours. Call it inside ``.venv``.
    """
    lock = LOCK.with_name(f"{name}.txt")
    folder = CACHE / name
    stamp = folder / ".neuronserve"
    fingerprint = hashlib.sha256(lock.read_bytes() + str(folder).encode()).hexdigest()
    if not (stamp.is_file() and stamp.read_text() == fingerprint):
        base = getattr(sys, "_base_executable", sys.executable)
        subprocess.run([base, "-m", "venv", "--clear", str(folder)], check=True)
        _packages(folder / "bin" / "python", [lock])
        stamp.write_text(fingerprint)
    return folder / "bin"


def _install() -> None:
    tool = VENV / "uv.txt"
    tool.write_text(_entry("uv"))
    subprocess.run([*_pip(PYTHON), "-q", "-r", str(tool)], check=False)
    _packages(PYTHON, [LOCK, SDK])


def _packages(python: Path, locks: Sequence[Path]) -> None:
    """Everything in the locks and nothing else, each file checked against its hashes."""
    names = [str(lock) for lock in locks]
    # compiled at once: where Python may not write, TensorFlow takes 10 s to import
    uv = [str(VENV / "bin" / "uv"), "pip", "sync", "--quiet", "--compile-bytecode", "--require-hashes"]
    uv += ["--python", str(python), *names]
    say(f"installing the packages of requirements/{' and '.join(lock.name for lock in locks)}")
    with contextlib.suppress(FileNotFoundError):
        if subprocess.run(uv, env={**os.environ, "UV_SYSTEM_CERTS": "1"}, check=False).returncode == 0:
            return
    say("with pip, which knows the package index that this machine is set up for")
    pip = [*_pip(python), *(word for name in names for word in ("-r", name))]
    if subprocess.run(pip, check=False).returncode != 0:
        sys.exit("the packages could not be installed; pip's reason is above. Run it again to try again")


def _pip(python: Path) -> list[str]:
    install = ["-m", "pip", "--disable-pip-version-check", "install", "--require-hashes", "--no-deps"]
    return [str(python), *install]


def _entry(name: str) -> str:
    """One package's lines of the lock."""
    lines = LOCK.read_text().splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith(f"{name}=="))
    end = start + 1
    while end < len(lines) and lines[end].startswith("    --hash"):
        end += 1
    return "\n".join(lines[start:end]).rstrip("\\ ") + "\n"
