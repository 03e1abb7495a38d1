"""Predictions by models that come and go."""

from __future__ import annotations

import json
import threading
import time

import grpc
import numpy as np
import pytest
from werkzeug.test import Client

from neuronserve.compiled import Compiled, SignatureBatch
from neuronserve.modelserver import client
from neuronserve.state import Model
from tests.wire.conftest import Signature
from tests.wire.gateway.multimodel.conftest import ROWS


def attributes(**named: str) -> dict[str, str]:
    header = ",".join(f"tfs-{name.replace('_', '-')}={value}" for name, value in named.items())
    return {"X_Amzn_SageMaker_Custom_Attributes": header}


def asked_signatures(server) -> list[str]:
    """The models whose signatures were asked for, from now on."""
    seen, answer = [], server.answer

    def answered(method, body, context):
        if method == client.METADATA:
            seen.append(method)
        return answer(method, body, context)

    server.answer = answered
    return seen


def test_the_address_names_the_model_whatever_the_attributes_say(endpoint) -> None:
    endpoint.load("m")
    answer = endpoint.invoke("m", **attributes(model_name="other", model_version="1"))
    assert answer.status_code == 200
    assert endpoint.server.requests[-1].model_spec.name == "m"
    assert "tfs-model-name=m," in answer.headers["X-Amzn-SageMaker-Custom-Attributes"]
    assert endpoint.invoke("m", **attributes(model_version="7")).status_code == 404


@pytest.mark.parametrize("name", ["a%2fb", "..%2fx", "a=b", "%2e%2e", "a b", "%C3%A4"])
def test_a_name_that_is_none_is_a_400(endpoint, name: str) -> None:
    answer = endpoint.invoke(name)
    assert (answer.status_code, answer.json["code"]) == (400, "bad_request")


def test_invocations_go_to_the_model_that_the_attributes_name(endpoint) -> None:
    endpoint.load("m")
    assert endpoint.ask("POST", "/invocations", ROWS, **attributes(model_name="m")).status_code == 200
    unnamed = endpoint.ask("POST", "/invocations", ROWS)
    assert (unnamed.status_code, unnamed.json["code"]) == (400, "bad_attributes")
    assert "/models/NAME/invoke" in unnamed.json["error"]
    unknown = endpoint.ask("POST", "/invocations", ROWS, **attributes(model_name="n"))
    assert (unknown.status_code, "Model n is not loaded yet." in unknown.json["error"]) == (404, True)


def test_the_callers_target_is_logged_and_nothing_else(endpoint) -> None:
    endpoint.load("0f0f")
    endpoint.invoke("0f0f", X_Amzn_SageMaker_Target_Model="team/model.tar.gz")
    endpoint.invoke("beef")
    found, missing = [line for line in endpoint.log_lines() if "bytes_in" in line]
    assert (found["model"], found["target_model"]) == ("0f0f", "team/model.tar.gz")
    assert (missing["model"], missing["status"], missing["code"]) == ("beef", 404, "unknown_target")


def test_an_unload_waits_for_a_request_in_flight_and_lets_no_other_in(endpoint) -> None:
    endpoint.load("m")
    endpoint.server.hold = threading.Event()
    answers: dict[str, int] = {}
    request = threading.Thread(target=lambda: answers.update(invoke=endpoint.invoke("m").status_code))
    request.start()
    assert endpoint.server.entered.wait(10)
    unload = threading.Thread(target=lambda: answers.update(unload=endpoint.unload("m").status_code))
    unload.start()
    end = time.monotonic() + 10
    while endpoint.ask("GET", "/models/m").status_code != 404 and time.monotonic() < end:
        pass
    assert endpoint.invoke("m").status_code == 404
    assert (answers, endpoint.supervisor.loaded, endpoint.held()) == ({}, {"m"}, 1)
    endpoint.server.hold.set()
    request.join()
    unload.join()
    assert (answers, endpoint.supervisor.loaded, endpoint.held()) == (
        {"invoke": 200, "unload": 200},
        set(),
        0,
    )


@pytest.mark.parametrize(
    ("body", "fault", "status"),
    [
        ("{", None, 400),
        ('{"instances": [["x"]]}', None, 400),
        (ROWS, (grpc.StatusCode.INTERNAL, "broken"), 500),
        (ROWS, (grpc.StatusCode.UNAVAILABLE, "gone"), 503),
        (ROWS, (grpc.StatusCode.DEADLINE_EXCEEDED, "late"), 504),
    ],
)
def test_a_request_that_fails_holds_its_model_no_longer(endpoint, body: str, fault, status: int) -> None:
    endpoint.load("m")
    endpoint.server.fail = fault
    assert endpoint.invoke("m", body).status_code == status
    assert endpoint.held() == 0


@pytest.mark.parametrize(
    ("text", "status", "code"),
    [
        ("Not enough host memory for allocating size=4096: nrt_tensor_allocate: status=4", 507, "no_room"),
        ("Not enough runtime resource to load NEFF: nrt_load: status=4", 507, "no_room"),
        ("OOM when allocating tensor with shape[1024,1024]", 507, "no_room"),
        ("The batch scheduling queue to which this task was submitted is full", 503, "overloaded"),
    ],
)
def test_no_memory_is_a_507_and_a_full_queue_a_503(endpoint, text: str, status: int, code: str) -> None:
    endpoint.load("m")
    endpoint.server.fail = (grpc.StatusCode.RESOURCE_EXHAUSTED, text)
    answer = endpoint.invoke("m")
    assert (answer.status_code, answer.json["code"]) == (status, code)
    assert "nrt_" not in answer.text


