"""Request bodies of every content type: generated, mutated, and asked in process or of a running service.

A case is a line of JSON with the request's headers, as WSGI names them, and then the body.
"""

from __future__ import annotations

import gzip
import io
import json
import random
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from fuzzing import forking, mutators
from fuzzing.corpus import Result

HONEST = {503, 504}  # of the statuses from 500 on; a 503 says when to come again
_TYPE, _ACCEPT, _ENCODING = "CONTENT_TYPE", "HTTP_ACCEPT", "HTTP_CONTENT_ENCODING"
_ATTRIBUTES = "HTTP_X_AMZN_SAGEMAKER_CUSTOM_ATTRIBUTES"
TYPES = (
    "application/json", "application/jsonlines", "text/csv", "application/x-npy", "application/x-npz",
    "application/x-protobuf", "application/octet-stream", "image/jpeg",
)  # fmt: skip
_ODD_TYPES = ("", "text/csv; header=present", "application/json; charset=utf-16", ";;", "text/" + "x" * 3000)
_ACCEPTS = (
    "*/*",
    "text/csv",
    "application/x-npy",
    "application/jsonlines;q=0.1, */*;q=0",
    "application/x-npz",
)
_MODELS = ("rows", "image", "table", "batch", "scalar", "other")
_METHODS = ("predict", "classify", "regress")
Headers = Mapping[str, str]


class Plane(Protocol):
    def ask(self, body: bytes, headers: Headers, /) -> tuple[int, dict[str, str], bytes, str]: ...


def case(body: bytes, **headers: str) -> bytes:
    return json.dumps(headers).encode() + b"\n" + body


def parts(written: bytes) -> tuple[dict[str, str], bytes]:
    """Headers and body of a case; what mutation made of the first line may be no JSON."""
    line, _, body = written.partition(b"\n")
    try:
        headers = json.loads(line)
    except (ValueError, RecursionError):
        return {_TYPE: "application/json"}, written
    if not isinstance(headers, dict):
        return {_TYPE: "application/json"}, written
    known = (_TYPE, _ACCEPT, _ENCODING, _ATTRIBUTES)
    latin = {key: str(value).encode("utf-8", "replace").decode("latin-1") for key, value in headers.items()}
    return {key: re.sub(r"[\r\n\0]", " ", latin[key]) for key in known if key in latin}, body


def judged(status: int, headers: Mapping[str, str], answer: bytes, log: str) -> Result:
    """Whether an answer is one that a request may get."""
    said = answer[:300].decode("utf-8", "replace") if status != 200 else ""
    try:
        text = json.loads(answer)["error"] if status >= 400 else ""
    except (ValueError, KeyError, TypeError):
        text = said
    outcome, fault = str(status), ""
    if "Traceback" in log or "unexpected fault" in log:
        last = next((line for line in reversed(log.splitlines()) if line.strip()), "")
        fault = f"{outcome}, a traceback in the log: {last}\n{log[-4000:]}"
    elif status >= 500 and not (status in HONEST and (status != 503 or "retry-after" in headers)):
        fault = f"{outcome}, which is no honest answer: {text[:300]}"
    elif len(answer) > 4000 and status >= 400:
        fault = f"{outcome}, with an error of {len(answer):,} bytes"
    # the first plain words: what is quoted or counted differs with each body
    signature = " ".join(re.findall(r"(?<![^\s])[a-z]{2,12}(?![^\s,;:])", text[:300])[:8])
    return Result(outcome, f"{outcome} {signature}", fault)


class Bodies:
    """The target. ``plane`` is made in the process that asks it, once."""

    def __init__(self, plane: Callable[[], Plane], *, batch: int = 5000, fork: bool = True) -> None:
        self.batch = batch
        self._make = plane
        self._plane: Plane | None = None
        self._fork = fork

    def seeds(self) -> list[bytes]:
        return list(_seeds())

    def made(self, rng: random.Random) -> bytes:
        headers = headers_of(rng)
        return case(_MAKERS[rng.randrange(len(_MAKERS))](rng), **headers)

    def mutated(self, written: bytes, others: Sequence[bytes], rng: random.Random) -> bytes:
        line, _, body = written.partition(b"\n")
        kind = rng.random()
        if kind < 0.1:
            return case(body, **headers_of(rng))
        if kind < 0.13:
            return mutators.mutated(written, others, rng)
        if kind < 0.2 and b"gzip" in line:
            return line + b"\n" + gzip.compress(mutators.mutated(body[:1000], others, rng), 1)
        other = [rng.choice(others).partition(b"\n")[2]]
        return line + b"\n" + mutators.mutated(body, other, rng)

    def tried(self, cases: Sequence[bytes]) -> list[Result]:
        if self._plane is None:
            self._plane = self._make()
        return forking.run_all(cases, self.try_one) if self._fork else [self.try_one(one) for one in cases]

    def try_one(self, written: bytes) -> Result:
        if self._plane is None:
            self._plane = self._make()
        headers, body = parts(written)
        return judged(*self._plane.ask(body, headers))


