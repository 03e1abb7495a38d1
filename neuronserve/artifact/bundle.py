"""What the rest of the house gets: where each model and version lies, as plain values."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

from neuronserve.compiled import Compiled


@dataclasses.dataclass(frozen=True)
class BundledModel:
    """One model: ``base_path`` holds a folder or link per version, named by its number (no zeros)."""

    name: str
    base_path: Path
    versions: tuple[int, ...]  # ascending, at least one
    compiled: tuple[Compiled, ...] = ()  # of each version; empty until it was looked into


@dataclasses.dataclass(frozen=True)
class Bundle:
    """The normalised artifact.

    ``root`` is the tree of links that was made for it; ``models`` are ordered by name. ``extras``
    names what came along and is no model (``code``, ``compiled.meta``); the same names lie under
    ``extras_path``. ``digest`` is the archive's, as ``algorithm:hex``, where it was computed: when
    MODEL_DIGEST, the store or the compilation job gave one to compare with; else "". ``source`` says
    where it came from, ``reused`` that it was in the cache already. ``code``: the folder of the
    ``inference.py`` that came along, ``packages``: the folders that it imports from besides, as PYTHONPATH
    has them; "" without. ``model_dir``: the folder of the artifact, laid out as the archive is.
    ``target``: the device that a compilation job made it for, such as ``ml_inf1``; "" where none said so.
    """

    root: Path
    models: tuple[BundledModel, ...]
    default_model: str
    extras: tuple[str, ...] = ()
    extras_path: Path | None = None
    digest: str = ""
    source: str = ""
    reused: bool = False
    code: str = ""
    packages: str = ""
    model_dir: str = ""
    target: str = ""

    def as_dict(self) -> dict[str, Any]:
        """The same in JSON's types; paths as strings."""
        return {
            **dataclasses.asdict(self),
            "root": str(self.root),
            "models": [{**dataclasses.asdict(m), "base_path": str(m.base_path)} for m in self.models],
            "extras_path": str(self.extras_path) if self.extras_path else None,
        }

    def to_json(self) -> str:
        return json.dumps(self.as_dict(), separators=(",", ":"))

    @classmethod
    def from_dict(cls, raw: dict[str, Any]) -> Bundle:
        models = tuple(
            BundledModel(
                m["name"],
                Path(m["base_path"]),
                tuple(m["versions"]),
                tuple(Compiled.from_dict(one) for one in m["compiled"]),
            )
            for m in raw["models"]
        )
        extras_path = Path(raw["extras_path"]) if raw["extras_path"] else None
        paths = {"root": Path(raw["root"]), "models": models, "extras_path": extras_path}
        return cls(**{**raw, **paths, "extras": tuple(raw["extras"])})

    @classmethod
    def from_json(cls, text: str | bytes) -> Bundle:
        return cls.from_dict(json.loads(text))
