import os

import pytest

from neuronserve.deploy.sagemaker.local.unpacking import unpack
from neuronserve.errors import InvalidInput
from tests import archives

SYM, HARD = b"2", b"1"


def made(tmp_path, *members):
    file = tmp_path / "model.tar.gz"
    file.write_bytes(archives.tar_gz(members))
    return file


def test_an_archive_becomes_its_tree_with_links_and_all(tmp_path):
    member = archives.member
    archive = made(
        tmp_path, member("./1/saved_model.pb", b"graph"), member("latest", kind=SYM, link="1"),
        member("1/copy", kind=HARD, link="1/saved_model.pb"), member("._junk", b"j"),
        member("run.sh", b"x", mode=0o755),
    )  # fmt: skip
    unpack(archive, tmp_path / "out")
    assert archives.files_below(tmp_path / "out") == {
        "1/saved_model.pb": b"graph", "1/copy": b"graph",
        "latest/saved_model.pb": b"graph", "latest/copy": b"graph", "._junk": b"j", "run.sh": b"x",
    }  # fmt: skip
    assert os.access(tmp_path / "out" / "run.sh", os.X_OK)


@pytest.mark.parametrize(
    "members",
    [
        [("../evil", b"x", b"0", "")],
        [("a/../../evil", b"x", b"0", "")],
        [("out", b"", SYM, "/etc")],
        [("up", b"", SYM, "..")],
        [("y", b"", SYM, "."), ("x", b"", SYM, "y/..")],
        [("pipe", b"", b"6", "")],
        [("device", b"", b"3", "")],
        [("hard", b"", HARD, "../../etc/passwd")],
        [("hard", b"", HARD, "absent")],
    ],
)
def test_what_would_leave_the_folder_is_refused_and_nothing_is_left(tmp_path, members):
    archive = made(
        tmp_path, *(archives.member(n, data, kind=kind, link=link) for n, data, kind, link in members)
    )
    with pytest.raises(InvalidInput, match=r"model\.tar\.gz"):
        unpack(archive, tmp_path / "inner" / "out")
    assert not (tmp_path / "inner" / "out").exists()
    assert not (tmp_path / "evil").exists()


def test_no_file_is_written_through_a_link(tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    archive = made(
        tmp_path, archives.member("d", kind=SYM, link=str(outside)), archives.member("d/file", b"x")
    )
    with pytest.raises(InvalidInput):
        unpack(archive, tmp_path / "out")
    assert not list(outside.iterdir())


@pytest.mark.parametrize("content", [b"", b"no archive", archives.tar_gz({"a": b"x" * 5000})[:-30]])
def test_what_is_no_whole_archive_is_told_so(tmp_path, content):
    file = tmp_path / "model.tar.gz"
    file.write_bytes(content)
    with pytest.raises(InvalidInput, match=r"model\.tar\.gz"):
        unpack(file, tmp_path / "out")
