"""The link at /opt/ml/model: made where there is nothing, and never in the place of anything else."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from pathlib import Path

import pytest

from neuronserve.artifact import modeldir


class Host:
    """A place for the link, and services with runtime folders and models of their own."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self.place = root / "opt" / "ml" / "model"

    def service(self, name: str) -> tuple[Path, Path]:
        """A model's folder with a file that has its name, and the work folder."""
        model = self._root / name / "artifact"
        model.mkdir(parents=True)
        (model / "vocab").write_text(name)
        work = self._root / name / "runtime" / "model"
        work.mkdir(parents=True)
        return model, work

    def read(self) -> str:
        return (self.place / "vocab").read_text()


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(tmp_path)


@pytest.fixture
def alive() -> Iterator[list[Path]]:
    """Append work folders; their services live until the end of the test."""
    folders: list[Path] = []
    held = []

    class Living(list[Path]):
        def append(self, work: Path) -> None:
            lock = (work.parent / "lock").open("w")
            fcntl.flock(lock, fcntl.LOCK_EX)
            held.append(lock)
            folders.append(work)

    yield Living()
    for lock in held:
        lock.close()


def test_the_place_leads_to_the_model_and_nowhere_after_the_end(host: Host) -> None:
    model, work = host.service("one")
    assert modeldir.offer(host.place, model, work)
    assert host.read() == "one"
    assert modeldir.offer(host.place, model, work)  # again, for the same
    modeldir.withdraw(host.place, work)
    assert not host.place.is_symlink()
    modeldir.withdraw(host.place, work)


def test_a_model_that_lies_there_needs_no_link(host: Host) -> None:
    _, work = host.service("one")
    host.place.mkdir(parents=True)
    assert modeldir.offer(host.place, host.place, work)
    assert not host.place.is_symlink()


@pytest.mark.parametrize("kind", ["folder", "full folder", "file", "link", "dangling link"])
def test_what_is_there_already_stays(host: Host, kind: str, tmp_path: Path) -> None:
    model, work = host.service("one")
    host.place.parent.mkdir(parents=True)
    if "folder" in kind:
        host.place.mkdir()
        if kind == "full folder":
            (host.place / "mine").touch()
    elif kind == "file":
        host.place.touch()
    else:
        host.place.symlink_to(tmp_path if kind == "link" else tmp_path / "gone")
    before = host.place.lstat()
    assert not modeldir.offer(host.place, model, work)
    modeldir.withdraw(host.place, work)
    assert host.place.lstat() == before


def test_of_two_services_the_first_one_keeps_the_place_while_it_lives(host: Host, alive: list[Path]) -> None:
    one, of_one = host.service("one")
    two, of_two = host.service("two")
    alive.append(of_one)
    assert modeldir.offer(host.place, one, of_one)
    assert not modeldir.offer(host.place, two, of_two)
    modeldir.withdraw(host.place, of_two)
    assert host.read() == "one"
    modeldir.withdraw(host.place, of_one)
    assert modeldir.offer(host.place, two, of_two)
    assert host.read() == "two"


@pytest.mark.parametrize("removed", [False, True])
def test_what_a_killed_service_has_left_is_replaced(host: Host, removed: bool) -> None:
    one, of_one = host.service("one")
    two, of_two = host.service("two")
    assert modeldir.offer(host.place, one, of_one)
    if removed:
        (of_one / modeldir.NAME).unlink()
    else:
        (of_one.parent / "lock").touch()  # nobody holds it any more
    assert modeldir.offer(host.place, two, of_two)
    assert host.read() == "two"


def test_a_start_with_another_model_leads_there(host: Host, alive: list[Path], tmp_path: Path) -> None:
    one, work = host.service("one")
    alive.append(work)
    assert modeldir.offer(host.place, one, work)
    other, _ = host.service("other")
    assert modeldir.offer(host.place, other, work)
    assert host.read() == "other"


def test_where_nothing_can_be_made_there_is_no_link(host: Host, tmp_path: Path) -> None:
    model, work = host.service("one")
    (tmp_path / "opt").touch()  # /opt/ml cannot be made below a file
    assert not modeldir.offer(host.place, model, work)


def test_another_services_link_is_no_model_of_this_one(host: Host, tmp_path: Path) -> None:
    model, work = host.service("one")
    assert not modeldir.is_ours(host.place)
    modeldir.offer(host.place, model, work)
    assert modeldir.is_ours(host.place)
    plain = tmp_path / "link"
    plain.symlink_to(model)
    assert not modeldir.is_ours(plain)
    assert not modeldir.is_ours(model)
