"""Containers of one endpoint share a network: each keeps to the ports that it was given."""

import contextlib
import json
import shutil

import psutil

from tests.ports import free_range

JSON = {"Content-Type": "application/json"}
HANDLER = """
import json

def input_handler(data, context):
    return data.read().decode()

def output_handler(response, context):
    return response.content, context.accept_header
"""


def listening(service):
    """The TCP ports that any process of it listens on."""
    ports = set()
    for process in service.survivors():
        with contextlib.suppress(psutil.NoSuchProcess):  # it ended since it was listed
            for one in process.net_connections(kind="tcp"):
                if one.status == psutil.CONN_LISTEN:
                    ports.add(one.laddr.port)
    return ports


def test_two_containers_answer_side_by_side_each_within_its_own_ports(serve, doubling, tmp_path):
    model = tmp_path / "with-code"
    shutil.copytree(doubling, model / "m")
    (model / "code").mkdir()
    (model / "code" / "inference.py").write_text(HANDLER)
    low, high = free_range(16)
    middle = (low + high) // 2
    ranges = (low, middle), (middle + 1, high)
    services = [
        serve(
            MODEL_URI=model,
            MODEL_SERVER="cpu",
            SAGEMAKER_TFS_INSTANCE_COUNT="2",
            SAGEMAKER_SAFE_PORT_RANGE=f"{first}-{last}",
        )
        for first, last in ranges
    ]
    for service, (first, last) in zip(services, ranges, strict=True):
        service.wait_ready()
        inner = listening(service) - {service.port}
        assert len(inner) == 4, "REST and gRPC of two servers"
        assert all(first <= port <= last for port in inner)
    for service in services:
        answer = service.post("/invocations", b'{"instances": [[1.0, 2.0, 5.0]]}', JSON)
        assert (answer.status, json.loads(answer.body)) == (200, {"predictions": [[2.0, 4.0, 10.0]]})
        assert service.stop() == 0
