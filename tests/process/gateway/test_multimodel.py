"""A multi-model endpoint through nginx and several workers; supervisor and model server are the test's."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import threading

from neuronserve.boot import front
from neuronserve.gateway.multimodel import limits
from neuronserve.modelserver.board import BoardReader

CALLERS = 8


def test_what_one_worker_loaded_all_serve_and_what_one_unloaded_none_does(endpoint) -> None:
    for turn in range(3):
        assert endpoint.load("m").status == 200
        answers = {endpoint.invoke("m").status for _ in range(20)}
        assert (turn, answers) == (turn, {200})
        assert endpoint.load("m").status == 409
        assert endpoint.unload("m").status == 200
        answers = {endpoint.invoke("m").status for _ in range(20)}
        assert (turn, answers) == (turn, {404})


def test_callers_meet_answers_or_404_while_models_come_and_go(endpoint) -> None:
    names, stop = [f"m{number}" for number in range(4)], threading.Event()
    loaded, answer, orphans, statuses = endpoint.supervisor.loaded, endpoint.server.answer, [], set()

    def answered(method, body, context):
        orphans.extend(name for name in names if name.encode() in body and name not in loaded)
        return answer(method, body, context)

    endpoint.server.answer = answered

    def call(number: int) -> None:
        while not stop.is_set():
            statuses.add(endpoint.invoke(names[number % 4]).status)

    callers = [threading.Thread(target=call, args=(number,)) for number in range(CALLERS)]
    for caller in callers:
        caller.start()
    for turn in range(40):
        name = names[turn % 4]
        assert [endpoint.load(name).status, endpoint.invoke(name).status] == [200, 200]
        assert endpoint.unload(name).status == 200
    stop.set()
    for caller in callers:
        caller.join()
    assert statuses == {200, 404}
    assert not orphans


def test_a_worker_that_is_killed_with_a_request_does_not_keep_its_model_loaded(endpoint) -> None:
    endpoint.load("m")
    board = BoardReader(endpoint.runtime / "in-flight")
    endpoint.server.hold = threading.Event()
    answers: list[int] = []
    caller = threading.Thread(target=lambda: answers.append(endpoint.invoke("m").status))
    caller.start()
    assert endpoint.server.entered.wait(20)
    assert board.held(0) == 1
    unload = threading.Thread(target=lambda: answers.append(endpoint.unload("m").status))
    before = endpoint.workers()
    for worker in before:
        os.kill(worker, signal.SIGKILL)
    caller.join()
    assert answers == [503]
    endpoint.wait_for("other workers", lambda: len(endpoint.workers() - before) == len(before))
    unload.start()
    unload.join()
    endpoint.server.hold.set()
    assert (answers, board.held(0), endpoint.supervisor.loaded) == ([503, 200], 0, set())
    assert endpoint.load("m").status == 200
    assert endpoint.invoke("m").status == 200


def test_as_many_loads_as_may_be_leave_all_else_free_and_one_more_is_told_so(endpoint) -> None:
    endpoint.load("m")
    # nginx counts a load until it is done with it, which may be after the answer was read
    endpoint.wait_for("nginx done with it", lambda: front.connections(endpoint.runtime) == 0)
    go, entered, answers = threading.Event(), threading.Semaphore(0), []

    def slow(_question):
        entered.release()
        return b'{"ok": true}\n' if go.wait(30) else b""

    endpoint.supervisor.says = slow
    loads = [
        threading.Thread(target=lambda n=n: answers.append(endpoint.load(f"n{n}").status))
        for n in range(limits.AT_ONCE)
    ]
    for load in loads:
        load.start()
    for _ in loads:
        assert entered.acquire(timeout=20)
    refused = endpoint.unload("m")
    assert (refused.status, refused.json()["code"]) == (503, "overloaded")
    assert refused.json()["error"].startswith("32 loads and unloads are under way already")
    assert refused.headers["retry-after"]
    for path in ("/ping", "/models", "/models/m", "/", "/metrics"):
        assert endpoint.ask("GET", path, timeout=2).status == 200
    assert endpoint.invoke("m").status == 200
    go.set()
    for load in loads:
        load.join()
    assert answers == [200] * limits.AT_ONCE


def test_predictions_have_the_limits_of_invocations_and_loads_those_of_questions(endpoint) -> None:
    endpoint.load("m")
    large = b" " * 200_000
    assert endpoint.invoke("m", large).status == 400  # it was read, and is no JSON
    too_large = endpoint.invoke("m", b" " * 2_000_000)
    assert (too_large.status, too_large.json()["error"]) == (413, "the request body is larger than 1 MiB")
    load = endpoint.ask("POST", "/models", large)
    assert (load.status, load.json()["error"]) == (413, "the request body is larger than 64 KiB")
    (endpoint.runtime / "serving").unlink()
    assert [endpoint.invoke("m").json()["code"], endpoint.invoke("m").status] == ["not_ready", 503]


def test_loads_whose_body_does_not_come_take_no_places(endpoint) -> None:
    with contextlib.ExitStack() as stack:
        for _ in range(limits.AT_ONCE + 1):
            slow = stack.enter_context(socket.create_connection(("127.0.0.1", endpoint.port), timeout=30))
            slow.sendall(b"POST /models HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\n\r\n{")
        endpoint.wait_for("them all", lambda: (front.connections(endpoint.runtime) or 0) > limits.AT_ONCE)
        assert endpoint.load("m").status == 200
        assert endpoint.invoke("m").status == 200
