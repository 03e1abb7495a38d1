"""What a process that died leaves: nothing that grows, and no counter that goes back."""

from __future__ import annotations

import re
import signal

import psutil
import pytest

from tests.process.service.test_full_disk import answered

DEATHS = 4


def counted(service) -> float:
    """Requests answered 200, as the metrics page has it."""
    page = service.get("/metrics").body.decode()
    return sum(map(float, re.findall(r'neuronserve_requests_total\{[^}]*status="200"\} (\S+)', page)))


def listed(service) -> set[str]:
    """All that lies in the runtime folder."""
    return {str(path.relative_to(service.runtime)) for path in service.runtime.rglob("*")}


def test_workers_and_gateways_that_die_leave_no_file_and_their_counts(serve, doubling) -> None:
    service = serve(MODEL_URI=doubling, MODEL_SERVER="cpu", SAGEMAKER_GUNICORN_WORKERS="2")
    service.wait_ready()
    service.wait_for("an answer", lambda: answered(service))
    before, answers = listed(service), counted(service)
    for number in range(DEATHS):
        master = service.part("gunicorn")
        workers = service.wait_for("two workers", lambda of=master: of.children()[1:] and of.children())
        victim = master if number == DEATHS - 1 else workers[0]
        victim.send_signal(signal.SIGKILL)
        service.wait_for("its end", lambda gone=victim: gone not in service.survivors())
        service.wait_for("an answer", lambda: answered(service))
        assert counted(service) > answers
        answers = counted(service)
    service.wait_ready()
    assert listed(service) == before
    assert service.stop() == 0


def test_a_model_server_that_dies_leaves_no_graph(serve, compiled_models) -> None:
    folder = min(compiled_models.items())[1]
    service = serve(MODEL_URI=folder, MODEL_SERVER="cpu")
    service.wait_ready()
    count = len(listed(service))
    for _ in range(2):
        victim = service.part("ms-0/sock")
        victim.send_signal(signal.SIGKILL)
        service.wait_for("its end", lambda gone=victim: gone not in service.survivors())
        service.wait_ready()
    assert len(listed(service)) == count  # links to what the model has besides its graph
    held = [path for path in service.runtime.glob("ms-0/**/*") if path.is_file() and not path.is_symlink()]
    assert sum(path.stat().st_size for path in held) == 0
    assert service.stop() == 0


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
def test_any_process_that_is_killed_or_stopped_is_replaced(serve, doubling, number) -> None:
    service = serve(MODEL_URI=doubling, MODEL_SERVER="cpu", SAGEMAKER_GUNICORN_WORKERS="2")
    service.wait_ready()
    for name in ("nginx", "nginx worker", "gunicorn", "gunicorn worker", "ms-0/sock"):
        part = service.part(name.partition(" ")[0])
        victim = part
        if name.endswith("worker"):
            victim = service.wait_for("a worker", lambda of=part: of.children())[0]
        victim.send_signal(number)
        service.wait_for(f"the end of {name}", lambda gone=victim: gone not in service.survivors())
        service.wait_for("an answer", lambda: answered(service))
        service.wait_ready()
    assert not [p for p in service.survivors() if p.status() == psutil.STATUS_STOPPED]
    assert service.stop() == 0
