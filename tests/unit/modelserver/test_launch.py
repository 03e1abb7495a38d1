from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from google.protobuf import text_format

from neuronserve.errors import ModelServerError
from neuronserve.messages import model_server_config_pb2
from neuronserve.modelserver import configs, launch
from neuronserve.settings import Settings


@dataclass(frozen=True)
class Model:
    name: str = "m"
    base_path: Path = Path("/models/m")
    versions: tuple[int, ...] = (1, 3)


@dataclass(frozen=True)
class Bundle:
    models: tuple[Model, ...] = (Model(),)


def settings(**environ: str) -> Settings:
    return Settings.from_environ(environ)


def which(*present: str):
    return lambda name: name if name in present else None


def test_auto_takes_the_embedded_server_where_nothing_else_is_installed(tmp_path: Path) -> None:
    assert launch.choose(settings(), devices=tmp_path, which=which()) == "cpu"


def test_auto_takes_tensorflow_serving_where_it_is_on_the_path(tmp_path: Path) -> None:
    assert launch.choose(settings(), devices=tmp_path, which=which("tensorflow_model_server")) == "tensorflow"


@pytest.mark.parametrize("binary", ["tensorflow_model_server_neuron", "tensorflow_model_server_neuronx"])
def test_auto_takes_a_neuron_server_where_there_are_devices(tmp_path: Path, binary: str) -> None:
    (tmp_path / "neuron0").touch()
    assert (
        launch.choose(settings(), devices=tmp_path, which=which(binary, "tensorflow_model_server"))
        == "neuron"
    )


def test_auto_without_a_neuron_binary_does_not_take_the_devices(tmp_path: Path) -> None:
    (tmp_path / "neuron0").touch()
    assert launch.choose(settings(), devices=tmp_path, which=which()) == "cpu"


@pytest.mark.parametrize("kind", ["neuron", "tensorflow"])
def test_a_server_that_was_asked_for_and_is_missing_is_named_with_the_fix(tmp_path: Path, kind: str) -> None:
    with pytest.raises(ModelServerError, match="MODEL_SERVER_BINARY"):
        launch.choose(settings(MODEL_SERVER=kind), devices=tmp_path, which=which())


@pytest.mark.parametrize("kind", ["auto", "neuron", "tensorflow"])
def test_a_named_program_that_is_not_there_is_refused_and_never_replaced(tmp_path: Path, kind: str) -> None:
    chosen = settings(MODEL_SERVER=kind, MODEL_SERVER_BINARY="/no/such")
    with pytest.raises(ModelServerError, match="MODEL_SERVER_BINARY=/no/such: there is no such program"):
        launch.choose(chosen, devices=tmp_path, which=which("tensorflow_model_server"))


def test_the_simulator_is_refused_by_this_version(tmp_path: Path) -> None:
    with pytest.raises(ModelServerError, match="no simulator"):
        launch.choose(settings(MODEL_SERVER="simulator"), devices=tmp_path, which=which())


def test_the_model_config_is_text_that_tensorflow_serving_reads() -> None:
    odd = replace(Model(), name='a"b', base_path=Path("/x y/é"))
    config = model_server_config_pb2.ModelServerConfig()
    text_format.Parse(configs.model_config([Model(), odd]), config)
    first, second = config.model_config_list.config
    assert (first.name, first.base_path, list(first.model_version_policy.specific.versions)) == (
        "m",
        "/models/m",
        [1, 3],
    )
    assert (second.name, second.base_path) == ('a"b', "/x y/é")


def test_batching_parameters_have_tfscs_defaults_and_names() -> None:
    text = configs.batching_parameters(settings(), cpus=3)
    assert [part.split("{")[0].strip() for part in text.replace("\n", " ").split("}") if part.strip()] == [
        "max_batch_size", "batch_timeout_micros", "max_enqueued_batches", "num_batch_threads",
    ]  # fmt: skip
    assert [int(w) for w in text.split() if w.isdigit()] == [8, 1000, 3, 3]


def test_batch_transform_queues_without_a_practical_bound() -> None:
    assert "100000000" in configs.batching_parameters(settings(SAGEMAKER_BATCH="true"), cpus=3)


def plan(runtime: Path, environ: dict[str, str] | None = None, **env: str) -> tuple[launch.Launch, ...]:
    return launch.plan(settings(**env), Bundle(), runtime, environ or {}, "cpu")


def test_each_server_has_a_socket_and_a_port_of_its_own(tmp_path: Path) -> None:
    servers = plan(tmp_path, SAGEMAKER_TFS_INSTANCE_COUNT="4")
    assert len({s.target for s in servers}) == len({s.rest_port for s in servers}) == 4
    assert all(f"--grpc_socket_path={s.target.removeprefix('unix:')}" in s.argv for s in servers)


def test_inner_ports_stay_in_the_safe_range_and_off_the_services_own(tmp_path: Path) -> None:
    servers = plan(
        tmp_path,
        SAGEMAKER_TFS_INSTANCE_COUNT="2",
        SAGEMAKER_SAFE_PORT_RANGE="8080-8082",
        SAGEMAKER_BIND_TO_PORT="8080",
    )
    assert [s.rest_port for s in servers] == [8081, 8082]


def test_a_safe_range_without_room_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelServerError, match="no room for 2"):
        plan(tmp_path, SAGEMAKER_TFS_INSTANCE_COUNT="2", SAGEMAKER_SAFE_PORT_RANGE="8080-8081")


def test_a_model_server_never_sees_the_aws_credentials(tmp_path: Path) -> None:
    environ = {
        "AWS_SECRET_ACCESS_KEY": "s",
        "AWS_ACCESS_KEY_ID": "k",
        "AWS_SESSION_TOKEN": "t",
        "NEURON_RT_NUM_CORES": "2",
    }
    (server,) = plan(tmp_path, environ)
    assert dict(server.env) == {"NEURON_RT_NUM_CORES": "2", "TMPDIR": str(tmp_path)}


def test_parallelism_and_batching_become_flags_only_where_set(tmp_path: Path) -> None:
    (plain,) = plan(tmp_path)
    (full,) = plan(
        tmp_path,
        SAGEMAKER_TFS_INTER_OP_PARALLELISM="3",
        SAGEMAKER_TFS_INTRA_OP_PARALLELISM="2",
        SAGEMAKER_TFS_ENABLE_BATCHING="true",
    )
    assert not any(a.startswith(("--tensorflow_", "--enable_batching", "--batching")) for a in plain.argv)
    assert {
        "--tensorflow_inter_op_parallelism=3",
        "--tensorflow_intra_op_parallelism=2",
        "--enable_batching",
    } < set(full.argv)
    assert tmp_path / "batching.config" in full.files
