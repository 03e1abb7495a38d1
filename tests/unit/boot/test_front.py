import errno
import os
import re
from pathlib import Path

import pytest

from neuronserve.boot import front
from neuronserve.errors import FrontError
from neuronserve.settings import Settings
from tests.ports import free_port

TEMPLATE = (front.ROOT / "nginx.conf").read_text()


def _render(**environ):
    return front.render(Settings.from_environ(environ), Path("/run/x"), TEMPLATE)


def test_every_place_is_filled():
    assert not re.search(r"%[{a-z]", re.sub(r"#.*", "", _render()))


@pytest.mark.parametrize(
    ("environ", "line"),
    [
        ({}, "listen 8080 backlog=4096;"),
        ({"SAGEMAKER_BIND_TO_PORT": "9000"}, "listen 9000 backlog=4096;"),
        ({}, "client_max_body_size 104857600;"),
        ({"SERVE_MAX_BODY_MB": "0"}, "client_max_body_size 0;"),
        ({"SAGEMAKER_MAX_PAYLOAD_IN_MB": "200"}, "client_max_body_size 209715200;"),
        ({}, "proxy_read_timeout 65s;"),
        ({"SERVE_DEADLINE_SECONDS": "0.5"}, "proxy_read_timeout 60s;"),
        ({"SERVE_DEADLINE_SECONDS": "100.5"}, "proxy_read_timeout 106s;"),
        ({"SAGEMAKER_NGINX_PROXY_READ_TIMEOUT_SECONDS": "300"}, "proxy_read_timeout 300s;"),
        ({"SERVE_BODY_READ_SECONDS": "7"}, "client_body_timeout 7s;"),
        ({"SERVE_MAX_IN_FLIGHT": "9"}, "limit_conn in_flight 9;"),
        ({"SAGEMAKER_TFS_NGINX_LOGLEVEL": "warn"}, "error_log stderr warn;"),
        ({"SERVE_REQUEST_LOG": "false"}, "access_log off;"),
        ({}, "access_log /dev/stdout front if=$front_answered;"),
        ({}, "server unix:/run/x/gateway.sock;"),
        ({"SAGEMAKER_MULTI_MODEL": "true"}, "server unix:/run/x/loads.sock;"),
        ({"SAGEMAKER_MULTI_MODEL": "true"}, "any loads;"),
        ({}, "any questions;"),
        ({}, "limit_conn loads 32;"),
        ({}, "proxy_read_timeout 935s;"),
        # SageMaker waits 360 s for an unload
        ({"SAGEMAKER_TFS_WAIT_TIME_SECONDS": "10"}, "proxy_read_timeout 395s;"),
    ],
)
def test_a_setting_becomes_its_line(environ, line):
    assert line in [text.split("  #")[0].strip() for text in _render(**environ).splitlines()]


def test_everything_nginx_writes_lies_in_the_runtime_folder():
    paths = re.findall(r"(?:_temp_path|pid|root) (\S+);", _render())
    assert len(paths) == 7
    assert all(path.startswith("/run/x") for path in paths)


@pytest.mark.skipif(os.geteuid() == 0, reason="root names a user")
def test_without_root_no_user_is_named():
    assert not re.search(r"^user ", _render(), re.MULTILINE)


def test_a_machine_without_nginx_is_told_what_to_install(monkeypatch):
    monkeypatch.setattr(front.machine, "program", lambda *_: None)
    with pytest.raises(FrontError, match="apt-get install nginx"):
        front.command(Path("/run/x"), {}, on_stdout=print, on_stderr=print)


@pytest.mark.parametrize(
    ("answer", "count"),
    [
        (b"HTTP/1.1 200 OK\r\n\r\nActive connections: 9 \nReading: 1 Writing: 4 Waiting: 3 \n", 8),
        (b"HTTP/1.1 200 OK\r\n\r\nActive connections: 1 \nReading: 0 Writing: 1 Waiting: 0 \n", 0),
        (b"", None),
    ],
)
def test_connections_are_all_but_the_one_that_asks(monkeypatch, answer, count):
    monkeypatch.setattr(front.asking, "get", lambda *_, **__: answer)
    assert front.connections(Path("/run/x")) == count


def test_a_full_disk_is_told_with_the_file_and_what_to_do(tmp_path):
    (tmp_path / "nginx.conf").symlink_to("/dev/full")
    with pytest.raises(FrontError, match=r"cannot write .*nginx\.conf: no space left.*SERVE_RUNTIME_DIR"):
        front.prepare(Settings.from_environ({"SAGEMAKER_BIND_TO_PORT": str(free_port())}), tmp_path)


def test_a_port_for_privileged_users_is_told_as_such(tmp_path, monkeypatch):
    def refuse(_address):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr("socket.create_server", refuse)
    with pytest.raises(FrontError, match=r"port 80: permission denied.*1024 or more"):
        front.prepare(Settings.from_environ({"SAGEMAKER_BIND_TO_PORT": "80"}), tmp_path)
