import os
import re
from pathlib import Path

import pytest

from neuronserve.boot.rundir import open_runtime_dir
from neuronserve.errors import SettingsError


@pytest.fixture
def short():
    """A folder with a short name: pytest's own may be too long for a socket in it."""
    import shutil
    import tempfile

    folder = Path(tempfile.mkdtemp(prefix="r-", dir="/tmp"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder)


def test_a_new_folder_is_removed_at_the_end():
    with open_runtime_dir(None) as folder:
        assert folder.is_dir()
        assert folder.stat().st_mode & 0o7777 == 0o700
    assert not folder.exists()


def test_with_a_group_its_members_may_enter_the_folder_and_not_write_it(short):
    with open_runtime_dir(short, group=os.getegid()) as folder:
        assert (folder.stat().st_mode & 0o7777, folder.stat().st_gid) == (0o750, os.getegid())


def test_a_folder_that_others_may_write_is_refused(short):
    (short / "a").mkdir()
    (short / "a").chmod(0o770)
    with (
        pytest.raises(SettingsError, match=r"nobody else may write.* 0770") as refused,
        open_runtime_dir(short / "a"),
    ):
        pass
    assert "chmod go-w" in str(refused.value)


@pytest.mark.skipif(os.geteuid() != 0, reason="giving a folder to another user takes root")
def test_another_users_folder_is_refused(short):
    (short / "a").mkdir()
    os.chown(short / "a", 4242, 4242)
    with pytest.raises(SettingsError, match="folder of user 4242"), open_runtime_dir(short / "a"):
        pass


def test_in_a_folder_for_everybody_a_new_one_is_made(short):
    (short / "tmp").mkdir()
    (short / "tmp").chmod(0o1777)
    with open_runtime_dir(short / "tmp") as folder:
        assert folder.parent == short / "tmp"
        assert folder.stat().st_mode & 0o7777 == 0o700
    assert not list((short / "tmp").iterdir())


def test_a_lock_that_is_a_link_is_not_followed(short):
    (short / "theirs").write_text("kept")
    (short / "lock").symlink_to(short / "theirs")
    with pytest.raises(SettingsError, match="symbolic links"), open_runtime_dir(short):
        pass
    assert (short / "theirs").read_text() == "kept"


def test_a_given_folder_stays_and_only_our_files_leave_it(short):
    (short / "theirs").touch()
    (short / "serving").touch()
    (short / "front.sock").touch()
    with open_runtime_dir(short) as folder:
        assert sorted(path.name for path in folder.iterdir()) == ["lock", "theirs"]
        (folder / "state.json").touch()
    assert sorted(path.name for path in short.iterdir()) == ["lock", "theirs"]


def test_a_given_folder_that_was_missing_is_made_and_removed(short):
    with open_runtime_dir(short / "a" / "b") as folder:
        assert folder.is_dir()
    assert not folder.exists()


def test_a_folder_in_use_is_refused(short):
    with (
        open_runtime_dir(short),
        pytest.raises(SettingsError, match="another serve"),
        open_runtime_dir(short),
    ):
        pass


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("x" * 100, "at most 91 bytes"),
        ("with space", "letters, digits"),
        ("a;b", "letters, digits"),
        ("$x", "letters"),
    ],
)
def test_a_folder_whose_name_cannot_be_used_is_refused(short, name, expected):
    with pytest.raises(SettingsError, match=expected) as caught, open_runtime_dir(short / name):
        pass
    assert "SERVE_RUNTIME_DIR=" in caught.value.faults[0]
    assert not (short / name).exists()


def test_a_folder_that_cannot_be_made_is_refused(short):
    (short / "file").touch()
    with pytest.raises(SettingsError, match="Not a directory"), open_runtime_dir(short / "file" / "x"):
        pass


@pytest.mark.skipif(os.geteuid() != 0, reason="nginx's workers are somebody else only under root")
def test_a_folder_that_nginxs_workers_could_not_reach_is_refused(short):
    short.chmod(0o700)
    with (
        pytest.raises(SettingsError, match=re.escape(f"only its owner may enter {short}")),
        open_runtime_dir(short / "a"),
    ):
        pass


def test_a_pretended_host_of_the_run_before_is_gone(short):
    (short / "neuron-host" / "dev").mkdir(parents=True)
    (short / "neuron.json").touch()
    with open_runtime_dir(short) as folder:
        assert sorted(path.name for path in folder.iterdir()) == ["lock"]


@pytest.mark.skipif(os.geteuid() != 0, reason="nginx's workers are somebody else only under root")
def test_a_temporary_directory_that_nginxs_workers_could_not_reach_is_not_used(short, monkeypatch):
    short.chmod(0o700)
    monkeypatch.setattr("tempfile.tempdir", str(short))
    with open_runtime_dir(None) as folder:
        assert short not in folder.parents