def headers_of(rng: random.Random) -> dict[str, str]:
    headers = {_TYPE: rng.choice(TYPES if rng.random() < 0.9 else _ODD_TYPES)}
    if rng.random() < 0.3:
        headers[_ACCEPT] = rng.choice(_ACCEPTS)
    if rng.random() < 0.1:
        headers[_ENCODING] = rng.choice(("gzip", "gzip", "deflate", "identity"))
    if rng.random() < 0.7:
        model, method = rng.choice(_MODELS), rng.choice(_METHODS)
        headers[_ATTRIBUTES] = (
            f"tfs-model-name={model},tfs-method={method}"
            if rng.random() < 0.3
            else (f"tfs-model-name={model}")
        )
    return headers


def _seeds() -> Iterator[bytes]:
    rng = random.Random(0)
    for model, content_type, body in _honest():
        chosen = {_TYPE: content_type, _ATTRIBUTES: f"tfs-model-name={model}"}
        yield case(body, **chosen)
        yield case(gzip.compress(body, 1, mtime=0), **chosen, **{_ENCODING: "gzip"})
        yield case(body, **chosen, **{_ACCEPT: rng.choice(_ACCEPTS)})
    for content_type, makers in _BY_TYPE.items():
        for make in makers:
            for model in _MODELS[:5]:
                body = make(rng)
                chosen = {_TYPE: content_type, _ATTRIBUTES: f"tfs-model-name={model}"}
                yield case(body, **chosen)
            yield case(gzip.compress(body, 1, mtime=0), **chosen, **{_ENCODING: "gzip"})


def _honest() -> Iterator[tuple[str, str, bytes]]:
    """Model, content type and body of requests that are answered."""
    for document in (
        {"instances": [[1.0, 2.0, 5.0]]}, {"inputs": {"x": [[1, 2, 5]]}}, [1.0, 2.0, 5.0],
        {"instances": [{"x": [1, 2, 5]}], "signature_name": "serving_default"},
    ):  # fmt: skip
        yield "rows", "application/json", json.dumps(document).encode()
    yield "rows", "application/jsonlines", b"[1, 2, 5]\n[3, 4, 6]\n"
    yield "rows", "text/csv", b"1,2,5\n3,4,6\n"
    yield "rows", "application/x-npy", _saved(np.ones((2, 3), np.float32))
    yield "rows", "application/x-npy", _saved(np.asfortranarray(np.ones((2, 3), ">f8")))
    yield "rows", "application/x-npz", _zipped(x=np.ones((2, 3), np.float32))
    yield "rows", "application/x-protobuf", _request("rows", x=np.ones((2, 3), np.float32))
    yield "batch", "application/x-npy", _saved(np.ones((9, 2, 2), np.float32))
    yield "batch", "application/json", json.dumps({"instances": [[[1, 2], [3, 4]]] * 5}).encode()
    yield "batch", "application/x-protobuf", _request("batch", x=np.ones((6, 2, 2), np.float32))
    yield "scalar", "application/json", b'{"inputs": 1.5}'
    yield "scalar", "application/x-npy", _saved(np.float32(1))
    yield "image", "application/json", b'{"instances": [{"b64": "/9j/4AAQ"}, {"image": {"b64": "aGVsbG8="}}]}'
    yield "image", "application/octet-stream", b"\xff\xd8\xff\xe0\0\x10JFIF"
    yield "image", "image/jpeg", b"\xff\xd8\xff\xe0\0\x10JFIF"
    row = {"age": 3, "name": "a", "size": [0.5]}
    yield "table", "application/json", json.dumps({"instances": [row, row]}).encode()
    yield "table", "application/jsonlines", json.dumps(row).encode() * 2
    yield "table", "text/csv", b'3,"a, b",0.5\n4,c,1e3\n'
    yield "table", "text/csv; header=present", b"name,age,size\na,3,0.5\n"
    arrays = {"age": np.ones(2, np.int64), "name": np.array([b"a", b"b"]), "size": np.ones((2, 1), "f4")}
    yield "table", "application/x-npz", _zipped(**arrays)


def _saved(array: Any) -> bytes:
    file = io.BytesIO()
    np.save(file, array, allow_pickle=False)
    return file.getvalue()


def _zipped(**arrays: Any) -> bytes:
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


