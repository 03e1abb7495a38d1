#!/usr/bin/env python3
"""Stands in for TensorFlow Serving: takes its flags, answers GetModelStatus on its unix socket.

The environment tells it how to behave: STANDIN_HOLD (a file: while it
is there, the model is being loaded), STANDIN_FAIL (a load error's text),
STANDIN_CRASH (exit code, at once), STANDIN_HANG (a file: while it is there, questions are not answered).
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

from neuronserve.messages import get_model_status_pb2

signal.signal(signal.SIGTERM, signal.SIG_IGN)
parser = argparse.ArgumentParser()
parser.add_argument("--grpc_socket_path", required=True)
options, _ = parser.parse_known_args()
print("2024-01-31 12:00:00.000000: W standin.cc:1] I am a stand-in", file=sys.stderr, flush=True)
if "STANDIN_CRASH" in os.environ:
    print("standin: I cannot live", file=sys.stderr, flush=True)
    sys.exit(int(os.environ["STANDIN_CRASH"]))
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


handler = grpc.unary_unary_rpc_method_handler(status)
server = grpc.server(futures.ThreadPoolExecutor(4))
server.add_generic_rpc_handlers(
    [grpc.method_handlers_generic_handler("tensorflow.serving.ModelService", {"GetModelStatus": handler})]
)
server.add_insecure_port(f"unix:{Path(options.grpc_socket_path)}")
server.start()
server.wait_for_termination()
