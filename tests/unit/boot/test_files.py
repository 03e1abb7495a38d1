"""What a process finds before its start."""

import os

from neuronserve.boot import files


def test_a_file_that_says_the_same_is_left_alone(tmp_path):
    path = tmp_path / "file"
    files.write_if_other(path, "one")
    os.utime(path, (1, 1))
    files.write_if_other(path, "one")
    assert path.stat().st_mtime == 1
    files.write_if_other(path, "another")
    assert path.read_text() == "another"


def test_a_folder_is_emptied_and_what_its_links_lead_to_stays(tmp_path):
    folder, kept = tmp_path / "folder", tmp_path / "kept"
    kept.mkdir()
    (kept / "file").touch()
    files.empty_folder(folder)
    (folder / "inner").mkdir()
    (folder / "inner" / "link").symlink_to(kept)
    (folder / "link").symlink_to(kept)
    (folder / "file").touch()
    files.empty_folder(folder)
    assert list(folder.iterdir()) == []
    assert (kept / "file").exists()


def test_the_first_socket_that_is_gone_is_named(tmp_path):
    (tmp_path / "one").touch()
    assert files.removed_socket(tmp_path, ["one"]) == ""
    assert files.removed_socket(tmp_path, ["one", "two"]) == "its socket two was removed"
