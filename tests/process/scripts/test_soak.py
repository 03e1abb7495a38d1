"""scripts/soak itself: it passes what is in order, and a service that answers wrongly does not pass."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests import handmade

ROOT = Path(__file__).resolve().parents[3]


def soak(tmp_path: Path, *arguments: str) -> tuple[subprocess.CompletedProcess[str], dict]:
    """How it ended, and its account."""
    account = tmp_path / "account.json"
    command = [sys.executable, "scripts/soak", "--json", str(account), *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=200)
    assert account.exists(), done.stdout + done.stderr
    return done, json.loads(account.read_text())


def test_killed_model_servers_cost_only_503s_and_all_limits_hold(tmp_path) -> None:
    chosen = ("--only", "kill-model-server", "--seconds", "8", "--cpu", "2")
    done, account = soak(tmp_path, *chosen)
    assert account["broken"] == []
    assert done.returncode == 0, done.stdout + done.stderr
    assert "all limits hold" in done.stdout
    assert account["answers"]["right"] > 100
    assert {one["kind"]["name"] for one in account["account"]["injections"]} == {"kill-model-server"}


def test_a_wrong_answer_ends_it_with_1(tmp_path) -> None:
    """A model that doubles all rows of a request but its fourth."""
    nodes = [
        handmade.placeholder("x", -1, 3),
        handmade.constant("most", [1e6, 1e6, 2.0]),
        handmade.constant("factor", 2.0),
        handmade.node("least", "Minimum", "x", "most", T=handmade.FLOAT),
        handmade.node("y", "Mul", "least", "factor", T=handmade.FLOAT),
    ]
    shapes = {"x": (-1, 3), "y": (-1, 3)}
    handmade.write(
        handmade.saved_model(nodes, {"x": "x:0"}, {"y": "y:0"}, shapes=shapes), tmp_path / "saved" / "1"
    )
    served = ("--model", str(tmp_path / "saved"), "--cpu", "1")
    done, account = soak(tmp_path, "--only", "aborts", "--seconds", "3", *served)
    assert done.returncode == 1
    assert account["answers"]["right"] > 0
    assert account["answers"]["wrong"] > 0
    assert any("wrong answers" in line for line in account["broken"])
