"""The archive: one .tar.gz that `serve` takes, whose code needs no network."""

from __future__ import annotations

from collections.abc import Iterator

from neuronserve.deploy.item import Item, Verdict
from neuronserve.deploy.packing import code
from neuronserve.deploy.packing.walk import Rules, members
from neuronserve.deploy.sagemaker.marketplace.checks.case import Case
from neuronserve.errors import InvalidInput

NAME = "model"


def check(case: Case) -> Iterator[Item]:
    name = case.listing.model
    if not name.endswith(".tar.gz"):
        yield Item(
            NAME, name, Verdict.NG, "is no .tar.gz: the Marketplace takes compressed models only",
            "scripts/package-model makes one",
        )  # fmt: skip
    models = ", ".join(sorted({found.name or "one without a name" for found in case.tree.models}))
    warnings = case.accepted.warnings if case.accepted else ()
    yield Item(NAME, name, Verdict.OK, f"`serve` takes it: {models}", details=warnings)
    yield _code(case)


def _code(case: Case) -> Item:
    found = case.tree.extras.get(code.FOLDER)
    subject = f"{case.listing.model}: {code.FOLDER}/"
    if found is None:
        return Item(NAME, subject, Verdict.OK, "none: nothing is installed at the start")
    try:
        packed = list(members(found, code.FOLDER, within=case.tree.root, rules=Rules()))
        told = code.checked(packed)
    except InvalidInput as error:
        return Item(NAME, subject, Verdict.NG, error.message, error.hint)
    offline = [line for line in told if "network" in line]
    if offline:
        return Item(
            NAME, subject, Verdict.NG, offline[0].partition(" (")[0],
            "scripts/package-model --download-wheels puts all of it into the archive",
        )  # fmt: skip
    return Item(NAME, subject, Verdict.OK, "needs no network", details=tuple(told))
