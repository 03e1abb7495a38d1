"""The whole way in the real image: a trained model, an S3 endpoint, predictions."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_demonstration_runs_in_the_image_and_leaves_nothing_running(engine, image):
    before = engine("ps", "--quiet", "--all").stdout
    done = subprocess.run(
        [sys.executable, "scripts/run", "--once", "--image", image],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=280,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "digits right" in done.stdout
    assert engine("ps", "--quiet", "--all").stdout == before
