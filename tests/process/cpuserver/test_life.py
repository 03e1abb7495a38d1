import logging
import signal
import socket
import subprocess
import sys
import urllib.request

import grpc
import numpy as np
import psutil
import pytest

from neuronserve.boot import relay
from tests import handmade
from tests.cpuservers import predict_request, running, wait_for
from tests.ports import free_port

X = np.float32([[1, 2]])


def start(folder, *flags, **kinds):
    return running(folder, f"--model_base_path={folder / 'm'}", "--model_name=m", *flags, **kinds)


def run(*flags):
    return subprocess.run(
        [sys.executable, "-m", "neuronserve.cpuserver", *flags],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("tcp", [False, True])
def test_it_serves_on_a_unix_socket_and_on_tcp(tmp_path, tcp):
    handmade.doubling(tmp_path / "m" / "1")
    with start(tmp_path, tcp=tcp) as server:
        server.wait_until("m", {1: "AVAILABLE"})
        assert server.predict("m", x=X)["y"].tolist() == [[2, 4]]


def test_a_socket_that_a_killed_server_left_is_replaced(tmp_path):
    handmade.doubling(tmp_path / "m" / "1")
    with start(tmp_path) as first:
        first.wait_until("m", {1: "AVAILABLE"})
        first.stop(signal.SIGKILL)
    assert (tmp_path / "s").is_socket()
    with start(tmp_path) as second:
        second.wait_until("m", {1: "AVAILABLE"})
        assert second.stop() == 0
    assert not (tmp_path / "s").exists()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_with_exit_code_0(tmp_path, number):
    handmade.doubling(tmp_path / "m" / "1")
    with start(tmp_path, rest=True) as server:
        server.wait_until("m", {1: "AVAILABLE"})
        assert server.stop(number) == 0
        assert "Stopped" in server.log.read_text()


def test_a_call_in_flight_is_finished_before_it_ends(tmp_path):
    handmade.doubling(tmp_path / "m" / "1")
    parameters = tmp_path / "batching"
    parameters.write_text("max_batch_size { value: 100 } batch_timeout_micros { value: 1000000 }")
    with start(tmp_path, "--enable_batching", f"--batching_parameters_file={parameters}") as server:
        server.wait_until("m", {1: "AVAILABLE"})
        answer = server.begin("Predict", predict_request("m", x=X))  # waits a second for others' rows
        request = predict_request("m", x=X)
        request.inputs.clear()
        with pytest.raises(grpc.RpcError):
            server.call("Predict", request)  # now the first one is in the server, too
        server.process.terminate()
        assert answer.result().outputs["y"].float_val == (X * 2).ravel().tolist()
        assert server.process.wait(30) == 0


def test_it_answers_status_while_the_model_is_still_missing(tmp_path):
    with start(tmp_path) as server:
        wait_for(lambda: "Could not find base path" in server.log.read_text(), "a word about the base path")
        assert server.channel.unary_unary("/grpc.health.v1.Health/Check")(b"", timeout=30) == b"\x08\x02"
        handmade.doubling(tmp_path / "m" / "1")
        server.wait_until("m", {1: "AVAILABLE"})


def test_a_broken_model_ends_with_its_error_and_the_server_runs_on(tmp_path):
    handmade.doubling(tmp_path / "m" / "1")
    (tmp_path / "m" / "2").mkdir()
    flags = ("--max_num_load_retries=1", "--load_retry_interval_micros=1000")
    with start(tmp_path, *flags) as server:
        server.wait_until("m", {2: "END"})
        (status,) = server.status("m")
        assert status.status.error_code == 5  # NOT_FOUND
        assert "Could not find SavedModel .pb or .pbtxt at supplied export directory path" in (
            status.status.error_message
        )
        assert "Retrying of loading servable: {name: m version: 2} retry: 1" in server.log.read_text()
        assert server.process.poll() is None


def test_a_damaged_model_ends_with_its_error(tmp_path):
    (handmade.doubling(tmp_path / "m" / "1") / "saved_model.pb").write_bytes(b"no protobuf")
    with start(tmp_path, "--max_num_load_retries=0") as server:
        server.wait_until("m", {1: "END"})
        message = server.status("m")[0].status.error_message  # TensorFlow's own names no file
        assert message == f"Read less bytes than requested; while loading {tmp_path / 'm' / '1'}"


@pytest.mark.parametrize(
    ("flags", "text"),
    [
        (("--port=many",), "Couldn't interpret value many for flag port"),
        ((), "Both server_options.model_base_path and server_options.model_config_file are empty!"),
        (("--model_base_path=relative",), "to have an absolute path or URI; got base_path()=relative"),
        (("--model_base_path=/m", "--port=0"), "At least one of server_options.grpc_port"),
        (("--model_base_path=/m", "--use_alts_credentials"), "use --ssl_config_file"),
        (("--model_base_path=/m", "--batching_parameters_file=x"), "without setting"),
        (("--model_config_file=/nowhere",), "NOT_FOUND: /nowhere"),
        (("--model_base_path=/m", "--rest_api_port=8500"), "--rest_api_port cannot be same as --port"),
    ],
)
def test_a_wrong_command_line_ends_it_with_255_and_says_why(flags, text):
    ended = run(*flags)
    assert ended.returncode == 255
    assert text in ended.stderr


def test_a_port_in_use_ends_it_with_255(tmp_path):
    with socket.socket() as taken:
        taken.bind(("0.0.0.0", 0))
        taken.listen()
        port = taken.getsockname()[1]
        ended = run("--model_base_path=/m", f"--port={port}")
        assert ended.returncode == 255
        assert f"cannot listen on 0.0.0.0:{port}" in ended.stderr
        ended = run("--model_base_path=/m", f"--port={free_port()}", f"--rest_api_port={port}")
        assert ended.returncode == 255
        assert f"cannot listen on port {port}" in ended.stderr


def test_version_prints_and_ends():
    ended = run("--version")
    assert ended.returncode == 0
    assert "TensorFlow Library: 2." in ended.stdout


@pytest.mark.parametrize("onednn", ["0", "1"])  # what TensorFlow chooses, and tells, depends on the CPU
def test_flags_without_effect_are_named_in_one_line_each_and_nothing_warns(tmp_path, onednn):
    handmade.doubling(tmp_path / "m" / "1")
    flags = ("--flush_filesystem_caches=false", "--per_process_gpu_memory_fraction", "0.5")
    with start(tmp_path, *flags, environ={"TF_ENABLE_ONEDNN_OPTS": onednn}) as server:
        server.wait_until("m", {1: "AVAILABLE"})
        lines = server.log.read_text().splitlines()
    assert sum("has no effect in this server" in line for line in lines) == 2
    assert [line for line in lines if relay.understand(line)[0] > logging.INFO] == []


def test_tensorflows_python_is_never_imported():
    code = (
        "import sys, neuronserve.cpuserver.server, neuronserve.cpuserver.runtime.library as l; l.version();"
        "print([m for m in sys.modules if m.startswith(('keras', 'tensorflow.python'))])"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ended.stdout.strip() == "[]"


def addresses(server):
    """(address, port) of each TCP socket that it listens on; those of IPv4 as such."""
    found = psutil.Process(server.process.pid).net_connections(kind="tcp")
    return {
        (one.laddr.ip.removeprefix("::ffff:"), one.laddr.port)
        for one in found
        if one.status == psutil.CONN_LISTEN
    }


@pytest.mark.parametrize("flags", [("--listen_address=127.0.0.1",), ()])
def test_its_ports_are_open_on_one_address_where_it_is_told_and_on_all_else(tmp_path, flags):
    handmade.doubling(tmp_path / "m" / "1")
    with start(tmp_path, *flags, rest=True, tcp=True) as server:
        server.wait_until("m", {1: "AVAILABLE"})
        found = {address for address, _ in addresses(server)}
        assert len({port for _, port in addresses(server)}) == 2
        assert found == {"127.0.0.1"} if flags else not any(a.startswith("127.") for a in found)
        assert urllib.request.urlopen(f"{server.rest}/v1/models/m", timeout=20).status == 200
