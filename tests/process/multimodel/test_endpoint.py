"""Models come and go while the service runs; the supervisor alone knows which there are."""

import json
import os
import shutil
import signal
import socket

from tests import handmade


def test_models_come_and_go(endpoint):
    it = endpoint()
    assert it.service.get("/ping").status == 200
    assert (it.names(), it.served(), it.service.state().multi_model) == ([], [[]], True)
    it.doubling("a", 3.0)
    assert it.load("a") == {"ok": True}
    (model,) = it.service.state().models
    assert (model.name, model.url, model.slot, model.versions) == ("a", str(it.folder / "a"), 0, (1,))
    assert it.served() == [["a"]]
    assert it.invoke("a").json() == {"predictions": [[3.0, 6.0]]}
    assert it.load("a")["code"] == "already_loaded"
    assert it.unload("a") == {"ok": True}
    assert (it.names(), it.served(), it.listed()) == ([], [[]], [])
    assert it.unload("a")["code"] == "unknown_target"
    assert it.service.get("/ping").status == 200


def test_a_load_that_fails_leaves_nothing_and_can_be_tried_again(endpoint):
    it = endpoint()
    whole = it.doubling("a") / "saved_model.pb"
    content = whole.read_bytes()
    whole.write_bytes(b"no model")
    for _ in range(2):
        answer = it.load("a")
        assert answer["code"] == "load_failed"
        assert str(it.service.runtime) not in json.dumps(answer)
        assert (it.names(), it.served(), it.listed()) == ([], [[]], [])
    whole.write_bytes(content)
    (it.folder / "a" / "golden.jsonl").write_text('{"instances": [[1, 2]], "predictions": [[9, 9]]}\n')
    assert "golden answers" in it.load("a")["error"]
    (it.folder / "a" / "golden.jsonl").unlink()
    assert it.load("a") == {"ok": True}
    (it.folder / "empty").mkdir()
    assert it.load("empty")["code"] == "model_not_found"
    handmade.doubling(it.folder / "two" / "x" / "1")
    handmade.doubling(it.folder / "two" / "y" / "1")
    assert it.load("two")["code"] == "ambiguous_models"
    assert it.ask("load", "b", "/etc")["code"] == "bad_request"
    assert it.send(b"nonsense\n")["code"] == "bad_request"
    assert it.send(b"x" * 100_000)["code"] == "bad_request"
    assert it.names() == ["a"]


def test_a_killed_look_into_a_model_is_no_fault_of_the_caller_and_leaves_nothing(endpoint):
    it = endpoint()
    it.doubling("a")
    (it.folder / "a" / "code").mkdir()
    script = it.folder / "a" / "code" / "inference.py"
    script.write_text("import time\ntime.sleep(60)\n")
    load = it.later(it.load, "a")
    trying = it.service.wait_for("the code tried", lambda: it.service.children("gateway.handlers"))
    (child,) = it.service.children("neuronserve.artifact")
    child.kill()
    assert load()["code"] == "load_failed"
    it.service.wait_for("no more of it", lambda: not any(process.is_running() for process in trying))
    assert (it.names(), it.listed()) == ([], [])
    script.write_text("def handler(data, context):\n    return b'here', 'text/plain'\n")
    assert it.load("a") == {"ok": True}
    assert it.invoke("a").body == b"here"


def test_models_without_code_of_their_own_share_that_above_them(endpoint):
    it = endpoint()
    for name in ("a", "b"):
        it.doubling(name)
    for folder in (it.folder / "code", it.folder / "b" / "code"):
        folder.mkdir()
        script = f"def handler(data, context):\n    return b'{folder.parent.name}', 'text/plain'\n"
        (folder / "inference.py").write_text(script)
    assert [it.load(name) for name in ("a", "b")] == [{"ok": True}] * 2
    assert [it.invoke(name).body for name in ("a", "b")] == [it.folder.name.encode(), b"b"]


def test_there_is_no_room_exactly_when_the_next_model_does_not_fit(endpoint):
    it = endpoint(SERVE_MODEL_MEMORY_MB="3")
    for name in ("a", "b", "c"):
        it.doubling(name, weight=1 << 20)
    it.doubling("huge", weight=4 << 20)
    assert [it.load(name)["ok"] for name in ("a", "b")] == [True, True]
    answer = it.load("c")
    assert answer["code"] == "no_room"
    assert answer["hint"] == "unload another model"
    assert (it.names(), len(it.listed())) == (["a", "b"], 2)
    assert it.load("huge")["code"] == "load_failed"  # that no unload would help
    it.unload("a")
    waiting = [it.later(it.load, name) for name in ("a", "c")]
    answers = [answer() for answer in waiting]
    assert sorted(answer.get("code", "ok") for answer in answers) == ["no_room", "ok"]
    assert len(it.names()) == 2


