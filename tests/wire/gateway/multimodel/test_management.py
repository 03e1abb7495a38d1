"""Loading, listing and unloading models, as the platform and its users' tests call."""

from __future__ import annotations

import json
import threading

import pytest

from neuronserve.gateway.multimodel import limits
from neuronserve.gateway.multimodel.control import Control
from tests.supervisors import refusal
from tests.wire.gateway.multimodel.conftest import URL


def said(**answer):
    return lambda _question: json.dumps(answer).encode() + b"\n"


def test_a_model_is_loaded_listed_invoked_and_unloaded(endpoint) -> None:
    loaded = endpoint.load("half_plus_two")
    assert (loaded.status_code, loaded.json["modelName"]) == (200, "half_plus_two")
    assert "Successfully loaded model half_plus_two" in loaded.text
    shown = {"modelName": "half_plus_two", "modelUrl": URL % "half_plus_two"}
    assert endpoint.ask("GET", "/models").json == {"models": [shown]}
    assert endpoint.ask("GET", "/models/half_plus_two").json == shown
    answer = endpoint.invoke("half_plus_two")
    assert (answer.status_code, answer.json) == (200, {"predictions": [[2.0, 4.0]]})
    assert endpoint.unload("half_plus_two").status_code == 200
    for method, path in (
        ("GET", "/models/half_plus_two"),
        ("DELETE", "/models/half_plus_two"),
        ("POST", "/models/half_plus_two/invoke"),
    ):
        gone = endpoint.ask(method, path)
        assert (gone.status_code, gone.json["code"]) == (404, "unknown_target")
        assert "Model half_plus_two is not loaded yet." in gone.json["error"]
        assert gone.json["request_id"] == gone.headers["X-Request-Id"]
    assert endpoint.ask("GET", "/models").json == {"models": []}
    assert endpoint.supervisor.loaded == set()


def test_a_model_that_is_loaded_is_a_409(endpoint) -> None:
    endpoint.load("cifar")
    again = endpoint.load("cifar")
    assert (again.status_code, again.json["code"]) == (409, "already_loaded")
    assert "Model cifar is already loaded" in again.json["error"]


def test_many_models_are_listed_in_pages(endpoint) -> None:
    for number in range(101):
        endpoint.load(f"m{number:03}")
    first = endpoint.ask("GET", "/models").json
    assert len(first["models"]) == 100
    second = endpoint.ask("GET", f"/models?next_page_token={first['nextPageToken']}").json
    assert [m["modelName"] for m in second["models"]] == ["m100"]
    assert "nextPageToken" not in second
    assert endpoint.ask("GET", "/models?next_page_token=zzz").status_code == 400


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("already_loaded", 409),
        ("no_room", 507),
        ("disk_full", 507),
        ("not_enough_cores", 507),
        ("unknown_target", 404),
        ("model_not_found", 404),
        ("no_saved_model", 404),
        ("load_failed", 500),
        ("warm_up_failed", 500),
        ("broken_handler", 500),
        ("requirements_failed", 500),
        ("bad_request", 400),
        ("bad_location", 400),
        ("damaged_model", 400),
        ("ambiguous_models", 400),
        ("other_framework", 400),
        ("wrong_generation", 400),
        ("not_ready", 503),
    ],
)
def test_what_the_supervisor_says_becomes_a_status(endpoint, code: str, status: int) -> None:
    endpoint.supervisor.says = said(**refusal(code, "the cause", "the cure"))
    answer = endpoint.load("m")
    assert (answer.status_code, answer.json["code"]) == (status, code)
    ours = code in ("model_not_found", "no_saved_model")
    assert (code == "already_loaded" or "the cause" in answer.json["error"]) != ours
    assert ("the cure" in answer.json["error"]) != ours
    assert ("Retry-After" in answer.headers) == (status == 503)


@pytest.mark.parametrize("code", ["model_not_found", "no_saved_model"])
def test_a_folder_without_a_model_is_told_in_tensorflow_servings_words(endpoint, code: str) -> None:
    endpoint.supervisor.says = said(**refusal(code))
    answer = endpoint.load("non-existing", "/opt/ml/models/non-existing")
    words = "Could not find valid base path /opt/ml/models/non-existing for servable non-existing"
    assert words in answer.json["error"]


@pytest.mark.parametrize(
    "answer",
    [
        b"nonsense\n",
        b"[]\n",
        b"{}\n",
        b'{"ok": 1}\n',
        b'{"ok": false, "code": "internal", "error": "/secret/path"}\n',
        b'{"ok": false, "code": "settings", "error": "/secret/path"}\n',
    ],
)
def test_an_answer_that_is_not_for_clients_does_not_reach_them(endpoint, answer: bytes) -> None:
    endpoint.supervisor.says = lambda _question: answer
    told = endpoint.load("m")
    assert told.status_code == 500
    assert "secret" not in told.text
    assert "nonsense" not in told.text


def test_without_a_supervisor_it_is_a_503_to_try_again(endpoint) -> None:
    endpoint.load("m")
    endpoint.supervisor.close()
    for answer in (endpoint.load("n"), endpoint.unload("m")):
        assert (answer.status_code, answer.json["code"]) == (503, "not_ready")
        assert answer.headers["Retry-After"]
        assert "models.sock" not in answer.text
    assert endpoint.invoke("m").status_code == 200


def test_a_supervisor_that_ends_during_a_load_is_a_503(endpoint) -> None:
    endpoint.supervisor.says = lambda _question: b""
    assert endpoint.load("m").status_code == 503


