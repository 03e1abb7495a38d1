"""Copy TensorFlow's message modules, and nothing else of it, into a folder.

usage: python _extract_messages.py TARGET

Run by the image's build with an interpreter that has tensorflow-cpu and tensorflow-serving-api. The
set is found, not listed: each module of ``tensorflow_serving`` that loads without TensorFlow itself
(a bare package stands in for it) is imported, and every ``tensorflow.*`` module that came along is
copied; so are the messages of a SavedModel, for which ``tensorflow_serving`` has no use.
``TARGET/tensorflow`` gets no ``__init__.py`` of its own, so that TensorFlow cannot be imported from it
by mistake.
"""

from __future__ import annotations

import importlib
import importlib.machinery
import pkgutil
import shutil
import sys
import types
from pathlib import Path

SAVED_MODEL = "tensorflow.core.protobuf.saved_model_pb2"  # what was compiled into a model is read with it


def stand_in() -> Path:
    """Put a bare package in TensorFlow's place; returns the folder of the real one."""
    spec = importlib.machinery.PathFinder.find_spec("tensorflow")
    if spec is None or not spec.submodule_search_locations:
        sys.exit("tensorflow is not installed for this interpreter")
    bare = types.ModuleType("tensorflow")
    bare.__path__ = list(spec.submodule_search_locations)
    sys.modules["tensorflow"] = bare
    return Path(bare.__path__[0])


def load_messages() -> None:
    """Import each module of ``tensorflow_serving``, and the SavedModel's: generated code, all of it."""
    import tensorflow_serving

    for module in pkgutil.walk_packages(tensorflow_serving.__path__, "tensorflow_serving."):
        importlib.import_module(module.name)
    importlib.import_module(SAVED_MODEL)


def loaded_files() -> list[Path]:
    """The files of the ``tensorflow.*`` modules that are loaded now."""
    names = [name for name in sorted(sys.modules) if name.startswith("tensorflow.")]
    return [Path(file) for name in names if (file := sys.modules[name].__file__)]


def main(target: Path) -> None:
    source = stand_in()
    load_messages()
    files = loaded_files()
    strangers = [str(f) for f in files if not f.name.endswith("_pb2.py") and f.stat().st_size]
    if strangers or not files:
        sys.exit(f"expected generated message modules only, found {strangers or 'none'}")
    for file in files:
        copy = target / "tensorflow" / file.relative_to(source)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, copy)
    print(f"{len(files)} message modules, {sum(f.stat().st_size for f in files) >> 10} KiB")


if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1].startswith("-"):
        sys.exit(__doc__)
    main(Path(sys.argv[1]))
