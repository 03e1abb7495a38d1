from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from google.protobuf import text_format

from neuronserve.compiled import Compiled, SignatureBatch
from neuronserve.errors import ModelServerError
from neuronserve.messages import model_server_config_pb2
from neuronserve.modelserver import configs, launch
from neuronserve.settings import Settings


@dataclass(frozen=True)
class Model:
    name: str = "m"
    base_path: Path = Path("/models/m")
    versions: tuple[int, ...] = (1, 3)
    compiled: tuple[Compiled, ...] = ()


@dataclass(frozen=True)
class Owner:
    server: int
    shown: str = ""
    chips: tuple[int, ...] = ()
    models: tuple[str, ...] = ("m",)
    copies: int = 1


def settings(**environ: str) -> Settings:
    return Settings.from_environ(environ)


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


def plan(
    runtime: Path,
    environ: dict[str, str] | None = None,
    *,
    owners: tuple[Owner, ...] = (Owner(0),),
    models: tuple[Model, ...] = (Model(),),
    **env: str,
) -> tuple[launch.Launch, ...]:
    return launch.plan(settings(**env), models, owners, runtime, environ or {}, "cpu")


def with_ports(runtime: Path, servers: int = 1, kind: str = "cpu", **env: str) -> tuple[launch.Launch, ...]:
    owners = tuple(map(Owner, range(servers)))
    return launch.plan(settings(**env), [Model()], owners, runtime, {}, kind, tcp=True)


def test_each_server_has_a_folder_with_a_socket_of_its_own(tmp_path: Path) -> None:
    servers = plan(tmp_path, owners=tuple(map(Owner, range(4))))
    assert len({s.target for s in servers}) == 4
    assert {s.folder for s in servers} == {tmp_path / f"ms-{index}" for index in range(4)}
    assert all(s.env["TMPDIR"] == s.env["HOME"] == str(s.folder) for s in servers)
    assert all(f"--grpc_socket_path={s.target.removeprefix('unix:')}" in s.argv for s in servers)


def test_inner_ports_stay_in_the_safe_range_and_off_the_services_own(tmp_path: Path) -> None:
    (server,) = with_ports(tmp_path, SAGEMAKER_SAFE_PORT_RANGE="8080-8082", SAGEMAKER_BIND_TO_PORT="8080")
    assert [server.rest_port, server.grpc_port] == [8081, 8082]


def test_a_safe_range_without_room_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelServerError, match="no room for 4"):
        with_ports(tmp_path, 2, SAGEMAKER_SAFE_PORT_RANGE="8080-8082")


def test_with_tcp_each_server_has_a_grpc_port_beside_its_socket(tmp_path: Path) -> None:
    owners = (Owner(0), Owner(1))
    planned = launch.plan(settings(), [Model()], owners, tmp_path, {}, "cpu", tcp=True)
    ports = [p for s in planned for p in (s.rest_port, s.grpc_port)]
    assert len(set(ports)) == 4
    for server in planned:
        assert f"--port={server.grpc_port}" in server.argv
        assert f"--grpc_socket_path={server.target.removeprefix('unix:')}" in server.argv


def test_grpc_ports_come_out_of_the_safe_range_too(tmp_path: Path) -> None:
    owners = (Owner(0), Owner(1))
    inside = settings(SAGEMAKER_SAFE_PORT_RANGE="9000-9003")
    planned = launch.plan(inside, [Model()], owners, tmp_path, {}, "cpu", tcp=True)
    assert [(s.rest_port, s.grpc_port) for s in planned] == [(9000, 9001), (9002, 9003)]
    narrow = settings(SAGEMAKER_SAFE_PORT_RANGE="9000-9002")
    with pytest.raises(ModelServerError, match="no room for 4 ports"):
        launch.plan(narrow, [Model()], owners, tmp_path, {}, "cpu", tcp=True)


def test_without_tcp_a_server_listens_on_its_socket_only(tmp_path: Path) -> None:
    (server,) = plan(tmp_path, SAGEMAKER_SAFE_PORT_RANGE="8080-8080")  # which is the service's own
    assert (server.rest_port, server.grpc_port) == (None, None)
    assert {"--port=0", "--rest_api_port=0"} <= set(server.argv)


# model_servers/main.cc of TensorFlow Serving 1.15 to 2.20 has no flag for the address of its ports
@pytest.mark.parametrize(
    ("kind", "given"), [("cpu", True), ("simulator", True), ("tensorflow", False), ("neuron", False)]
)
def test_only_our_own_servers_are_told_to_open_their_ports_on_loopback_alone(
    tmp_path: Path, kind: str, given: bool
) -> None:
    binary = tmp_path / "server"
    binary.write_text("#!/bin/sh\n")
    binary.chmod(0o755)
    (server,) = with_ports(tmp_path, kind=kind, MODEL_SERVER_BINARY=str(binary))
    assert ("--listen_address=127.0.0.1" in server.argv) is given


