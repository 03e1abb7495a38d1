import dataclasses
import errno
import json
import os

import pytest

from neuronserve.boot.publish import Publisher
from neuronserve.reservedfile import PAGE
from neuronserve.state import Model, Reader, Server, State


def test_readers_find_what_was_published(tmp_path):
    publisher = Publisher(tmp_path)
    publisher.publish(State("starting", "download", "s3://b/k"))
    assert Reader(tmp_path / "state.json").current() == publisher.state
    assert json.loads((tmp_path / ".ping.json").read_text()) == {
        "state": "starting",
        "step": "download",
        "detail": "s3://b/k",
    }


def test_the_file_serving_is_there_exactly_while_requests_are_taken(tmp_path):
    publisher, seen = Publisher(tmp_path), []
    for word in ("starting", "ready", "degraded", "starting", "ready", "draining"):
        publisher.publish(State(word))
        seen.append((tmp_path / "serving").exists())
    assert seen == [False, True, True, False, True, False]


def test_no_news_is_not_written(tmp_path):
    publisher = Publisher(tmp_path)
    assert publisher.publish(State("ready"))
    before = (tmp_path / "state.json").stat().st_ino
    assert not publisher.publish(State("ready"))
    assert (tmp_path / "state.json").stat().st_ino == before


def test_the_generation_grows_when_models_or_servers_change_and_only_then(tmp_path):
    publisher, state = Publisher(tmp_path), State()
    seen = []
    for news in (
        {"step": "load"},
        {"models": (Model("m", (1,)),)},
        {"servers": (Server(0, "unix:a"),)},
        {"state": "ready"},
        {"servers": (Server(0, "unix:a", "ready"),)},
    ):
        state = dataclasses.replace(state, **news)
        publisher.publish(state)
        seen.append(publisher.state.generation)
    assert seen == [0, 1, 2, 2, 3]


def test_since_tells_when_the_word_began(tmp_path):
    publisher = Publisher(tmp_path)
    publisher.publish(State("starting", "a"))
    began = publisher.state.since
    publisher.publish(State("starting", "b"))
    assert publisher.state.since == began > 0
    publisher.publish(State("ready"))
    assert publisher.state.since > began


def test_what_somebody_removed_or_changed_is_made_again(tmp_path):
    publisher = Publisher(tmp_path)
    publisher.publish(State("ready", "here"))
    for harm in (
        (tmp_path / "state.json").unlink,
        (tmp_path / ".ping.json").unlink,
        (tmp_path / "serving").unlink,
        lambda: (tmp_path / "state.json").write_text("{}"),
    ):
        harm()
        assert publisher.publish(State("ready", "here"))
        assert Reader(tmp_path / "state.json").current().step == "here"
        assert (tmp_path / "serving").exists()
        assert json.loads((tmp_path / ".ping.json").read_text())["step"] == "here"
        assert not publisher.publish(State("ready", "here"))


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO])
def test_after_a_write_that_failed_half_way_the_same_state_is_written_whole(tmp_path, monkeypatch, number):
    publisher = Publisher(tmp_path)
    publisher.publish(State("ready"))
    written = os.pwrite

    def refuse(*_):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "pwrite", refuse)
    with pytest.raises(OSError, match=os.strerror(number)):
        publisher.publish(State("starting"))
    assert not (tmp_path / "serving").exists()
    monkeypatch.setattr(os, "pwrite", written)
    assert publisher.publish(State("ready"))  # what it had published before
    assert (tmp_path / "serving").exists()


def test_a_ping_has_room_in_the_page_that_it_has(tmp_path):
    Publisher(tmp_path).publish(State("starting", "download", "x" * 10_000))
    assert json.loads((tmp_path / ".ping.json").read_text())["detail"] == "x" * 300
    assert (tmp_path / ".ping.json").stat().st_size < PAGE
