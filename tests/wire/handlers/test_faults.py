from __future__ import annotations

import sys
import threading

import pytest

from neuronserve.gateway.handlers import handling
from neuronserve.state import Model
from tests.cpuservers import wait_for

QUIET = ("secret", "inference.py", "Traceback", "ValueError", "/")


PAIR = (
    "def input_handler(d, c):\n    return '{\"instances\": [[1,2,3]]}'\n"
    "def output_handler(r, c):\n    return r.missing\n"
)


def failed(answer, caplog) -> str:
    """A 500 that tells the client nothing; what the log has under its id."""
    assert (answer.status_code, answer.json["code"]) == (500, "handler_failed")
    assert not [word for word in QUIET if word in answer.json["error"]]
    assert answer.json["request_id"] in caplog.text
    return caplog.text


def test_an_exception_is_in_the_log_with_file_and_line_and_not_in_the_answer(handled, caplog) -> None:
    text = "import helper\ndef handler(data, context):\n    helper.look()\n"
    made = handled(text, helper="def look():\n    raise ValueError('secret')\n")
    log = failed(made.post(""), caplog)
    assert "code/helper.py:2 in look: ValueError: secret" in log
    assert "line 3, in handler\n    helper.look()" in log


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("def handler(d, c):\n    return None\n", "handler returned None; expected (body, content_type)"),
        ("def handler(d, c):\n    raise SystemExit(3)\n", "code/inference.py:2 in handler: SystemExit: 3"),
        ("def handler(d):\n    return '', None\n", "takes 1 positional argument but 2 were given"),
        (
            "def input_handler(d, c):\n    return 7\ndef output_handler(r, c): ...\n",
            "input_handler returned a int; expected",
        ),
        (
            PAIR,
            "code/inference.py:4 in output_handler: AttributeError",
        ),
    ],
)
def test_a_handler_that_keeps_to_no_contract_is_told_of_in_the_log(handled, caplog, text, told) -> None:
    assert told in failed(handled(text).post("{}"), caplog)


def test_a_script_that_cannot_be_loaded_any_more_fails_the_request_alone(handled, caplog) -> None:
    assert "cannot be loaded" in failed(handled("import no_such_module_at_all\n").post(""), caplog)


def test_a_handler_that_runs_over_gets_its_client_a_504_and_is_counted(handled) -> None:
    made = handled(
        "import threading\ngo_on, ended = threading.Event(), threading.Event()\n"
        "def handler(data, context):\n"
        "    if data.read():\n        go_on.wait(60)\n        ended.set()\n"
        "    return 'quick', 'text/plain'\n",
        SERVE_DEADLINE_SECONDS="1",
    )
    assert made.post("").text == "quick"
    answer = made.post("slow")
    assert (answer.status_code, answer.json["code"]) == (504, "deadline_exceeded")
    assert "neuronserve_handler_overruns_total 1.0" in made.metrics()
    assert made.app.board.in_flight(0) == 1
    assert made.post("").text == "quick"
    inference = sys.modules["inference"]
    inference.go_on.set()  # type: ignore[attr-defined]
    assert inference.ended.wait(60)  # type: ignore[attr-defined]
    wait_for(lambda: made.app.board.in_flight(0) == 0, "the server is free again")


def test_handlers_run_at_the_same_time(handled) -> None:
    made = handled(
        "import threading\nmeet = threading.Barrier(2)\n"
        "def handler(data, context):\n    meet.wait(60)\n    return 'met', 'text/plain'\n"
    )
    found: list[str] = []
    both = [threading.Thread(target=lambda: found.append(made.post("").text)) for _ in range(2)]
    for one in both:
        one.start()
    for one in both:
        one.join()
    assert found == ["met", "met"]


def test_a_worker_with_too_many_that_run_over_ends_itself_in_order(monkeypatch) -> None:
    sent: list[tuple[int, int]] = []
    monkeypatch.setattr(handling.os, "kill", lambda pid, number: sent.append((pid, number)))
    handling._replace_worker()
    assert sent == [(handling.os.getpid(), handling.signal.SIGTERM)]


def test_tensorflow_that_is_not_there_is_told_of_with_what_to_do(handled, caplog, monkeypatch) -> None:
    from neuronserve.gateway.handlers import tensorflowless

    monkeypatch.setattr(tensorflowless, "_installed", lambda: False)
    text = "import tensorflow as tf\ndef handler(d, c):\n    return tf.make_tensor_proto(1.0)\n"
    log = failed(handled(text).post(""), caplog)
    assert "code/inference.py:3 in handler: AttributeError: tensorflow.make_tensor_proto" in log
    assert "requirements.txt (tensorflow-cpu)" in log


def test_models_of_a_multi_model_endpoint_have_each_their_own_code_or_none(endpoint, write) -> None:
    made = endpoint(SAGEMAKER_MULTI_MODEL="true")
    text = "import helper\ndef handler(d, c):\n    return helper.NAME, 'text/plain'\n"
    own = write("own", inference=text, helper="NAME = 'own'\n")
    shared = write("shared", inference=text, helper="NAME = 'shared'\n")
    of_m = Model("m", (1,), code=str(own), slot=0)
    made.serve(of_m, multi_model=True)
    assert made.post("", path="/models/m/invoke").text == "own"
    made.serve(Model("m", (1,), code=str(shared), slot=0, loaded=1), multi_model=True)
    assert made.post("", path="/models/m/invoke").text == "shared"
    made.serve(Model("m", (1,), slot=0, loaded=2), multi_model=True)
    body = '{"instances": [[1.0, 2.0, 5.0]]}'
    assert made.post(body, path="/models/m/invoke").json == {"predictions": [[2.0, 4.0, 10.0]]}
