"""``serve`` from the outside: states, restarts, failures and their exit codes."""

import json
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import psutil
import pytest

from neuronserve.reservedfile import SPARES

ROOT = Path(__file__).resolve().parents[3]
SERVE = Path(__file__).parent / "standin" / "serve.py"
BUNDLE_NEVER = "import time; time.sleep(600)"


def _kill(service, name):
    victim = service.part(name)
    victim.send_signal(signal.SIGKILL)
    return victim


def _is_zombie(process):
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:  # reaped since it was listed
        return False


@pytest.fixture
def hold(tmp_path):
    """While this file is there, stand-ins go on loading."""
    return tmp_path / "hold"


def test_ping_says_503_with_the_step_from_the_first_moment_and_200_when_ready(start, hold):
    hold.touch()
    service = start(STANDIN_HOLD=hold)
    service.wait_listening()
    reply = service.get("/ping")
    assert reply.status == 503
    assert reply.headers["content-type"] == "application/json"
    assert reply.headers["retry-after"] == "1"
    assert reply.json()["state"] == "starting"
    assert reply.json()["step"]
    refused = service.post("/invocations", b"x" * 100_000)
    assert (refused.status, refused.json()["code"]) == (503, "not_ready")
    assert refused.headers["connection"] == "close"
    hold.unlink()
    service.wait_ready()
    assert service.get("/ping").status == 200


def test_the_step_and_detail_of_the_fetch_are_shown(start):
    event = json.dumps(
        {"event": "progress", "step": "download", "done": 45, "total": 100, "detail": "s3://b/k"}
    )
    service = start(STANDIN_FETCH=f"print({event!r}, flush=True); {BUNDLE_NEVER}")
    service.wait_for("the step", lambda: service.state().step == "download")
    service.wait_listening()
    assert service.get("/ping").json() == {"state": "starting", "step": "download", "detail": "s3://b/k"}
    service.wait_logged("download: 45 % of")


def test_of_two_model_servers_one_may_die_and_the_service_is_degraded_but_well(start, hold):
    service = start(SAGEMAKER_TFS_INSTANCE_COUNT=2, STANDIN_HOLD=hold)
    service.wait_ready()
    before = service.state()
    hold.touch()
    _kill(service, "ms-1/sock")
    service.wait_state("degraded")
    assert service.get("/ping").status == 200
    assert [s.state for s in service.state().servers] == ["ready", "restarting"]
    hold.unlink()
    service.wait_ready()
    after = service.state()
    assert [s.restarts for s in after.servers] == [0, 1]
    assert after.servers[0] == before.servers[0]
    assert after.servers[1].pid != before.servers[1].pid
    assert after.generation > before.generation


def test_with_its_only_model_server_down_the_service_is_not_well_until_it_is_back(start, hold):
    service = start(STANDIN_HOLD=hold)
    service.wait_ready()
    hold.touch()
    _kill(service, "ms-0/sock")
    service.wait_state("starting")
    reply = service.get("/ping")
    assert (reply.status, reply.json()["step"]) == (503, "restarting model server")
    assert service.post("/invocations").headers["retry-after"] == "1"
    hold.unlink()
    service.wait_ready()
    assert service.post("/invocations").status == 200


def test_a_killed_nginx_is_replaced_though_its_workers_held_the_port(service):
    _kill(service, "nginx.conf")
    service.wait_state("starting")
    service.wait_ready()
    assert service.get("/ping").status == 200


def test_a_killed_gunicorn_is_replaced(service):
    before = service.children("gunicorn")
    _kill(service, "gunicorn")
    service.wait_for("other processes", lambda: not set(before) & set(service.children("gunicorn")))
    service.wait_ready()
    assert service.post("/invocations").status == 200


def test_a_model_server_that_hangs_is_killed_and_replaced(start, tmp_path):
    hang = tmp_path / "hang"
    service = start(STANDIN_HANG=hang)
    service.wait_ready()
    hang.touch()
    line = service.wait_logged("did not answer 5 times in a row", seconds=60)
    hang.unlink()
    assert line["level"] == "warning"
    service.wait_ready()
    assert service.state().servers[0].restarts == 1


@pytest.mark.parametrize(
    ("name", "code", "word"),
    [("ms-0/sock", 30, "model_server"), ("gunicorn", 31, "gateway"), ("nginx.conf", 32, "front")],
)
def test_deaths_beyond_the_budget_end_the_service_with_the_code_of_its_kind(start, name, code, word):
    service = start(SERVE_MAX_RESTARTS=1)
    service.wait_ready()
    for restarts in (1, 0):
        before = set(service.children(name))
        _kill(service, name)
        if restarts:
            service.wait_for("others", lambda gone=before: not gone & set(service.children(name)))
            service.wait_ready()
    assert service.wait_exit() == code
    last = next(line for line in reversed(service.log()) if "exit_code" in line)
    assert (last["level"], last["code"], last["exit_code"]) == ("error", word, code)
    assert "died 2 times" in last["error"]
    assert not service.survivors()


