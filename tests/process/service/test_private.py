"""What others can reach and read: other users of the host, and a model whose graph reads files.

Sources: proc(5) on who may read /proc/PID/environ, prctl(2) on PR_SET_DUMPABLE; TensorFlow's ReadFile op.
"""

import base64
import contextlib
import ipaddress
import json
import os
import shutil
import sys
import tarfile
import tempfile
from pathlib import Path

import psutil
import pytest

from tests import handmade
from tests.wheels import wheel

ROOT = Path(__file__).resolve().parents[3]
JSON = {"Content-Type": "application/json"}
SECRETS = {
    "AWS_ACCESS_KEY_ID": "planted-key-id",
    "AWS_SECRET_ACCESS_KEY": "planted-secret-key",
    "AWS_SESSION_TOKEN": "planted-session-token",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN": "planted-authorization-token",
    "AWS_WEB_IDENTITY_TOKEN_FILE": "/planted-web-identity",
    "HTTPS_PROXY": "http://user:planted-password@127.0.0.1:1",
    "MY_SECRET": "planted-of-ecs",
}
HANDLER = """
import os, requests

def handler(data, context):
    answer = requests.post(context.rest_uri, data=data.read(), timeout=20)
    return b"%s %d" % (os.environ["MY_SECRET"].encode(), answer.status_code), "text/plain"
"""
WHOAMI = """
import json, os, greeting, requests

def handler(data, context):
    rest = requests.post(context.rest_uri, data=data.read(), timeout=20).status_code
    told = {"uid": os.geteuid(), "package": greeting.VERSION, "secret": os.environ["MY_SECRET"], "rest": rest}
    return json.dumps(told), "application/json"
"""
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="becoming somebody else takes root")


