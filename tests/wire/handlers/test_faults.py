from __future__ import annotations

import sys
import threading

import pytest

from neuronserve.gateway.handlers import handling
from neuronserve.state import Model
from tests.cpuservers import wait_for

QUIET = ("inference.py", "Traceback", "ValueError", "helper.py")


PAIR = (
    "def input_handler(d, c):\n    return '{\"instances\": [[1,2,3]]}'\n"
    "def output_handler(r, c):\n    return r.missing\n"
)


def failed(answer, caplog) -> str:
    """A 500 that tells the client neither file nor line; what the log has under its id."""
    assert (answer.status_code, answer.json["code"]) == (500, "handler_failed")
    assert not [word for word in QUIET if word in answer.json["error"]]
    assert answer.json["request_id"] in caplog.text
    return caplog.text


def test_an_exceptions_message_is_the_answer_and_its_file_and_line_are_in_the_log(handled, caplog) -> None:
    text = "import helper\ndef handler(data, context):\n    helper.look()\n"
    made = handled(text, helper="def look():\n    raise ValueError('no such word')\n")
    answer = made.post("")
    log = failed(answer, caplog)
    assert answer.json["error"] == "no such word"
    assert "code/helper.py:2 in look: ValueError: no such word" in log
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


STATUS = (
    "from werkzeug.exceptions import UnprocessableEntity\n"
    "import flask\n"
    "class TooLong(Exception):\n    status_code = 413\n"
    "def handler(data, context):\n"
    "    kind = data.read()\n"
    "    if kind == b'werkzeug':\n        raise UnprocessableEntity('three numbers are needed')\n"
    "    if kind == b'flask':\n        flask.abort(404, 'no such word')\n"
    "    raise TooLong('at most 6 MB')\n"
)


@pytest.mark.parametrize(
    ("body", "status", "text"),
    [
        ("werkzeug", 422, "three numbers are needed"),
        ("flask", 404, "no such word"),
        ("own", 413, "at most 6 MB"),
    ],
)
def test_an_exception_that_carries_a_status_keeps_it(handled, body: str, status: int, text: str) -> None:
    answer = handled(STATUS).post(body)
    assert (answer.status_code, answer.json["error"], answer.json["code"]) == (status, text, "handler_failed")
    assert answer.json["request_id"]


def test_what_the_model_server_refused_a_handler_keeps_its_status(handled) -> None:
    text = (
        "import requests\n"
        "def handler(data, context):\n"
        "    response = requests.post(context.rest_uri, data=data.read(), timeout=context.timeout)\n"
        "    response.raise_for_status()\n"
        "    return response.content, context.accept_header\n"
    )
    made = handled(text)
    assert made.post('{"instances": [[1, 2, 5]]}').json == {"predictions": [[2.0, 4.0, 10.0]]}
    answer = made.post('{"instances": ')
    assert answer.status_code == 400
    assert "JSON" in answer.json["error"]


def test_a_path_below_opt_ml_model_that_cannot_be_opened_is_told_of_with_the_real_one(
    endpoint, write, caplog
) -> None:
    text = "def handler(d, c):\n    open('/opt/ml/model/no/such/words.txt')\n"
    made = endpoint()
    made.serve(Model("m", (1,), code=str(write(inference=text)), model_dir="/cache/artifact"))
    assert made.post("").status_code == 500
    assert "the model lies in /cache/artifact: use context.model_dir" in caplog.text


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
    answer = handled(text).post("")
    assert "requirements.txt (tensorflow-cpu)" in answer.json["error"]
    assert "code/inference.py:3 in handler: AttributeError: tensorflow.make_tensor_proto" in caplog.text


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
