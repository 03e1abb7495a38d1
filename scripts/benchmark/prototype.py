"""The baseline: the shortest Flask gateway one would write with the same libraries.

gunicorn's gthread, Flask's request and response, simdjson in, gRPC, orjson out; it checks nothing,
logs nothing and counts nothing. Run by ``scripts/benchmark/gateway.py`` behind an nginx of its own.
"""

import os
import threading

import flask
import grpc
import numpy as np
import orjson
import simdjson

from neuronserve.messages import predict_pb2

app = flask.Flask("prototype")
_local = threading.local()
_lock = threading.Lock()
_stub = None


def _predict(request: bytes) -> bytes:
    global _stub
    if _stub is None:
        with _lock:
            channel = grpc.insecure_channel(
                os.environ["NULL_TARGET"], options=[("grpc.max_send_message_length", -1)]
            )
            _stub = channel.unary_unary(
                "/tensorflow.serving.PredictionService/Predict",
                request_serializer=None,
                response_deserializer=None,
            )
    return bytes(_stub(request, timeout=60))


@app.post("/invocations")
def invocations() -> flask.Response:
    body = flask.request.get_data(cache=False)
    if flask.request.mimetype == "application/json":
        if not hasattr(_local, "parser"):
            _local.parser = simdjson.Parser()
        values = np.frombuffer(_local.parser.parse(body)["instances"].as_buffer(of_type="d")).astype("f4")
        values = values.reshape(1, -1)
    else:
        import io

        values = np.load(io.BytesIO(body), allow_pickle=False)
    request = predict_pb2.PredictRequest()
    request.model_spec.name = "model"
    tensor = request.inputs["x"]
    tensor.dtype = 1
    for size in values.shape:
        tensor.tensor_shape.dim.add(size=size)
    tensor.tensor_content = values.tobytes()
    response = predict_pb2.PredictResponse.FromString(_predict(request.SerializeToString()))
    output = np.frombuffer(response.outputs["y"].tensor_content, "f4").reshape(1, 3)
    answer = orjson.dumps({"predictions": output}, option=orjson.OPT_SERIALIZE_NUMPY)
    return flask.Response(answer, mimetype="application/json")
