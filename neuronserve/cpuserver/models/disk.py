"""The versions of a model that lie on disk, and those of them that its policy serves."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from pathlib import Path

from neuronserve.cpuserver.models.config import Every, Latest, ModelConfig
from neuronserve.cpuserver.status import invalid

_log = logging.getLogger(__name__)


def aspired(config: ModelConfig) -> dict[int, Path]:
    """The folders of the versions that should be served, by version.

    INVALID_ARGUMENT when the base path does not exist: then nothing is known about the model, and
    what is loaded stays.
    """
    found = _versions(config)
    chosen = _choose(config, found)
    if not chosen:
        _log.warning(
            "No versions of servable %s found under base path %s. Did you forget to name your leaf "
            "directory as a number (eg. '/1/')?",
            config.name,
            config.base_path,
        )
    return chosen


def _versions(config: ModelConfig) -> dict[int, Path]:
    try:
        children = sorted(config.base_path.iterdir())
    except OSError as error:
        raise invalid(
            f"Could not find base path {config.base_path} for servable {config.name} with error "
            f"{error.strerror}"
        ) from error
    found: dict[int, Path] = {}
    for child in children:
        if not re.fullmatch(r"[0-9]{1,19}", child.name):
            continue
        # a link counts although its folder is gone, as in TF Serving: what is loaded stays
        if not (child.is_dir() or child.is_symlink()):
            continue
        version = int(child.name)  # 00042 is version 42
        if version in found:
            _log.warning(
                "Duplicate version directories detected. Version %d will be loaded from %s, "
                "%s will be ignored.",
                version,
                child.name,
                found[version].name,
            )
        found[version] = child
    return found


def _choose(config: ModelConfig, found: Mapping[int, Path]) -> dict[int, Path]:
    policy = config.policy
    if isinstance(policy, Every):
        wanted = set(found)
    elif isinstance(policy, Latest):
        wanted = set(sorted(found)[-policy.count :])
    else:
        wanted = set(policy.versions)
        for version in sorted(wanted - set(found)):
            _log.warning(
                "Version %d of servable %s, which was requested to be served as a 'specific' version in "
                "the servable's version policy, was not found in the file system",
                version,
                config.name,
            )
    return {version: path for version, path in found.items() if version in wanted}
