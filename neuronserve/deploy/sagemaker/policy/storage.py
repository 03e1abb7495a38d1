"""Places in S3, and what reading and writing them takes."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence

from neuronserve.deploy.policy import model
from neuronserve.deploy.policy.document import Statement, literal
from neuronserve.deploy.policy.place import Place
from neuronserve.errors import InvalidInput

GET = ("s3:GetObject",)
WRITE = ("s3:AbortMultipartUpload", "s3:PutObject")


@dataclasses.dataclass(frozen=True)
class Area:
    """``bucket``: a name, or an access point's ARN. ``open``: all whose keys begin so; else one object."""

    bucket: str
    key: str
    open: bool

    def container(self, place: Place) -> str:
        return self.bucket if self.bucket.startswith("arn:") else f"arn:{place.partition}:s3:::{self.bucket}"

    def objects(self, place: Place) -> str:
        below = f"{self.container(place)}/object" if self.bucket.startswith("arn:") else self.container(place)
        return f"{below}/{literal(self.key)}{'*' if self.open else ''}"


def named(option: str, uri: str) -> Area:
    """An object, or what lies below a prefix that ends in a slash. Raises InvalidInput."""
    return _area(option, uri, uri.endswith("/"))


def beginning(option: str, uri: str) -> Area:
    """All whose keys begin so, as SageMaker reads the S3Prefix of a transform job. Raises InvalidInput."""
    return _area(option, uri, begins=True)


def below(option: str, uri: str) -> Area:
    """All that is written below a prefix, with or without its slash. Raises InvalidInput."""
    return _area(option, uri if uri.endswith("/") else f"{uri}/", begins=True)


def put(option: str, uri: str) -> Area:
    """Where an archive goes: its own key, or below a prefix. Raises InvalidInput."""
    return named(option, uri) if uri.endswith(".tar.gz") else below(option, uri)


def _area(option: str, uri: str, begins: bool) -> Area:
    try:
        found = model.address(uri if uri.count("/") > 2 or not begins else f"{uri}/")
    except InvalidInput as error:
        raise InvalidInput(f"{option} {error.message}", hint=error.hint) from None
    if found.directory:
        raise InvalidInput(
            f"{option} {uri!r} is in a directory bucket (S3 Express), which knows no rights on objects",
            hint="use a general purpose bucket",
        )
    return Area(found.bucket, found.key, begins)


def read(
    sid: str, areas: Iterable[Area], place: Place, actions: Sequence[str] = GET, *, lists: bool = True
) -> list[Statement]:
    """Reading the objects, and listing what is open: SageMaker asks for it where models are several files."""
    there = list(dict.fromkeys(areas))
    made = [Statement(sid, tuple(actions), tuple(area.objects(place) for area in there))] if there else []
    listed = [area for area in there if area.open] if lists else []
    for number, bucket in enumerate(sorted({area.container(place) for area in listed}), 1):
        keys = sorted({area.key for area in listed if area.container(place) == bucket})
        condition = {"StringLike": {"s3:prefix": [f"{literal(key)}*" for key in keys]}} if all(keys) else {}
        made.append(Statement(f"{sid}List{number}", ("s3:ListBucket",), (bucket,), condition))
    return made


def write(sid: str, areas: Iterable[Area], place: Place, actions: Sequence[str] = WRITE) -> list[Statement]:
    there = list(dict.fromkeys(areas))
    return [Statement(sid, tuple(actions), tuple(area.objects(place) for area in there))] if there else []


def buckets(areas: Iterable[Area], place: Place) -> tuple[str, ...]:
    return tuple(sorted({area.container(place) for area in areas}))
