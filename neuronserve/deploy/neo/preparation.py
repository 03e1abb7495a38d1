"""From MODEL to what a job needs of it: its archive, framework, version and inputs."""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from neuronserve.deploy import s3
from neuronserve.deploy.desk import Desk
from neuronserve.deploy.neo import data_input, dimensions, model, packing, storage, targets
from neuronserve.deploy.neo.model import Subject
from neuronserve.deploy.neo.packing import Packed
from neuronserve.deploy.s3 import Place
from neuronserve.errors import InvalidInput
from neuronserve.uncompiled import DEFAULT_SIGNATURE, Form, Uncompiled


@dataclasses.dataclass(frozen=True)
class Prepared:
    """``told``: members of Job that the model tells. ``source``: where the archive is in S3 already, or None.

    ``packed``: the archive to upload, or None. ``stem`` and ``digest`` make the job's name.
    """

    told: Mapping[str, Any]
    stem: str
    digest: str
    source: Place | None = None
    packed: Packed | None = None


def prepare(given: argparse.Namespace, desk: Desk, scratch: Path) -> Prepared:
    """Find, look into and pack the model. Raises InvalidInput, ArtifactError."""
    if "://" in given.model:
        return _in_s3(given, desk, scratch)
    path = Path(given.model)
    if not path.exists():
        raise InvalidInput(f"{given.model}: no such file or folder")
    tree = desk.unpack(path, scratch) if _is_archive(path) else path
    subject = model.find(tree, given.framework, called=given.model)
    told = _told(given, desk, subject)
    for name in subject.left_out[:10]:
        desk.say(f"left out: {name}")
    packed = packing.pack(subject, scratch / "model.tar.gz")
    return Prepared(told, _stem(path), packed.digest, packed=packed)


def _in_s3(given: argparse.Namespace, desk: Desk, scratch: Path) -> Prepared:
    """The archive stays as it is; it is only fetched where something of it has to be found out."""
    place = s3.archive("MODEL", given.model)
    shapes = dimensions.parse(given.shape)
    framework = given.framework
    if framework and (given.data_input_config or (shapes and framework != "TENSORFLOW")):
        text = given.data_input_config or data_input.from_shapes(framework, shapes)
        told = {"framework": framework, "framework_version": given.framework_version, "data_input": text}
        digest = f"{place} {_etag(desk, place)}"
    else:
        file = scratch / "fetched.tar.gz"
        storage.download(desk, place, file)
        subject = model.find(desk.unpack(file, scratch), framework, called=str(place))
        told = _told(given, desk, subject)
        if subject.left_out and subject.framework == "TENSORFLOW":
            _warn_of_more(desk, place, subject)
        digest = packing.digest_of(file)
    return Prepared(told, _stem(Path(place.key)), digest, source=place)


def _etag(desk: Desk, place: Place) -> str:
    found = storage.head(desk.aws, place)
    return str(found["ETag"]) if found else ""


def _warn_of_more(desk: Desk, place: Place, subject: Subject) -> None:
    extra = [name for name in subject.left_out if name.endswith((".pb", ".pbtxt"))]
    if extra:
        desk.say(
            f"warning: {place} holds {', '.join(extra[:3])} too, and Neo takes exactly one .pb or .pbtxt: "
            "name the folder on this machine, and it is packed without"
        )


def _is_archive(path: Path) -> bool:
    return path.is_file() and path.name.endswith((".tar.gz", ".tgz", ".tar"))


def _stem(path: Path) -> str:
    name = path.resolve().name if path.name in ("", ".", "..") else path.name
    for suffix in (".tar.gz", ".tgz", ".tar", *(Path(name).suffix,)):
        name = name.removesuffix(suffix)
    if name.isdecimal() or name == "saved_model":  # a version's folder, or the file in it
        name = path.resolve().parent.name
    return name or "model"


def _told(given: argparse.Namespace, desk: Desk, subject: Subject) -> dict[str, Any]:
    """What the model tells, and what was said of it."""
    shapes = dimensions.parse(given.shape)
    told = {"framework": subject.framework, "framework_version": given.framework_version}
    if given.data_input_config:
        return {**told, "data_input": given.data_input_config}
    if subject.look is None:
        if given.signature or given.batch:
            raise InvalidInput(
                f"--signature and --batch: for TENSORFLOW only, and this is {subject.framework}"
            )
        text = data_input.from_shapes(subject.framework, shapes) if shapes else ""
        return {**told, "data_input": text}
    found = desk.uncompiled(subject.look)
    _refuse(found, given.model)
    derived = data_input.from_model(
        found, shapes, signature=given.signature, batch=given.batch, device=given.target
    )
    for line in derived.lines:
        desk.say(line)
    desk.say(f"DataInputConfig: {derived.text}")
    version = given.framework_version or _version(desk, found, given.target)
    return {
        **told,
        "framework_version": version,
        "data_input": derived.text,
        "eia": _eia(given, desk, found, derived.signature),
    }


def _refuse(found: Uncompiled, called: str) -> None:
    if found.neuron:
        raise InvalidInput(
            f"{called} is compiled already: it holds NeuronOps", hint="name the model it was compiled from"
        )
    if found.form is Form.FROZEN_GRAPH and found.variables:
        raise InvalidInput(
            f"{called} has variables, and a frozen graph has none",
            hint="freeze it, or compile its SavedModel",
        )


def _version(desk: Desk, found: Uncompiled, device: str) -> str:
    """The version to compile with: the model's own major one, in the table of the target."""
    group = targets.group_of(device)
    known = (group.frameworks or {}).get("TENSORFLOW", ()) if group else ()
    if not known or not found.tensorflow:
        if len(known) == 1:
            return known[0]
        return ""
    version = targets.version_for(known, found.tensorflow)
    if not version:
        raise InvalidInput(
            f"TensorFlow {found.tensorflow} wrote the model, and for {device} Neo has {', '.join(known)}",
            hint="choose one with --framework-version",
        )
    if targets.newer(found.tensorflow, version):
        desk.say(
            f"warning: the model was written by TensorFlow {found.tensorflow}, and Neo has {version}: "
            "where the job fails to load it, export it with that"
        )
    desk.say(f"FrameworkVersion: {version} (the model was written by {found.tensorflow})")
    return version


def _eia(given: argparse.Namespace, desk: Desk, found: Uncompiled, signature: str) -> dict[str, Any]:
    """Elastic Inference alone is told of a signature; the others compile the model's default."""
    if given.target != targets.EIA:
        if signature not in ("", DEFAULT_SIGNATURE):
            desk.say(
                f"warning: Neo cannot be told of the signature {signature}: it compiles what is called "
                f"{DEFAULT_SIGNATURE}"
            )
        return {}
    if found.form is Form.FROZEN_GRAPH:
        return {"output_names": [tensor.name for tensor in found.signatures[""].outputs.values()]}
    return {} if signature == DEFAULT_SIGNATURE else {"signature_def_key": signature}
