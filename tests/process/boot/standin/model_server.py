#!/usr/bin/env python3
"""Stands in for TensorFlow Serving: takes its flags, answers on its unix socket; every prediction is y = x.

The environment tells it how to behave: STANDIN_HOLD (a file: while it
is there, the model is being loaded), STANDIN_FAIL (a load error's text),
STANDIN_CRASH (exit code, at once), STANDIN_HANG (a file: while it is there, questions are not answered),
STANDIN_STUCK (the same for predictions alone), STANDIN_BUSY (a file: the cores are taken).
It ignores SIGTERM, as TensorFlow Serving does.
"""

import argparse
import os
import signal
import sys
import time
from concurrent import futures
from pathlib import Path

import grpc

from neuronserve.messages import get_model_metadata_pb2, get_model_status_pb2, predict_pb2

signal.signal(signal.SIGTERM, signal.SIG_IGN)
parser = argparse.ArgumentParser()
parser.add_argument("--grpc_socket_path", required=True)
options, _ = parser.parse_known_args()
print("2024-01-31 12:00:00.000000: W standin.cc:1] I am a stand-in", file=sys.stderr, flush=True)
if "STANDIN_CRASH" in os.environ:
    print("standin: I cannot live", file=sys.stderr, flush=True)
    sys.exit(int(os.environ["STANDIN_CRASH"]))
if Path(os.environ.get("STANDIN_BUSY", "/nonexistent")).exists():
    print("NRT:nrt_allocate_neuron_cores NeuronCore(s) not available - Requested:4 Available:0",
          file=sys.stderr, flush=True)  # fmt: skip
    sys.exit(1)
STUCK = Path(os.environ.get("STANDIN_STUCK", "/nonexistent"))
HANG = Path(os.environ.get("STANDIN_HANG", "/nonexistent"))
HOLD = Path(os.environ.get("STANDIN_HOLD", "/nonexistent"))


def status(raw: bytes, _context: grpc.ServicerContext) -> bytes:
    while HANG.exists():
        time.sleep(0.05)
    answer = get_model_status_pb2.GetModelStatusResponse()
    entry = answer.model_version_status.add(version=1, state="LOADING")
    if "STANDIN_FAIL" in os.environ:
        entry.state = 50  # END
        entry.status.error_code, entry.status.error_message = 13, os.environ["STANDIN_FAIL"]
    elif not HOLD.exists():
        entry.state = 30  # AVAILABLE
    return answer.SerializeToString()


def metadata(raw: bytes, _context: grpc.ServicerContext) -> bytes:
    spec = get_model_metadata_pb2.GetModelMetadataRequest.FromString(raw).model_spec
    found = get_model_metadata_pb2.SignatureDefMap()
    signature = found.signature_def["serving_default"]
    signature.method_name = "tensorflow/serving/predict"
    for side in (signature.inputs["x"], signature.outputs["y"]):
        side.dtype = 1
        side.tensor_shape.dim.add(size=-1)
    answer = get_model_metadata_pb2.GetModelMetadataResponse(model_spec=spec)
    answer.model_spec.version.value = 1
    answer.metadata["signature_def"].Pack(found)
    return answer.SerializeToString()


def predict(raw: bytes, _context: grpc.ServicerContext) -> bytes:
    while HANG.exists() or STUCK.exists():
        time.sleep(0.05)
    request = predict_pb2.PredictRequest.FromString(raw)
    answer = predict_pb2.PredictResponse(model_spec=request.model_spec)
    answer.outputs["y"].CopyFrom(request.inputs["x"])
    return answer.SerializeToString()


server = grpc.server(futures.ThreadPoolExecutor(32))
for service, methods in {
    "ModelService": {"GetModelStatus": status},
    "PredictionService": {"GetModelMetadata": metadata, "Predict": predict},
}.items():
    handlers = {name: grpc.unary_unary_rpc_method_handler(method) for name, method in methods.items()}
    made = grpc.method_handlers_generic_handler(f"tensorflow.serving.{service}", handlers)
    server.add_generic_rpc_handlers([made])
server.add_insecure_port(f"unix:{Path(options.grpc_socket_path)}")
server.start()
server.wait_for_termination()
