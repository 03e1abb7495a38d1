"""``python -m neuronserve.artifact --work-dir DIR``: gets the model, and tells how far it is.

JSON lines on stdout::

    {"event": "progress", "step": "download", "done": 1048576, "total": 8388608, "detail": ""}
    {"event": "bundle", "bundle": {...}}                      the last line, exit code 0
    {"event": "error", "code": "...", "error": "...", "hint": "..."}   the last line, exit code by exitcodes

Log lines go to stderr. A signal may end it at any time: nothing is half-published, and what was
downloaded is resumed by the next start.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import signal
import sys
from pathlib import Path
from typing import Any

from neuronserve import exitcodes, privileges
from neuronserve.artifact import code
from neuronserve.artifact.bundle import Bundle
from neuronserve.artifact.obtain import DEFAULT_MODEL_DIR, obtain, orderly
from neuronserve.artifact.progress import Progress
from neuronserve.errors import NeuronserveError
from neuronserve.settings import Settings


def main(arguments: list[str] | None = None) -> int:
    """Returns the exit code."""
    # a start is abandoned at once: there is nothing to finish first
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    privileges.hide()
    os.umask(0o022)  # the folders that it fills guard themselves; those who serve must read what lies in them
    options = _options(arguments)
    try:
        settings = Settings.from_environ(os.environ)
        logging.basicConfig(
            stream=sys.stderr, level=settings.log_level.upper(), format="%(levelname)s %(name)s: %(message)s"
        )
        logging.getLogger("botocore").setLevel(logging.WARNING)  # at debug it prints signed requests
        logging.getLogger("urllib3").setLevel(logging.WARNING)
        with orderly():
            bundle = _bundle(settings, options)
    except NeuronserveError as error:
        _tell({"event": "error", **error.as_dict()})
        return exitcodes.of(error)
    except Exception as error:
        logging.getLogger(__name__).exception("this is a fault of neuronserve itself")
        text = f"{type(error).__name__}: {error}" if isinstance(error, OSError) else type(error).__name__
        _tell(
            {"event": "error", "code": "internal", "error": f"getting the model failed: {text}", "hint": ""}
        )
        return exitcodes.of(error)
    if options.output:
        partial = options.output.with_name(f"{options.output.name}.partial")
        partial.write_text(bundle.to_json())
        os.replace(partial, options.output)
    _tell({"event": "bundle", "bundle": bundle.as_dict()})
    return exitcodes.STOPPED


def _bundle(settings: Settings, options: argparse.Namespace) -> Bundle:
    if options.only_shared_code:
        return _shared(code.shared_made_ready(settings, _report), options.work_dir)
    bundle = obtain(
        settings, work_dir=options.work_dir, report=_report, default_model_dir=options.default_model_dir
    )
    return code.made_ready(bundle, settings, _surroundings(settings, options), _report)


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m neuronserve.artifact", description="Get the model.")
    parser.add_argument("--work-dir", type=Path, required=True, help="where the tree of links is made")
    parser.add_argument("--output", type=Path, help="also write the bundle to this file, whole or not at all")
    parser.add_argument(
        "--default-model-dir",
        type=Path,
        default=DEFAULT_MODEL_DIR,
        help="what is served while MODEL_URI is unset",
    )
    parser.add_argument(
        "--keep-link",
        action="store_true",
        help="leave /opt/ml/model leading to the model, for the service that runs its code",
    )
    parser.add_argument(
        "--shared-code", type=Path, help="code of all models of a multi-model endpoint, had before"
    )
    parser.add_argument(
        "--only-shared-code",
        action="store_true",
        help="make the code ready that all models of a multi-model endpoint share, and no model",
    )
    return parser.parse_args(arguments)


def _surroundings(settings: Settings, options: argparse.Namespace) -> code.Surroundings:
    return code.Surroundings(
        options.default_model_dir,
        options.work_dir,
        place=None if settings.multi_model else DEFAULT_MODEL_DIR,
        keep=options.keep_link,
        shared=options.shared_code,
    )


def _shared(folder: str, work_dir: Path) -> Bundle:
    """The code that all models share, before there are any."""
    return Bundle(work_dir, (), "", code=folder)


def _report(progress: Progress) -> None:
    done, total = progress.done_bytes, progress.total_bytes
    _tell(
        {"event": "progress", "step": progress.step, "done": done, "total": total, "detail": progress.detail}
    )


def _tell(event: dict[str, Any]) -> None:
    print(json.dumps(event, separators=(",", ":")), flush=True)


if __name__ == "__main__":
    sys.exit(main())
