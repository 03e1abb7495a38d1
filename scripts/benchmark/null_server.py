#!/usr/bin/env python3
"""A model server that answers at once: nginx, handing out canned gRPC frames.

Takes TensorFlow Serving's flags, so that ``serve`` starts it like the real one. The input's shape is
``NULL_SHAPE`` (such as ``-1,224,224,3``); the answer is always three floats.
"""

import os
import shutil
import struct
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

CONF = """
{user}
worker_processes 1; daemon off; pid {folder}/pid; error_log stderr error;
events {{ worker_connections 1024; }}
http {{
  access_log off; default_type application/grpc; keepalive_requests 1000000000;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/f;
  uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  client_max_body_size 0; client_body_buffer_size 16m;
  upstream frames {{ server unix:{folder}/frames.sock; keepalive 64; keepalive_requests 1000000000; }}
  server {{
    listen unix:{folder}/frames.sock;
    root {folder}/www;
  }}
  server {{
    listen unix:{socket} http2;
    # proxying, since only that reads the body: nginx takes bodies that are thrown away for a flood
    location / {{
      proxy_pass http://frames; proxy_http_version 1.1; proxy_set_header Connection "";
      proxy_method GET; proxy_pass_request_body off; proxy_set_header Content-Length "";
      add_trailer grpc-status 0;
    }}
  }}
}}
"""


def frame(message: bytes) -> bytes:
    return b"\0" + struct.pack(">I", len(message)) + message


def answers(shape: list[int]) -> dict[str, bytes]:
    from neuronserve import messages as m

    predict = m.predict_pb2.PredictResponse()
    predict.model_spec.name, predict.model_spec.version.value = "model", 1
    output = predict.outputs["y"]
    output.dtype = 1
    for size in (1, 3):
        output.tensor_shape.dim.add(size=size)
    output.tensor_content = struct.pack("<3f", 0.25, 0.5, 0.25)

    signatures = m.get_model_metadata_pb2.SignatureDefMap()
    signature = signatures.signature_def["serving_default"]
    signature.method_name = "tensorflow/serving/predict"
    for infos, name, sizes in ((signature.inputs, "x", shape), (signature.outputs, "y", [-1, 3])):
        infos[name].dtype = 1
        for size in sizes:
            infos[name].tensor_shape.dim.add(size=size)
    metadata = m.get_model_metadata_pb2.GetModelMetadataResponse()
    metadata.model_spec.name, metadata.model_spec.version.value = "model", 1
    metadata.metadata["signature_def"].Pack(signatures)

    status = m.get_model_status_pb2.GetModelStatusResponse()
    status.model_version_status.add(version=1, state=30)
    prediction, models = "tensorflow.serving.PredictionService", "tensorflow.serving.ModelService"
    return {
        f"{prediction}/Predict": predict.SerializeToString(),
        f"{prediction}/GetModelMetadata": metadata.SerializeToString(),
        f"{models}/GetModelStatus": status.SerializeToString(),
    }


def main() -> None:
    socket = next(a.partition("=")[2] for a in sys.argv if a.startswith("--grpc_socket_path="))
    folder = Path(tempfile.mkdtemp(prefix="null-", dir=Path(socket).parent))
    shape = [int(n) for n in os.environ.get("NULL_SHAPE", "-1,3").split(",")]
    for path, message in answers(shape).items():
        file = folder / "www" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(frame(message))
    Path(socket).unlink(missing_ok=True)
    user = "user root root;" if os.geteuid() == 0 else ""  # the folder is closed to others
    conf = folder / "nginx.conf"
    conf.write_text(CONF.format(folder=folder, socket=socket, user=user))
    nginx = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin") or "nginx"
    os.execv(nginx, [nginx, "-c", str(conf), "-e", "stderr"])  # noqa: S606  a list, and no shell


if __name__ == "__main__":
    main()
