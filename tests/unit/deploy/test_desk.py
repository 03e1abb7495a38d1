"""What is printed where nobody reads it, or it cannot be written."""

from __future__ import annotations

import io
import json
import os
from pathlib import Path

import pytest

from neuronserve.deploy.desk import Desk, _standard
from neuronserve.errors import InvalidInput


@pytest.fixture
def unread():
    """A pipe whose reader has gone."""
    reader, writer = os.pipe()
    os.close(reader)
    stream = os.fdopen(writer, "w")
    yield stream
    stream.close()  # Python does the same at its end, and must not fail then


def test_a_result_that_nobody_reads_changes_nothing(unread):
    Desk(out=unread).show({"a": 1})


def test_lines_that_nobody_reads_end_it(unread):
    with pytest.raises(BrokenPipeError):
        Desk(out=unread).line("x")


def test_what_nobody_hears_ends_nothing(unread):
    desk = Desk(err=unread)
    desk.say("x")
    desk.say("y")


def test_a_full_disk_is_told_in_one_line():
    with Path("/dev/full").open("w") as full, pytest.raises(InvalidInput, match="No space left"):
        Desk(out=full).show({"a": 1})


def test_a_stream_that_was_closed_before_is_no_fault():
    _standard(None).write("x")


def test_a_character_that_the_terminal_lacks_is_written_otherwise():
    bytes_written = io.BytesIO()
    stream = _standard(io.TextIOWrapper(bytes_written, "ascii"))
    Desk(out=stream).line("d\xe9j\xe0 \ud800")
    assert bytes_written.getvalue() == b"d\\xe9j\\xe0 \\ud800\n"


@pytest.mark.parametrize(
    ("calls", "shown", "said"),
    [
        ([], "[]", "nothing would be sent\n"),
        ([("A", {})], "{}", "would send A\n"),
        ([("A", {}), ("B", {})], "[{}, {}]", "would send A\nwould send B\n"),
    ],
)
def test_a_dry_run_shows_the_requests_and_says_what_they_are_for(calls, shown, said):
    desk = Desk(out=io.StringIO(), err=io.StringIO())
    desk.would_send(calls)
    assert json.loads(desk.out.getvalue()) == json.loads(shown)
    assert desk.err.getvalue() == said


def test_a_password_in_an_address_is_not_told():
    desk = Desk(err=io.StringIO())
    desk.say('cannot reach "http://user:secret@host:1/", s3://b/a@b stays')
    assert desk.err.getvalue() == 'cannot reach "http://...@host:1/", s3://b/a@b stays\n'
