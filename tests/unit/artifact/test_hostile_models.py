"""Models that are damaged where they are read: 23, or what the file is, never a fault of our own."""

from __future__ import annotations

import io
import json
import lzma
import threading
import zipfile
from pathlib import Path

import pytest

from neuronserve import exitcodes
from neuronserve.artifact import misplaced, normalise, requirements
from neuronserve.artifact.formats import content
from neuronserve.artifact.inspect import look, reading, uncompiled
from neuronserve.artifact.source import Tree
from neuronserve.artifact.strangers import opener, refusal
from neuronserve.errors import ArtifactError, CorruptArchive, DamagedModel, DiskFull, HostileArchive
from tests import handmade, hostile
from tests.archives import grow, member, saved_model, tar, tar_gz


@pytest.mark.parametrize(
    "error", [RecursionError("deep"), OverflowError("big"), KeyError("k" * 9000), MemoryError()]
)
@pytest.mark.parametrize("read", [look.inspect, lambda folder: look.compiled(folder, 1), uncompiled.read])
def test_whatever_a_saved_model_makes_its_reader_raise_is_damage(tmp_path, monkeypatch, read, error):
    folder = handmade.doubling(tmp_path / "1")
    (folder / "assets.extra").mkdir()
    (folder / "assets.extra" / "csv_columns.json").write_text('{"serving_default": ["x"]}')

    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr("neuronserve.artifact.inspect.savedmodel.graph_of", fail)
    with pytest.raises(DamagedModel) as refused:
        read(folder)
    assert exitcodes.of(refused.value) == 23
    assert len(str(refused.value)) < 1000


def test_errors_of_ours_and_of_the_disk_pass_that_boundary(tmp_path):
    for error in (DiskFull("full"), PermissionError(13, "no")):
        with pytest.raises(type(error)), reading.reading(tmp_path):
            raise error


@pytest.mark.parametrize(
    "columns",
    [{"n" * 9000: ["x"]}, {"\ud800\n": ["x"]}, {"serving_default": ["y" * 9000]}],
    ids=["long", "odd", "names"],
)
def test_names_out_of_a_columns_file_are_quoted_and_cut(tmp_path, columns):
    folder = handmade.doubling(tmp_path / "1")
    (folder / "assets.extra").mkdir()
    (folder / "assets.extra" / "csv_columns.json").write_text(json.dumps(columns))
    with pytest.raises(DamagedModel) as refused:
        look.inspect(folder)
    assert str(refused.value).isprintable()
    assert len(str(refused.value)) < 1000


def test_a_columns_file_without_end_is_not_read_whole(tmp_path):
    folder = handmade.doubling(tmp_path / "1")
    (folder / "assets.extra").mkdir()
    with (folder / "assets.extra" / "csv_columns.json").open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(DamagedModel, match="more than"):
        look.inspect(folder)


@pytest.mark.parametrize("text", ["a\nb", "x" * 100_000, "\x1b[2J", "\udcff", "\u2028\u202e"])
def test_every_error_about_an_artifact_is_one_bounded_line(text):
    for kind in (ArtifactError, CorruptArchive, DamagedModel):
        shown = str(kind(f"begin {text} end", hint=f"do {text} this"))
        assert shown.isprintable()
        assert len(shown) < 4000
        assert (shown.startswith("begin "), " end" in shown, "this" in shown) == (True, True, True)


def _lzma_bomb() -> bytes:
    return lzma.compress(tar([member("a", bytes(80 << 20)), member("model.pt", b"x")]), preset=0)


def _zip_with(directory: int) -> bytes:
    end = b"PK\x05\x06" + bytes(8) + directory.to_bytes(4, "little") + bytes(6)
    return b"PK\x03\x04" + bytes(60) + end


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("negative.tar", hostile.header(b"a", -512, b"x") + hostile.header(b"model.pt")),
        ("endless.tar", hostile.header(b"a", 1 << 62, b"L")),
        ("bomb.xz", _lzma_bomb()),
        ("frozen.pb", b"\x0a\x0e\x0a" + b"\xff" * 9 + b"\x7f\x12\x01a"),
        ("pickle.joblib", b"\x78\x9c\xff"),
        ("list.zip", _zip_with(0xFFFFFFF0)),
        ("deep.json", b"{" + b'"a":{' * 100_000),
        ("cut.onnx", b"\x08\x07\x12" + b"\xff" * 9 + b"\x7f"),
    ],
)
def test_a_strange_file_is_named_by_its_name_where_its_content_cannot_be_read(tmp_path, name, data):
    (tmp_path / name).write_bytes(data)
    error = refusal([name], "the archive", opener(tmp_path))
    assert exitcodes.of(error) in (20, 24)
    assert name in str(error)


def test_what_came_before_the_damage_tells_what_a_packed_file_holds():
    data = tar([member("model/data.pkl", b"x")])[:1024] + hostile.header(b"a", -1, b"x")
    assert content.format_of(io.BytesIO(data)) == "torch"


def test_a_zip_archive_is_still_recognised_by_its_members():
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as made:
        made.writestr("model/constants.pkl", b"x")
    assert content.format_of(file) == "torchscript"


def _normalised(tree: Path, work: Path, most: int = 2000):
    return normalise.normalise(Tree(tree, "the folder"), work, name=None, default=None, max_files=most)


def test_links_in_circles_in_a_folder_are_passed_over(tmp_path):
    tree = grow(tmp_path / "tree", saved_model("m/1"))
    (tree / "loop").symlink_to("loop")
    (tree / "m" / "a").symlink_to("b")
    (tree / "m" / "b").symlink_to("a")
    assert [model.name for model in _normalised(tree, tmp_path / "work").models] == ["m"]
    assert misplaced.warnings(tree, None) == []


def test_folders_that_links_multiply_are_counted(tmp_path):
    tree = grow(tmp_path / "tree", saved_model("m/1"))
    for n in range(40):  # two ways from each folder to the next: 2**40 paths
        (tree / f"f{n:02}").mkdir()
        for side in "ab":
            (tree / f"f{n:02}" / side).symlink_to(f"../f{n + 1:02}")
    (tree / "f40").mkdir()
    with pytest.raises(HostileArchive, match="files or folders"):
        _normalised(tree, tmp_path / "work")


def test_only_files_count_as_requirements_and_wheels(tmp_path):
    (tmp_path / "requirements.txt").write_text("x\n")
    (tmp_path / "folder.txt").mkdir()
    (tmp_path / "folder.whl").mkdir()
    (tmp_path / "loop.txt").symlink_to("nothing")
    with (tmp_path / "vocabulary.txt").open("wb") as file:
        file.truncate(64 << 20)
    assert requirements.wheelhouse(tmp_path) is None
    assert "requirements.txt" in requirements._identity(tmp_path, None)


def test_a_refused_archive_leaves_no_thread_behind(tmp_path):
    """A hostile archive leaves no thread behind: the one that inflates ends with it."""
    from tests.unit.artifact.test_hostile_archives import refused

    before = threading.active_count()
    for n in range(5):
        root = tmp_path / str(n)
        root.mkdir()
        refused(tar_gz([member("a", b"x"), member("../b", b"x"), member("c", bytes(3 << 20))]), root)
    assert threading.active_count() == before
