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
        ({"SERVE_MAX_IN_FLIGHT": "9"}, "server unix:/run/x/gateway.sock max_conns=9;"),
        ({"SERVE_MAX_REQUESTS_PER_ADDRESS": "9"}, "limit_conn held_by_address 9;"),
        ({"SERVE_MAX_REQUESTS_PER_ADDRESS": "9"}, "limit_conn large_by_address 9;"),
        ({"SERVE_MAX_REQUESTS_PER_ADDRESS": "0", "SERVE_MAX_UPLOADS": "7"}, "limit_conn large_by_address 7;"),
        ({"SERVE_MAX_UPLOADS": "300"}, "limit_conn large 300;"),
        ({"SERVE_MAX_UPLOADS": "300"}, "limit_conn large_by_address 150;"),
        ({"SAGEMAKER_TFS_NGINX_LOGLEVEL": "warn"}, "error_log stderr warn;"),
        ({"SERVE_REQUEST_LOG": "false"}, "access_log off;"),
        ({}, "access_log /dev/stdout front if=$front_answered;"),
        ({}, "server unix:/run/x/gateway.sock max_conns=128;"),
        ({"SAGEMAKER_MULTI_MODEL": "true"}, "server unix:/run/x/loads.sock max_conns=32;"),
        ({"SAGEMAKER_MULTI_MODEL": "true"}, "any loads;"),
        ({}, "any questions;"),
        ({}, "proxy_read_timeout 935s;"),
        # SageMaker waits 360 s for an unload
        ({"SAGEMAKER_TFS_WAIT_TIME_SECONDS": "10"}, "proxy_read_timeout 395s;"),
    ],
)
def test_a_setting_becomes_its_line(environ, line):
    assert line in [text.split("  #")[0].strip() for text in _render(**environ).splitlines()]


@pytest.fixture
def modules(tmp_path, monkeypatch):
    """The folder of nginx's modules, in which there are none."""
    monkeypatch.setattr(front.machine, "NGINX_MODULES", tmp_path)
    return tmp_path


@pytest.fixture
def lua(modules):
    for name in ("ndk_http_module.so", "ngx_http_lua_module.so"):
        (modules / name).touch()


@pytest.mark.usefixtures("lua")
@pytest.mark.parametrize(
    ("environ", "line"),
    [
        ({}, "access_by_lua_block { receive(15, 60) }"),
        ({"SERVE_BODY_READ_SECONDS": "7"}, "access_by_lua_block { receive(7, 60) }"),
        ({"SERVE_DEADLINE_SECONDS": "0.5"}, "access_by_lua_block { receive(15, 1) }"),
        (
            {"SERVE_DEADLINE_SECONDS": "90", "SERVE_BODY_SECONDS": "30"},
            "access_by_lua_block { receive(15, 30) }",
        ),
        ({"SERVE_BODY_READ_SECONDS": "7"}, "client_body_timeout 12s;"),  # the Lua answers first
        ({"SAGEMAKER_BATCH": "true"}, "client_body_timeout 15s;"),
    ],
)
def test_bodies_are_timed_where_nginx_has_lua(environ, line):
    rendered = _render(**environ)
    assert line in [text.split("  #")[0].strip() for text in rendered.splitlines()]
    assert ("access_by_lua_block" in rendered) == ("SAGEMAKER_BATCH" not in environ)
    assert rendered.index("ndk_http_module.so;") < rendered.index("ngx_http_lua_module.so;")


def test_without_lua_only_pauses_are_bounded_and_that_is_said(modules, tmp_path, caplog):
    rendered = _render(SERVE_BODY_READ_SECONDS="7")
    assert "client_body_timeout 7s;" in rendered
    assert not re.search(r"^\s*\S*lua", rendered, re.MULTILINE)
    front.prepare(Settings.from_environ({"SAGEMAKER_BIND_TO_PORT": str(free_port())}), tmp_path)
    assert "apt-get install libnginx-mod-http-lua" in caplog.text


def test_what_may_be_held_is_never_less_than_what_may_be_in_flight():
    found = re.findall(r"limit_conn \w+ (\d+);", _render(SERVE_MAX_IN_FLIGHT="60000"))
    assert found
    assert min(map(int, found)) >= 60_000


def test_each_configuration_has_counters_of_its_own():
    settings = Settings.from_environ({})
    turns = [front.render(settings, Path("/run/x"), TEMPLATE, turn) for turn in range(3)]
    zones = [re.findall(r"limit_conn_zone .*", rendered) for rendered in turns]
    assert all(before != after for before, after in zip(zones[0], zones[1], strict=True))
    assert all(before != after for before, after in zip(zones[1], zones[2], strict=True))


@pytest.mark.parametrize(
    ("line", "passed_on", "lost"),
    [
        ("2026/12/01 04:40:45 [alert] 7#7: worker process 9 exited on signal 9", True, True),
        ("2026/12/01 04:40:45 [notice] 7#7: worker process 9 exited with code 0", True, False),
        (
            "2026/12/01 04:40:45 [error] 9#9: *1 no live upstreams while connecting to upstream, client: x",
            False,
            False,
        ),
    ],
)
def test_what_nginx_says_of_its_workers_is_heard(monkeypatch, line, passed_on, lost):
    monkeypatch.setattr(front.machine, "program", lambda *_: "/nginx")
    heard, losses = [], []
    command = front.command(
        Path("/run/x"), {}, on_stdout=print, on_stderr=heard.append, on_lost_worker=lambda: losses.append(1)
    )
    command.on_stderr(line)
    assert (heard == [line], losses == [1]) == (passed_on, lost)


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