NEEDED = {
    "PATH": "/bin", "LD_LIBRARY_PATH": "/opt/aws/neuron/lib", "LC_ALL": "C.UTF-8", "NEURON_RT_NUM_CORES": "2",
    "TF_CPP_MIN_LOG_LEVEL": "1", "OMP_NUM_THREADS": "4", "KMP_BLOCKTIME": "0", "GRPC_VERBOSITY": "debug",
}  # fmt: skip
NOT_NEEDED = {
    "AWS_SECRET_ACCESS_KEY": "s", "AWS_SESSION_TOKEN": "t", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/v2/x",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN": "t", "AWS_WEB_IDENTITY_TOKEN_FILE": "/t",
    "ECS_CONTAINER_METADATA_URI_V4": "u",
    "HTTPS_PROXY": "http://u:p@proxy", "PIP_INDEX_URL": "https://u:p@index", "MY_SECRET": "s",
    "DATABASE_URL": "s", "TF_API_TOKEN": "t", "NEURON_SECRET": "s", "SAGEMAKER_REGION": "r", "HOME": "/root",
    "TFX": "x",
}  # fmt: skip


def test_a_model_server_gets_the_variables_it_needs_and_no_others(tmp_path: Path) -> None:
    (server,) = plan(tmp_path, {**NEEDED, **NOT_NEEDED})
    folder = str(tmp_path / "ms-0")
    assert dict(server.env) == {
        **NEEDED,
        "NEURON_PROCESS_TAG": "neuronserve-0",
        "TMPDIR": folder,
        "HOME": folder,
    }


def test_a_model_server_gets_what_an_operator_names(tmp_path: Path) -> None:
    (server,) = plan(tmp_path, NOT_NEEDED, SERVE_MODEL_SERVER_ENV="MY_SECRET, DATABASE_URL,NEURON_SECRET")
    assert {"MY_SECRET", "DATABASE_URL", "NEURON_SECRET"} <= set(server.env)
    assert "AWS_SECRET_ACCESS_KEY" not in server.env


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
    assert tmp_path / "batching-0.config" in full.files


def test_a_server_sees_its_own_cores_and_nothing_else(tmp_path: Path) -> None:
    environ = {"NEURON_RT_VISIBLE_CORES": "0-7", "NEURON_RT_NUM_CORES": "8"}
    owners = (Owner(0, "0-3", (0,)), Owner(1, "4-7", (1,)))
    first, second = plan(tmp_path, environ, owners=owners)
    assert [s.env["NEURON_RT_VISIBLE_CORES"] for s in (first, second)] == ["0-3", "4-7"]
    assert "NEURON_RT_NUM_CORES" not in first.env
    assert (second.cores, second.chips, second.tag) == ("4-7", (1,), "neuronserve-1")


def test_a_process_tag_of_the_users_own_stays_recognisable_and_in_bounds(tmp_path: Path) -> None:
    (server,) = plan(tmp_path, {"NEURON_PROCESS_TAG": "fleet"})
    assert server.env["NEURON_PROCESS_TAG"] == "fleet-0"
    (server,) = plan(tmp_path, {"NEURON_PROCESS_TAG": "x" * 300})
    assert len(server.env["NEURON_PROCESS_TAG"]) == 255
    assert server.env["NEURON_PROCESS_TAG"].endswith("x-0")


def test_a_server_gets_the_models_it_was_planned_for(tmp_path: Path) -> None:
    models = (Model("a"), Model("b"))
    owners = (Owner(0, models=("a",)), Owner(1, models=("a", "b")))
    first, second = plan(tmp_path, owners=owners, models=models)
    assert [m.name for m in first.models] == ["a"]
    assert second.files[tmp_path / "models-1.config"].count("name:") == 2
    assert "--model_config_file=" + str(tmp_path / "models-1.config") in second.argv


def test_a_model_compiled_at_a_fixed_batch_has_its_rows_joined_by_the_server(tmp_path: Path) -> None:
    fixed = replace(Model(), compiled=(Compiled(1, signatures={"s": SignatureBatch(4, inputs=("x",))}),))
    (server,) = plan(tmp_path, models=(fixed,))
    assert server.joins
    assert "--enable_batching" in server.argv


def test_a_server_with_cores_has_a_grpc_thread_for_each_call_that_may_wait_there(tmp_path: Path) -> None:
    on_cores, on_cpu = plan(tmp_path, owners=(Owner(0, shown="0-3"), Owner(1)), SERVE_MAX_IN_FLIGHT="1000")
    (flag,) = (a for a in on_cores.argv if a.startswith("--grpc_max_threads="))
    assert int(flag.partition("=")[2]) > 1000
    assert not any(a.startswith("--grpc_max_threads=") for a in on_cpu.argv)