def test_a_load_that_takes_too_long_goes_on_and_is_told_as_such(endpoint) -> None:
    go = threading.Event()
    endpoint.supervisor.says = lambda _question: b'{"ok": true}\n' if go.wait(10) else b""
    management = endpoint.app._management
    management._control = Control(management._control._path, patience_seconds=0.05)
    answer = endpoint.load("m")
    go.set()
    assert (answer.status_code, answer.json["code"]) == (503, "not_ready")
    assert "load of model m is not done after 0.05 s and goes on" in answer.json["error"]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("", "not JSON"),
        ("[]", "not a JSON object"),
        ('{"model_name": "m", "uri": "/opt/ml/models/m"}', "has no url"),
        ('{"model_name": "../m", "url": "/m"}', "a model's name cannot be '../m'"),
        ('{"model_name": "a=b", "url": "/m"}', "a model's name cannot be 'a=b'"),
    ],
)
def test_a_load_that_cannot_be_meant_is_a_400_and_asks_nobody(endpoint, body: str, words: str) -> None:
    answer = endpoint.ask("POST", "/models", body)
    assert (answer.status_code, words in answer.json["error"]) == (400, True)
    assert not endpoint.supervisor.asked


def test_a_load_with_a_book_in_it_is_a_413(endpoint) -> None:
    answer = endpoint.ask("POST", "/models", "x" * 100_000)
    assert (answer.status_code, answer.json["code"]) == (413, "body_too_large")


def test_other_keys_and_content_types_pass(endpoint) -> None:
    body = json.dumps({"model_name": "m", "url": "/m", "batch_size": 3})
    assert endpoint.ask("POST", "/models", body, Content_Type="text/plain").status_code == 200
    assert endpoint.supervisor.asked == [{"do": "load", "name": "m", "url": "/m"}]


@pytest.mark.parametrize("name", ["%2e%2e", "a%2fb", "a/b", "..", "a%3Db", "a%252e", "%C3%A4", "a%00b", "-a"])
@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_names_that_are_none_are_refused_in_addresses_too(endpoint, method: str, name: str) -> None:
    answer = endpoint.ask(method, f"/models/{name}")
    assert (answer.status_code, answer.json["code"]) == (400, "bad_request")
    assert not endpoint.supervisor.asked


def test_a_name_is_decoded_once(endpoint) -> None:
    endpoint.load("m.1_x")
    assert endpoint.ask("GET", "/models/m%2E1%5Fx").json["modelName"] == "m.1_x"
    assert endpoint.invoke("m%2E1_x").status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "/models", {"GET", "POST"}),
        ("DELETE", "/models", {"GET", "POST"}),
        ("POST", "/models/m", {"GET", "DELETE"}),
        ("GET", "/models/m/invoke", {"POST"}),
        ("DELETE", "/models/m/invoke", {"POST"}),
    ],
)
def test_a_wrong_method_is_a_405_that_names_the_right_ones(endpoint, method: str, path: str, allowed) -> None:
    answer = endpoint.ask(method, path)
    assert (answer.status_code, answer.json["code"]) == (405, "method_not_allowed")
    assert allowed <= {name.strip() for name in answer.headers["Allow"].split(",")}


@pytest.mark.parametrize(
    "path", ["/models/", "/models//m", "/models/m/", "/modelsx", "/models/m/v/1/invoke/"]
)
def test_what_looks_like_a_models_address_is_none(endpoint, path: str) -> None:
    assert endpoint.ask("GET", path).status_code in (400, 404)


@pytest.mark.parametrize(("word", "status"), [("starting", 503), ("failed", 503), ("degraded", 200)])
def test_before_it_is_ready_nobody_is_told_that_there_are_no_models(endpoint, word, status) -> None:
    endpoint.supervisor.publish(state=word)
    assert endpoint.ask("GET", "/models").status_code == status


def test_loads_that_take_long_do_not_keep_questions_and_predictions_waiting(endpoint) -> None:
    endpoint.load("m")
    go, entered = threading.Event(), threading.Semaphore(0)

    def slow(_question):
        entered.release()
        return b'{"ok": true}\n' if go.wait(20) else b""

    endpoint.supervisor.says = slow
    answers: list[int] = []
    threads = [
        threading.Thread(target=lambda n=n: answers.append(endpoint.load(f"n{n}").status_code))
        for n in range(limits.AT_ONCE)
    ]
    for thread in threads:
        thread.start()
    for _ in threads:
        assert entered.acquire(timeout=20)
    too_many = endpoint.load("one-more")
    assert (too_many.status_code, too_many.json["code"]) == (503, "overloaded")
    assert "32 loads and unloads are under way already" in too_many.json["error"]
    assert [endpoint.ask("GET", p).status_code for p in ("/ping", "/models", "/", "/metrics")] == [200] * 4
    assert endpoint.invoke("m").status_code == 200
    go.set()
    for thread in threads:
        thread.join()
    assert answers == [200] * limits.AT_ONCE
    assert endpoint.load("one-more").status_code == 200


def test_loads_and_unloads_are_logged_and_counted_by_what_became_of_them(endpoint) -> None:
    endpoint.load("m")
    endpoint.load("m")
    endpoint.unload("m")
    endpoint.ask("GET", "/models")
    lines = [line for line in endpoint.log_lines() if "action" in line]
    assert [(line["action"], line["model"], line["status"], line.get("code")) for line in lines] == [
        ("load", "m", 200, None),
        ("load", "m", 409, "already_loaded"),
        ("unload", "m", 200, None),
    ]
    text = endpoint.ask("GET", "/metrics").text
    assert 'neuronserve_model_changes_total{action="load",code=""} 1.0' in text
    assert 'neuronserve_model_changes_total{action="load",code="already_loaded"} 1.0' in text
    assert 'neuronserve_model_changes_total{action="unload",code=""} 1.0' in text
