"""What makes a folder safe to load from; the rule is that of sshd's StrictModes and of sudo's path checks."""

import os
import shutil
import tempfile
from pathlib import Path

import pytest

from neuronserve import folders
from neuronserve.folders import Unsafe

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="giving a folder to another user takes root")
STRANGER = 4242


@pytest.fixture
def base():
    """A folder in /tmp, which is sticky."""
    made = Path(tempfile.mkdtemp(prefix="folders-", dir="/tmp")).resolve()
    yield made
    shutil.rmtree(made)


def grown(path, mode=0o755, owner=-1):
    path.mkdir(parents=True)
    path.chmod(mode)
    os.chown(path, owner, -1)
    return path


def test_a_folder_that_is_missing_is_made_for_us_alone(base):
    made = folders.make(base / "a" / "b")
    assert made == base / "a" / "b"
    assert made.stat().st_mode & 0o7777 == 0o700


def test_a_folder_of_ours_below_a_sticky_one_is_safe(base):
    grown(base / "tmp", 0o1777)
    assert folders.make(base / "tmp" / "ours") == base / "tmp" / "ours"


@pytest.mark.parametrize("mode", [0o777, 0o775, 0o757, 0o722, 0o1777])
def test_a_folder_that_others_may_write_is_refused_with_what_to_do(base, mode):
    grown(base / "open", mode)
    with pytest.raises(Unsafe, match=f"{base}/open may be written by others .mode {mode:04o}") as refused:
        folders.make(base / "open")
    assert refused.value.do.endswith(f"chmod go-w {base}/open")


def test_a_folder_on_the_way_that_others_may_write_is_refused_and_nothing_is_made_in_it(base):
    grown(base / "open", 0o777)
    with pytest.raises(Unsafe, match=f"{base}/open, on the way to it"):
        folders.make(base / "open" / "ours")
    assert not any((base / "open").iterdir())


def test_a_way_that_only_our_own_group_may_write_is_safe(base):
    grown(base / "home", 0o775)  # umask 002, as systems have it that give each user a group
    assert folders.make(base / "home" / "cache") == base / "home" / "cache"


@as_root
@pytest.mark.parametrize("where", ["ours", "", "deep/er"])
def test_another_users_folder_is_refused_wherever_it_is_on_the_way(base, where):
    grown(base / "theirs", 0o755, STRANGER)
    with pytest.raises(Unsafe, match=f"{base}/theirs is a folder of user {STRANGER}"):
        folders.make(base / "theirs" / where)
    assert not any((base / "theirs").iterdir())


@as_root
def test_another_users_link_is_refused_also_to_a_folder_that_is_safe(base):
    safe = grown(base / "safe", 0o700)
    (base / "link").symlink_to(safe)
    assert folders.make(base / "link") == safe
    os.chown(base / "link", STRANGER, -1, follow_symlinks=False)
    with pytest.raises(Unsafe, match=f"{base}/link is a link of user {STRANGER}"):
        folders.make(base / "link")


@as_root
@pytest.mark.parametrize("target", ["theirs", "../{name}/theirs", "{base}/theirs", "./theirs/."])
def test_our_own_link_is_followed_and_what_it_leads_through_is_judged(base, target):
    grown(base / "theirs", 0o755, STRANGER)
    (base / "link").symlink_to(target.format(base=base, name=base.name))
    with pytest.raises(Unsafe, match=f"{base}/theirs is a folder of user {STRANGER}"):
        folders.check(base / "link")


def test_links_without_end_are_refused(base):
    (base / "a").symlink_to("b")
    (base / "b").symlink_to("a")
    with pytest.raises(Unsafe, match="too many links"):
        folders.check(base / "a")


def test_a_file_is_no_folder(base):
    (base / "file").touch()
    with pytest.raises(NotADirectoryError):
        folders.make(base / "file")


@pytest.mark.parametrize(
    ("mode", "shared"), [(0o1777, True), (0o1770, True), (0o777, False), (0o1755, False)]
)
def test_a_sticky_folder_that_others_may_write_is_for_everybody(base, mode, shared):
    assert folders.is_shared(grown(base / "x", mode)) is shared
    assert not folders.is_shared(base / "nothing")
