"""neuron-ls as a program: programs of the test's own stand for it."""

from __future__ import annotations

import json
import os
import signal

import pytest

from neuronserve.neuron import neuronls
from neuronserve.neuron.neuronls import Answer, Device


@pytest.fixture
def program(tmp_path):
    """Make a program of this shell code."""

    def make(code):
        path = tmp_path / "neuron-ls"
        path.write_text(f"#!/bin/sh\n{code}\n")
        path.chmod(0o755)
        return str(path)

    return make


def test_it_is_asked_for_json(program):
    shown = json.dumps([{"neuron_device": 0, "nc_count": 4}])
    answer = neuronls.ask(program(f"""[ "$*" = --json-output ] && echo '{shown}'"""))
    assert answer == Answer((Device(0, cores=4),))


def test_one_that_fails_tells_why(program):
    answer = neuronls.ask(program("echo no driver >&2; exit 3"))
    assert answer.devices is None
    assert "ended with 3: no driver" in answer.reason


def test_one_that_writes_something_else_tells_why(program):
    answer = neuronls.ask(program("echo hello"))
    assert (answer.devices, answer.reason) == (None, "neuron-ls wrote no JSON")


def test_one_that_never_answers_is_given_up(program):
    answer = neuronls.ask(program("exec sleep 60"), timeout=0.2)
    assert answer.devices is None
    assert "did not answer within 0.2 s" in answer.reason


def test_one_whose_child_keeps_the_pipe_is_given_up_too(program, tmp_path):
    child = tmp_path / "child"
    answer = neuronls.ask(program(f"sleep 60 & echo $! > {child}; wait"), timeout=1)
    if child.exists():
        os.kill(int(child.read_text()), signal.SIGKILL)
    assert answer.devices is None


def test_one_that_may_not_be_run_tells_why(tmp_path):
    (tmp_path / "neuron-ls").write_text("no program")
    answer = neuronls.ask(str(tmp_path / "neuron-ls"))
    assert answer.devices is None
    assert "cannot be run" in answer.reason


def test_a_machine_without_it_is_told_so(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(neuronls, "FOLDER", str(tmp_path))
    assert neuronls.ask() == Answer(None, "neuron-ls is not installed")
    assert neuronls.devices() is None
