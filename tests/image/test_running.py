"""The image as a container, the ways people and platforms start it."""

from __future__ import annotations

import json

import pytest
from container import predict

BODY = '{"instances": [1.0, 2.0, 5.0]}'
RIGHT = [2.5, 3.0, 4.5]


@pytest.mark.parametrize("command", [(), ("serve",)], ids=["plain", "serve"])
def test_a_plain_run_and_the_word_serve_do_the_same(run, model, command):
    container = run("-v", f"{model}:/opt/ml/model:ro", "-p", "127.0.0.1::8080", command=command)
    container.wait_ready()
    assert predict(container.port, [1.0, 2.0, 5.0]) == (200, {"predictions": RIGHT})


def test_it_needs_no_network_no_writable_root_no_known_user_and_no_capability(run, model):
    container = run(
        "--read-only", "--tmpfs", "/tmp", "--user", "4242:4242", "--network", "none",
        "--cap-drop", "all", "--security-opt", "no-new-privileges", "-v", f"{model}:/opt/ml/model:ro",
    )  # fmt: skip
    container.wait_ready()
    status, text = container.ask("POST", "/invocations", BODY)
    assert (status, text) == (200, '{"predictions":[2.5,3.0,4.5]}')


def test_it_runs_as_root_too_and_another_port_can_be_asked_for(run, model):
    container = run("--user", "0", "-v", f"{model}:/opt/ml/model:ro", "-e", "SAGEMAKER_BIND_TO_PORT=9090")
    healthy = ("python", "-m", "neuronserve.healthcheck")
    container.wait_for("health", lambda: container.exec(*healthy, check=False).returncode == 0, 120)


def test_the_health_check_fails_with_the_reason_while_the_service_is_not_there(run):
    container = run(command=("sleep", "600"))
    told = container.exec("python", "-m", "neuronserve.healthcheck", check=False)
    assert told.returncode == 1
    assert "refused" in told.stderr


def test_every_wrong_variable_is_named_and_the_exit_code_is_2(run):
    container = run(
        "-e", "SAGEMAKER_BIND_TO_PORT=http", "-e", "SERVE_DEADLINE_SECONDS=-1", "-e", "MODEL_SERVER=gpu"
    )
    assert container.wait() == 2
    said = container.logs()
    for fault in ("SAGEMAKER_BIND_TO_PORT='http'", "SERVE_DEADLINE_SECONDS='-1'", "MODEL_SERVER='gpu'"):
        assert fault in said


def test_without_a_model_it_ends_with_11_and_says_what_to_do(run):
    container = run()
    assert container.wait() == 11
    assert "MODEL_URI" in container.logs()


def test_a_memory_limit_is_kept(run, model):
    container = run("--memory", "1g", "-v", f"{model}:/opt/ml/model:ro", "-p", "127.0.0.1::8080")
    container.wait_ready()
    assert predict(container.port, [5.0]) == (200, {"predictions": [4.5]})


def test_orphans_of_any_process_are_reaped(serving):
    # the shell ends at once, so that its child becomes an orphan, whose parent is then PID 1
    orphan = serving.exec("sh", "-c", "sleep 0.2 & echo $!").stdout.strip()
    gone = f"test ! -e /proc/{orphan}"
    serving.wait_for("the orphan's end", lambda: serving.exec("sh", "-c", gone, check=False).returncode == 0)


@pytest.mark.parametrize("user", [(), ("--user", "0")], ids=["the image's user", "root"])
def test_a_gunicorn_that_is_killed_is_followed_by_another_and_leaves_no_worker(run, model, user):
    container = run(*user, "-v", f"{model}:/opt/ml/model:ro", "-p", "127.0.0.1::8080")
    container.wait_ready()
    before = gunicorns(container)
    (master,) = [pid for pid, parent in before.items() if parent not in before]
    container.exec("sh", "-c", f"kill -9 {master}")

    def followed():
        now = gunicorns(container)
        masters = [pid for pid, parent in now.items() if parent not in now]
        return len(now) == len(before) and len(masters) == 1 and not set(now) & set(before)

    container.wait_for("another gunicorn with its own workers, and no other", followed)
    container.wait_ready()
    assert predict(container.port, [5.0]) == (200, {"predictions": [4.5]})


def gunicorns(container):
    """The parent of each process of gunicorn, by its number."""
    script = (
        "for p in $(grep -l 'wsgi[:]app' /proc/[0-9]*/cmdline); do grep -H ^PPid: ${p%cmdline}status; done"
    )
    lines = container.exec("sh", "-c", script, check=False).stdout.splitlines()
    return {line.split("/")[2]: line.split()[-1] for line in lines}


def test_the_models_compiled_for_inferentia_answer_right_on_the_cpu(run, compiled_models):
    image = [[[[-4.0, -3.0], [-2.0, -1.0]]], [[[0.0, 1.0], [2.0, 3.0]]]]
    container = run_folder(run, compiled_models["inf1-conv2d-tf1"])
    assert answer(container, image) == [[[[0.0, 0.0], [0.0, 0.0]]], [[[0.0, 1.0], [2.0, 3.0]]]]  # Relu
    container = run_folder(run, compiled_models["inf1-dense-tf2"])
    one, two, both = answer(container, [[1.0, 2.0, 3.0], [-4.0, 5.0, 0.5], [-3.0, 7.0, 3.5]])
    assert both == pytest.approx([a + b for a, b in zip(one, two, strict=True)], rel=1e-4)  # it is linear
    assert any(one)


def run_folder(run, folder):
    container = run("-v", f"{folder}:/models/compiled:ro", "-e", "MODEL_URI=/models/compiled")
    container.wait_ready()
    return container


def answer(container, instances):
    status, text = container.ask("POST", "/invocations", json.dumps({"instances": instances}))
    assert status == 200, text
    return json.loads(text)["predictions"]
