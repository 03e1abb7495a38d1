import json
from pathlib import Path

import pytest

from neuronserve.artifact.bundle import Bundle, BundledModel
from neuronserve.boot.failure import Failure
from neuronserve.boot.fetch import Fetch
from neuronserve.boot.progress import amount, bar
from neuronserve.supervise.children import Exit

BUNDLE = Bundle(Path("/b"), (BundledModel("m", Path("/b/m"), (1, 2)),), "m")


@pytest.fixture
def heard():
    """A listener, and what it told: ``progress``, ``got``, ``failed`` with their arguments."""
    told = []
    names = ("progress", "got", "failed")
    fetch = Fetch(**{name: lambda *a, name=name: told.append((name, *a)) for name in names})
    return fetch, told


def test_the_bundle_is_handed_over_when_the_child_has_ended_well(heard):
    fetch, told = heard
    fetch.hear(json.dumps({"event": "progress", "step": "download", "done": 1, "total": 2, "detail": "d"}))
    fetch.hear(json.dumps({"event": "bundle", "bundle": BUNDLE.as_dict()}))
    assert told == [("progress", "download", 1, 2, "d")]
    fetch.ended(Exit(0))
    assert told[1:] == [("got", BUNDLE)]


def test_an_error_is_handed_over_with_the_childs_exit_code(heard):
    fetch, told = heard
    fetch.hear(json.dumps({"event": "error", "code": "access_denied", "error": "no", "hint": "ask"}))
    fetch.ended(Exit(12))
    assert told == [("failed", Failure("access_denied", "no", "ask", 12))]


@pytest.mark.parametrize("exit_", [Exit(-9), Exit(77)])
def test_an_error_of_a_child_that_ended_oddly_has_the_general_code(heard, exit_):
    fetch, told = heard
    fetch.hear(json.dumps({"event": "error", "code": "access_denied", "error": "no"}))
    fetch.ended(exit_)
    assert told[0][1].exit_code == 29


@pytest.mark.parametrize("exit_", [Exit(0), Exit(1), Exit(-9)])
def test_a_child_that_ends_without_a_word_is_a_failure(heard, exit_):
    fetch, told = heard
    fetch.ended(exit_)
    assert told[0][0] == "failed"
    assert str(exit_) in told[0][1].error


@pytest.mark.parametrize(
    "line", ["what", "{}", "[]", "7", '{"event": "bundle", "bundle": {}}', '{"event": "progress"}']
)
def test_lines_that_make_no_sense_change_nothing(heard, line):
    fetch, told = heard
    fetch.hear(line)
    assert told == []


@pytest.mark.parametrize(
    ("done", "total", "text"),
    [(0, 0, ""), (1_500_000, 0, "1.5 MB"), (512 << 20, 1 << 30, "50 % of 1,074 MB"), (0, 9, "0 % of 0.0 MB")],
)
def test_amounts_are_for_people(done, total, text):
    assert amount(done, total) == text


def test_the_bar_is_filled_as_far_as_it_is():
    assert bar(0, 0) == ""
    assert bar(1, 2) == "[" + 15 * "#" + 15 * "." + "]"
    assert bar(5, 2) == "[" + 30 * "#" + "]"
