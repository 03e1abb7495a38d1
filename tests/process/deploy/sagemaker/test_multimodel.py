"""Multi-model endpoints as the platform uses them, with a real container: ./serve and its model server."""

from __future__ import annotations

import contextlib
import json
import random
import tarfile
import threading

import psutil
import pytest
from botocore.exceptions import ClientError

from tests import handmade
from tests.deploying.rehearsals import CPU, rehearsal, together, wait_for

CALLERS = 8
FACTORS = {f"m{number:02}.tar.gz": float(number + 1) for number in range(50)}


@pytest.fixture(scope="module")
def prefix(tmp_path_factory):
    """50 archives: each model multiplies by a number of its own."""
    folder = tmp_path_factory.mktemp("prefix")
    for name, factor in FACTORS.items():
        made = handmade.doubling(tmp_path_factory.mktemp("model") / "1", factor)
        with tarfile.open(folder / name, "w:gz") as tar:
            tar.add(made, "1")
    return folder


def endpoint(prefix, folder, **environment):
    return rehearsal("multi-model", [prefix], folder, environment={**CPU, **environment})


def multiplied(found, name):
    """Asks a model by its name, again while the container says 503, or was killed before it said all (0)."""

    def ask():
        try:
            answer = found.invoke(b'{"instances": [[1.0, 2.0]]}', TargetModel=name)
        except ClientError as error:
            if error.response.get("OriginalStatusCode") in (0, 503):
                return None
            raise
        return json.loads(answer)["predictions"]

    return wait_for(f"an answer of {name}", ask, 60)


def processes(program):
    """Those of the container, by a word of their command line."""
    for child in psutil.Process().children(recursive=True):
        try:
            if program in " ".join(child.cmdline()):
                yield child
        except psutil.Error:
            continue


def worker():
    """A gunicorn worker: one whose parent is gunicorn too. None while there is none."""
    ours = {one.pid: one for one in processes("gunicorn")}
    for one in ours.values():
        with contextlib.suppress(psutil.NoSuchProcess):  # it ended since it was listed
            if one.ppid() in ours:
                return one
    return None


@pytest.mark.parametrize("count", [1, 2])
def test_one_or_two_models_answer_for_themselves(prefix, tmp_path, count):
    names = sorted(FACTORS)[:count]
    with endpoint(prefix, tmp_path) as found:
        for name in (*names, *names):
            assert multiplied(found, name) == [[FACTORS[name], 2 * FACTORS[name]]]


def test_fifty_models_eight_callers_and_processes_that_are_killed_give_right_answers_alone(prefix, tmp_path):
    done = threading.Semaphore(0)

    def caller(number):
        choose = random.Random(number)
        for _ in range(16):
            name = choose.choice(sorted(FACTORS))
            factor = FACTORS[name]
            assert multiplied(found, name) == [[factor, 2 * factor]], name
            done.release()

    def killer():
        """A worker, then the model server, while requests are under way."""
        for what, victim in (
            ("a worker", worker),
            ("a model server", lambda: next(processes("neuronserve.cpuserver"), None)),
        ):
            for _ in range(CALLERS * 4):
                assert done.acquire(timeout=120)
            with contextlib.suppress(psutil.NoSuchProcess):
                wait_for(what, victim, 60).kill()

    # room for 12: loads and unloads all the time
    with endpoint(prefix, tmp_path, SAGEMAKER_GUNICORN_WORKERS="2", SERVE_MODELS_PER_SERVER="12") as found:
        outcomes = together(CALLERS + 1, lambda n: killer() if n == CALLERS else caller(n))
        assert [one for one in outcomes if one is not None] == []
        for name, factor in FACTORS.items():
            assert multiplied(found, name) == [[factor, 2 * factor]]