@pytest.fixture
def shared():
    """A folder that every user can reach: pytest's own is closed."""
    folder = Path(tempfile.mkdtemp(prefix="p-", dir="/tmp"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def reading(shared):
    """A model that answers with the content of the file that it is asked for."""
    handmade.reading(shared / "model" / "1")
    return shared / "model"


def opened(then=""):
    """A command's beginning: a mount namespace in which every user reaches this Python and checkout."""
    lines = ["mount --make-rprivate /"]
    for folder in (Path(sys.base_prefix), ROOT):
        closed = [parent for parent in reversed(folder.parents) if not parent.stat().st_mode & 0o001]
        if closed:
            lines += [
                f"kept=$(mktemp -d); mount --bind {folder} $kept",
                f"mount -t tmpfs -o mode=755 tmpfs {closed[0]}",
                f"mkdir -p {folder}; mount --bind $kept {folder}",
            ]
    script = "\n".join([*lines, f'exec {then} "$@"'])
    return ("unshare", "--mount", "sh", "-e", "-c", script, "sh", sys.executable, str(ROOT / "serve"))


def read(service, path, at="/invocations"):
    """What the model answers for a file: its content, or why not."""
    body = json.dumps({"inputs": str(path)}).encode()
    answer = service.post(at, body, JSON)
    if answer.status != 200:
        return answer.body
    found = answer.json()["outputs"]
    return base64.b64decode(found["b64"]) if isinstance(found, dict) else found.encode()


def users(service, name):
    return {process.uids().effective for process in service.children(name)}


def listening(service):
    """(address, port) of each TCP socket that any process of the service listens on."""
    found = set()
    for process in service.survivors():
        with contextlib.suppress(psutil.NoSuchProcess):
            for one in process.net_connections(kind="tcp"):
                if one.status == psutil.CONN_LISTEN:
                    address = ipaddress.ip_address(one.laddr.ip)
                    mapped = getattr(address, "ipv4_mapped", None)  # as gRPC binds
                    found.add((mapped or address, one.laddr.port))
    return found


def assert_no_process_tells(service):
    """That the model reads a secret neither in a process nor in one of its threads."""
    assert b"TMPDIR=" in read(service, "/proc/self/environ"), "the op reads what may be read"
    processes = service.survivors()
    assert len(processes) >= 6, "serve, nginx, gunicorn, their workers, a model server"
    for process in processes:
        for path in ("environ", f"task/{process.pid}/environ"):
            content = read(service, f"/proc/{process.pid}/{path}")
            assert b"planted" not in content, (process, path, content)


def test_without_a_models_own_code_only_nginxs_port_is_open(serve, doubling):
    service = serve(MODEL_URI=doubling, MODEL_SERVER="cpu")
    service.wait_ready()
    assert {port for _, port in listening(service)} == {service.port}
    assert service.stop() == 0


def test_with_a_models_own_code_the_model_servers_ports_are_open_on_loopback_alone(serve, doubling, tmp_path):
    model = tmp_path / "model"
    shutil.copytree(doubling, model / "m")
    (model / "code").mkdir()
    (model / "code" / "inference.py").write_text(HANDLER)
    service = serve(MODEL_URI=model, MODEL_SERVER="cpu", MY_SECRET="planted")
    service.wait_ready()
    inner = [address for address, port in listening(service) if port != service.port]
    assert len(inner) == 2
    assert all(address.is_loopback for address in inner)
    answer = service.post("/invocations", b'{"instances": [[1.0, 2.0, 5.0]]}', JSON)
    assert (answer.status, answer.body) == (200, b"planted 200"), "it has the service's variables, and REST"
    assert service.stop() == 0


def test_a_models_own_code_may_do_without_ports(serve, doubling, tmp_path):
    model = tmp_path / "model"
    shutil.copytree(doubling, model / "m")
    (model / "code").mkdir()
    (model / "code" / "inference.py").write_text(HANDLER.replace("requests.post(", "print("))
    service = serve(MODEL_URI=model, MODEL_SERVER="cpu", SERVE_HANDLER_PORTS="false", MY_SECRET="")
    service.wait_ready()
    assert {port for _, port in listening(service)} == {service.port}
    assert service.stop() == 0


@as_root
def test_of_one_user_a_models_graph_reads_no_secret_of_any_process(serve, reading, shared):
    service = serve(
        program=opened("setpriv --reuid=54321 --regid=54321 --clear-groups"),
        MODEL_URI=reading, MODEL_SERVER="cpu", SERVE_RUNTIME_DIR="",
        SERVE_CACHE_DIR=shared / "cache", **SECRETS,
    )  # fmt: skip
    service.wait_logged("serving on port")
    assert users(service, "cpuserver") == users(service, "gunicorn") == {54321}
    assert_no_process_tells(service)
    assert service.stop() == 0


@as_root
def test_started_as_root_the_parts_are_several_users_and_a_graph_reads_no_secret(serve, reading, shared):
    service = serve(
        program=opened(), MODEL_URI=reading, MODEL_SERVER="cpu", SERVE_CACHE_DIR=shared / "cache", **SECRETS
    )
    service.wait_ready()
    [master] = [p for p in service.children("gunicorn") if p.ppid() == service.process.pid]
    workers = {worker.uids().effective for worker in master.children()}
    servers, nginx = users(service, "cpuserver"), users(service, "nginx: worker")
    assert 0 not in workers | servers | nginx
    assert not servers & (workers | nginx), "a model is nobody else"
    assert_no_process_tells(service)
    for path in (service.runtime / "in-flight", service.runtime / "lock", "/etc/shadow"):
        assert b"model_failed" in read(service, path), path
    assert service.stop() == 0
    assert not [line for line in service.log() if "as root" in line["message"]]


@as_root
def test_started_as_root_a_models_own_code_and_its_packages_run_as_the_workers_do(serve, shared):
    model = shared / "packed"
    handmade.doubling_rows(model / "m" / "1")
    wheel(model / "code" / "wheels", "greeting", "2.5")
    (model / "code" / "requirements.txt").write_text("greeting\n")
    (model / "code" / "inference.py").write_text(WHOAMI)
    with tarfile.open(shared / "model.tar.gz", "w:gz") as tar:
        for entry in model.iterdir():
            tar.add(entry, entry.name)
    service = serve(
        program=opened(), MODEL_URI=shared / "model.tar.gz", MODEL_SERVER="cpu",
        SERVE_CACHE_DIR=shared / "cache", MY_SECRET="of the service",
    )  # fmt: skip
    service.wait_ready()
    [master] = [p for p in service.children("gunicorn") if p.ppid() == service.process.pid]
    [uid] = {worker.uids().effective for worker in master.children()}
    assert uid
    answer = service.post("/invocations", b'{"instances": [[1.0, 2.0, 5.0]]}', JSON)
    assert answer.json() == {"uid": uid, "package": "2.5", "secret": "of the service", "rest": 200}
    assert (shared / "cache").stat().st_mode & 0o7777 == 0o750
    assert service.stop() == 0


@as_root
def test_started_as_root_models_are_loaded_and_unloaded_by_the_workers_alone(serve, shared):
    handmade.reading(shared / "models" / "a" / "model" / "1")
    service = serve(
        program=opened(), SAGEMAKER_MULTI_MODEL="true", SERVE_MODELS_DIR=shared / "models",
        MODEL_SERVER="cpu", SERVE_CACHE_DIR=shared / "cache", **SECRETS,
    )  # fmt: skip
    service.wait_ready()
    body = json.dumps({"model_name": "a", "url": f"{shared}/models/a/model"}).encode()
    assert service.post("/models", body, JSON).status == 200
    control = (service.runtime / "models.sock").stat()
    assert (control.st_mode & 0o777, control.st_uid in users(service, "gunicorn") - {0}) == (0o600, True)
    content = read(service, f"/proc/{service.process.pid}/environ", at="/models/a/invoke")
    assert b"planted" not in content
    assert b"TMPDIR=" in read(service, "/proc/self/environ", at="/models/a/invoke")
    assert service.request("DELETE", "/models/a").status == 200
    assert service.stop() == 0


@as_root
def test_started_as_root_long_answers_of_batch_transform_are_spooled(serve, shared):
    handmade.doubling_rows(shared / "model" / "1")
    service = serve(program=opened(), MODEL_URI=shared / "model", MODEL_SERVER="cpu", SAGEMAKER_BATCH="true")
    service.wait_ready()
    rows = 1_000_000  # 12 bytes each: more than is kept in memory
    answer = service.post(
        "/invocations", b"1,2,3\n" * rows, {"Content-Type": "text/csv", "Accept": "text/csv"}, 120
    )
    assert (answer.status, len(answer.body)) == (200, rows * len("2.0,4.0,6.0\n"))
    assert service.stop() == 0


@as_root
def test_started_as_root_a_model_that_only_root_may_read_is_served_by_root(serve, reading):
    (reading / "1" / "saved_model.pb").chmod(0o600)
    service = serve(program=opened(), MODEL_URI=reading, MODEL_SERVER="cpu")
    service.wait_ready()
    assert users(service, "cpuserver") == {0}
    [line] = [line for line in service.log() if "model servers run as root" in line["message"]]
    assert "saved_model.pb" in line["message"]
    assert "chmod -R a+rX" in line["message"]
    assert service.stop() == 0


@as_root
def test_started_as_root_an_operator_says_whom_the_parts_run_as(serve, reading):
    service = serve(
        program=opened(), MODEL_URI=reading, MODEL_SERVER="cpu",
        SERVE_MODEL_SERVER_USER="daemon", SERVE_GATEWAY_USER="root",
    )  # fmt: skip
    service.wait_ready()
    assert users(service, "cpuserver") == {1}
    assert users(service, "gunicorn") == {0}
    assert service.stop() == 0


@as_root
def test_a_user_that_is_not_there_is_a_fault_of_the_settings(serve, reading):
    service = serve(MODEL_URI=reading, SERVE_MODEL_SERVER_USER="nobody-at-all")
    assert service.wait_exit() == 2
    assert "SERVE_MODEL_SERVER_USER='nobody-at-all'" in service.log()[0]["message"]


@as_root
def test_the_runtime_folder_is_closed_to_other_users(serve, doubling):
    service = serve(MODEL_URI=doubling, MODEL_SERVER="cpu")
    service.wait_ready()
    status = service.runtime.stat()
    assert status.st_mode & 0o027 == 0
    for path in service.runtime.rglob("*.sock"):
        assert path.stat().st_mode & 0o007 == 0 or path.name == "front.sock", path
    assert service.stop() == 0
