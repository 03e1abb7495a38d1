import concurrent.futures
import struct

import grpc
import numpy as np
import pytest

from neuronserve.messages import node_def_pb2, prediction_log_pb2
from tests import handmade
from tests.cpuservers import predict_request, running, wait_for

ONE = np.float32([[1, 2]])


def counting(folder):
    """``y = 2 x`` and, in each row, how many rows ran together."""
    size = node_def_pb2.NodeDef(name="size", op="Shape", input=["x"])
    size.attr["T"].type, size.attr["out_type"].type = 1, 3
    cast = handmade.node("cast", "Cast", "size", SrcT=3, DstT=1)
    nodes = [
        handmade.placeholder("x", -1, 2),
        handmade.constant("two", 2.0),
        handmade.node("y", "Mul", "x", "two", T=1),
        size,
        cast,
        handmade.constant("zero", 0.0),
        handmade.node("zeros", "Mul", "x", "zero", T=1),
        handmade.node("rows", "Add", "zeros", "cast", T=1),
    ]
    return handmade.write(handmade.saved_model(nodes, {"x": "x:0"}, {"y": "y:0", "rows": "rows:0"}), folder)


def batching(folder, parameters):
    counting(folder / "m" / "1")
    (folder / "batching").write_text(parameters)
    return running(folder, f"--model_base_path={folder / 'm'}", "--model_name=m", "--enable_batching=true",
                   f"--batching_parameters_file={folder / 'batching'}", "--grpc_max_threads=32")  # fmt: skip


def test_rows_of_concurrent_calls_run_together_and_each_gets_its_own_back(tmp_path):
    parameters = (
        "max_batch_size { value: 8 } batch_timeout_micros { value: 30000000 } num_batch_threads { value: 2 }"
    )
    with batching(tmp_path, parameters) as server:
        server.wait_until("m", {1: "AVAILABLE"})
        inputs = [np.float32([[at, at + 0.5], [at, -at]]) for at in range(12)]  # 24 rows: 3 full batches
        with concurrent.futures.ThreadPoolExecutor(12) as pool:
            answers = list(pool.map(lambda x: server.predict("m", x=x), inputs))
    for x, answer in zip(inputs, answers, strict=True):
        assert answer["y"].tolist() == (2 * x).tolist()
        assert answer["rows"].tolist() == [[8, 2], [8, 2]]


def test_a_batch_is_padded_to_an_allowed_size(tmp_path):
    parameters = "max_batch_size { value: 8 } allowed_batch_sizes: 4 allowed_batch_sizes: 8"
    with batching(tmp_path, parameters) as server:
        server.wait_until("m", {1: "AVAILABLE"})
        answer = server.predict("m", x=ONE)
        assert answer["y"].tolist() == [[2, 4]]
        assert answer["rows"].tolist() == [[4, 2]]  # the shape that ran was [4, 2]


def test_more_rows_than_a_batch_may_have_are_refused(tmp_path):
    with batching(tmp_path, "max_batch_size { value: 2 }") as server:
        server.wait_until("m", {1: "AVAILABLE"})
        with pytest.raises(grpc.RpcError) as caught:
            server.predict("m", x=np.ones((3, 2), np.float32))
        assert caught.value.code() == grpc.StatusCode.INVALID_ARGUMENT
        assert caught.value.details() == "Task size 3 is larger than maximum input batch size 2"


def test_a_full_queue_is_unavailable_and_a_deadline_ends_the_wait(tmp_path):
    parameters = (
        "max_batch_size { value: 2 } batch_timeout_micros { value: 300000000 } "
        "max_enqueued_batches { value: 1 } num_batch_threads { value: 1 }"
    )
    with batching(tmp_path, parameters) as server:
        server.wait_until("m", {1: "AVAILABLE"})
        waiting = server.begin("Predict", predict_request("m", x=ONE), timeout=20)

        def refusal() -> grpc.StatusCode | None:
            try:
                server.predict("m", x=np.ones((2, 2), np.float32))
            except grpc.RpcError as error:
                return error.code()
            return None

        # two rows do not fit beside the one that waits, and no second batch may wait
        assert wait_for(refusal, "the one row waits", 15) is grpc.StatusCode.UNAVAILABLE
        assert waiting.exception().code() == grpc.StatusCode.DEADLINE_EXCEEDED


def test_wrong_batching_parameters_end_the_server(tmp_path):
    with batching(tmp_path, "max_batch_size { value: 8 } allowed_batch_sizes: 4") as server:
        assert server.process.wait(30) == 255
        assert "Last entry in allowed_batch_sizes must match max_batch_size" in server.log.read_text()


def warmup(folder, *records):
    extra = folder / "m" / "1" / "assets.extra"
    extra.mkdir()
    with (extra / "tf_serving_warmup_requests").open("wb") as stream:
        for record in records:
            stream.write(struct.pack("<QI", len(record), 0) + record + b"\0\0\0\0")


def a_log(**inputs):
    log = prediction_log_pb2.PredictionLog()
    log.predict_log.request.CopyFrom(predict_request("m", **inputs))
    return log.SerializeToString()


def start(folder, *flags):
    return running(
        folder, f"--model_base_path={folder / 'm'}", "--model_name=m", "--max_num_load_retries=0", *flags
    )


def test_warmup_requests_are_replayed_before_the_model_is_available(tmp_path):
    handmade.doubling(tmp_path / "m" / "1")
    warmup(tmp_path, a_log(x=ONE), a_log(x=ONE))
    with start(tmp_path) as server:
        server.wait_until("m", {1: "AVAILABLE"})
        assert "Finished reading warmup data for {name: m version: 1}: 2 requests" in server.log.read_text()


@pytest.mark.parametrize(
    ("records", "text"),
    [
        ((a_log(z=ONE),), "input tensor alias not found in signature: z"),
        ((b"\xff\xff",), "holds no PredictionLog"),
    ],
)
def test_a_model_that_fails_its_warmup_is_not_served(tmp_path, records, text):
    handmade.doubling(tmp_path / "m" / "1")
    warmup(tmp_path, *records)
    with start(tmp_path) as server:
        server.wait_until("m", {1: "END"})
        assert text in server.status("m")[0].status.error_message


def test_warmup_can_be_switched_off(tmp_path):
    handmade.doubling(tmp_path / "m" / "1")
    warmup(tmp_path, b"\xff\xff")
    with start(tmp_path, "--enable_model_warmup=false") as server:
        server.wait_until("m", {1: "AVAILABLE"})


def test_metrics_count_requests_by_model_and_status(tmp_path):
    handmade.doubling(tmp_path / "m" / "1")
    (tmp_path / "monitoring").write_text('prometheus_config { enable: true path: "/metrics" }')
    flags = (f"--model_base_path={tmp_path / 'm'}", "--model_name=m",
             f"--monitoring_config_file={tmp_path / 'monitoring'}")  # fmt: skip
    with running(tmp_path, *flags, rest=True) as server:
        server.wait_until("m", {1: "AVAILABLE"})
        server.predict("m", x=ONE)
        assert ':tensorflow:serving:request_count{model_name="m",status="OK"} 1' in server.http("/metrics")[1]
