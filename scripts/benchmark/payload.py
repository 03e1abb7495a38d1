"""Milliseconds that each form of request and answer takes, beside json + numpy and orjson + numpy.

All are measured in one run, in turns, and the best of several is taken: the ratios mean more than the times.
"""

from __future__ import annotations

import base64
import csv
import io
import json
import time
from collections.abc import Callable
from functools import partial

import numpy as np
import orjson

from neuronserve import payload
from neuronserve.payload import Form, Kind, MediaType, Signature, TensorSpec

Work = Callable[[], object]
Case = tuple[str, int, list[Work]]  # name, bytes, and what to time: ours, the standard library, orjson
IMAGE = (1, 224, 224, 3)


def measure(repeats: int = 15) -> list[dict[str, object]]:
    """For each case: name, bytes, ``ms`` (ours), and how many times as long the others take."""
    rows: list[dict[str, object]] = []
    for name, size, works in (*requests(), *answers()):
        ours, *others = best(works, repeats)
        rows.append({"case": name, "bytes": size, "ms": ours * 1e3, "others": [o / ours for o in others]})
    return rows


def requests() -> list[Case]:
    image, ids = np.random.default_rng(0).random(IMAGE), np.arange(150_000).reshape(-1, 100)
    known, small, whole = (
        one("float32", (None, *IMAGE[1:])),
        one("float32", (None, 3)),
        one("int64", (None, 100)),
    )
    table = one("float32", (None, 100))
    lines = b"\n".join(dumps(row) for row in image.ravel()[:150_000].reshape(-1, 1000))
    spaced = json.dumps({"instances": image.tolist()}).encode()
    picture = orjson.dumps({"instances": [{"b64": base64.b64encode(image.tobytes()[:1_000_000]).decode()}]})
    rows = dumps(ids)[2:-2].replace(b"],[", b"\n")
    return [
        request("3 floats, JSON", b'{"instances":[[1.0,2.0,5.0]]}', "application/json", small, "instances"),
        request("image, JSON", b'{"instances":' + dumps(image) + b"}", None, known, "instances"),
        request("image, JSON with spaces", spaced, None, known, "instances"),
        request("image, JSON column", b'{"inputs":{"x":' + dumps(image) + b"}}", None, known, "inputs", "x"),
        request("image, bare JSON", dumps(image), None, known),
        request("150 000 integers, JSON", b'{"instances":' + dumps(ids) + b"}", None, whole, "instances"),
        ("150 lines of 1000, JSON lines", len(lines), [
            lambda: payload.decode(lines, "application/jsonlines", one("float32", (None, 1000))),
            lambda: np.array([json.loads(line) for line in lines.split(b"\n")], np.float32),
            lambda: np.array([orjson.loads(line) for line in lines.split(b"\n")], np.float32),
        ]),
        ("150 000 integers, CSV", len(rows), [
            lambda: payload.decode(rows, "text/csv", table),
            lambda: np.array(list(csv.reader(io.StringIO(rows.decode()))), np.float32),
        ]),
        ("1 MB image as b64", len(picture), [
            lambda: payload.decode(picture, None, one("string", (None,))),
            lambda: base64.b64decode(json.loads(picture)["instances"][0]["b64"]),
            lambda: base64.b64decode(orjson.loads(picture)["instances"][0]["b64"]),
        ]),
        ("image, npy", image.nbytes // 2, [npy(image.astype(np.float32), known)]),
        ("8 images, npy", image.nbytes * 4, [npy(np.repeat(image, 8, 0).astype(np.float32), known)]),
    ]  # fmt: skip


def request(name: str, body: bytes, kind: str | None, known: payload.Signatures, *keys: str) -> Case:
    dtype = known["serving_default"].inputs["x"].numpy

    def read(loads: Callable[[bytes], object]) -> Work:
        def work() -> object:
            value = loads(body)
            for key in keys:
                value = value[key]  # type: ignore[index]
            return np.array(value, dtype)

        return work

    return name, len(body), [lambda: payload.decode(body, kind, known), read(json.loads), read(orjson.loads)]


def npy(array: np.ndarray, known: payload.Signatures) -> Work:
    stream = io.BytesIO()
    np.save(stream, array)
    body = stream.getvalue()
    return lambda: payload.decode(body, "application/x-npy", known)


def answers() -> list[Case]:
    signature = one("float32", None)["serving_default"]
    classes = np.random.default_rng(0).random((8, 1000)).astype(np.float32)
    few = classes[:1, :3].copy()
    found = []
    for name, array in (("3 floats, answer in", few), ("8 x 1000 floats, answer in", classes)):
        for kind in (Kind.JSON, Kind.CSV, Kind.NPY, Kind.NPZ):
            media = MediaType(kind, kind.value)

            def ours(array: np.ndarray = array, media: MediaType = media) -> object:
                return payload.encode({"y": array}, media, Form.ROW, signature)

            others: list[Work] = []
            if kind is Kind.JSON:
                others = [partial(_listed, json.dumps, array), partial(_listed, orjson.dumps, array)]
            found.append((f"{name} {kind.name}", len(ours()[0]), [ours, *others]))  # type: ignore[index]
    return found


def _listed(dumps: Callable[[object], object], array: np.ndarray) -> object:
    return dumps({"predictions": array.tolist()})


def one(dtype: str, shape: tuple[int | None, ...] | None) -> payload.Signatures:
    outputs = {"y": TensorSpec("y", "float32", None)}
    return {
        "serving_default": Signature(
            "serving_default", "predict", {"x": TensorSpec("x", dtype, shape)}, outputs
        )
    }


def dumps(array: np.ndarray) -> bytes:
    return orjson.dumps(array, option=orjson.OPT_SERIALIZE_NUMPY)


def best(works: list[Work], repeats: int) -> list[float]:
    """Seconds each, the best of ``repeats`` rounds; quick ones run often enough to be told by the clock."""
    times = [float("inf")] * len(works)
    loops = [max(1, min(2000, int(0.02 / timed(work, 20)))) for work in works]
    for _ in range(repeats):
        for i, work in enumerate(works):
            times[i] = min(times[i], timed(work, loops[i]))
    return times


def timed(work: Work, loops: int) -> float:
    began = time.process_time()
    for _ in range(loops):
        work()
    return max(time.process_time() - began, 1e-9) / loops