def test_a_model_server_that_cannot_start_ends_the_service_with_its_last_words(start):
    service = start(STANDIN_CRASH=7, SERVE_START_ATTEMPTS=2)
    assert service.wait_exit() == 30
    error = next(line["error"] for line in service.log() if "exit_code" in line)
    assert (
        error
        == "model-server-0 failed to start 2 times in a row: exit code 7; it said: standin: I cannot live"
    )


def test_a_load_error_ends_the_service_with_the_model_servers_text_and_no_second_try(start):
    service = start(STANDIN_FAIL="Op type not registered 'NeuronOp'")
    assert service.wait_exit() == 30
    error = next(line["error"] for line in service.log() if "exit_code" in line)
    assert "model version 1: Op type not registered 'NeuronOp'" in error
    assert len([x for x in service.log() if "I am a stand-in" in x["message"]]) == 1


def test_a_model_server_that_loads_for_too_long_ends_the_service(start, hold):
    hold.touch()
    service = start(STANDIN_HOLD=hold, SAGEMAKER_TFS_WAIT_TIME_SECONDS=1, SERVE_START_ATTEMPTS=1)
    assert service.wait_exit() == 30
    assert any("not ready after 1 s" in line.get("error", "") for line in service.log())


def test_a_model_that_cannot_be_had_ends_the_service_with_the_fetchs_code(start):
    service = start(MODEL_URI="/nowhere/at/all")
    assert service.wait_exit() == 11
    last = next(line for line in service.log() if "exit_code" in line)
    assert (last["code"], last["exit_code"]) == ("model_not_found", 11)
    assert "/nowhere/at/all" in last["error"]


def test_the_error_event_of_the_fetch_becomes_the_last_word(start):
    event = json.dumps({"event": "error", "code": "disk_full", "error": "no room", "hint": "make some"})
    service = start(STANDIN_FETCH=f"print({event!r}, flush=True); raise SystemExit(22)")
    assert service.wait_exit() == 22
    last = next(line for line in service.log() if "exit_code" in line)
    assert [last[key] for key in ("code", "error", "hint", "exit_code")] == [
        "disk_full",
        "no room",
        "make some",
        22,
    ]


def test_a_fetch_that_dies_without_a_word_is_told_as_such(start):
    service = start(STANDIN_FETCH="import os; os.kill(os.getpid(), 9)")
    assert service.wait_exit() == 29
    assert any("killed by SIGKILL" in line.get("error", "") for line in service.log())


def test_wrong_settings_are_all_named_with_exit_code_2(start):
    service = start(SERVE_DRAIN_SECONDS="soon", MODEL_SERVER="best", SERVE_DRAIM_SECONDS="3")
    assert service.wait_exit() == 2
    messages = [line["message"] for line in service.log()]
    assert messages[0].startswith("SERVE_DRAIN_SECONDS='soon': expected")
    assert messages[1].startswith("MODEL_SERVER='best': expected")
    assert service.log()[-1]["exit_code"] == 2


def test_a_runtime_folder_whose_sockets_names_would_be_too_long_is_refused(start, tmp_path):
    service = start(SERVE_RUNTIME_DIR=tmp_path / ("x" * 100))
    assert service.wait_exit() == 2
    assert "unix sockets" in service.log()[0]["message"]


def test_two_services_do_not_share_a_runtime_folder(start, service):
    second = start(SERVE_RUNTIME_DIR=service.runtime)
    assert second.wait_exit() == 2
    assert "another serve is using it" in second.log()[0]["message"]
    assert service.get("/ping").status == 200


def test_without_a_runtime_folder_one_is_made_and_removed(start):
    with tempfile.TemporaryDirectory(prefix="t-", dir="/tmp") as name:  # short: unix sockets lie in it
        folder = Path(name)
        folder.chmod(0o711)  # nginx's workers must get through
        service = start(SERVE_RUNTIME_DIR="", TMPDIR=folder)
        service.wait_for("ready", lambda: any("serving on port" in line["message"] for line in service.log()))
        assert list(folder.glob("neuronserve-*/state.json"))
        assert service.stop() == 0
        assert [path.name for path in folder.iterdir()] in ([], ["neuronserve-cache"])


