"""What fills /opt/ml/model: an archive is unpacked, a folder or prefix is taken as it is."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from neuronserve.deploy.sagemaker.local.store import Store, join
from neuronserve.deploy.sagemaker.local.unpacking import unpack
from neuronserve.errors import InvalidInput, NoSuchResource

PACKED = (".tar.gz", ".tgz")


def fill(model: str, folder: Path, store: Store) -> None:
    """``folder`` is made, with what the platform would put into /opt/ml/model; readable for any user.

    ``model``: empty for nothing, a path, or an s3:// URI; one that ends in .tar.gz is an archive, any other
    the prefix of an uncompressed model. Raises InvalidInput, NoSuchResource and AWS's errors.
    """
    if not model:
        folder.mkdir(parents=True)
    elif model.startswith("s3://"):
        _from_store(model, folder, store)
    else:
        _from_path(Path(model), folder)
    folder.chmod(0o755)


def download(uri: str, folder: Path, store: Store) -> None:
    """An archive in S3 becomes a folder."""
    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        archive = Path(scratch) / "model.tar.gz"
        store.download(uri, archive)
        unpack(archive, folder)


def _from_path(path: Path, folder: Path) -> None:
    if path.is_dir():
        shutil.copytree(path, folder, symlinks=False)
        for each in folder.rglob("*"):
            each.chmod(0o755 if each.is_dir() else each.stat().st_mode | 0o444)
    elif path.is_file():
        unpack(path, folder)
    else:
        raise InvalidInput(f"{path}: no such file or folder", hint="a model.tar.gz, a folder, or s3://...")


def _from_store(uri: str, folder: Path, store: Store) -> None:
    if uri.endswith(PACKED):
        folder.parent.mkdir(parents=True, exist_ok=True)
        download(uri, folder, store)
        return
    prefix = uri if uri.endswith("/") else f"{uri}/"
    keys = [key for key in store.keys(prefix) if not key.endswith("/")]
    if not keys:
        raise NoSuchResource(
            f"{uri}: nothing there", hint="a model.tar.gz, or the prefix of an uncompressed model"
        )
    for key in keys:
        name = key.removeprefix(prefix)
        if ".." in name.split("/"):
            raise InvalidInput(f"{key}: a key that leaves its prefix")
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        store.download(key, target)


def archive_of(prefix: str, name: str) -> str:
    """Where a multi-model endpoint has its model ``name``. Raises InvalidInput for one that climbs."""
    if ".." in name.split("/"):
        raise InvalidInput(f"{name}: no name of a model: it holds ..")
    return join(prefix, name.lstrip("/"))
