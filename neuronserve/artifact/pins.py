"""What the workers themselves are made of, as constraints for pip.

One process holds one version of a package, and the gateway has loaded its own before a model's code comes.
So what a handler needs of these it gets in the gateway's version, and a requirement that cannot be met by it
fails at the start, not in the first request. Everything else, boto3 and requests too, may be had in any
version: the workers have not loaded it, and a model's packages come before theirs.
"""

from __future__ import annotations

import importlib.metadata
import re
from collections.abc import Iterable
from pathlib import Path

from neuronserve.artifact import imagepackages

# what a worker imports (requirements/gateway.in without what only the fetch and handlers use)
ROOTS = (
    "flask", "grpcio", "gunicorn", "isal", "ml-dtypes", "numpy", "orjson", "prometheus-client", "protobuf",
    "pysimdjson",
)  # fmt: skip

_NAME = re.compile(r"[A-Za-z0-9._-]+")
_EXTRA = re.compile(r";.*\bextra\s*==")


def constraints() -> str:
    """A line ``name==version`` for each, as a constraints file has them."""
    return "".join(f"{name}=={importlib.metadata.version(name)}\n" for name in sorted(closure(ROOTS)))


def closure(names: Iterable[str]) -> set[str]:
    """These packages and all that they need, as far as they are installed."""
    seen: set[str] = set()
    todo = list(names)
    while todo:
        name = re.sub(r"[-_.]+", "-", todo.pop()).lower()
        if name in seen:
            continue
        try:
            needs = importlib.metadata.requires(name) or ()
        except importlib.metadata.PackageNotFoundError:
            continue
        seen.add(name)
        # of other conditions than an extra, that a package is installed says enough
        todo += [found[0] for line in needs if not _EXTRA.search(line) and (found := _NAME.match(line))]
    return seen


def own_packages() -> list[Path]:
    """The folders that the workers' own packages lie in; in a checkout those of the image alone."""
    image = imagepackages.folder()
    return imagepackages.environment() if image is None else [image]