def test_killing_whatever_there_is_loses_no_model(endpoint):
    it = endpoint()
    for name, factor in (("a", 2.0), ("b", 3.0), ("gone", 4.0)):
        it.doubling(name, factor)
        assert it.load(name) == {"ok": True}
    it.restarted()
    assert it.served() == [["a", "b", "gone"]]
    shutil.rmtree(it.folder / "gone")
    for name in ("nginx", "gunicorn"):
        gone = {process.pid for process in it.service.kill(name)}
        it.service.wait_for(
            f"another {name}", lambda name=name, gone=gone: {p.pid for p in it.service.children(name)} - gone
        )
    it.service.wait_ready()
    it.restarted()
    it.service.wait_logged("model gone is unloaded: it could not be loaded again")
    it.service.wait_for("all that is left", lambda: it.served() == [["a", "b"]])
    assert it.names() == ["a", "b"]
    assert [it.invoke(name).json()["predictions"] for name in ("a", "b")] == [[[2.0, 4.0]], [[3.0, 6.0]]]


def test_an_unload_waits_for_its_requests_and_a_load_for_the_unload(endpoint):
    it = endpoint(SERVE_SIMULATE="inf1.xlarge", SERVE_SIMULATE_SERVICE_MS="1000", SERVE_WARMUP="off")
    handmade.compiled(it.folder / "a" / "1", max_duplicates=1)
    assert it.load("a") == {"ok": True}
    call = it.later(it.invoke, "a", b'{"instances": [[1, 2, 3]]}')
    it.service.wait_for("a request in flight", lambda: _in_flight(it))
    unload = it.later(it.unload, "a")
    it.service.wait_for("the model out of the state", lambda: it.names() == [])
    again = it.later(it.load, "a")
    assert call().status == 200
    assert unload() == {"ok": True}
    assert again() == {"ok": True}
    assert it.invoke("a", b'{"instances": [[1, 2, 3]]}').status == 200


def test_each_chip_has_a_server_and_the_emptiest_gets_the_model(endpoint):
    it = endpoint(SERVE_SIMULATE="inf1.6xlarge", SERVE_MODELS_PER_SERVER="1")
    for name in "abcde":
        handmade.compiled(it.folder / name / "1", max_duplicates=4)
    handmade.pipeline(it.folder / "wide" / "1", cores=6)
    loads = [it.later(it.load, name) for name in "abcd"]
    assert [load() for load in loads] == [{"ok": True}] * 4
    assert sorted(it.served()) == [["a"], ["b"], ["c"], ["d"]]
    assert [server.cores for server in it.service.state().servers] == ["0-3", "4-7", "8-11", "12-15"]
    assert it.load("e")["code"] == "no_room"
    assert "no model server has more than 4" in it.load("wide")["error"]
    owned = [server["models"] for chip in it.service.state().ownership["chips"] for server in chip["servers"]]
    assert owned == it.served()
    at = it.served().index(["a"])
    it.restarted(at)
    assert it.served()[at] == ["a"]
    assert it.invoke("a", b'{"instances": [[1, 2, 3]]}').status == 200
    it.unload("c")
    assert it.load("e") == {"ok": True}


def test_a_stop_abandons_what_is_under_way(endpoint):
    it = endpoint(SERVE_SIMULATE="inf1.xlarge", SERVE_SIMULATE_LOAD_SECONDS="60")
    it.doubling("a")
    load = it.later(it.load, "a")
    it.service.wait_logged("model a: loading")
    unload = it.later(it.unload, "a")
    it.service.wait_logged("Loading servable version {name: a version: 1}")
    with socket.socket(socket.AF_UNIX) as silent:
        silent.connect(str(it.service.runtime / "models.sock"))
        assert it.service.stop() == 0
    assert (load()["code"], unload()["code"]) == ("not_ready", "not_ready")


def test_a_load_under_way_survives_its_server_and_holds_a_second_one(endpoint):
    it = endpoint(SERVE_SIMULATE="inf1.xlarge", SERVE_SIMULATE_LOAD_SECONDS="0.5")
    for name in ("a", "b"):
        it.doubling(name)
    assert it.load("a") == {"ok": True}
    load = it.later(it.load, "b")
    assert it.service.wait_logged("Loading servable version {name: b version: 1}")
    os.kill(it.service.state().servers[0].pid, signal.SIGKILL)
    again = it.later(it.load, "b")
    assert load() == {"ok": True}
    assert again()["code"] == "already_loaded"
    assert it.unload("b") == {"ok": True}
    assert it.served() == [["a"]]


def _in_flight(it):
    from neuronserve.modelserver.board import BoardReader

    return BoardReader(it.service.runtime / "in-flight").held(it.service.state().models[0].slot)
