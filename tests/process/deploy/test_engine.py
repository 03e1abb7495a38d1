"""Which engine is taken, and what is told of one that does not do what it is asked."""

from __future__ import annotations

import pytest

from neuronserve.deploy import engine
from neuronserve.errors import EngineFailed

NO_DAEMON = "echo Cannot connect to the Docker daemon >&2; exit 1"


@pytest.fixture
def machine(tmp_path):
    """Makes engines of names and what ``info`` does, for the shell; the environment they are in."""

    def make(**engines):
        for name, line in engines.items():
            program = tmp_path / name
            program.write_text(f'#!/bin/sh\n[ "$1" = info ] || {{ echo {name} 1.0; exit; }}\n{line}\n')
            program.chmod(0o755)
        return {"PATH": f"{tmp_path}:/usr/bin:/bin"}

    return make


def test_docker_comes_first_where_both_answer(machine):
    found = engine.answering(None, machine(docker="", podman=""))
    assert (found.program, found.podman) == ("docker", False)


def test_podman_is_taken_where_docker_has_no_daemon(machine):
    found = engine.answering(None, machine(docker=NO_DAEMON, podman=""))
    assert (found.program, found.podman) == ("podman", True)


@pytest.mark.parametrize("how", ["option", "variable"])
def test_an_engine_that_was_named_is_the_only_one_asked(machine, how):
    environ = machine(docker=NO_DAEMON, podman="")
    named = "docker" if how == "option" else None
    with pytest.raises(EngineFailed, match=r"^docker info: Cannot connect .*\(start it, or choose another"):
        engine.answering(named, environ if named else {**environ, "CONTAINER_ENGINE": "docker"})


def test_where_none_answers_the_reason_of_each_is_told(machine):
    with pytest.raises(EngineFailed, match=r"docker info: Cannot connect .*; podman info: out of order"):
        engine.answering(None, machine(docker=NO_DAEMON, podman="echo out of order >&2; exit 1"))


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        ("docker: Error response from daemon: no such image.\nSee 'docker run --help'.\n",
         "Error response from daemon: no such image."),
        ("docker: invalid reference format\n\nRun 'docker run --help' for more information\n",
         "invalid reference format"),
        ("unknown flag: --x\n\nUsage:  docker run [OPTIONS] IMAGE\n\nRun 'docker run --help' for more\n",
         "unknown flag: --x"),
        ('time="x" level=warning msg="old"\nError: statfs /x: no such file\nhint\n',
         "statfs /x: no such file"),
        ("", "exit code 125"),
        ("Run 'docker run --help' for more information", "exit code 125"),
    ],
)  # fmt: skip
def test_the_engines_reason_is_one_line_and_no_advice(told, reason):
    assert engine.failed("docker", ("run",), 125, told).message == f"docker run: {reason}"
