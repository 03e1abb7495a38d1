from __future__ import annotations

import os
import sys
import time

import pytest

from neuronserve import cachedir, exitcodes
from neuronserve.artifact import cache, manifest
from neuronserve.errors import (
    AmbiguousModels,
    ArtifactError,
    CorruptArchive,
    DigestMismatch,
    DiskFull,
    ModelNotFound,
    OtherFramework,
    UnsafeFolder,
)
from tests.archives import files_below, grow, saved_model, tar, tar_gz
from tests.unit.artifact import model_formats

FILES = {**saved_model("m/1"), **saved_model("m/02"), "code/inference.py": b"pass"}


@pytest.fixture
def archive(tmp_path):
    path = tmp_path / "model.tar.gz"
    path.write_bytes(tar_gz(FILES))
    return path


def test_a_directory_is_served_where_it_lies(tmp_path, get):
    source = grow(tmp_path / "source", FILES)
    bundle = get(source)
    assert [(m.name, m.versions) for m in bundle.models] == [("m", (1, 2))]
    assert (bundle.models[0].base_path / "2").resolve() == source / "m" / "02"
    assert not get.cache.exists()
    assert bundle.extras == ("code",)


def test_without_an_address_the_platforms_folder_is_served(get):
    grow(get.default, saved_model())
    assert [(m.name, m.versions) for m in get().models] == [("model", (1,))]


def test_an_archive_that_the_platform_left_packed_is_unpacked(get):
    grow(get.default, {"model.tar.gz": tar_gz(FILES), "._model.tar.gz": b"junk"})
    assert get().models[0].name == "m"


@pytest.mark.parametrize("there", [False, True])
def test_without_an_address_and_without_the_platforms_folder_there_is_no_model(get, there):
    if there:
        get.default.mkdir()
    with pytest.raises(ModelNotFound, match="mount a SavedModel") as refused:
        get()
    assert exitcodes.of(refused.value) == 11


def test_a_start_without_s3_never_imports_the_aws_sdk(tmp_path):
    grow(tmp_path / "in", saved_model())
    code = (
        "import sys, neuronserve.artifact.__main__ as m\n"
        "assert m.main(['--work-dir', sys.argv[1], '--default-model-dir', sys.argv[1] + '/in']) == 0\n"
        "assert not {'boto3', 'botocore', 'urllib3', 'isal', 'numpy'} & set(sys.modules)"
    )
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("MODEL_", "SERVE_"))}
    assert os.spawnve(os.P_WAIT, sys.executable, [sys.executable, "-c", code, str(tmp_path)], environ) == 0


def test_links_to_folders_are_followed_and_circles_are_not(tmp_path, get):
    source = grow(tmp_path / "source", {"versions/v1/saved_model.pb": b"x"})
    (source / "m").mkdir()
    (source / "m" / "1").symlink_to("../versions/v1")
    (source / "circle").symlink_to(".")
    with pytest.raises(AmbiguousModels):  # the link and its target are two folders, and both are models
        get(source, MODEL_NAME="other")
    assert get(source, MODEL_NAME="m").models[0].versions == (1,)


@pytest.mark.parametrize("pack", [tar, tar_gz])
def test_an_archive_is_unpacked_once_and_reused(tmp_path, get, pack):
    path = tmp_path / "packed"
    path.write_bytes(pack(FILES))
    first, second = get(path), get(path)
    assert (first.reused, second.reused) == (False, True)
    assert first.models == second.models
    assert not get.partials


def test_an_archive_that_changed_is_unpacked_again(archive, get):
    get(archive)
    archive.write_bytes(tar_gz(saved_model("other/1")))
    bundle = get(archive)
    assert (bundle.models[0].name, bundle.reused) == ("other", False)


@pytest.mark.parametrize(
    "harm",
    [
        lambda tree: (tree / "m/1/saved_model.pb").unlink(),
        lambda tree: (tree / "m/1/saved_model.pb").write_bytes(b""),
        lambda tree: (tree.parent / manifest.NAME).write_text("{"),
        lambda tree: (tree.parent / manifest.NAME).unlink(),
    ],
)
def test_a_damaged_cache_is_noticed_and_made_anew(archive, get, harm, caplog):
    get(archive)
    harm(get.published[0] / "tree")
    bundle = get(archive)
    assert not bundle.reused
    assert files_below(bundle.root / "models")["m/1/saved_model.pb"] == FILES["m/1/saved_model.pb"]
    assert "fetching the model again" in caplog.text


def test_after_another_boot_every_byte_of_the_cache_is_compared_once(archive, get, monkeypatch, caplog):
    get(archive)
    pb = get.published[0] / "tree/m/1/saved_model.pb"
    pb.write_bytes(bytes(len(pb.read_bytes())))
    assert get(archive).reused  # the size is right, and within one boot that is enough
    monkeypatch.setattr(manifest, "boot", lambda: "another")
    assert not get(archive).reused
    assert "its content changed" in caplog.text
    monkeypatch.setattr(manifest, "crc_of", lambda _: pytest.fail("compared twice"))
    monkeypatch.setattr("neuronserve.artifact.local.boot", lambda: "another")
    get.published[0].joinpath(manifest.NAME)
    kept = manifest.read(get.published[0])
    manifest.write(get.published[0], manifest.Manifest(kept.rows, kept.digest, "another"))
    assert get(archive).reused


def test_a_wrong_digest_of_a_local_archive_publishes_nothing(archive, get):
    with pytest.raises(DigestMismatch):
        get(archive, MODEL_DIGEST="sha256:" + "0" * 64)
    assert not get.published
    assert not get.partials


