"""The files of a folder: what is packed, what is left out, what is refused."""

from __future__ import annotations

import os

import pytest

from neuronserve.deploy.packing.walk import Rules, members
from neuronserve.errors import InvalidInput
from tests.archives import grow


def paths(folder, place="", *, within=None, **rules):
    return [member.path for member in members(folder, place, within=within or folder, rules=Rules(**rules))]


def test_files_lie_below_their_place_in_order(tmp_path):
    grow(tmp_path, {"b": b"", "a/z": b"", "a/b/c": b""})
    assert paths(tmp_path, "m/1") == ["m/1/a/b/c", "m/1/a/z", "m/1/b"]


def test_what_file_managers_and_python_leave_behind_is_no_part_of_it(tmp_path):
    junk = (
        ".DS_Store",
        "._a",
        "__MACOSX/x",
        "__pycache__/a.pyc",
        ".git/HEAD",
        "Thumbs.db",
        "b/.mypy_cache/x",
    )
    grow(tmp_path, dict.fromkeys((*junk, "a", "b/c"), b""))
    assert paths(tmp_path) == ["a", "b/c"]


def test_patterns_leave_out_files_and_whole_folders(tmp_path):
    grow(tmp_path, dict.fromkeys(("tests/a", "x.log", "lib/y.log", "kept"), b""))
    assert paths(tmp_path, "code", leave_out=("code/tests/", "*.log")) == ["code/kept"]


def test_a_file_that_is_being_written_is_not_packed_into_itself(tmp_path):
    grow(tmp_path, {"model.tar.gz": b"", "a": b""})
    assert paths(tmp_path, not_these=frozenset({tmp_path.resolve() / "model.tar.gz"})) == ["a"]


def test_links_inside_are_followed(tmp_path):
    grow(tmp_path / "tree", {"real/a": b"1"})
    (tmp_path / "tree" / "linked").symlink_to("real")
    (tmp_path / "root").symlink_to("tree")
    assert paths(tmp_path / "root") == ["linked/a", "real/a"]


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda place: place.symlink_to("/etc/hostname"), "leads to /etc/hostname, outside of"),
        (lambda place: place.symlink_to(".."), "outside of"),
        (lambda place: place.symlink_to("nowhere"), "which is not there"),
        (lambda place: place.symlink_to("."), "a folder inside itself, by links"),
        (os.mkfifo, "neither a file nor a folder"),
        (lambda place: place.with_name("a\nb").write_text(""), "a control character"),
        (lambda place: place.with_name("\udcff").write_text(""), "not UTF-8"),
    ],
)
def test_what_cannot_be_packed_is_named(tmp_path, make, said):
    (tmp_path / "tree").mkdir()
    make(tmp_path / "tree" / "it")
    with pytest.raises(InvalidInput, match=said):
        paths(tmp_path / "tree")


def test_folders_that_links_multiply_are_counted(tmp_path, monkeypatch):
    monkeypatch.setattr("neuronserve.deploy.packing.walk._MOST", 2000)
    for n in range(40):  # two ways from each folder to the next: 2**40 paths
        (tmp_path / f"f{n}").mkdir()
        for side in "ab":
            (tmp_path / f"f{n}" / side).symlink_to(f"../f{n + 1}")
    (tmp_path / "f40").mkdir()
    with pytest.raises(InvalidInput, match="more than 2,000 files and folders"):
        list(members(tmp_path, "", within=tmp_path, rules=Rules()))
