"""Checks of the files themselves: locks that match their sources, and words that have no place."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import _workshop
from checks.tools import tracked

REQUIREMENTS = _workshop.ROOT / "requirements"
_HASH = re.compile(r"--hash=sha256:[0-9a-f]{64}\b")

APART = {"security.txt"}  # for an environment of its own: other versions than dev.txt

# Each pattern has a bracket in it, so that it does not find itself.
FORBIDDEN = {
    "the address of a package index": r"py[p]i\.(org|python)|pythonhoste[d]|de[b]\.debian|archive\.ubunt[u]"
    r"|registry\.np[m]|--(extra-)?index-ur[l] ",
    "a path of one machine": r"(^|[\s\"'=(:])/(wor[k]|roo[t]|home/[a-z]+)/",
    "work left open": r"\b(TOD[O]|FIXM[E]|XX[X]|HAC[K])\b",
}


def locks() -> str:
    """every name in requirements/*.in is locked with hashes, at one version everywhere"""
    wrong: list[str] = []
    development = _locked(REQUIREMENTS / "dev.txt", wrong)
    beside = REQUIREMENTS / "sdk.txt"  # in the same environment, locked without what it would ask for
    if beside.exists():
        development = {**_locked(beside, wrong), **development}
    for source in sorted(REQUIREMENTS.glob("*.in")):
        lock = source.with_suffix(".txt")
        locked = _locked(lock, wrong)
        missing = sorted(_wanted(source) - set(locked))
        wrong += [f"{source.name} asks for {name}, which {lock.name} has not" for name in missing]
        wrong += [
            f"{lock.name} has {name} {version}, dev.txt {development.get(name, 'has none')}"
            for name, version in locked.items()
            if lock.name not in APART and development.get(name) != version
        ]
    return "\n".join([*wrong, "scripts/lock renews them"] if wrong else [])


def _wanted(source: Path) -> set[str]:
    """The distributions a ``.in`` file names, those of the files it includes too."""
    names: set[str] = set()
    for line in source.read_text().splitlines():
        words = line.partition("#")[0].strip()
        if words.startswith("-r "):
            names |= _wanted(source.with_name(words[3:].strip()))
        elif words:
            names.add(_normal(re.split(r"[\[<>=~!; ]", words, maxsplit=1)[0]))
    return names


def _locked(lock: Path, wrong: list[str]) -> dict[str, str]:
    """Versions by name; entries without a hash or an exact version are added to ``wrong``."""
    found: dict[str, str] = {}
    for entry in re.split(r"\n(?=[^\s#])", "\n" + lock.read_text()):
        text = entry.strip()
        if not text or text.startswith("#"):
            continue
        match = re.match(r"([A-Za-z0-9._-]+)(?:\[[^]]*\])?==([^\s;\\]+)", text)
        if not match or not _HASH.search(text):
            wrong.append(f"{lock.name}: no exact version or no hash: {text.splitlines()[0]}")
            continue
        found[_normal(match[1])] = match[2]
    return found


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def words() -> str:
    """no index addresses, no paths of one machine, nothing left open"""
    wrong: list[str] = []
    for name in tracked():
        try:
            lines = (_workshop.ROOT / name).read_text().splitlines()
        except UnicodeDecodeError:
            continue  # no text
        for number, line in enumerate(lines, 1):
            wrong += [f"{name}:{number}: {what}" for what, bad in FORBIDDEN.items() if re.search(bad, line)]
    return "\n".join(wrong)


def edges() -> str:
    """predictor.py and wsgi.py speak neither gRPC nor TensorFlow, nor AWS"""
    return "\n".join(
        f"{name}:{line}: imports {module}"
        for name in ("predictor.py", "wsgi.py")
        for line, module in _imports(_workshop.ROOT / name)
        if module.partition(".")[0] in {"grpc", "tensorflow", "tensorflow_serving", "boto3", "botocore"}
    )


def _imports(file: Path) -> Iterator[tuple[int, str]]:
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, name.name) for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.lineno, node.module
