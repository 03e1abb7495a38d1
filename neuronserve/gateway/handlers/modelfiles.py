"""Where a model's own code finds the files of its model, and a word for a script that looks elsewhere.

``context.model_dir`` and the variables SM_MODEL_DIR and SERVE_MODEL_DIR name the folder of the unpacked
artifact. Scripts that were written for AWS's container open files below /opt/ml/model, where SageMaker
unpacks it: ``artifact/modeldir.py`` makes that path lead there where it can.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator
from pathlib import Path

PLACES = re.compile(r"/opt/ml/models?(?![\w.-])")
OURS = "SERVE_MODEL_DIR"
SAGEMAKERS = "SM_MODEL_DIR"  # SageMaker's training containers set it; some scripts read it in inference, too


def name(model_dir: str) -> None:
    """Set the variables for this process from now on; a SM_MODEL_DIR that names a folder stays."""
    if not model_dir:
        return
    os.environ[OURS] = model_dir
    if not Path(os.environ.get(SAGEMAKERS) or "/nowhere").is_dir():
        os.environ[SAGEMAKERS] = model_dir


@contextlib.contextmanager
def named(model_dir: str) -> Iterator[None]:
    """The variables as one of several models has them, while its script is loaded."""
    before = {key: os.environ.get(key) for key in (OURS, SAGEMAKERS)}
    os.environ.update(dict.fromkeys(before, model_dir))
    try:
        yield
    finally:
        for key, value in before.items():
            if value is None:
                os.environ.pop(key, None)
            else:
                os.environ[key] = value


def advice(error: BaseException, model_dir: str) -> str:
    """What to do, after an error about a path below /opt/ml/model while the model lies elsewhere; else ""."""
    told = f"{getattr(error, 'filename', '')} {error}"
    if not model_dir or PLACES.match(model_dir) or not PLACES.search(told):
        return ""  # where the model lies there, the file itself is missing
    return f"; the model lies in {model_dir}: use context.model_dir, or {SAGEMAKERS} of the environment"
