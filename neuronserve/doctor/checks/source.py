"""Where the model comes from: reachable, permitted, and room for it on the disk."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from neuronserve import cachedir
from neuronserve.artifact import peek, space
from neuronserve.artifact.location import LocalLocation, S3Location
from neuronserve.artifact.peek import Stored
from neuronserve.artifact.retry import Transient
from neuronserve.artifact.source import readable
from neuronserve.doctor.finding import Finding, Outcome, fault, note, ok, skip
from neuronserve.doctor.patient import Patient
from neuronserve.errors import DiskFull
from neuronserve.settings import Settings

_PROVIDERS = {
    "env": "environment variables",
    "container-role": "the container's role",
    "iam-role": "the instance's role (IMDS)",
    "assume-role-with-web-identity": "a web identity token",
    "shared-credentials-file": "the shared credentials file",
}  # botocore's words for where credentials come from; others are told as they are


def check(patient: Patient) -> Outcome:
    """Learns where the model is, and for S3 what is there."""
    settings = patient.settings
    if settings.multi_model:
        return Outcome((_later(settings.models_dir),))
    if settings.compilation_job and not patient.wants.network:
        return Outcome((skip(f"compilation job {settings.compilation_job!r} not asked for: --no-network"),))
    at = peek.whereabouts(settings, default_model_dir=patient.around.default_model_dir)
    if isinstance(at, LocalLocation):
        return Outcome((_local(at.path),), {"at": at})
    if not patient.wants.network:
        return Outcome((skip(f"{at} not asked for: --no-network"),), {"at": at})
    provider = _provider(at)
    found = peek.stored(at, settings)
    return Outcome((_told(found, provider), *_room(found, settings)), {"at": at, "stored": found})


def _later(folder: Path) -> Finding:
    """Of a multi-model endpoint: where models will lie, which the platform makes as it likes."""
    there = folder.is_dir()
    message = f"a multi-model endpoint: models come by POST /models, from folders below {folder}"
    return ok(f"{message}{'' if there else ', which is not there yet'}", path=str(folder), there=there)


def _local(path: Path) -> Finding:
    with readable(path):
        kind = "a folder" if path.is_dir() else f"a file of {space.mib(path.stat().st_size)}"
    return ok(f"{path}, {kind}", path=str(path))


def _provider(at: S3Location) -> str:
    """Who gives the credentials, never what they are; empty when nobody does: a store may not mind."""
    import boto3

    from neuronserve.artifact.s3errors import translated

    with _final(), translated(str(at)):
        found = boto3.session.Session().get_credentials()
    method = str(found.method) if found else ""
    return _PROVIDERS.get(method, method)


@contextlib.contextmanager
def _final() -> Iterator[None]:
    """What might be worth another try is an error here."""
    try:
        yield
    except Transient as transient:
        raise transient.error from transient


def _told(found: Stored, provider: str) -> Finding:
    what = f"{found.objects} objects of" if found.objects > 1 else "one object of"
    message = (
        f"{found.source}: {what} {space.mib(found.size)}, which may be read; endpoint {found.endpoint}, "
        f"region {found.region or 'not set'}, credentials from {provider or 'nowhere'}"
    )
    told = {"endpoint": found.endpoint, "region": found.region, "credentials": provider}
    return ok(message, source=found.source, objects=found.objects, size=found.size, **told)


def _room(found: Stored, settings: Settings) -> list[Finding]:
    if found.kept is not None:
        return [ok(f"it is in the cache already: {found.kept}", kept=str(found.kept))]
    root = cachedir.place(settings.cache_dir)
    place = next(path for path in (root, *root.parents) if path.exists())
    free = space.free(place)
    numbers: dict[str, Any] = {"free": free, "needed": found.unpacked}
    wanted = f"it unpacks to at least {space.mib(found.unpacked)}"
    if free < found.unpacked + space.MARGIN:
        message = f"{wanted}, and {space.mib(free)} are free in {place}"
        hint = "give SERVE_CACHE_DIR a larger disk, or the container a larger volume"
        return [fault(DiskFull(message, hint=hint), **numbers)]
    if free < found.unpacked + found.size + space.MARGIN:
        message = f"{wanted}; there is no room for the download beside it: a start that is killed begins anew"
        return [note(message, **numbers)]
    return [ok(f"{wanted}, and {space.mib(free)} are free in {place}", **numbers)]