def test_an_answer_that_goes_out_in_pieces_holds_its_model_to_the_end(endpoint, monkeypatch) -> None:
    batch = SignatureBatch(2, False, ("x",), ())
    endpoint.load("m")
    (model,) = endpoint.supervisor.state.models
    compiled = (Compiled(1, neuron=True, cores=1, signatures={"serving_default": batch}),)
    changed = Model(model.name, (1,), compiled, url=model.url, slot=model.slot, loaded=model.loaded)
    endpoint.supervisor.publish(models=(changed,))
    endpoint.server.signatures["serving_default"] = Signature(
        {"x": ("float32", (2, 2))}, {"y": ("float32", (2, 2))}
    )
    rows = "\n".join(json.dumps([n, n]) for n in range(12))
    pieces = iter(
        Client(endpoint.app)
        .post(
            "/models/m/invoke",
            data=rows,
            headers={"Content-Type": "application/jsonlines", "Accept": "application/jsonlines"},
            buffered=False,
        )
        .response
    )
    first = next(pieces)
    assert endpoint.held() == 1
    body = first + b"".join(pieces)
    assert np.array(json.loads(body)["predictions"]).shape == (12, 2)
    assert endpoint.held() == 0


def test_signatures_are_asked_once_for_each_load_however_many_others_come_and_go(endpoint) -> None:
    asked = asked_signatures(endpoint.server)
    endpoint.load("m")
    for number in range(5):
        endpoint.load(f"n{number}")
        assert endpoint.invoke("m").status_code == 200
        endpoint.unload(f"n{number}")
    assert len(asked) == 1
    endpoint.unload("m")
    endpoint.server.signatures["serving_default"] = Signature(
        {"x": ("float32", (-1, 3))}, {"y": ("float32", (-1, 3))}
    )
    endpoint.load("m")  # the same name, url and slot
    assert endpoint.invoke("m", '{"instances": [[1.0, 2.0, 3.0]]}').json == {"predictions": [[2, 4, 6]]}
    assert len(asked) == 2


def test_what_is_known_of_models_that_are_gone_is_forgotten(endpoint) -> None:
    for number in range(20):
        endpoint.load(f"m{number}")
        endpoint.invoke(f"m{number}")
        endpoint.unload(f"m{number}")
    endpoint.load("last")
    endpoint.invoke("last")
    known = endpoint.app._invocations._service._catalogue._known
    assert len(known.entries) == len(known.routes) == 1


def test_models_that_come_and_go_leave_no_series_behind(endpoint) -> None:
    for number in range(5):
        endpoint.load(f"m{number}")
        endpoint.invoke(f"m{number}")
        endpoint.unload(f"m{number}")
    endpoint.invoke("m0")
    text = endpoint.ask("GET", "/metrics").text
    assert 'neuronserve_requests_total{model="*",status="200"} 5.0' in text
    assert 'neuronserve_requests_total{model="",status="404"} 1.0' in text
    assert 'model="m' not in text
    assert "neuronserve_models 0.0" in text


def test_the_root_names_some_of_many_models_and_counts_all(endpoint) -> None:
    for number in range(103):
        endpoint.load(f"m{number}")
    about = endpoint.ask("GET", "/").json
    assert (about["multi_model"], about["models_loaded"], len(about["models"])) == (True, 103, 100)
    assert len(about["servers"][0]["models"]) == 100
    assert "POST /models/NAME/invoke" in about["routes"]
    assert len(endpoint.invoke("none").json["error"]) < 100


def test_callers_loads_and_unloads_at_once_give_answers_or_404_and_nothing_else(endpoint) -> None:
    names, stop = [f"m{n}" for n in range(4)], threading.Event()
    statuses: set[int] = set()
    served_after_unload = []
    loaded, answer = endpoint.supervisor.loaded, endpoint.server.answer

    def answered(method, body, context):
        name = next(n for n in names if n.encode() in body)
        if name not in loaded:  # as a model server does
            served_after_unload.append(name)
            context.abort(grpc.StatusCode.NOT_FOUND, f"Servable not found for request: Latest({name})")
        return answer(method, body, context)

    endpoint.server.answer = answered

    def call(number: int) -> None:
        while not stop.is_set():
            statuses.add(endpoint.invoke(names[number % 4]).status_code)

    callers = [threading.Thread(target=call, args=(number,)) for number in range(4)]
    for thread in callers:
        thread.start()
    for turn in range(16):
        name = names[turn % 4]
        assert endpoint.load(name).status_code == 200
        assert endpoint.invoke(name).status_code == 200
        assert endpoint.unload(name).status_code == 200
    stop.set()
    for thread in callers:
        thread.join()
    assert statuses <= {200, 404}
    assert not served_after_unload
    assert endpoint.held() == 0


def test_a_worker_does_not_wait_for_a_first_model(endpoint, monkeypatch) -> None:
    def asleep(_seconds: float) -> None:
        raise AssertionError("it waits")

    monkeypatch.setattr(time, "sleep", asleep)
    endpoint.app._invocations._service.warm_up()
