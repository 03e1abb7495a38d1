"""A stand-in for a container of SageMaker's contract: small, quick, and it does as its environment says.

It answers ``/ping``, ``/invocations`` (the body comes back, with what was asked in a header), the multi-model
calls and ``/execution-parameters``. STANDIN_*: ROOM (models that fit), LOAD_SECONDS, UNHEALTHY, EXIT (at
once, with this code), DEAF (ignores SIGTERM), PARAMETERS (JSON). A body can be an order: ``status 404 text``,
``sleep 1.5``, ``exit 3``, ``stream 3``, ``break``, ``headers``, ``environ NAME``, ``say TEXT``, ``large N``.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

SETTINGS = {k.removeprefix("STANDIN_"): v for k, v in os.environ.items() if k.startswith("STANDIN_")}
CUSTOM = "X-Amzn-SageMaker-Custom-Attributes"
MODELS: dict[str, str] = {}
LOCK = threading.Lock()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):
        if self.path == "/ping":
            self.answer(503 if "UNHEALTHY" in SETTINGS else 200)
        elif self.path == "/execution-parameters" and "PARAMETERS" in SETTINGS:
            self.answer(200, SETTINGS["PARAMETERS"].encode())
        elif self.path == "/models":
            listed = [{"modelName": name, "modelUrl": url} for name, url in MODELS.items()]
            self.answer(200, json.dumps({"models": listed}).encode())
        else:
            self.answer(404, b"no such route")

    def do_DELETE(self):
        name = self.path.removeprefix("/models/")
        with LOCK:
            print(f"unload {name}", flush=True)
            self.answer(200 if MODELS.pop(name, None) else 404)

    def do_POST(self):
        body = self.body()
        if self.path == "/models":
            self.load(json.loads(body))
        elif self.path.startswith("/models/"):
            name = self.path.split("/")[2]
            url = MODELS.get(name)
            if url is None:
                self.answer(404, b"model not loaded")
            elif body.startswith(b"who"):
                self.answer(200, (Path(url) / "name").read_bytes())
            else:
                self.obey(body)
        else:
            self.obey(body)

    def load(self, asked):
        name, url = asked["model_name"], asked["url"]
        time.sleep(float(SETTINGS.get("LOAD_SECONDS", "0")))
        with LOCK:
            print(f"load {name} {(Path(url) / 'name').read_text()}", flush=True)
            if name in MODELS:
                self.answer(409, b"already loaded")
            elif (Path(url) / "broken").exists():
                self.answer(500, b"this model cannot be loaded")
            elif len(MODELS) >= int(SETTINGS.get("ROOM", "100")):
                self.answer(507, b"no room")
            else:
                MODELS[name] = url
                self.answer(200)

    def obey(self, body):
        word, _, rest = body.decode(errors="replace").partition(" ")
        if word == "status":
            code, _, text = rest.partition(" ")
            self.answer(int(code), text.encode())
        elif word == "sleep":
            time.sleep(float(rest))
            self.answer(200, b"slept")
        elif word == "exit":
            os._exit(int(rest))
        elif word == "stream":
            self.stream(int(rest))
        elif word == "break":
            self.stream(2, breaks=True)
        elif word == "headers":
            self.answer(200, json.dumps({k.lower(): v for k, v in self.headers.items()}).encode())
        elif word == "environ":
            self.answer(200, os.environ.get(rest, "").encode())
        elif word == "say":
            self.answer(200, rest.encode())
        elif word == "large":
            self.answer(200, b"x" * int(rest))
        else:
            prefix = SETTINGS.get("PREFIX", "").encode()
            self.answer(200, prefix + body, **({"X-Seen-Type": self.headers.get("Content-Type", "")}))

    def body(self):
        if self.headers.get("Transfer-Encoding", "") == "chunked":
            parts = []
            while size := int(self.rfile.readline(), 16):
                parts.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            return b"".join(parts)
        return self.rfile.read(int(self.headers.get("Content-Length", "0")))

    def stream(self, count, *, breaks=False):
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.send_header("Content-Type", "application/jsonlines")
        self.end_headers()
        for number in range(count):
            part = f"part {number}\n".encode()
            self.wfile.write(b"%x\r\n%s\r\n" % (len(part), part))
            time.sleep(0.05)
        if not breaks:
            self.wfile.write(b"0\r\n\r\n")
        self.close_connection = True

    def answer(self, status, body=b"", **headers):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Type", SETTINGS.get("TYPE", "text/plain"))
        if CUSTOM in self.headers and self.headers[CUSTOM].startswith("back="):
            self.send_header(CUSTOM, self.headers[CUSTOM].removeprefix("back="))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128  # the platform waits for 250 ms, and the kernel's second try comes later


def main():
    assert sys.argv[1:] == ["serve"], sys.argv
    if "EXIT" in SETTINGS:
        print("this container cannot start", flush=True)
        os._exit(int(SETTINGS["EXIT"]))
    server = Server(("127.0.0.1", int(os.environ.get("SAGEMAKER_BIND_TO_PORT", "8080"))), Handler)
    deaf = "DEAF" in SETTINGS
    signal.signal(
        signal.SIGTERM,
        signal.SIG_IGN if deaf else lambda *_: threading.Thread(target=server.shutdown).start(),
    )
    print("standing in", flush=True)
    server.serve_forever(0.02)


if __name__ == "__main__":
    main()
