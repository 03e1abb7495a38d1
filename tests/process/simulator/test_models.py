"""What real servers load and answer: the runtime's checks, and a core's time for each batch."""

import grpc
import numpy as np
import pytest

from neuronserve.simulator.ownership import take
from neuronserve.simulator.rules import Request
from tests import handmade
from tests.cpuservers import config_flag, predict_request, wait_for

LONG = str(3600_000)  # ms: longer than any test


def rows(count):
    return np.arange(count * 3, dtype=np.float32).reshape(count, 3) % 5


def right(x):
    return x @ handmade.weights()


def test_a_compiled_model_gives_the_true_answers(simulation):
    handmade.compiled(simulation.model, batch=2)
    server = simulation.start("a", SERVE_SIMULATE_SERVICE_MS="1").available()
    for count in (1, 2, 3, 7):
        assert (server.predict("m", x=rows(count))["y"] == right(rows(count))).all()


def test_a_model_of_another_generation_ends_with_the_runtimes_error(simulation):
    handmade.compiled(simulation.model, generation="trn1")
    server = simulation.start("a")
    server.wait_until("m", {1: "END"})
    message = server.status("m")[0].status.error_message
    assert 'nrt_load: status=10, error message="Unsupported version of NEFF"' in message
    assert "NeuronCore-v2, Inf2/Trn1" in message
    assert "[simulated Neuron runtime]" in message
    assert "ERROR  NEFF:neff_parse" in server.log.read_text()


def test_a_model_that_needs_more_cores_than_its_process_owns_ends_with_the_runtimes_error(simulation):
    handmade.pipeline(simulation.model, cores=4)
    server = simulation.start("a", "0-1")
    server.wait_until("m", {1: "END"})
    assert "nrt_load: status=9" in server.status("m")[0].status.error_message


def test_a_server_whose_models_have_no_neuron_op_takes_no_core(simulation):
    handmade.doubling(simulation.model)
    server = simulation.start("a", SERVE_SIMULATE_SERVICE_MS=LONG).available()
    assert server.predict("m", x=np.float32([[1, 2]]))["y"].tolist() == [[2, 4]]
    assert simulation.owned() == []


def test_beside_a_compiled_version_one_without_neuron_op_takes_no_core_time(simulation):
    handmade.doubling(simulation.model)
    handmade.compiled(simulation.model.parent / "2")
    config = config_flag(simulation.folder, ["m"])
    server = simulation.start("a", "0-1", config, SERVE_SIMULATE_SERVICE_MS=LONG)
    server.wait_until("m", {1: "AVAILABLE", 2: "AVAILABLE"})
    request = predict_request("m", x=np.float32([[1, 2]]))
    request.model_spec.version.value = 1
    assert server.call("Predict", request).outputs["y"]
    assert server.batches() == {0: 0, 1: 0}


def test_cores_are_taken_when_the_first_compiled_version_comes(simulation):
    handmade.doubling(simulation.model)
    server = simulation.start("a", "1-2").available()
    handmade.compiled(simulation.folder / "new").rename(simulation.model.parent / "2")
    wait_for(lambda: server.states("m").get(2) == "AVAILABLE", "the new version serves")
    assert simulation.owned() == [1, 2]


def test_a_compiled_version_that_comes_when_the_cores_are_taken_ends_with_the_runtimes_error(simulation):
    handmade.doubling(simulation.model)
    server = simulation.start("a", "0-1").available()
    taken = take(simulation.host, Request(1, 1, 1))
    handmade.compiled(simulation.folder / "new").rename(simulation.model.parent / "2")
    wait_for(lambda: server.states("m").get(2) == "END", "the new version failed")
    taken.free()
    assert server.states("m")[1] == "AVAILABLE"
    assert "Nrt::Init failed: nrt_init: status=1" in server.status("m")[0].status.error_message
    assert "NeuronCore(s) not available - Requested:2 Available:1" in server.log.read_text()


def test_a_static_model_refuses_other_rows_as_tensorflow_does(simulation):
    handmade.compiled(simulation.model, batch=2, dynamic=False, signature_batch=-1)
    server = simulation.start("a").available()
    assert (server.predict("m", x=rows(2))["y"] == right(rows(2))).all()
    with pytest.raises(grpc.RpcError) as refused:
        server.predict("m", x=rows(3))
    assert refused.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert "[3,3] is not compatible with expected shape [2,3]" in refused.value.details()


def test_each_batch_counts_on_the_cores_of_its_copy(simulation):
    handmade.pipeline(simulation.model, cores=2, batch=2)
    server = simulation.start("a", "1-3").available()
    server.predict("m", x=rows(5))
    assert server.batches() == {1: 3, 2: 3, 3: 0}


def test_copies_get_equal_shares(simulation):
    handmade.compiled(simulation.model, max_duplicates=4)
    server = simulation.start("a", SERVE_SIMULATE_SERVICE_MS="1").available()
    for _ in range(8):
        server.predict("m", x=rows(1))
    assert server.batches() == {0: 2, 1: 2, 2: 2, 3: 2}


def test_a_busy_core_keeps_no_call_from_another_copy(simulation):
    handmade.compiled(simulation.model, max_duplicates=4)
    server = simulation.start("a", "0-1", SERVE_SIMULATE_SERVICE_MS="1").available()
    server.controlled.slow(0, 3600_000)
    # one of them is on core 0 for an hour
    calls = [server.begin("Predict", predict_request("m", x=rows(1))) for _ in range(2)]
    wait_for(lambda: any(call.done() for call in calls), "the one on core 1 was answered")
    for count in (2, 3, 4):
        assert server.predict("m", x=rows(1))["y"].shape == (1, 3)
        assert server.batches() == {0: 0, 1: count}


def test_calls_wait_for_the_only_copy_and_end_with_their_deadline(simulation):
    handmade.compiled(simulation.model, max_duplicates=1)
    server = simulation.start("a", SERVE_SIMULATE_SERVICE_MS=LONG).available()
    first = server.begin("Predict", predict_request("m", x=rows(1)))
    with pytest.raises(grpc.RpcError) as late:
        server.predict("m", x=rows(1), timeout=0.3)
    assert late.value.code() == grpc.StatusCode.DEADLINE_EXCEEDED
    assert server.states("m") == {1: "AVAILABLE"}
    assert not first.done()


def test_while_it_loads_it_says_so(simulation):
    handmade.compiled(simulation.model)
    server = simulation.start("a", SERVE_SIMULATE_LOAD_SECONDS="3600")
    server.wait_until("m", {1: "LOADING"})


def test_real_models_of_inferentia_are_loaded_on_inf1(simulation, compiled_models):
    source = compiled_models["inf1-conv2d-tf1"]
    version = next(path.parent for path in source.rglob("saved_model.pb"))
    simulation.model.parent.mkdir()
    simulation.model.symlink_to(version)
    server = simulation.start("a").available()
    assert "is compiled for Neuron" in server.log.read_text()
