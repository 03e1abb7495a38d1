"""The end: what was begun is finished, what comes later is refused, nothing is left."""

import concurrent.futures
import contextlib
import itertools
import signal
import threading

import pytest

from neuronserve.boot import front


def _in_background(work, *arguments):
    return concurrent.futures.ThreadPoolExecutor(1).submit(work, *arguments)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_the_first_signal_stops_in_order_with_exit_code_0(service, number):
    assert service.stop(number) == 0
    assert not service.survivors()
    words = [line["message"] for line in service.log()]
    assert any(f"{signal.Signals(number).name}: stopping" in word for word in words)


def test_a_request_in_flight_is_answered_while_later_ones_are_refused(service):
    slow = _in_background(service.post, "/invocations?sleep=3&size=7")
    service.wait_for("it to arrive", service.requests)
    service.send_signal(signal.SIGTERM)
    service.wait_state("draining")
    ping, late = service.get("/ping"), service.post("/invocations")
    assert (ping.status, ping.json()["state"]) == (503, "draining")
    assert (late.status, late.json()["code"], late.headers["connection"]) == (503, "not_ready", "close")
    assert slow.result().body == b"x" * 7
    assert service.wait_exit() == 0
    assert not service.survivors()


def test_a_body_still_coming_in_counts_as_in_flight(service):
    with contextlib.closing(service.connect()) as connection:
        connection.putrequest("POST", "/invocations")
        connection.putheader("Content-Length", "6")
        connection.endheaders()
        connection.send(b"abc")
        service.wait_for("nginx to know it", lambda: front.connections(service.runtime))
        service.send_signal(signal.SIGTERM)
        service.wait_state("draining")
        connection.send(b"def")
        answer = connection.getresponse()
        assert (answer.status, answer.read()[:7]) == (200, b"6 bytes")
    assert service.wait_exit() == 0


def test_requests_that_outlast_the_drain_end_it_with_exit_code_40(start):
    service = start(SERVE_DRAIN_SECONDS=1)
    service.wait_ready()
    slow = _in_background(service.post, "/invocations?sleep=20")
    service.wait_for("it to arrive", service.requests)
    assert service.stop() == 40
    assert isinstance(slow.exception(), OSError)
    assert not service.survivors()


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_second_signal_ends_everything_at_once(service, number, code):
    slow = _in_background(service.post, "/invocations?sleep=20")
    service.wait_for("it to arrive", service.requests)
    service.send_signal(signal.SIGTERM)
    service.wait_for("nginx to close its doors", lambda: not service.is_listening())
    service.send_signal(number)
    assert service.wait_exit(5) == code
    assert not service.survivors()
    assert slow.exception()


def test_the_same_signal_twice_at_once_is_one_wish(service):
    service.send_signal(signal.SIGTERM)
    service.send_signal(signal.SIGTERM)
    assert service.wait_exit() == 0


def test_sigquit_ends_at_once(service):
    assert service.stop(signal.SIGQUIT) == 131
    assert not service.survivors()


def test_stopped_while_the_model_is_fetched_it_ends_at_once_with_exit_code_0(start):
    service = start(STANDIN_FETCH="import time; print('{}', flush=True); time.sleep(600)")
    service.wait_logged("not understood")
    assert service.stop(seconds=8) == 0
    assert not service.survivors()


def test_stopped_while_a_model_is_loaded_it_ends_at_once_with_exit_code_0(start, tmp_path):
    (tmp_path / "hold").touch()
    service = start(STANDIN_HOLD=tmp_path / "hold")
    service.wait_logged("I am a stand-in")
    assert service.stop(seconds=8) == 0
    assert not service.survivors()


def test_under_load_every_request_is_answered_or_refused_and_none_lost(service):
    began, stopping = threading.Event(), threading.Event()
    counts = {"served": 0, "refused": 0}

    def client():
        for number in itertools.count():
            late = stopping.is_set()
            try:
                reply = service.post("/invocations?sleep=0.02&size=9")
            except ConnectionError:
                assert late  # its doors are closed, or were closed with this one still outside
                return
            if reply.status == 200:
                assert reply.body == b"x" * 9
                counts["served"] += 1
            else:
                assert (reply.status, reply.headers["retry-after"]) == (503, "1")
                counts["refused"] += 1
                assert stopping.is_set() or late
            if number == 5:
                began.set()

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        clients = [pool.submit(client) for _ in range(8)]
        began.wait(30)
        stopping.set()
        service.send_signal(signal.SIGTERM)
        for one in clients:
            one.result(30)
    assert service.wait_exit() == 0
    assert counts["served"] > 40
    assert counts["refused"] > 0


def test_an_idle_connection_is_told_before_it_is_closed(service):
    with contextlib.closing(service.connect()) as connection:
        connection.request("GET", "/")
        connection.getresponse().read()
        service.send_signal(signal.SIGTERM)
        service.wait_state("draining")
        connection.request("POST", "/invocations", b"too late")
        answer = connection.getresponse()
        assert (answer.status, answer.headers["Connection"]) == (503, "close")
        answer.read()
    assert service.wait_exit() == 0
