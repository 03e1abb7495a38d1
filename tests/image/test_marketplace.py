"""marketplace-check with a real engine: the image has no network, and its model came as an archive."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def script(name, *words, cwd):
    return subprocess.run(
        [sys.executable, str(ROOT / "scripts" / name), *map(str, words)],
        cwd=cwd, env=dict(os.environ), capture_output=True, text=True, check=False, timeout=280,
    )  # fmt: skip


def test_the_image_serves_a_packed_model_without_a_network(tmp_path, image, model, engine):
    packed = script("package-model", f"halves={model / '1'}", cwd=tmp_path)
    assert packed.returncode == 0, packed.stderr
    (tmp_path / "rows.csv").write_text(f"{1:.97f}\n")  # long, so that 6 MB are not too many
    done = script(
        "sagemaker", "marketplace-check", image, "model.tar.gz", "--payload", "rows.csv",
        "--skip", "transform",
        "--engine", engine.program, "--output", "json", cwd=tmp_path,
    )  # fmt: skip
    assert done.stdout, done.stderr
    found = json.loads(done.stdout)["items"]
    items = [item for item in found if item["check"] in {"image", "model", "realtime"}]
    assert done.returncode == 0, items
    assert {item["verdict"] for item in items} == {"OK"}
    subjects = [item["subject"] for item in items if item["check"] == "realtime"]
    assert subjects == ["start", "rows.csv, 100 bytes", "rows.csv, 6,291,400 bytes", "SIGTERM"]
    assert "marketplace-check-" not in engine("ps", "--all", "--format", "{{.Names}}").stdout
