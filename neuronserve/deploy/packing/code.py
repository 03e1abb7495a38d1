"""The model's own code -> ``code/`` in the archive: inference.py, requirements.txt, lib/ and wheels."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from pathlib import Path

from neuronserve.deploy.packing import handler, wheels
from neuronserve.deploy.packing.walk import Member, Rules, members
from neuronserve.errors import InvalidInput

FOLDER = "code"
LIB = f"{FOLDER}/lib"  # packages that are there already
SCRIPT = f"{FOLDER}/inference.py"
REQUIREMENTS = f"{FOLDER}/requirements.txt"
WHEELS = f"{FOLDER}/wheels"  # where `serve` looks for them: artifact/requirements.py
_SECRETS = (".env", ".netrc", ".pypirc", "id_rsa", "id_ed25519", "credentials")


@dataclasses.dataclass(frozen=True)
class Code:
    """``path``: a folder, or one Python file. ``wheels``: folders of wheels, or wheels."""

    path: Path | None = None
    requirements: Path | None = None
    wheels: tuple[Path, ...] = ()


def packed(code: Code, before: Sequence[Member], rules: Rules) -> list[Member]:
    """The members below ``code/``. ``before``: those that came with the model, which --code replaces.

    Raises InvalidInput.
    """
    found = {member.path: member for member in (before if code.path is None else _own(code.path, rules))}
    if code.requirements is not None:
        _put(found, Member(REQUIREMENTS, _file(code.requirements, "--requirements")))
    for wheel in _wheels(code.wheels):
        _put(found, Member(f"{WHEELS}/{wheel.name}", wheel))
    return list(found.values())


def _own(path: Path, rules: Rules) -> Iterator[Member]:
    if path.is_dir():
        if not (path / "inference.py").is_file() and (path / FOLDER / "inference.py").is_file():
            raise InvalidInput(f"{path} holds no inference.py, but {path / FOLDER} does", hint="name that")
        yield from members(path, FOLDER, within=path, rules=rules)
    elif path.suffix == ".py":
        yield Member(SCRIPT, _file(path, "--code"))
    else:
        raise InvalidInput(f"--code {path}: neither a folder nor a Python file")


def _put(found: dict[str, Member], member: Member) -> None:
    known = found.get(member.path)
    if known and known.source.read_bytes() != member.source.read_bytes():
        raise InvalidInput(
            f"{known.source} and {member.source} would both be {member.path}", hint="keep one of them"
        )
    found[member.path] = member


def _file(path: Path, option: str) -> Path:
    if not path.is_file():
        raise InvalidInput(f"{option} {path}: no such file")
    return path.resolve()


def _wheels(given: Sequence[Path]) -> list[Path]:
    found: list[Path] = []
    for path in given:
        inside = sorted(path.glob("*.whl")) if path.is_dir() else [_file(path, "--wheels")]
        if not inside:
            other = next((p.name for p in sorted(path.iterdir()) if p.is_file()), "")
            raise InvalidInput(f"--wheels {path} holds no wheel" + (f", but {other}" if other else ""))
        found += [_file(one, "--wheels") for one in inside]
    return found


def checked(found: Sequence[Member]) -> list[str]:
    """Warnings about all of ``code/``. Raises InvalidInput for what cannot work."""
    if not found:
        return []
    by_path = {member.path: member.source for member in found}
    told = _handler(by_path)
    told += _requirements(by_path)
    told += [
        f"{member.path} may hold secrets: whoever gets the model gets it (--leave-out {member.path})"
        for member in found
        if member.path.rpartition("/")[2] in _SECRETS or member.path.endswith((".pem", ".key"))
    ]
    if environments := [member.path for member in found if member.path.endswith("/pyvenv.cfg")]:
        told.append(
            f"{environments[0].rpartition('/')[0]} is a virtual environment, of no use there: --leave-out it"
        )
    return told


def _handler(by_path: dict[str, Path]) -> list[str]:
    if SCRIPT in by_path:
        return handler.checked(by_path[SCRIPT].read_bytes(), str(by_path[SCRIPT]))
    return [f"{FOLDER}/ holds no inference.py, so that nothing in it is run"]


def _requirements(by_path: dict[str, Path]) -> list[str]:
    names = [
        path.rpartition("/")[2] for path in by_path if path.startswith(f"{WHEELS}/") and path.endswith(".whl")
    ]
    wheels.check(names)
    if REQUIREMENTS in by_path and any(path.startswith(f"{LIB}/") for path in by_path):
        return [f"{LIB}/ is there: {REQUIREMENTS} is not installed"]
    if REQUIREMENTS not in by_path:
        return [f"{WHEELS}/ is there and {REQUIREMENTS} is not: nothing is installed"] if names else []
    try:
        lines = by_path[REQUIREMENTS].read_text()
    except UnicodeDecodeError:
        raise InvalidInput(f"{by_path[REQUIREMENTS]} is not UTF-8 text") from None
    if not names:
        index = "is installed from the package index at each start, which fails without a network"
        advice = "as in network isolation and the Marketplace (--wheels, --download-wheels)"
        return [f"{REQUIREMENTS} {index}, {advice}"] if wheels.named(lines) else []
    return [f"no wheel for {line!r}: not installed without a network" for line in wheels.unmet(lines, names)]
