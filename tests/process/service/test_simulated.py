"""``serve`` on a simulated Neuron host: who owns which core, and what becomes of servers that fail."""

import json
import os
import re
import signal
import sys

import numpy as np
import pytest

from neuronserve.simulator import control
from neuronserve.simulator.host import attach
from neuronserve.simulator.ownership import holders
from tests import handmade

JSON = {"Content-Type": "application/json"}
ROW = b'{"instances": [[1.0, 2.0, 5.0]]}'


@pytest.fixture
def on(serve, tmp_path):
    """A started service on a simulated host, with a compiled model made as the keywords say."""

    def start(instance_type, *, model=None, **environ):
        folder = tmp_path / "models"
        if not folder.exists():
            handmade.compiled(folder / "m" / "1", **(model or {}))
        return serve(
            MODEL_URI=folder, SERVE_SIMULATE=instance_type, SAGEMAKER_GUNICORN_WORKERS="2", **environ
        )

    return start


def host_of(service):
    return attach(service.runtime / "neuron-host")


def server_of(service, core):
    return control.find(host_of(service), core=core)


def answers(service, rows):
    reply = service.post("/invocations", json.dumps({"instances": rows.tolist()}).encode(), JSON)
    assert reply.status == 200, reply.body
    return np.array(reply.json()["predictions"], np.float32)


def test_the_map_tells_chip_cores_server_and_model_and_that_all_is_simulated(on):
    service = on("inf1.6xlarge")
    assert service.wait_logged("SIMULATED: a pretended inf1.6xlarge")
    service.wait_ready()
    about = service.get("/").json()
    assert about["simulated"] is True
    assert about["model_server"] == "simulator"
    chips = about["ownership"]["chips"]
    owned = [
        (c["chip"], c["cores"], [(s["server"], s["cores"], s["models"]) for s in c["servers"]]) for c in chips
    ]
    assert owned == [(n, f"{4 * n}-{4 * n + 3}", [(n, f"{4 * n}-{4 * n + 3}", ["m"])]) for n in range(4)]
    assert [(s["server"], s["cores"]) for s in about["servers"]] == [
        (n, f"{4 * n}-{4 * n + 3}") for n in range(4)
    ]
    tables = [line["message"] for line in service.log() if "/dev/neuron2" in line["message"]]
    assert tables[0].split() == ["/dev/neuron2", "8-11", "2", "8-11", "4", "m"]
    assert [line["ownership"]["unowned"] for line in service.log() if "ownership" in line] == [[]]
    owners = {core: stats.tag for core, stats in control.stats(host_of(service)).items()}
    assert owners == {core: f"neuronserve-{core // 4}" for core in range(16)}
    assert service.stop() == 0


@pytest.mark.parametrize(
    ("instance_type", "model", "environ", "code", "told"),
    [
        ("inf1.xlarge", {"generation": "trn1"}, {}, 37, "compiled for Inf2/Trn1"),
        ("inf1.xlarge", {"cores": 8}, {}, 36, "compiled for 8 cores, and there are 4"),
        ("inf1.xlarge", {}, {"SERVE_PLACEMENT": "0-2,2-3"}, 38, "0-2 and 2-3, which overlap"),
        ("inf1.xlarge", {}, {"SERVE_PLACEMENT": "other=0-3"}, 39, "no compiled model 'other'"),
        ("inf1.xlarge", {}, {"NEURON_RT_VISIBLE_CORES": "2-5"}, 36, "the cores here are 0-3"),
        ("trn2.3xlarge", {}, {}, 37, "never supported"),
    ],
)
def test_a_wrong_combination_is_refused_with_an_exit_code_of_its_own(
    on, instance_type, model, environ, code, told
):
    service = on(instance_type, model=model, **environ)
    assert service.wait_exit() == code
    (line,) = [line for line in service.log() if line.get("exit_code") == code]
    assert told in line["error"]
    assert line["hint"]


def test_a_server_that_died_waits_for_its_cores_while_the_others_serve(on):
    service = on("inf1.6xlarge", SERVE_SIMULATE_FREE_SECONDS="3")
    service.wait_ready()
    first = service.state().servers[1]
    os.kill(first.pid, signal.SIGKILL)
    service.wait_state("degraded")
    assert service.post("/invocations", ROW, JSON).status == 200
    assert service.wait_logged("model-server-1 waits: cores 4-7 are still held by")
    service.wait_ready()
    second = service.state().servers[1]
    assert (second.restarts, second.cores) == (1, "4-7")
    assert second.pid != first.pid
    assert service.stop() == 0


