"""Which verbs a deployer has: those that were named, or all that what was named has to do with."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from neuronserve.deploy.sagemaker.policy.rights import RIGHTS
from neuronserve.deploy.sagemaker.policy.wanted import Wanted
from neuronserve.errors import InvalidInput

_SCRIPTS = ("compile-model", "package-model")
Known = Callable[[Wanted], object]


def _endpoint(wanted: Wanted) -> object:
    return wanted.endpoints


_ENDPOINT = (_endpoint, "--endpoint")
_NEEDS: Mapping[str, tuple[Known, str]] = {
    "deploy": _ENDPOINT,
    "deploy --compilation-job": (lambda wanted: wanted.endpoints and wanted.jobs, "--compilation-job"),
    "deploy --model": (lambda wanted: wanted.endpoints and wanted.data.models, "--model-data"),
    "status": _ENDPOINT,
    "invoke": _ENDPOINT,
    "autoscale": _ENDPOINT,
    "delete": _ENDPOINT,
    "batch": (
        lambda wanted: wanted.transforms_something or wanted.transforms,
        "--transform-input and --transform-output",
    ),
    "local": (lambda wanted: wanted.data.models, "--model-data"),
    "marketplace-check": (lambda wanted: wanted.packages, "--package"),
    "compile-model run": (lambda wanted: wanted.neo.compiled, "--bucket or --compiled-to"),
    "compile-model": (lambda wanted: wanted.compiles or wanted.jobs, "--compilation-job or --bucket"),
    "package-model": (lambda wanted: wanted.data.packed or wanted.data.sources, "--upload or --source"),
}


def chosen(text: str | None, wanted: Wanted) -> tuple[str, ...]:
    """The rows of ``RIGHTS``; ``text``: as --verbs has them. Raises InvalidInput."""
    if text is None:
        return _by_themselves(wanted)
    found: list[str] = []
    for word in filter(None, (" ".join(part.split()) for part in text.split(","))):
        rows = [row for row in RIGHTS if row == word or (word in _SCRIPTS and row.startswith(f"{word} "))]
        if not rows:
            raise InvalidInput(f"no verb {word!r}", hint=f"there are {', '.join(RIGHTS)}")
        found += [row for row in rows if _known(row, wanted)] or [_missing(rows[0])]
    if not found:
        raise InvalidInput("--verbs names none", hint=f"there are {', '.join(RIGHTS)}")
    return tuple(dict.fromkeys(found))


def _by_themselves(wanted: Wanted) -> tuple[str, ...]:
    """``local`` runs with whatever credentials there are: its rights are for those who ask for them."""
    found = tuple(row for row in RIGHTS if row != "local" and _known(row, wanted))
    if not found:
        raise InvalidInput(
            "nothing says what is deployed",
            hint="name it with --endpoint, --transform-input, --bucket or --compiled-to, --upload, --package",
        )
    return found


def _need(row: str) -> tuple[Known, str]:
    """Of a row with an option or a script's verb: its own, or that of the verb or the script."""
    return _NEEDS.get(row) or _NEEDS[row.partition(" ")[0]]


def _known(row: str, wanted: Wanted) -> bool:
    return bool(_need(row)[0](wanted))


def _missing(row: str) -> str:
    raise InvalidInput(f"--verbs {row}: nothing says what for", hint=f"name it with {_need(row)[1]}")
