"""Stands in for the gateway: a request's query string says how it is to be answered."""

import os
import signal
import sys
import time
from urllib.parse import parse_qsl


class _Board:
    def clear(self, slot):
        pass


class App:
    """``?sleep=seconds``, ``?size=bytes``, ``?die`` (the worker is killed), ``?raise``, ``?status=503``."""

    board = _Board()

    def enter_worker(self, *, slot, rows, watcher):
        pass

    def __call__(self, environ, start_response):
        wish = dict(parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True))
        body = environ["wsgi.input"].read()
        if "die" in wish:
            os.kill(os.getpid(), signal.SIGKILL)
        if "raise" in wish:
            raise ValueError("asked to raise")
        if environ["PATH_INFO"] == "/invocations":
            print(
                f'{{"type":"request","standin":"{environ["HTTP_X_REQUEST_ID"]}"}}',
                file=sys.stdout,
                flush=True,
            )
        time.sleep(float(wish.get("sleep", 0)))
        names = ("X_REQUEST_ID", "X_REQUEST_MSEC", "X_REQUEST_ELAPSED", "CONNECTION", "HOST", "EXPECT")
        seen = ",".join(f"{n}={environ[f'HTTP_{n}']}" for n in names if f"HTTP_{n}" in environ)
        answer = b"x" * int(wish["size"]) if "size" in wish else f"{len(body)} bytes; {seen}".encode()
        start_response(
            f"{wish.get('status', '200')} Said so",
            [
                ("Content-Type", "application/json"),
                ("Content-Length", str(len(answer))),
                ("X-Request-Id", "mine"),
            ],
        )
        return [answer]


app = App()