def test_a_temporary_directory_too_long_for_sockets_is_not_used_for_them(start, tmp_path):
    long = tmp_path / ("x" * 100)
    long.mkdir()
    service = start(SERVE_RUNTIME_DIR="", TMPDIR=long)
    service.wait_for("ready", lambda: any("serving on port" in line["message"] for line in service.log()))
    assert service.stop() == 0


def test_children_are_heard_in_one_log_with_their_names_and_levels(service):
    line = service.wait_logged("I am a stand-in")
    assert (line["source"], line["level"]) == ("model-server-0", "warning")


def test_sigusr1_tells_the_state_of_all_processes(service):
    service.send_signal(signal.SIGUSR1)
    for name in ("nginx: ready", "gunicorn: ready", "model-server-0: ready"):
        service.wait_logged(name)


def test_when_serve_itself_is_killed_no_child_survives(service):
    family = service.family()
    service.send_signal(signal.SIGKILL)
    service.wait_exit()
    service.wait_for("all of them gone", lambda: not service.survivors())
    assert len(family) > 4


@pytest.mark.parametrize(
    ("word", "code", "told"), [("--help", 0, "usage: serve"), ("bash", 2, "no such argument: bash")]
)
def test_help_is_given_and_wrong_arguments_are_refused(word, code, told):
    run = subprocess.run([sys.executable, ROOT / "serve", word], capture_output=True, text=True, check=False)
    assert run.returncode == code
    assert told in run.stdout + run.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="a new process namespace takes root")
def test_as_pid_1_it_reaps_orphans_and_stops_in_order(start):
    namespace = ("unshare", "--pid", "--fork", "--kill-child", "--mount-proc")
    service = start(program=(*namespace, sys.executable, str(SERVE)))
    service.wait_ready()
    serve = service.part("serve.py")
    orphan = "import os,time\nif os.fork() == 0:\n os.setsid(); time.sleep(0.2); os._exit(0)\nos._exit(0)"
    subprocess.run(
        ["nsenter", "-t", str(serve.pid), "-p", "-m", sys.executable, "-c", orphan], check=True, timeout=20
    )
    service.wait_for("no zombies", lambda: not [p for p in serve.children() if _is_zombie(p)])
    serve.send_signal(signal.SIGTERM)
    assert service.wait_exit() == 0


def test_a_server_whose_cores_are_taken_is_started_again_until_they_are_free(start, tmp_path):
    busy = tmp_path / "busy"
    busy.touch()
    service = start(STANDIN_BUSY=busy, SERVE_START_ATTEMPTS="1")
    assert service.wait_logged("model-server-0 could not start yet")
    busy.unlink()
    service.wait_ready()
    assert service.state().servers[0].restarts == 0


def test_a_server_whose_cores_are_never_free_ends_the_service_with_the_runtimes_line(start, tmp_path):
    busy = tmp_path / "busy"
    busy.touch()
    service = start(STANDIN_BUSY=busy, SERVE_START_ATTEMPTS="1", SERVE_CORES_WAIT_SECONDS="1")
    assert service.wait_exit() == 38
    assert any("NeuronCore(s) not available" in line.get("error", "") for line in service.log())
    (last,) = [line for line in service.log() if line.get("exit_code") == 38]
    assert "its cores are not free" in last["error"]
    assert "SERVE_CORES_WAIT_SECONDS" in last["hint"]


def test_a_server_that_stops_predicting_while_it_says_that_it_is_available_is_replaced(start, tmp_path):
    stuck = tmp_path / "stuck"
    service = start(STANDIN_STUCK=stuck, SERVE_CANARY_SECONDS="0.2", SERVE_HANG_SECONDS="1")
    service.wait_ready()
    stuck.touch()
    assert service.wait_logged("model-server-0 died (it answered nothing for")
    stuck.unlink()
    service.wait_ready()
    assert service.state().servers[0].restarts == 1


def test_a_state_that_cannot_be_written_is_told_once_and_written_when_it_can_be(start):
    service = start()
    service.wait_ready()
    in_the_way = [service.runtime / f".ping.json.{number}.partial" for number in range(SPARES)]
    for path in in_the_way:
        path.unlink(missing_ok=True)
        path.mkdir()
    for _ in range(2):
        first = _kill(service, "ms-0/sock")
        service.wait_for("its end", lambda gone=first: gone not in service.children("ms-0/sock"))
        service.wait_for("its restart", lambda: service.children("ms-0/sock"))
    for path in in_the_way:
        path.rmdir()
    service.wait_ready()
    told = [line["message"] for line in service.log() if "state could not be written" in line["message"]]
    assert len(told) == 1
    assert service.stop() == 0
