"""A whole multi-model endpoint on CPU: models come and go under callers, and processes are killed."""

from __future__ import annotations

import http.client
import json
import os
import signal
import threading
from pathlib import Path

import pytest

from tests import handmade

JSON = {"Content-Type": "application/json"}
ROWS = b'{"instances": [[1.0, 2.0, 5.0]]}'
NAMES = [f"times-{factor}" for factor in range(5)]
CALLERS = 8


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As the platform unpacks them: ``NAME/model/1``; each multiplies by its own number."""
    folder = tmp_path_factory.mktemp("models")
    for factor, name in enumerate(NAMES):
        handmade.doubling_rows(folder / name / "model" / "1", float(factor))
    (folder / "empty" / "model").mkdir(parents=True)
    return folder


@pytest.fixture
def endpoint(serve, models):
    service = serve(
        SAGEMAKER_MULTI_MODEL="true",
        SERVE_MODELS_DIR=models,
        MODEL_SERVER="cpu",
        SAGEMAKER_GUNICORN_WORKERS=2,
        SERVE_WARMUP="off",
    )
    service.wait_ready()
    service.load = lambda name: service.post(
        "/models", json.dumps({"model_name": name, "url": f"{models}/{name}/model"}).encode(), JSON
    )
    service.unload = lambda name: service.request("DELETE", f"/models/{name}")
    service.invoke = lambda name: service.post(f"/models/{name}/invoke", ROWS, JSON)
    return service


def right(name: str) -> dict[str, list[list[float]]]:
    factor = NAMES.index(name)
    return {"predictions": [[factor * x for x in (1.0, 2.0, 5.0)]]}


def listed(endpoint) -> list[str]:
    return [model["modelName"] for model in endpoint.get("/models").json()["models"]]


def test_the_platforms_calls_in_its_order(endpoint) -> None:
    assert (endpoint.get("/ping").status, listed(endpoint)) == (200, [])
    assert endpoint.invoke("times-3").status == 404
    loaded = endpoint.load("times-3")
    assert (loaded.status, "Successfully loaded model times-3" in loaded.body.decode()) == (200, True)
    assert endpoint.load("times-3").status == 409
    assert (endpoint.invoke("times-3").json(), listed(endpoint)) == (right("times-3"), ["times-3"])
    missing = endpoint.load("empty")
    assert (missing.status, "Could not find valid base path" in missing.json()["error"]) == (404, True)
    assert [endpoint.unload("times-3").status, endpoint.unload("times-3").status] == [200, 404]
    assert (endpoint.invoke("times-3").status, listed(endpoint)) == (404, [])
    assert endpoint.stop() == 0


def test_every_answer_is_the_named_models_while_models_come_and_go_and_processes_die(endpoint) -> None:
    stop, wrong, statuses = threading.Event(), [], set()

    def call(number: int) -> None:
        while not stop.wait(0.01):  # two cores are to do all this
            name = NAMES[number % len(NAMES)]
            number += 1
            try:
                answer = endpoint.invoke(name)
            except http.client.IncompleteRead:  # of a worker that was killed with half an answer sent
                continue
            statuses.add(answer.status)
            if answer.status == 200 and answer.json() != right(name):
                wrong.append((name, answer.body))

    callers = [threading.Thread(target=call, args=(number,)) for number in range(CALLERS)]
    for caller in callers:
        caller.start()
    try:
        for turn in range(len(NAMES)):
            name = NAMES[turn]
            assert endpoint.load(name).status == 200
            assert endpoint.invoke(name).status == 200
            assert endpoint.unload(name).status == 200
            assert endpoint.invoke(name).status == 404
        assert statuses <= {200, 404}
        for name in NAMES:
            assert endpoint.load(name).status == 200
        worker = endpoint.children("gunicorn")[-1].pid
        os.kill(worker, signal.SIGKILL)
        endpoint.wait_for(
            "another worker",
            lambda: len({p.pid for p in endpoint.children("gunicorn")} - {worker}) == 3,
        )
        (server,) = endpoint.children("--grpc_socket_path=")
        server.kill()
        for name in NAMES:
            endpoint.wait_for(f"{name} again", lambda name=name: endpoint.invoke(name).status == 200)
        assert listed(endpoint) == sorted(NAMES)
    finally:
        stop.set()
        for caller in callers:
            caller.join()
    assert not wrong
    assert statuses <= {200, 404, 503}
    assert [endpoint.unload(name).status for name in NAMES] == [200] * len(NAMES)
    assert listed(endpoint) == []
    assert endpoint.stop() == 0
