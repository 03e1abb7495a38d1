"""The model as an artifact: trained and packed once, then kept in ``.cache``."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import _workshop
from demo import digits, train
from demo.failure import DemoError
from demo.screen import step

NAME = "digits"


@dataclasses.dataclass(frozen=True)
class Trained:
    """``archive`` is a model.tar.gz; ``accuracy`` from 0 to 1; ``hard``: indices of held-out digits."""

    archive: Path
    accuracy: float
    hard: tuple[int, ...]
    cached: bool


def trained(cache: Path) -> Trained:
    """The model that today's trainer makes, from the cache where it was made before.

    Raises DemoError when the training fails or the model is not good enough.
    """
    folder = cache / "model" / _fingerprint()
    cached = (folder / "facts.json").is_file()
    if not cached:
        partial = folder.with_name(f"{folder.name}.partial-{os.getpid()}")
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        try:
            facts = _train(partial / "saved")
            _pack(partial / "saved", partial / "model.tar.gz")
            (partial / "facts.json").write_text(json.dumps(facts))
            shutil.rmtree(partial / "saved")
            shutil.rmtree(folder, ignore_errors=True)
            partial.replace(folder)
        finally:
            shutil.rmtree(partial, ignore_errors=True)
    facts = json.loads((folder / "facts.json").read_text())
    return Trained(folder / "model.tar.gz", facts["accuracy"], tuple(facts["hard"]), cached)


def _fingerprint() -> str:
    sources = [Path(str(module.__file__)) for module in (digits, train)] + [_workshop.LOCK]
    return hashlib.sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()[:16]


def _train(target: Path) -> dict[str, object]:
    """Run the trainer, showing its epochs; returns its last line."""
    command = [sys.executable, "-m", "demo.train", str(target)]
    path = os.pathsep.join((str(Path(__file__).parent.parent), str(_workshop.ROOT)))
    log = target.with_name("train.log")
    with step("training a digit classifier (once)") as tell, log.open("w") as errors:
        tell("loading TensorFlow")
        child = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=errors, text=True, env={**os.environ, "PYTHONPATH": path}
        )
        facts: dict[str, object] = {}
        with child:
            for line in child.stdout or ():
                facts = json.loads(line)
                if "epoch" in facts:
                    share = int(str(facts["epoch"])) / int(str(facts["epochs"]))
                    tell(
                        f"epoch {facts['epoch']} of {facts['epochs']}: {facts['accuracy']:.1%} held-out",
                        share,
                    )
    if child.returncode != 0:
        raise DemoError("the training failed", log=log.read_text())
    return facts


def _pack(saved: Path, archive: Path) -> None:
    """``digits/1/saved_model.pb`` and so on: the layout TensorFlow Serving and SageMaker share."""
    with tarfile.open(archive, "w:gz") as tar:
        tar.add(saved, f"{NAME}/1")
