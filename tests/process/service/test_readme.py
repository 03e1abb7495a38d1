from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
README = (ROOT / "README.md").read_text()


def block(name: str) -> list[str]:
    """The commands between two markers, a pipeline each."""
    text = re.search(rf"<!-- {name} -->\n```bash\n(.*?)```", README, re.DOTALL)
    assert text, name
    return text[1].replace("|\n", "| ").strip().splitlines()


def run(command: str, port: int) -> str:
    result = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", command.replace("localhost:8080", f"localhost:{port}")],
        capture_output=True,
        check=True,
        env={**os.environ, "PATH": f"{ROOT / '.venv/bin'}:{os.environ['PATH']}"},
    )
    return result.stdout.decode()


def test_every_command_of_the_readme_that_asks_the_service_gets_its_answer(serve, doubling: Path) -> None:
    service = serve(MODEL_URI=str(doubling), MODEL_SERVER="cpu")
    service.wait_ready()
    for command in block("requests"):
        first = json.loads(run(command, service.port))["predictions"][0]
        assert first == [2.0, 4.0, 10.0], command
    as_csv, as_npy, as_lines, column, about = (run(command, service.port) for command in block("answers"))
    assert as_csv.strip() == "2.0,4.0,10.0"
    assert as_npy == ""
    assert json.loads(as_lines) == {"predictions": [[2.0, 4.0, 10.0]]}
    assert json.loads(column) == {"outputs": [[2.0, 4.0, 10.0]]}
    assert json.loads(about)["service"] == "neuronserve"
    assert service.stop() == 0


def test_every_script_that_the_readme_names_exists_and_explains_itself() -> None:
    for name in sorted(set(re.findall(r"\bscripts/[a-z-]+", README))):
        shown = subprocess.run([ROOT / name, "--help"], capture_output=True, check=False)
        assert shown.returncode == 0, name
        assert shown.stdout, name
