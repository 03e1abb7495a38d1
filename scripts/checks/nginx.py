"""nginx.conf, as ``serve`` renders it: nginx must accept it, and gixy find nothing in it."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import _workshop
from checks.tools import said


def accepts() -> str:
    """nginx -t on the rendered nginx.conf"""
    return _rendered(lambda conf: said("nginx", "-t", "-q", "-e", "stderr", "-c", str(conf)))


def lint() -> str:
    """gixy on the rendered nginx.conf"""
    return _rendered(lambda conf: said("gixy", "--format", "text", str(conf)))


def _rendered(check: Callable[[Path], str]) -> str:
    with tempfile.TemporaryDirectory(prefix="neuronserve-check-") as name:
        folder = Path(name)
        command = [sys.executable, "-m", "neuronserve.boot.front", "--render", "--runtime", name]
        rendered = subprocess.run(command, cwd=_workshop.ROOT, capture_output=True, text=True, check=False)
        if rendered.returncode != 0:
            return rendered.stderr
        conf = folder / "nginx.conf"
        conf.write_text(rendered.stdout)
        return check(conf)
