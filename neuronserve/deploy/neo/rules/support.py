"""Framework, its version, the target and the region, by AWS's tables (``targets.toml``)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from neuronserve.deploy.findings import Finding, Severity, pointer
from neuronserve.deploy.neo import targets
from neuronserve.deploy.neo.targets import Group

_DEVICE = pointer("OutputConfig", "TargetDevice")
_FRAMEWORK = pointer("InputConfig", "Framework")
_VERSION = pointer("InputConfig", "FrameworkVersion")


def findings(request: Mapping[str, Any], region: str | None) -> Iterator[Finding]:
    device = request.get("OutputConfig", {}).get("TargetDevice")
    source = request.get("InputConfig", {})
    framework, version = source.get("Framework"), source.get("FrameworkVersion")
    group = targets.group_of(device)
    if device == targets.EIA:
        yield Finding(
            _DEVICE, Severity.ERROR, "elastic-inference",
            "Amazon Elastic Inference has ended: nothing runs what is compiled for it",
            "compile for ml_inf1, ml_inf2 or ml_trn1",
        )  # fmt: skip
    if group is not None:
        yield from _region(device, group, region)
    if framework is None:
        return
    if version is not None and framework not in targets.VERSIONED:
        yield Finding(
            _VERSION, Severity.ERROR, "version-not-taken",
            f"FrameworkVersion is for {', '.join(targets.VERSIONED)}, not for {framework}", "leave it out",
        )  # fmt: skip
    if group is None:
        return
    if group.frameworks is None:
        yield Finding(
            _DEVICE, Severity.NOTE, "no-table",
            f"AWS prints no table of frameworks and versions for {device}: whether it compiles {framework}, "
            "the job tells",
        )  # fmt: skip
    elif framework not in group.frameworks:
        yield Finding(
            _FRAMEWORK, Severity.ERROR, "framework-not-on-target",
            f"Neo does not compile {framework} for {device}", f"it compiles {', '.join(group.frameworks)}",
        )  # fmt: skip
    elif framework in targets.VERSIONED:
        yield from _version(framework, version, device, group.frameworks[framework])


def _region(device: str, group: Group, region: str | None) -> Iterator[Finding]:
    if group.regions is not None and region is not None and region not in group.regions:
        where = " or ".join(group.regions)
        yield Finding(
            _DEVICE, Severity.ERROR, "target-not-in-region",
            f"Neo compiles for {device} only in {where}, and this is {region}",
            f"use --region {group.regions[0]}; buckets have to be there too",
        )  # fmt: skip


def _version(framework: str, version: str | None, device: str, known: tuple[str, ...]) -> Iterator[Finding]:
    listed = ", ".join(known)
    if version is None:
        if len(known) > 1:
            yield Finding(
                pointer("InputConfig"), Severity.WARNING, "version-missing",
                f"without FrameworkVersion Neo chooses among {framework} {listed}", "say which",
            )  # fmt: skip
    elif not any(targets.same_version(version, one) for one in known):
        yield Finding(
            _VERSION, Severity.ERROR, "version-not-on-target",
            f"for {device} Neo has {framework} {listed}, and not {version}", f"use one of {listed}",
        )  # fmt: skip
