"""Pack models for SageMaker and for `serve`: model.tar.gz, the same bytes every time.

    scripts/package-model exported/1                                   # one SavedModel
    scripts/package-model resnet=exported/a:1 resnet=exported/b:2 --golden answers.jsonl
    scripts/package-model m=exported/1 --code code/ --requirements requirements.txt --download-wheels
    scripts/package-model a=exported/a b=exported/b --multi-model -o models --upload s3://bucket/models/

MODEL is [NAME=]PATH[:VERSION]. PATH: the folder of a SavedModel, a folder of numbered versions, a folder of
models (NAME/VERSION/...), an archive, or s3://; archives are packed anew. What lies beside the models, such
as code/, comes along. The archive is unpacked and checked as a start of `serve` does it, before it gets its
name; and no file of it is there when anything fails.

--code, --golden and --warm-up take NAME=PATH too, for one of several models.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from neuronserve.deploy import exits
from neuronserve.deploy.desk import Desk
from neuronserve.deploy.models import Accepted
from neuronserve.deploy.packing import archive, recipe, report, upload, wheels
from neuronserve.deploy.packing import given as words
from neuronserve.deploy.packing.archive import Packed
from neuronserve.deploy.packing.code import Code
from neuronserve.deploy.packing.recipe import EVERY, Recipe, Wish
from neuronserve.deploy.packing.upload import Target
from neuronserve.deploy.packing.walk import Rules
from neuronserve.errors import InvalidInput, NeuronserveError

_SUFFIX = ".tar.gz"  # which SageMaker asks for


def arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("models", metavar="MODEL", nargs="+", help="[NAME=]PATH[:VERSION]")
    add("--version", metavar="N", type=_version, help="of a single SavedModel (default: its folder's, or 1)")
    add("--code", metavar="PATH", action="append", default=[], help="folder with inference.py, or that file")
    add("--requirements", metavar="FILE", type=Path, help="becomes code/requirements.txt")
    add("--wheels", metavar="PATH", action="append", default=[], type=Path,
        help="a folder of wheels, or a wheel: installed from where there is no network")  # fmt: skip
    add("--download-wheels", action="store_true", help="fetch the wheels of --requirements with pip")
    add("--golden", metavar="FILE", action="append", default=[],
        help="recorded requests with answers, as JSON lines: asked before it is ready")  # fmt: skip
    add("--warm-up", metavar="FILE", action="append", default=[],
        help="TensorFlow Serving's tf_serving_warmup_requests, for each version")  # fmt: skip
    add("--multi-model", action="store_true", help="an archive for each model, in the folder of -o")
    add(
        "--leave-out",
        metavar="PATTERN",
        action="append",
        default=[],
        help="paths in the archive, as code/test*",
    )
    add("-o", dest="to", metavar="FILE", type=Path, help="model.tar.gz; with --multi-model a folder: models")
    add("--level", type=int, choices=range(10), default=archive.LEVEL, help="of gzip: 0 stores (default: 6)")
    add(
        "--upload",
        metavar="S3",
        help="s3://bucket/prefix/ or s3://bucket/key.tar.gz; not sent if it is there",
    )
    add("--kms-key", metavar="ID", default="", help="which encrypts it in S3 (default: as the bucket says)")
    add("--overwrite", action="store_true", help="replace other content in S3")
    add("--output", choices=("text", "json", "yaml"), default="text", help="lines, or a document")


def run(given: argparse.Namespace, desk: Desk) -> int:
    wanted = [words.parsed(text) for text in given.models]
    to = _output(given)
    if given.upload:  # what is wrong with it is told before the work
        upload.target(given.upload, to.name)
        _ = given.dry_run or desk.aws.region  # which is needed
    with contextlib.ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="package-model-")))
        trees = [(one, stack.enter_context(desk.models.opened(one.source))) for one in wanted]
        made = recipe.recipes(trees, _wish(given, to, scratch))
        for warning in (text for one in made for text in one.warnings):
            desk.say(f"warning: {warning}")
        if given.dry_run:
            _show(made, to, given, desk)
            return exits.YES
        done = _packed(made, to, given, desk)
    _told(done, given, desk)
    return exits.YES


def _version(text: str) -> int:
    try:
        return words.version(text)
    except InvalidInput as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _output(given: argparse.Namespace) -> Path:
    to: Path = given.to or Path("models" if given.multi_model else f"model{_SUFFIX}")
    if given.multi_model:
        if to.exists() and not to.is_dir():
            raise InvalidInput(f"-o {to} is no folder")
        if given.upload and not given.upload.endswith("/"):
            raise InvalidInput(
                f"--upload {given.upload}: several archives need a prefix", hint="end it with /"
            )
        return to
    if not to.name.endswith(_SUFFIX) or to.is_dir():
        raise InvalidInput(f"-o {to}: expected a file that ends in {_SUFFIX}, which SageMaker asks for")
    if not to.parent.is_dir():
        raise InvalidInput(f"-o {to}: there is no folder {to.parent}")
    return to


def _wish(given: argparse.Namespace, to: Path, scratch: Path) -> Wish:
    if given.download_wheels:
        if given.requirements is None:
            raise InvalidInput("--download-wheels without --requirements", hint="name the requirements.txt")
        wheels.download(given.requirements, scratch)
        given.wheels.append(scratch)
    paths = _by_model(given.code)
    extra = bool(given.requirements or given.wheels)
    names = {*paths, EVERY} if extra and not paths else set(paths)
    code = {name: Code(paths.get(name), given.requirements, tuple(given.wheels)) for name in names}
    rules = Rules(tuple(given.leave_out), frozenset({to.resolve()}))
    return Wish(
        given.version, code, _by_model(given.golden), _by_model(given.warm_up), given.multi_model, rules
    )


def _by_model(texts: Sequence[str]) -> Mapping[str, Path]:
    """NAME=PATH, or PATH for every model."""
    found: dict[str, Path] = {}
    for text in texts:
        name, equals, path = text.partition("=")
        if not equals or Path(text).exists():
            name, path = EVERY, text
        if name in found:
            raise InvalidInput(
                f"{found[name]} and {path} are for the same model", hint="NAME=PATH is for one model"
            )
        if not Path(path).exists():
            raise InvalidInput(f"{path}: no such file or folder")
        found[words.legal(name) if name else EVERY] = Path(path)
    return found


def _file(made: Recipe, to: Path) -> Path:
    return to / f"{made.name}{_SUFFIX}" if made.name else to


def _show(made: Sequence[Recipe], to: Path, given: argparse.Namespace, desk: Desk) -> None:
    for one in made:
        path = _file(one, to)
        where = f", and send it to {upload.target(given.upload, path.name)}" if given.upload else ""
        desk.say(f"would write {path}{where}:")
        for line in report.listing(one):
            desk.line(line)


@contextlib.contextmanager
def _beside(to: Path) -> Iterator[Path]:
    """A folder on the file system of the output, so that a finished archive only needs its name."""
    try:
        with tempfile.TemporaryDirectory(prefix=".package-model-", dir=to) as made:
            yield Path(made)
    except OSError as error:
        raise InvalidInput(f"{error.filename or to}: {error.strerror}") from None


def _packed(
    made: Sequence[Recipe], to: Path, given: argparse.Namespace, desk: Desk
) -> list[tuple[Recipe, Packed, Accepted]]:
    """Write all, check all, and only then give them their names."""
    if given.multi_model:
        to.mkdir(parents=True, exist_ok=True)
    with _beside(to if given.multi_model else to.absolute().parent) as folder:
        done = []
        for one in made:
            desk.say(f"packing {_file(one, to)}")
            with _named(folder / _file(one, to).name, _file(one, to)) as name:
                packed = archive.write(one.members, folder / _file(one, to).name, level=given.level)
                accepted = desk.models.accepted(packed.path)
                told = tuple(name(text) for text in accepted.warnings)
            done.append((one, packed, dataclasses.replace(accepted, warnings=told)))
        for one, packed, _ in done:
            os.replace(packed.path, _file(one, to))
    return [(one, archive.moved(packed, _file(one, to)), accepted) for one, packed, accepted in done]


@contextlib.contextmanager
def _named(path: Path, shown: Path) -> Iterator[Callable[[str], str]]:
    """What is told of an archive has the name that it will have."""
    name: Callable[[str], str] = lambda text: text.replace(str(path), str(shown))
    try:
        yield name
    except NeuronserveError as error:
        error.message = name(error.message)
        raise


def _told(done: Sequence[tuple[Recipe, Packed, Accepted]], given: argparse.Namespace, desk: Desk) -> None:
    documents = []
    for one, packed, accepted in done:
        for warning in accepted.warnings:
            desk.say(f"warning: {warning}")
        uploaded = _uploaded(packed, given, desk)
        documents.append(report.document(one, packed, accepted, str(uploaded or "")))
        if given.output == "text":
            for line in report.lines(packed, accepted, given.level):
                desk.line(line)
            for step in report.next_steps(
                str(uploaded or ""), packed, accepted, multi_model=given.multi_model
            ):
                desk.say(step)
    if given.output != "text":
        desk.show(documents if given.multi_model else documents[0])


def _uploaded(packed: Packed, given: argparse.Namespace, desk: Desk) -> Target | None:
    if not given.upload:
        return None
    to = upload.target(given.upload, packed.path.name, kms_key=given.kms_key, overwrite=given.overwrite)
    desk.say(f"{to}: sent" if upload.sent(desk.aws, packed, to) else f"{to}: there already, not sent again")
    return to