def test_a_start_whose_cores_stay_taken_fails_and_names_who_has_them(on):
    service = on("inf1.xlarge", SERVE_CORES_WAIT_SECONDS="1", SERVE_SIMULATE_FREE_SECONDS="600")
    service.wait_ready()
    os.kill(service.state().servers[0].pid, signal.SIGKILL)
    assert service.wait_exit() == 38
    (line,) = [line for line in service.log() if line.get("exit_code") == 38]
    assert "cores 0-3 are still held by process" in line["error"]
    assert "SERVE_CORES_WAIT_SECONDS" in line["hint"]


def test_one_that_answers_no_prediction_any_more_is_found_and_replaced(on):
    service = on("inf1.6xlarge", SERVE_CANARY_SECONDS="0.3", SERVE_HANG_SECONDS="1")
    service.wait_ready()
    server_of(service, 5).hang()
    assert service.wait_logged("model-server-1 died (it answered nothing for")
    service.wait_for("its restart", lambda: service.state().servers[1].restarts == 1)
    service.wait_ready()
    assert service.post("/invocations", ROW, JSON).status == 200
    assert [s.restarts for s in service.state().servers] == [0, 1, 0, 0]
    assert service.stop() == 0


def test_one_that_only_errs_is_left_alone_and_comes_back_by_itself(on):
    service = on("inf1.xlarge", model={"max_duplicates": 2})
    service.wait_ready()
    server_of(service, 0).fail(3)
    statuses = [service.post("/invocations", ROW, JSON).status for _ in range(40)]
    assert statuses.count(200) == 37
    assert statuses.count(500) + statuses.count(502) + statuses.count(503) == 3
    assert statuses[-1] == 200

    def back():
        service.post("/invocations", ROW, JSON)
        return not any(s["ejected"] for s in service.get("/").json()["servers"])

    service.wait_for("both servers to be asked again", back)
    assert service.stop() == 0


def test_it_serves_as_soon_as_one_server_is_ready(on):
    service = on("inf1.6xlarge", SERVE_SIMULATE_LOAD_SECONDS="2")
    service.wait_state("degraded", seconds=60)
    state = service.state()
    assert state.step == "load"
    assert service.get("/ping").status == 200
    assert service.post("/invocations", ROW, JSON).status == 200
    service.wait_ready()
    assert service.stop() == 0


def test_no_more_servers_load_at_once_than_there_are_cpus(on):
    one_cpu = ("taskset", "-c", str(min(os.sched_getaffinity(0))), sys.executable, "serve")
    service = on("inf1.6xlarge", SERVE_LOG_LEVEL="debug", program=one_cpu)
    service.wait_ready()
    told = re.compile(r"model-server-(\d) (started|answered)")
    found = [match.groups() for line in service.log() if (match := told.match(line["message"]))]
    assert found == [(str(n), event) for n in range(4) for event in ("started", "answered")]
    assert service.stop() == 0


@pytest.mark.parametrize("model", [{"batch": 4, "dynamic": False}, {"batch": 4}, {}])
def test_any_number_of_rows_is_answered_as_row_by_row(on, model):
    service = on("inf1.xlarge", model={"max_duplicates": 2, **model})
    service.wait_ready()
    rng = np.random.default_rng(3)
    for count in (0, 1, 3, 4, 5, 43):
        rows = rng.integers(-9, 9, (count, 3)).astype(np.float32)
        expected = rows @ handmade.weights()
        assert np.array_equal(answers(service, rows).reshape(count, 3), expected)
        column = service.post("/invocations", json.dumps({"inputs": rows.tolist()}).encode(), JSON)
        assert np.array_equal(np.array(column.json()["outputs"]).reshape(count, 3), expected)
        if count:
            alone = np.concatenate([answers(service, row[None]) for row in rows[:5]])
            assert np.array_equal(alone, expected[:5])
    assert service.stop() == 0


def golden(tmp_path, second, **model):
    file = tmp_path / "models" / "golden.jsonl"
    handmade.compiled(tmp_path / "models" / "m" / "1", **model)
    right = (np.array([[1, 2, 5]], np.float32) @ handmade.weights()).tolist()
    lines = [
        {"instances": [[1, 2, 5]], "predictions": right},
        {"instances": [[0, 0, 1]], "predictions": second},
    ]
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))


def test_golden_answers_that_come_are_a_start(on, tmp_path):
    golden(tmp_path, handmade.weights()[2:].tolist())
    service = on("inf1.xlarge")
    service.wait_ready()
    assert service.wait_logged("golden")
    assert service.stop() == 0


