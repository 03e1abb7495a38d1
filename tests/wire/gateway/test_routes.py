from __future__ import annotations

import json

import grpc
import pytest

from neuronserve.neuron.usage import CoreUsage, RuntimeUsage, Usage
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
    (model,) = answer.json["models"]
    assert (model["name"], model["versions"]) == ("m", [1])
    assert model["signatures"] == {
        "serving_default": {
            "inputs": [{"name": "x", "dtype": "float32", "shape": [-1, 2]}],
            "outputs": [{"name": "y", "dtype": "float32", "shape": [-1, 2]}],
            "csv_columns": ["x"],
        }
    }
    assert (answer.json["multi_model"], answer.json["models_loaded"]) == (False, 1)
    assert not any("/models" in route for route in answer.json["routes"])
    assert answer.json["servers"] == [
        {
            "server": 0,
            "state": "ready",
            "restarts": 0,
            "chips": [],
            "cores": "",
            "models": ["m"],
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


@pytest.mark.parametrize("path", ["/nowhere", "/v1/models/m", "/invocations/", "/x//ping", "/%00"])
def test_an_unknown_path_is_a_json_404(gateway, path: str) -> None:
    answer = gateway().get(path)
    assert (answer.status_code, answer.json["code"]) == (404, "no_such_route")


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
@pytest.mark.parametrize("path", ["/models", "/models/m", "/models/m/invoke"])
def test_one_that_is_no_multi_model_endpoint_says_so_at_their_addresses(gateway, method: str, path) -> None:
    answer = gateway().get(path, method)
    assert (answer.status_code, answer.json["code"]) == (404, "no_such_route")
    assert "SAGEMAKER_MULTI_MODEL" in answer.json["error"]


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
    assert "neuronserve_simulated 0.0" in text
    assert 'neuronserve_model_server_up{cores="",server="0"} 1.0' in text
    assert 'neuronserve_request_seconds_bucket{le="60.0"} 2.0' in text
    assert 'neuronserve_model_server_seconds_bucket{cores="",le="60.0",server="0"}' in text


def test_metrics_follow_the_supervisors_state(gateway) -> None:
    made = gateway()
    made.state(
        State("degraded", servers=(Server(0, "unix:/x", "restarting", 4),), models=(Model("m", (1,)),))
    )
    text = made.get("/metrics").text
    assert 'neuronserve_model_server_restarts_total{cores="",server="0"} 4.0' in text
    assert 'neuronserve_model_server_up{cores="",server="0"} 0.0' in text


def test_each_model_server_is_told_with_its_cores(gateway, scripted) -> None:
    made, server = gateway(), scripted()
    made.state(
        State(
            "ready",
            servers=(Server(0, server.target, "ready", 2, cores="0-3", chips=(0,), copies=4, models=("m",)),),
            models=(Model("m", (1,)),),
            default_model="m",
            kind="simulator",
            simulated=True,
            ownership={"servers": [{"cores": "0-3"}]},
            generation=2,
        )
    )
    made.post('{"instances": [[1, 2]]}')
    server.fail = (grpc.StatusCode.INTERNAL, "broken")
    made.post('{"instances": [[1, 2]]}')
    made.app.board.enter(0)
    text = made.get("/metrics").text
    of = 'cores="0-3",server="0"'
    for line in (
        "neuronserve_model_server_seconds_count{%s} 3.0",  # one asked for the signatures
        "neuronserve_model_server_in_flight{%s} 1.0",
        "neuronserve_model_server_ejected{%s} 0.0",
        "neuronserve_model_server_restarts_total{%s} 2.0",
    ):
        assert line % of in text
    errors = 'neuronserve_model_server_errors_total{code="model_failed",cores="0-3",server="0"} 1.0'
    assert errors in text
    assert "neuronserve_simulated 1.0" in text
    about = made.get("/").json
    assert about["simulated"] is True
    assert about["ownership"] == {"servers": [{"cores": "0-3"}]}
    (told,) = about["servers"]
    assert (told["cores"], told["chips"], told["models"]) == ("0-3", [0], ["m"])
    assert (told["completed"], told["in_flight"], told["ejected"]) == (2, 1, False)


def test_an_ejected_server_is_shown_as_such(gateway) -> None:
    made = gateway()
    made.app.board.until[0] = 1
    assert made.get("/").json["servers"][0]["ejected"] is True
    assert 'neuronserve_model_server_ejected{cores="",server="0"} 1.0' in made.get("/metrics").text


def test_what_the_driver_tells_is_in_the_metrics(gateway) -> None:
    made = gateway()
    assert "neuroncore" not in made.get("/metrics").text
    cores = (CoreUsage(0, 0.5, 1024), CoreUsage(1))
    usage = Usage("neuron-monitor", cores, (RuntimeUsage(7, "neuronserve-0", 4096, 512),))
    (made.runtime / "neuron.json").write_text(json.dumps(usage.as_dict()))
    text = made.get("/metrics").text
    for line in (
        'neuronserve_neuroncore_utilization{core="0"} 0.5',
        'neuronserve_neuroncore_memory_bytes{core="0"} 1024.0',
        'neuronserve_neuron_memory_bytes{process="neuronserve-0",where="device"} 4096.0',
        'neuronserve_neuron_memory_bytes{process="neuronserve-0",where="host"} 512.0',
    ):
        assert line in text
    assert 'core="1"' not in text


@pytest.mark.parametrize("text", ["", "[]", '{"cores": 3}'])
def test_a_measurement_that_cannot_be_read_costs_no_other_metric(gateway, text: str) -> None:
    made = gateway()
    (made.runtime / "neuron.json").write_text(text)
    assert "neuronserve_model_server_up" in made.get("/metrics").text


def test_batch_transform_is_told_how_to_send_its_requests(gateway, scripted) -> None:
    made = gateway(scripted(), scripted())
    answer = made.get("/execution-parameters")
    assert (answer.status_code, answer.json) == (
        200,
        {"MaxConcurrentTransforms": 2, "BatchStrategy": "MULTI_RECORD", "MaxPayloadInMB": 6},
    )


def test_servers_that_still_start_count_for_batch_transform_and_failed_ones_do_not(gateway, scripted) -> None:
    made, up = gateway(), scripted()
    states = ("ready", "starting", "restarting", "failed")
    servers = tuple(Server(i, up.target, state, copies=2) for i, state in enumerate(states))
    models = (Model("m", (1,)),)
    made.state(
        State("degraded", servers=servers, models=models, default_model="m", kind="neuron", generation=2)
    )
    assert made.get("/execution-parameters").json["MaxConcurrentTransforms"] == 6


def test_what_the_job_says_comes_back_as_execution_parameters(gateway) -> None:
    environ = {
        "SAGEMAKER_BATCH": "true",
        "SAGEMAKER_MAX_CONCURRENT_TRANSFORMS": "4",
        "SAGEMAKER_MAX_PAYLOAD_IN_MB": "25",
        "SAGEMAKER_BATCH_STRATEGY": "SINGLE_RECORD",
    }
    assert gateway(environ=environ).get("/execution-parameters").json == {
        "MaxConcurrentTransforms": 4,
        "BatchStrategy": "SINGLE_RECORD",
        "MaxPayloadInMB": 25,
    }


def test_there_are_no_execution_parameters_before_the_model_is_ready(gateway) -> None:
    made = gateway()
    made.state(State("starting", step="loading the model"))
    answer = made.get("/execution-parameters")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
    assert answer.json["step"] == "loading the model"


def test_a_multi_model_endpoint_has_no_execution_parameters(gateway) -> None:
    answer = gateway(environ={"SAGEMAKER_MULTI_MODEL": "true"}).get("/execution-parameters")
    assert (answer.status_code, answer.json["code"]) == (404, "no_such_route")
