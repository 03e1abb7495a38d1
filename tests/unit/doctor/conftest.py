"""A patient whose surroundings are the test's."""

from __future__ import annotations

import dataclasses

import pytest

from neuronserve.doctor.asking import Answer, Ran
from neuronserve.doctor.patient import Patient, Surroundings
from neuronserve.generation import Generation
from neuronserve.neuron.chips import Chip, Host
from neuronserve.settings import Settings


class Programs:
    """Programs by name, each with what it answers; ``ran`` is what was run."""

    def __init__(self):
        self.answers = {}
        self.ran = []

    def which(self, name, _environ):
        name = name.rpartition("/")[2]
        return f"/somewhere/{name}" if name in self.answers else None

    def run(self, argv, seconds, environ=None):
        self.ran.append(list(argv))
        return self.answers.get(argv[0].rpartition("/")[2], Ran(None, why="cannot be run: No such file"))


@pytest.fixture
def programs():
    return Programs()


@pytest.fixture
def patient(tmp_path, programs):
    """``patient(NAME="value", host=..., kind=...)``: upper case is the environment, lower case is known."""

    def make(**given):
        environ = {name: str(value) for name, value in given.items() if name.isupper()}
        known = {name: value for name, value in given.items() if not name.isupper()}
        around = Surroundings(
            run=programs.run,
            get=lambda _port, _path: Answer(0),
            program=programs.which,
            neuron_ls=lambda: None,
            proc=tmp_path / "proc",
            cgroup=tmp_path / "cgroup",
            libraries=tmp_path / "lib",
            default_model_dir=tmp_path / "model",
        )
        around = dataclasses.replace(around, **known.pop("around", {}))
        scratch = tmp_path / "scratch"
        scratch.mkdir(exist_ok=True)
        return Patient(environ, scratch, around=around, known=Settings.from_environ(environ), **known)

    return make


@pytest.fixture
def chips(tmp_path):
    """A host with so many Inf1 chips of four cores."""

    def make(count=1, *, generation=Generation.V1, driver="2.19.64.0", simulated=False):
        found = tuple(
            Chip(index, tmp_path / f"neuron{index}", index, generation, 4, 8192, "inf1.6xlarge", "sysfs")
            for index in range(count)
        )
        return Host(found, (), driver, "inf1.6xlarge", count, simulated)

    return make