def test_a_golden_answer_that_does_not_come_is_a_failed_start_that_shows_the_difference(on, tmp_path):
    golden(tmp_path, [[0.0, 0.0, 0.0]])
    service = on("inf1.xlarge")
    assert service.wait_exit() == 34
    (line,) = [line for line in service.log() if line.get("exit_code") == 34]
    assert "line 2" in line["error"]


@pytest.mark.parametrize(("batch", "code"), [("auto", None), ("off", 33)])
def test_golden_requests_are_sent_in_the_batches_that_requests_will_be(on, tmp_path, batch, code):
    """A model that takes 4 rows and no others, of which the file asks one."""
    golden(tmp_path, handmade.weights()[2:].tolist(), batch=4, dynamic=False)
    service = on("inf1.xlarge", SERVE_COMPILED_BATCH=batch, SERVE_START_ATTEMPTS="1")
    if code is None:
        service.wait_ready()
        assert service.post("/invocations", ROW, JSON).status == 200
        assert service.stop() == 0
    else:
        assert service.wait_exit() == code
        (line,) = [line for line in service.log() if line.get("exit_code") == code]
        assert "line 1" in line["error"]


def test_two_models_have_servers_of_their_own(on, tmp_path):
    handmade.compiled(tmp_path / "models" / "a" / "1")
    handmade.pipeline(tmp_path / "models" / "b" / "1", cores=2, width=5)
    service = on("inf1.xlarge", SAGEMAKER_TFS_DEFAULT_MODEL_NAME="a")
    service.wait_ready()
    assert sorted((s.models, s.cores) for s in service.state().servers) == [(("a",), "2-3"), (("b",), "0-1")]
    named = {**JSON, "X-Amzn-SageMaker-Custom-Attributes": "tfs-model-name=b"}
    reply = service.post("/invocations", b'{"instances": [[1, 0, 0, 0, 0]]}', named)
    assert reply.json()["predictions"] == handmade.weights(5)[:1].tolist()
    assert service.post("/invocations", ROW, JSON).status == 200
    assert service.stop() == 0


def test_sigterm_ends_servers_that_ignore_it(on):
    service = on("inf1.xlarge")
    service.wait_ready()
    assert service.stop() == 0
    assert not service.survivors()


@pytest.mark.parametrize(
    ("given", "visible", "owned", "on_host"),
    [
        ([1], "2,3", ["2-3"], [2, 3]),  # as Neuron's scheduler gives a chip
        ([1], "3", ["3"], [3]),
        ([1], "0-1", ["0-1"], [2, 3]),
        ([1, 2], "2-5", ["2-3", "4-5"], [2, 3, 4, 5]),
    ],
)
def test_cores_that_are_numbered_as_the_host_numbers_them_are_served_on(
    serve, tmp_path, given, visible, owned, on_host
):
    devices = tmp_path / "dev"
    devices.mkdir()
    for number in given:
        (devices / f"neuron{number}").symlink_to("/dev/null")
    handmade.compiled(tmp_path / "models" / "m" / "1", generation="trn1")
    service = serve(
        MODEL_URI=tmp_path / "models", MODEL_SERVER="simulator", SERVE_DEVICES_DIR=devices,
        SERVE_INSTANCE_TYPE="trn1.32xlarge", NEURON_RT_VISIBLE_CORES=visible,
    )  # fmt: skip
    service.wait_ready()
    assert [server.cores for server in service.state().servers] == owned
    assert np.array_equal(
        answers(service, np.ones((4, 3), np.float32)), np.ones((4, 3)) @ handmade.weights(3)
    )
    assert sorted(core for core, holder in holders(host_of(service)).items() if holder) == on_host
    assert service.stop() == 0


def test_cores_that_are_not_here_end_the_start_whatever_they_are_counted_from(serve, tmp_path):
    (tmp_path / "dev").mkdir()
    (tmp_path / "dev" / "neuron1").symlink_to("/dev/null")
    handmade.compiled(tmp_path / "models" / "m" / "1", generation="trn1")
    service = serve(
        MODEL_URI=tmp_path / "models", MODEL_SERVER="simulator", SERVE_DEVICES_DIR=tmp_path / "dev",
        SERVE_INSTANCE_TYPE="trn1.32xlarge", NEURON_RT_VISIBLE_CORES="4-5",
    )  # fmt: skip
    assert service.wait_exit() == 36
