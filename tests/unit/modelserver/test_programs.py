from __future__ import annotations

from pathlib import Path

import pytest

from neuronserve.errors import ModelServerError
from neuronserve.modelserver import programs
from neuronserve.settings import Settings


def settings(**environ: str) -> Settings:
    return Settings.from_environ(environ)


def which(*present: str):
    return lambda name: name if name in present else None


def test_auto_takes_the_embedded_server_where_nothing_else_is_installed(tmp_path: Path) -> None:
    assert programs.choose(settings(SERVE_DEVICES_DIR=str(tmp_path)), which=which()) == "cpu"


def test_auto_takes_tensorflow_serving_where_it_is_on_the_path(tmp_path: Path) -> None:
    assert (
        programs.choose(settings(SERVE_DEVICES_DIR=str(tmp_path)), which=which("tensorflow_model_server"))
        == "tensorflow"
    )


@pytest.mark.parametrize("binary", ["tensorflow_model_server_neuron", "tensorflow_model_server_neuronx"])
def test_auto_takes_a_neuron_server_where_there_are_devices(tmp_path: Path, binary: str) -> None:
    (tmp_path / "neuron0").touch()
    assert (
        programs.choose(
            settings(SERVE_DEVICES_DIR=str(tmp_path)), which=which(binary, "tensorflow_model_server")
        )
        == "neuron"
    )


def test_auto_without_a_neuron_binary_does_not_take_the_devices(tmp_path: Path) -> None:
    (tmp_path / "neuron0").touch()
    assert programs.choose(settings(SERVE_DEVICES_DIR=str(tmp_path)), which=which()) == "cpu"


@pytest.mark.parametrize("kind", ["neuron", "tensorflow"])
def test_a_server_that_was_asked_for_and_is_missing_is_named_with_the_fix(tmp_path: Path, kind: str) -> None:
    with pytest.raises(ModelServerError, match="MODEL_SERVER_BINARY"):
        programs.choose(settings(MODEL_SERVER=kind, SERVE_DEVICES_DIR=str(tmp_path)), which=which())


@pytest.mark.parametrize("kind", ["auto", "neuron", "tensorflow"])
def test_a_named_program_that_is_not_there_is_refused_and_never_replaced(tmp_path: Path, kind: str) -> None:
    chosen = settings(MODEL_SERVER=kind, MODEL_SERVER_BINARY="/no/such", SERVE_DEVICES_DIR=str(tmp_path))
    with pytest.raises(ModelServerError, match="MODEL_SERVER_BINARY=/no/such: there is no such program"):
        programs.choose(chosen, which=which("tensorflow_model_server"))


def test_an_instance_type_to_simulate_means_the_simulator() -> None:
    assert programs.choose(settings(SERVE_SIMULATE="inf1.6xlarge"), which=which()) == "simulator"
    assert (
        programs.choose(settings(MODEL_SERVER="simulator", SERVE_INSTANCE_TYPE="inf1.xlarge"), which=which())
        == "simulator"
    )


def test_our_own_servers_are_modules_of_the_python_that_has_tensorflow() -> None:
    chosen = settings(SERVE_CPU_PYTHON="/opt/python")
    assert programs.command("cpu", chosen) == ["/opt/python", "-m", "neuronserve.cpuserver"]
    assert programs.command("simulator", chosen) == ["/opt/python", "-m", "neuronserve.simulator.server"]
