"""The image itself, as the container engine knows it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from neuronserve.deploy.item import Item, Verdict
from neuronserve.deploy.sagemaker.marketplace.checks.case import Case
from neuronserve.errors import EngineFailed

NAME = "image"
BIND = "com.amazonaws.sagemaker.capabilities.accept-bind-to-port"
_INITS = ("tini", "dumb-init", "docker-init", "catatonit")
_SECRETS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
_NETWORK = ("MODEL_URI", "COMPILATION_JOB")


def check(case: Case) -> Iterator[Item]:
    name = case.listing.image
    try:
        found: Mapping[str, Any] = json.loads(case.engine.call("image", "inspect", name))[0]
    except EngineFailed as error:
        yield Item(NAME, name, Verdict.NG, error.message, "pull it, or build it with scripts/image")
        return
    config = found.get("Config") or {}
    yield _platform(name, found)
    yield _entry(name, config)
    yield _environment(name, config.get("Env") or [])
    labels = config.get("Labels") or {}
    said = "has the label" if labels.get(BIND) == "true" else "lacks the label"
    verdict = Verdict.OK if labels.get(BIND) == "true" else Verdict.NG
    fix = "" if verdict is Verdict.OK else f"LABEL {BIND}=true, or it cannot be one of several containers"
    yield Item(NAME, name, verdict, f"{said} {BIND.rpartition('.')[2]}", fix)


def _platform(name: str, found: Mapping[str, Any]) -> Item:
    platform = f"{found.get('Os', 'unknown')}/{found.get('Architecture', 'unknown')}"
    size = f"{found.get('Size', 0) / 1e9:.2f} GB unpacked, which instances pull before they start"
    if platform != "linux/amd64":
        return Item(NAME, name, Verdict.NG, f"is for {platform}", "build it with --platform linux/amd64")
    return Item(NAME, name, Verdict.OK, f"{platform}, {size}")


def _entry(name: str, config: Mapping[str, Any]) -> Item:
    entry: Sequence[str] = config.get("Entrypoint") or []
    first = entry[0].rpartition("/")[2] if entry else ""
    if first in _INITS:
        return Item(
            NAME, name, Verdict.NG, f"its entry point is {first}, which SageMaker does not take",
            "leave the init out: `serve` is PID 1 itself",
        )  # fmt: skip
    if first in ("sh", "bash") and "-c" in entry:
        return Item(
            NAME, name, Verdict.NG, "its entry point is a shell, to which `serve` never comes",
            'write it as a list: ENTRYPOINT ["..."]',
        )  # fmt: skip
    return Item(NAME, name, Verdict.OK, "takes `serve`, as `docker run IMAGE serve` gives it")


def _environment(name: str, variables: Sequence[str]) -> Item:
    names = [one.partition("=")[0] for one in variables]
    secrets = [one for one in names if one in _SECRETS]
    if secrets:
        return Item(
            NAME, name, Verdict.NG, f"holds {', '.join(secrets)}, which every subscriber gets",
            "build it without, and renew them",
        )  # fmt: skip
    asking = [one for one in names if one in _NETWORK]
    if asking:
        return Item(
            NAME, name, Verdict.NG, f"sets {', '.join(asking)}, so that it asks AWS for its model",
            "leave it out: SageMaker puts the model into /opt/ml/model",
        )  # fmt: skip
    return Item(NAME, name, Verdict.OK, "holds no credentials, and names no model elsewhere")
