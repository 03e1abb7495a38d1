"""What is to be compiled: the files of one framework's model in a folder, as Neo wants them.

TensorFlow: one .pb or .pbtxt, and for a SavedModel its variables folder; Neo fails with "Exactly one .pb or
.pbtxt file is allowed" where newer TensorFlows' ``fingerprint.pb`` and ``keras_metadata.pb`` lie beside, so
they stay behind. MXNet: one symbol file and one of parameters. The others: one file (Darknet: two).
Source: SageMaker developer guide, "Supported Instance Types and Frameworks" and "Troubleshoot Errors".
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath

from neuronserve.errors import InvalidInput

SAVED_MODEL = ("saved_model.pb", "saved_model.pbtxt")  # in the order in which TensorFlow looks for them
# where SageMaker's own training jobs put a SavedModel in the archives that Neo compiles
_HOME = "export/Servo/1"
_DEEPEST = 32

# framework -> the kinds of files, one of each
_FILES: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "TENSORFLOW": (("*.pb", "*.pbtxt"),),
    "PYTORCH": (("*.pt", "*.pth"),),
    "MXNET": (("*.json",), ("*.params",)),
    "ONNX": (("*.onnx",),),
    "KERAS": (("*.h5",),),
    "TFLITE": (("*.tflite",),),
    "DARKNET": (("*.cfg",), ("*.weights",)),
    "XGBOOST": (("*.model",),),
    "SKLEARN": (("*.joblib", "*.pkl"),),
}


@dataclasses.dataclass(frozen=True)
class Subject:
    """``files``: path in the archive -> file; ``folders``: those that have to be there, even empty.

    ``look``: a SavedModel's folder or a frozen graph's file, to look into; None for other frameworks.
    ``left_out``: what lies beside, and Neo does not want.
    """

    framework: str
    files: Mapping[str, Path]
    folders: tuple[str, ...] = ()
    look: Path | None = None
    left_out: tuple[str, ...] = ()


def find(path: Path, framework: str | None, *, called: str) -> Subject:
    """The model in a folder, or in a file. ``called``: how a person named it. Raises InvalidInput."""
    if path.is_file():
        if path.name in SAVED_MODEL:
            return find(path.parent, framework, called=called)
        return _loose({path.name: path}, framework, called)
    if not path.is_dir():
        raise InvalidInput(f"{called}: no such file or folder")
    files = dict(_files(path, called))
    homes = _homes(files)
    if homes and framework in (None, "TENSORFLOW"):
        return _saved_model(_only(homes, called), files, called)
    return _loose(files, framework, called)


def _files(root: Path, called: str) -> Iterator[tuple[str, Path]]:
    """Relative path -> file, in order; what programs leave behind hidden is no part of a model."""
    try:
        for folder, inner, names in os.walk(root, onerror=_raise, followlinks=True):
            here = Path(folder).relative_to(root)
            if len(here.parts) > _DEEPEST:
                raise InvalidInput(f"{called}: folders in folders, more than {_DEEPEST} deep")
            inner[:] = sorted(name for name in inner if not _hidden(name))
            for name in sorted(names):
                if not _hidden(name) and (Path(folder) / name).is_file():
                    yield (here / name).as_posix(), Path(folder) / name
    except OSError as error:
        raise InvalidInput(f"{called}: {error.filename} cannot be read: {error.strerror}") from None


def _raise(error: OSError) -> None:
    raise error


def _hidden(name: str) -> bool:
    return name.startswith(".") or name in ("__MACOSX", "__pycache__")


def _homes(files: Mapping[str, Path]) -> list[str]:
    """Folders of SavedModels, "" for the top; those inside another are its assets."""
    found = sorted(
        {str(PurePosixPath(name).parent) for name in files if PurePosixPath(name).name in SAVED_MODEL}
    )
    homes = ["" if home == "." else home for home in found]
    return [
        home
        for home in homes
        if not any(above != home and (not above or home.startswith(f"{above}/")) for above in homes)
    ]


def _only(homes: Sequence[str], called: str) -> str:
    if len(homes) > 1:
        raise InvalidInput(
            f"{called} holds {len(homes)} SavedModels: {', '.join(homes[:5])}",
            hint="Neo compiles one: name its folder",
        )
    return homes[0]


def _saved_model(home: str, files: Mapping[str, Path], called: str) -> Subject:
    below = f"{home}/" if home else ""
    inside = {name.removeprefix(below): file for name, file in files.items() if name.startswith(below)}
    graph = next(name for name in SAVED_MODEL if name in inside)
    taken = {name: file for name, file in inside.items() if name == graph or _belongs(name)}
    left = sorted(
        {name for name in files if name.removeprefix(below) not in taken or not name.startswith(below)}
    )
    if any(name.startswith("variables/") for name in taken) and "variables/variables.index" not in taken:
        raise InvalidInput(
            f"{called}: variables/ has no variables.index: it is not whole", hint="export or fetch it again"
        )
    return Subject(
        "TENSORFLOW",
        {f"{_HOME}/{name}": file for name, file in sorted(taken.items())},
        (f"{_HOME}/variables",),
        inside[graph].parent,
        tuple(left),
    )


def _belongs(name: str) -> bool:
    return name.startswith(("variables/", "assets/"))


def _loose(files: Mapping[str, Path], framework: str | None, called: str) -> Subject:
    """The model whose files lie anywhere in a folder, none of them twice."""
    if framework is not None and framework not in _FILES:
        raise InvalidInput(f"--framework {framework}: Neo has {', '.join(_FILES)}")
    kinds = {framework: _FILES[framework]} if framework else _FILES
    found = {name: made for name, patterns in kinds.items() if (made := _matching(files, patterns))}
    if not found:
        wanted = f"{framework} model ({_words(_FILES[framework])})" if framework else "model"
        raise InvalidInput(
            f"{called} holds no {wanted} that Neo could compile",
            hint="name a SavedModel's folder, a frozen graph, or another framework's model files",
        )
    if len(found) > 1:
        raise InvalidInput(
            f"{called} holds files of several frameworks: {', '.join(found)}",
            hint="choose one with --framework",
        )
    ((chosen, taken),) = found.items()
    for patterns in _FILES[chosen]:
        several = [name for name in taken if _is(name, patterns)]
        if len(several) > 1:
            raise InvalidInput(
                f"{called} holds {len(several)} files {' or '.join(patterns)}: {', '.join(several[:5])}",
                hint=f"for {chosen} Neo takes exactly one: name a folder with that alone",
            )
    return Subject(
        chosen,
        {PurePosixPath(name).name: files[name] for name in taken},
        look=files[taken[0]] if chosen == "TENSORFLOW" else None,
        left_out=tuple(name for name in files if name not in taken),
    )


def _matching(files: Mapping[str, Path], kinds: Sequence[Sequence[str]]) -> list[str]:
    """The files of all kinds; nothing when one kind is absent."""
    found = [[name for name in files if _is(name, patterns)] for patterns in kinds]
    return [name for names in found for name in names] if all(found) else []


def _is(name: str, patterns: Sequence[str]) -> bool:
    return any(fnmatch(PurePosixPath(name).name.lower(), pattern) for pattern in patterns)


def _words(kinds: Sequence[Sequence[str]]) -> str:
    return " with ".join("/".join(patterns) for patterns in kinds)
