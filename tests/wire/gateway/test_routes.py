from __future__ import annotations

import pytest

from neuronserve.state import Model, Server, State


def test_ping_is_200_and_empty_when_ready(gateway) -> None:
    answer = gateway().get("/ping")
    assert (answer.status_code, answer.data) == (200, b"")


@pytest.mark.parametrize("word", ["starting", "draining", "failed"])
def test_ping_is_503_and_names_the_state_otherwise(gateway, word: str) -> None:
    made = gateway()
    made.state(State(word, "download", "3 of 9 MB"))
    answer = made.get("/ping")
    assert answer.status_code == 503
    assert answer.json == {"state": word, "step": "download", "detail": "3 of 9 MB"}


def test_a_degraded_service_is_healthy(gateway) -> None:
    made = gateway()
    made.state(State("degraded", servers=(Server(0, "unix:/x", "restarting"),)))
    assert made.get("/ping").status_code == 200


def test_the_root_tells_about_the_service_without_inner_paths(gateway) -> None:
    answer = gateway().get("/")
    assert answer.json["models"] == [{"name": "m", "versions": [1]}]
    assert answer.json["servers"] == [
        {
            "server": 0,
            "state": "ready",
            "restarts": 0,
            "chips": [],
            "cores": "",
            "models": [],
            "in_flight": 0,
            "completed": 0,
            "ejected": False,
        }
    ]
    assert b"unix:" not in answer.data


def test_calls_of_a_gunicorn_that_was_killed_are_not_in_flight(gateway) -> None:
    made = gateway()
    made.app.board.enter(0)
    assert gateway().get("/").json["servers"][0]["in_flight"] == 0


@pytest.mark.parametrize("path", ["/nowhere", "/v1/models/m", "/invocations/", "/models", "/%00"])
def test_an_unknown_path_is_a_json_404(gateway, path: str) -> None:
    answer = gateway().get(path)
    assert (answer.status_code, answer.json["code"]) == (404, "no_such_route")


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/invocations"), ("POST", "/ping"), ("DELETE", "/"), ("PUT", "/metrics")]
)
def test_a_wrong_method_is_a_json_405_with_allow(gateway, method: str, path: str) -> None:
    answer = gateway().get(path, method)
    assert (answer.status_code, answer.json["code"]) == (405, "method_not_allowed")
    assert answer.headers["Allow"]


def test_metrics_count_requests_by_model_and_status(gateway) -> None:
    made = gateway()
    made.post('{"instances": [[1, 2]]}')
    made.post("{")
    text = made.get("/metrics").text
    assert 'neuronserve_requests_total{model="m",status="200"} 1.0' in text
    assert 'status="400"} 1.0' in text
    assert 'neuronserve_state{state="ready"} 1.0' in text
    assert 'neuronserve_model_server_up{cores="",server="0"} 1.0' in text
    assert 'neuronserve_request_seconds_bucket{le="60.0",stage="model"}' in text


def test_metrics_follow_the_supervisors_state(gateway) -> None:
    made = gateway()
    made.state(
        State("degraded", servers=(Server(0, "unix:/x", "restarting", 4),), models=(Model("m", (1,)),))
    )
    text = made.get("/metrics").text
    assert 'neuronserve_model_server_restarts_total{cores="",server="0"} 4.0' in text
    assert 'neuronserve_model_server_up{cores="",server="0"} 0.0' in text