def _request(model: str, **arrays: Any) -> bytes:
    from neuronserve.messages import predict_pb2

    request = predict_pb2.PredictRequest()
    request.model_spec.name = model
    for name, array in arrays.items():
        request.inputs[name].dtype = 1
        for size in array.shape:
            request.inputs[name].tensor_shape.dim.add(size=size)
        request.inputs[name].tensor_content = array.tobytes()
    return bytes(request.SerializeToString())


def _value(rng: random.Random, depth: int = 0) -> Any:
    kind = rng.randrange(9 if depth < 4 else 6)
    if kind < 2:
        return rng.choice((0, 1, -1, 2**31, 2**63, 2**64, 10**400, rng.randrange(100)))
    if kind < 4:
        return rng.choice((0.5, -0.0, 1e308, 1e-320, float("inf"), float("nan")))
    if kind < 6:
        return rng.choice(
            ("a", "", "\0", "\ud800", "\u202e", None, True, {"b64": "AAAA"}, {"b64": "="}, "x" * 300)
        )
    size = rng.randrange(4)
    if kind < 8:
        return [_value(rng, depth + 1) for _ in range(size)]
    return {
        rng.choice(("x", "image", "age", "name", "size", "b64", "")): _value(rng, depth + 1)
        for _ in range(size)
    }


def _rows(rng: random.Random) -> list[list[float]]:
    return [[rng.random() for _ in range(rng.choice((3, 3, 3, 2)))] for _ in range(rng.randrange(1, 7))]


def _json(rng: random.Random) -> bytes:
    key = rng.choice(("instances", "inputs", "examples", "signature_name"))
    content = _value(rng) if rng.random() < 0.5 else _rows(rng)
    document = {key: content} if rng.random() < 0.8 else content
    return json.dumps(document).encode()


def _lines(rng: random.Random) -> bytes:
    return b"\n".join(json.dumps(_value(rng)).encode() for _ in range(rng.randrange(5)))


def _csv(rng: random.Random) -> bytes:
    cells = ("1", "1.5", "", "nan", '"a,b"', '"', "x", " 1", "1e999", "age", "name", "size", "\u00e9")
    row = rng.randrange(1, 5)
    end = rng.choice(("\n", "\r\n", "\r"))
    return end.join(",".join(rng.choice(cells) for _ in range(row)) for _ in range(rng.randrange(5))).encode()


def _array(rng: random.Random) -> np.ndarray[Any, Any]:
    dtype = rng.choice(("<f4", ">f4", "<f8", "<i8", "|u1", "|b1", "<c8", "|S4", "<U3", "<f2", "<M8[s]"))
    shape = rng.choice(((), (0,), (1,), (3,), (2, 3), (4, 2, 2), (1, 0, 3), (1,) * 20))
    return np.zeros(shape, dtype)


def _npy(rng: random.Random) -> bytes:
    return _saved(_array(rng))


def _npz(rng: random.Random) -> bytes:
    file = io.BytesIO()
    arrays = {
        rng.choice(("x", "age", "name", "size", "../x", "")): _array(rng) for _ in range(rng.randrange(3))
    }
    save: Any = np.savez if rng.random() < 0.5 else np.savez_compressed
    save(file, **arrays)
    return file.getvalue()


def _protobuf(rng: random.Random) -> bytes:
    from neuronserve.messages import predict_pb2

    request = predict_pb2.PredictRequest()
    request.model_spec.name = rng.choice(_MODELS)
    for name in rng.sample(("x", "age", "name", "size", "z"), rng.randrange(3)):
        tensor = request.inputs[name]
        tensor.dtype = rng.choice((1, 1, 2, 3, 7, 9, 14, 19, 99, 101, 2**31 - 1))
        for size in rng.choice(((), (1, 3), (2, 3), (-1,), (2**40,), (2**62, 4))):
            tensor.tensor_shape.dim.add(size=size)
        if rng.random() < 0.5:
            tensor.float_val.extend([0.5] * rng.randrange(4))
        else:
            tensor.tensor_content = bytes(rng.randrange(40))
    return bytes(request.SerializeToString())


def _raw(rng: random.Random) -> bytes:
    return rng.randbytes(rng.randrange(200))


_MAKERS = (_json, _json, _lines, _csv, _npy, _npz, _protobuf, _raw)
_BY_TYPE = {
    "application/json": (_json, _lines), "application/jsonlines": (_lines,), "text/csv": (_csv,),
    "application/x-npy": (_npy,), "application/x-npz": (_npz,), "application/x-protobuf": (_protobuf,),
    "application/octet-stream": (_raw,), "image/jpeg": (_raw,),
}  # fmt: skip