def test_a_digest_of_a_directory_is_refused_or_only_a_warning(tmp_path, get, caplog):
    source = grow(tmp_path / "source", saved_model())
    with pytest.raises(DigestMismatch, match="is a directory"):
        get(source, MODEL_DIGEST="sha256:" + "0" * 64)
    get(source, MODEL_DIGEST="sha256:" + "0" * 64, SERVE_DIGEST_MISMATCH="warn")
    assert "is a directory" in caplog.text


@pytest.mark.parametrize(
    ("name", "data", "error", "said"),
    [
        ("missing", None, ModelNotFound, "no such file"),
        ("saved_model.pb", b"\x08\x01", CorruptArchive, "set MODEL_URI="),
        ("model.zip", b"PK\x03\x04", CorruptArchive, "a zip archive"),
        ("model.tar.gz", model_formats.torch(), OtherFramework, "is a PyTorch model"),
        ("model", model_formats.onnx(), OtherFramework, "is an ONNX model"),
        ("model.bin", model_formats.safetensors(), OtherFramework, "is a Hugging Face model"),
        ("model.h5", b"\x89HDF\r\n\x1a\n", CorruptArchive, "an HDF5 file"),
        ("model.tar.gz", tar_gz({"m.onnx": b"x"}), OtherFramework, "an ONNX model"),
    ],
)
def test_what_a_path_holds_instead_of_a_model_is_said(tmp_path, get, name, data, error, said):
    if data is not None:
        (tmp_path / name).write_bytes(data)
    with pytest.raises(error, match=said):
        get(tmp_path / name)


def test_a_disk_that_is_too_small_is_said_before(archive, get, monkeypatch):
    monkeypatch.setattr("neuronserve.artifact.space.free", lambda _: 1000)
    with pytest.raises(DiskFull, match="needs at least"):
        get(archive)
    assert not get.partials


def test_leftovers_of_a_start_long_gone_are_removed_and_fresh_ones_are_not(archive, get):
    for name, age in (("old", cache.STALE_SECONDS + 60), ("fresh", 60)):
        partial = get.cache / f"{name}.partial"
        partial.mkdir(parents=True)
        os.utime(partial, (time.time() - age, time.time() - age))
    get(archive)
    assert [path.name for path in get.partials] == ["fresh.partial"]


def test_a_cache_that_cannot_be_made_is_said(archive, get, tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(ArtifactError, match="SERVE_CACHE_DIR") as refused:
        get(archive, SERVE_CACHE_DIR=str(tmp_path / "file" / "cache"))
    assert exitcodes.of(refused.value) == 29


as_root = pytest.mark.skipif(os.geteuid() != 0, reason="giving a folder to another user takes root")


@pytest.fixture
def nowhere(tmp_path, monkeypatch):
    """No folder for caches but a temporary directory for everybody."""
    (tmp_path / "tmp").mkdir()
    (tmp_path / "tmp").chmod(0o1777)
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path / "tmp"))
    monkeypatch.setattr(cachedir, "SYSTEM", tmp_path / "nothing" / "neuronserve")
    monkeypatch.setenv("XDG_CACHE_HOME", "/proc/nothing")
    return tmp_path / "tmp"


def test_in_a_temporary_directory_the_cache_is_a_folder_of_our_own(archive, get, nowhere):
    get(archive, SERVE_CACHE_DIR="")
    [made] = nowhere.iterdir()
    assert made.name == f"neuronserve-cache-{os.getuid()}"
    assert made.stat().st_mode & 0o007 == 0


@as_root
@pytest.mark.parametrize("made", ["folder", "link", "open"])
def test_a_cache_that_another_user_made_first_is_refused(archive, get, nowhere, made):
    theirs = nowhere / f"neuronserve-cache-{os.getuid()}"
    target = nowhere / "elsewhere" if made == "link" else theirs
    target.mkdir()
    if made == "link":
        theirs.symlink_to(target)
    if made == "open":
        target.chmod(0o777)
    else:
        os.chown(theirs, 4242, 4242, follow_symlinks=False)
    with pytest.raises(UnsafeFolder, match=r"others|user 4242") as refused:
        get(archive, SERVE_CACHE_DIR="")
    assert exitcodes.of(refused.value) == 27
    assert refused.value.hint
    assert not any(target.iterdir())


def test_the_images_folder_is_for_whoever_the_container_runs_as(archive, get, nowhere, monkeypatch):
    system = nowhere / "image"
    system.mkdir()
    system.chmod(0o1777)
    monkeypatch.setattr(cachedir, "SYSTEM", system)
    get(archive, SERVE_CACHE_DIR="")
    assert [path.name for path in system.iterdir()] == [f"neuronserve-cache-{os.getuid()}"]


@pytest.mark.parametrize("name", ["XDG_CACHE_HOME", "HOME"])
def test_a_user_has_the_cache_at_home(nowhere, monkeypatch, name):
    monkeypatch.setattr(os, "geteuid", lambda: 4242)
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv(name, str(nowhere / "home"))
    below = {"XDG_CACHE_HOME": "neuronserve", "HOME": ".cache/neuronserve"}
    assert cachedir.place(None) == nowhere / "home" / below[name]


@as_root
def test_what_another_user_put_into_the_cache_is_not_used(archive, get):
    get(archive)
    [entry] = [path for path in get.cache.iterdir() if path.is_dir()]
    os.chown(entry / "tree", 4242, 4242)
    (entry / "tree" / "planted").touch()
    found = get(archive)
    assert not (entry / "tree" / "planted").exists()
    assert found.models


def test_a_second_bundle_in_the_same_work_folder_replaces_the_first(tmp_path, get):
    get(grow(tmp_path / "a", saved_model("a/1")))
    get(grow(tmp_path / "b", saved_model("b/1")))
    assert [path.name for path in (get.work / "bundle" / "models").iterdir()] == ["b"]
