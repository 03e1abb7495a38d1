"""``python -m neuronserve.gateway.handlers CODE PACKAGES MODEL_DIR [separate]``: can the script be loaded?

Run at the start, once, beside a worker's own modules. What the script prints goes where it goes; then comes
one line for the caller: MARK and JSON, with ``handlers`` and ``warnings``, or with ``error`` and ``hint``.
"""

from __future__ import annotations

import importlib.util
import json
import os
import sys
from pathlib import Path

from neuronserve import privileges
from neuronserve.artifact import imagepackages
from neuronserve.artifact.handlercheck import MARK
from neuronserve.gateway import service  # noqa: F401  what a worker has loaded
from neuronserve.gateway.handlers import blame, folders, loaded, modelfiles
from neuronserve.gateway.handlers.script import Unusable

_PROJECTS = {  # what pip calls a module whose project has another name
    "bs4": "beautifulsoup4", "cv2": "opencv-python-headless", "PIL": "pillow", "skimage": "scikit-image",
    "sklearn": "scikit-learn", "tensorflow": "tensorflow-cpu", "yaml": "pyyaml",
}  # fmt: skip

_LONGEST = 900  # characters of a text, as JSON has it


def main(arguments: list[str]) -> int:
    privileges.hide()
    imagepackages.confine()
    code, packages, model_dir = Path(arguments[0]), arguments[1], arguments[2]
    told: dict[str, str]
    try:
        found = loaded.load(code, packages, separate="separate" in arguments[3:], model_dir=model_dir)
    except Unusable as error:
        told = {"error": str(error), "hint": "see the handlers' contract in the documentation"}
    except BaseException as error:  # noqa: BLE001  it may also call sys.exit()
        print(blame.trace(error, code), flush=True)
        told = {
            "error": f"code/inference.py cannot be loaded: {blame.told(error, code)}",
            "hint": _hint(error, model_dir),
        }
    else:
        told = {"handlers": str(found.script), "warnings": "\n".join(_warnings(code))}
    print(f"\n{MARK}{json.dumps({key: _bounded(text) for key, text in told.items()})}", flush=True)
    return 1 if "error" in told else 0


def _bounded(text: str) -> str:
    """What an exception of the script says may be long, and the caller reads lines of bounded length."""
    while len(json.dumps(text)) > _LONGEST:
        text = text[: len(text) * 3 // 4]
    return text


def _hint(error: BaseException, model_dir: str) -> str:
    if isinstance(error, ModuleNotFoundError) and error.name:
        top = error.name.partition(".")[0]
        if top not in sys.modules and importlib.util.find_spec(top) is None:
            listed = f"list {_PROJECTS.get(top, top)} in code/requirements.txt"
            return f"{top} is not in the image: {listed}, or bring it in code/lib"
    elsewhere = modelfiles.advice(error, model_dir).removeprefix("; ")
    return elsewhere or "correct it; the log has the traceback"


def _warnings(code: Path) -> list[str]:
    names = folders.shadowed(code)
    return [f"code/{name}.py hides a module of Python's library: rename it" for name in names]


if __name__ == "__main__":
    status = main(sys.argv[1:])
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)  # threads that the script has started are not waited for
