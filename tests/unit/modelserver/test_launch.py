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


def test_each_server_has_a_socket_and_a_port_of_its_own(tmp_path: Path) -> None:
    servers = plan(tmp_path, owners=tuple(map(Owner, range(4))))
    assert len({s.target for s in servers}) == len({s.rest_port for s in servers}) == 4
    assert all(f"--grpc_socket_path={s.target.removeprefix('unix:')}" in s.argv for s in servers)


def test_inner_ports_stay_in_the_safe_range_and_off_the_services_own(tmp_path: Path) -> None:
    servers = plan(
        tmp_path,
        owners=(Owner(0), Owner(1)),
        SAGEMAKER_SAFE_PORT_RANGE="8080-8082",
        SAGEMAKER_BIND_TO_PORT="8080",
    )
    assert [s.rest_port for s in servers] == [8081, 8082]


def test_a_safe_range_without_room_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelServerError, match="no room for 2"):
        plan(tmp_path, owners=(Owner(0), Owner(1)), SAGEMAKER_SAFE_PORT_RANGE="8080-8081")


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
    (server,) = plan(tmp_path)
    assert server.grpc_port is None
    assert "--port=0" in server.argv


def test_a_model_server_never_sees_the_aws_credentials(tmp_path: Path) -> None:
    environ = {
        "AWS_SECRET_ACCESS_KEY": "s",
        "AWS_ACCESS_KEY_ID": "k",
        "AWS_SESSION_TOKEN": "t",
        "NEURON_RT_NUM_CORES": "2",
    }
    (server,) = plan(tmp_path, environ)
    assert dict(server.env) == {
        "NEURON_RT_NUM_CORES": "2",
        "NEURON_PROCESS_TAG": "neuronserve-0",
        "TMPDIR": str(tmp_path / "ms-0.tmp"),
    }


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
