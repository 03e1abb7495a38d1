"""What requests may take of memory: small bodies that unpack to huge ones, one at a time and all at once."""

from __future__ import annotations

import threading
from pathlib import Path

import psutil
import pytest

from tests import bombs

_MIB = 1 << 20
_BODY_MIB = 4
_AT_ONCE = 24
HONEST = b'{"instances": [[1.0, 2.0, 5.0]]}'
DOUBLED = {"predictions": [[2.0, 4.0, 10.0]]}
REFUSED = (400, 413, 503)


def peak(worker: psutil.Process) -> int:
    """The most that it ever had, in bytes (VmHWM)."""
    lines = Path(f"/proc/{worker.pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) << 10 for line in lines if line.startswith("VmHWM:"))


def forget_peak(worker: psutil.Process) -> None:
    Path(f"/proc/{worker.pid}/clear_refs").write_text("5")


def workers_of(service) -> list[psutil.Process]:
    """gunicorn's workers, without their parent."""
    found = service.children("wsgi:app")
    parents = {process.ppid() for process in found}
    return [process for process in found if process.pid not in parents]


@pytest.fixture
def started(serve, doubling):
    def start(**environ):
        service = serve(MODEL_URI=doubling, MODEL_SERVER="cpu", SAGEMAKER_GUNICORN_WORKERS=1, **environ)
        service.wait_ready()
        assert service.post("/invocations", HONEST, {"Content-Type": bombs.JSON}).json() == DOUBLED
        return service

    return start


@pytest.mark.parametrize("body_mib", [2, 4])  # read as a whole, and block by block
def test_no_body_takes_more_than_eight_times_what_a_body_may_have(started, body_mib):
    service = started(SERVE_MAX_BODY_MB=body_mib)
    (worker,) = workers_of(service)
    size = body_mib * _MIB - 1024
    most = 8 * body_mib + 64  # MiB more than before
    sent = [
        (name, {**bombs.GZIP, "Content-Type": kind}, bombs.packed(text))
        for name, (kind, text) in bombs.texts(size).items()
    ]
    for name, body in bombs.hostile_headers().items():
        sent.append((name, {"Content-Type": bombs.NPY}, body))
    sent += [
        ("an npz of zeros", {"Content-Type": bombs.NPZ}, bombs.npz_of_zeros(size)),
        ("an npz that lies", {"Content-Type": bombs.NPZ}, bombs.npz_that_lies(300 * _MIB)),
        (
            "dimensions",
            {**bombs.GZIP, "Content-Type": bombs.PROTOBUF},
            bombs.packed(bombs.predict_request_of_dimensions(size)),
        ),
    ]
    grew = {}
    for name, headers, body in sent:
        forget_peak(worker)
        before = worker.memory_info().rss
        answer = service.post("/invocations", body, headers, timeout=60)
        grew[name] = (peak(worker) - before) // _MIB, answer.status, answer.body[:100]
        assert answer.status in (200, 400, 413), grew
    assert {name: told for name, told in grew.items() if told[0] > most} == {}
    assert [process.pid for process in workers_of(service)] == [worker.pid]
    assert service.post("/invocations", HONEST, {"Content-Type": bombs.JSON}).json() == DOUBLED
    assert service.stop() == 0


def test_many_at_once_stay_within_the_budget_and_stop_nobody(started):
    budget = 100
    service = started(SERVE_MAX_BODY_MB=_BODY_MIB, SERVE_REQUEST_MEMORY_MB=budget)
    (worker,) = workers_of(service)
    forget_peak(worker)
    before = worker.memory_info().rss
    kinds = list(bombs.texts(_BODY_MIB * _MIB - 1024).values())
    packed = [(kind, bombs.packed(text)) for kind, text in kinds]
    statuses, honest = [], []

    def bomb(at):
        kind, body = packed[at % len(packed)]
        statuses.append(service.post("/invocations", body, {**bombs.GZIP, "Content-Type": kind}, timeout=60))

    threads = [threading.Thread(target=bomb, args=(at,)) for at in range(_AT_ONCE)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        honest.append(service.post("/invocations", HONEST, {"Content-Type": bombs.JSON}, timeout=60))
    for thread in threads:
        thread.join()
    assert {answer.status for answer in honest} == {200}
    assert all(answer.status in (200, *REFUSED) for answer in statuses)
    assert all("retry-after" in answer.headers for answer in statuses if answer.status == 503)
    assert (peak(worker) - before) // _MIB < budget + 64  # and what is not worth to be counted
    assert [process.pid for process in workers_of(service)] == [worker.pid]
    # all shares were given back: the whole budget can be had again
    large = bombs.repeated(b"1.5,2.5,3.5\n", 3 * _MIB)
    assert service.post("/invocations", large, {"Content-Type": bombs.CSV}, timeout=60).status == 200
    assert service.stop() == 0
