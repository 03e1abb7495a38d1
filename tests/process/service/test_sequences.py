"""Whatever happens to the servers, in whatever order: each range of cores comes back to its own server."""

import contextlib
import os
import signal

import psutil
from google.protobuf import text_format
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from neuronserve.errors import ModelServerError, NeuronserveError
from neuronserve.messages import model_management_pb2
from neuronserve.modelserver.client import Client
from neuronserve.simulator import control, ownership
from neuronserve.simulator.host import attach
from tests import handmade

RELOAD = "/tensorflow.serving.ModelService/HandleReloadConfigRequest"
SERVERS, CORES = 2, 4
PLANNED = {core: f"neuronserve-{core // 2}" for core in range(CORES)}

STEPS = st.lists(
    st.tuples(
        st.sampled_from(["kill", "crash", "ignored stop", "hang", "reload", "wait"]),
        st.integers(0, SERVERS - 1),
    ),
    min_size=2,
    max_size=6,
)


def owners(host):
    return {core: holder.tag for core, holder in ownership.holders(host).items() if holder}


def reload(service, index):
    """What an operator may send: the same models once more."""
    request = model_management_pb2.ReloadConfigRequest()
    text_format.Parse((service.runtime / f"models-{index}.config").read_text(), request.config)
    with contextlib.suppress(NeuronserveError):  # it may be gone
        Client(f"unix:{service.runtime}/ms-{index}/sock").call(RELOAD, request.SerializeToString(), 10)


def disturb(service, host, what, index):
    pid = service.state().servers[index].pid
    with contextlib.suppress(ModelServerError, psutil.NoSuchProcess, ProcessLookupError):
        if what in ("kill", "ignored stop") and pid:
            os.kill(pid, signal.SIGKILL if what == "kill" else signal.SIGTERM)
        elif what in ("crash", "hang"):
            server = control.find(host, core=index * CORES // SERVERS)
            server.crash() if what == "crash" else server.hang()
    if what == "reload":
        reload(service, index)
    if what == "wait":
        service.wait_ready()


def test_no_sequence_gives_a_core_to_another_server_or_leaves_it_without_one(serve, tmp_path):
    handmade.compiled(tmp_path / "models" / "m" / "1", max_duplicates=2)
    service = serve(
        MODEL_URI=tmp_path / "models", SERVE_SIMULATE="inf1.xlarge", SERVE_SIMULATE_FREE_SECONDS="0.3",
        SERVE_CANARY_SECONDS="0.2", SERVE_HANG_SECONDS="1", SERVE_MAX_RESTARTS="1000",
    )  # fmt: skip
    service.wait_ready()
    host = attach(service.runtime / "neuron-host")

    @settings(max_examples=4, deadline=None, suppress_health_check=list(HealthCheck))
    @given(STEPS)
    def whatever(steps):
        for what, index in steps:
            disturb(service, host, what, index)
            assert owners(host).items() <= PLANNED.items()

        def all_is_as_planned():
            found = owners(host)
            assert found.items() <= PLANNED.items()
            return found == PLANNED and service.state().state == "ready"

        service.wait_for(f"all cores to have their owners after {steps}", all_is_as_planned, seconds=60)

    whatever()
    assert any(server.restarts for server in service.state().servers)
    assert service.stop() == 0
    assert not host.folder.exists()
