"""Servers whose models were loaded, and models that were changed for a test."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

from neuronserve.messages import saved_model_pb2
from tests.cpuservers import Server, config_flag, running, wait_for


@contextlib.contextmanager
def serving(folder: Path, models: Path, names: Iterable[str], *flags: str, **how: bool) -> Iterator[Server]:
    """A server in ``folder`` that has loaded all versions of these models below ``models``."""
    with running(folder, config_flag(models, names), *flags, **how) as server:

        def loaded(name: str) -> bool:
            states = server.states(name).values()
            return bool(states) and set(states) == {"AVAILABLE"}

        for name in names:
            wait_for(lambda name=name: loaded(name), f"{name} serves")
        yield server


def changed(source: Path, target: Path, change) -> Path:
    """A copy of a version whose MetaGraphDef was changed."""
    shutil.copytree(source, target)
    file = target / "saved_model.pb"
    model = saved_model_pb2.SavedModel.FromString(file.read_bytes())
    change(model.meta_graphs[0])
    file.write_bytes(model.SerializeToString())
    return target


def with_example(request, model: str, signature: str = ""):
    """A Classify or Regress request with one example."""
    request.model_spec.name, request.model_spec.signature_name = model, signature
    request.input.example_list.examples.add().features.feature["x"].float_list.value.append(0.25)
    return request


def ended(folder: Path, *flags: str) -> str:
    """What a server that cannot start says; it ends with TensorFlow Serving's exit code."""
    server = Server(folder, "--model_name=m", f"--model_base_path={folder}", *flags)
    assert server.process.wait(60) == 255
    server.channel.close()
    return server.log.read_text()
