"""What a request says to the model servers, and what their answers are made into.

A request whose rows are not one compiled batch becomes several messages, or a padded one.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Protocol

from neuronserve.compiled import SignatureBatch
from neuronserve.errors import InputMismatch
from neuronserve.gateway.catalogue import Entry
from neuronserve.modelserver import calls, client, predictions, tensors
from neuronserve.payload import (
    Decoded,
    Form,
    Kind,
    MediaType,
    Signature,
    cost,
    encode,
    encode_results,
    jsonanswer,
    shapes,
)
from neuronserve.payload.batches import Arrays, Split, split
from neuronserve.payload.signature import select

Answer = tuple[bytes, str]
Stream = Callable[[Iterable[Sequence[bytes]]], Iterator[bytes]]
"""Answers in order, in turns as they come, into a body in pieces, one for each turn."""


class Answering(Protocol):
    """Makes the body of raw answers. ``meter``: told what encoding may cost, before it."""

    def __call__(self, raws: Sequence[bytes], meter: cost.Meter = ...) -> Answer: ...


_RPC = {"predict": client.PREDICT, "classify": client.CLASSIFY, "regress": client.REGRESS}


@dataclasses.dataclass(frozen=True, slots=True)
class Exchange:
    """Messages for one gRPC method, all to be sent; ``answer`` makes theirs, in order, into a body.

    ``split``: how the rows were dealt to the messages, where the batch was compiled in. ``stream``: makes the
    same body in pieces, where that can be; of the media type ``streamed``. ``mismatch``: what the declared
    shapes have against the inputs, or "".
    """

    method: str
    requests: Sequence[bytes]
    signature: str
    answer: Answering
    split: Split | None = None
    stream: Stream | None = None
    streamed: str = ""
    mismatch: str = ""

    def explained(self, refusal: InputMismatch) -> InputMismatch:
        """The model server's refusal, with what may be its reason."""
        hint = "; ".join(filter(None, (refusal.hint, self.mismatch)))
        return InputMismatch(refusal.message, hint=hint, detail=refusal.detail)

    @property
    def joins(self) -> int:
        """How many messages like this one a model server that pads makes one batch of; 1: it does not."""
        split = self.split
        if split is None or split.pad or split.batch.dynamic:
            return 1
        return max(1, split.batch.size // max(1, split.rows))


@dataclasses.dataclass(frozen=True, slots=True)
class Dealing:
    """How rows are dealt: to at most ``lanes`` parts; ``pad``: here, and not by the model server."""

    lanes: int = 1
    pad: bool = True

    def of(self, arrays: Arrays, batch: SignatureBatch) -> Split:
        return split(arrays, batch, lanes=self.lanes, pad=self.pad)

    def fits(self, rows: int | None, batch: SignatureBatch) -> bool:
        """Whether a message with so many rows can be passed on as it is."""
        return rows == batch.size or (not self.pad and rows is not None and 0 < rows < batch.size)


def forwarded(
    method: str,
    body: bytes,
    wanted: MediaType,
    spec: calls.Spec,
    entry: Entry,
    dealing: Dealing,
    *,
    limit: int,
) -> Exchange:
    """A client's own message: passed on, addressed to the model that was chosen; in parts if need be."""
    own = predictions.Own(calls.addressed(method, body, spec, limit))
    signature = select(entry.signatures, own.signature or None, dense=False)  # it may ask for some outputs
    if method == "predict":
        _must_be_its_dtypes(own, signature)
    batch = entry.batches.get(signature.name) if method == "predict" else None
    if batch is None or dealing.fits(own.rows(batch.inputs), batch):
        answer = _whole(method, wanted, Form.COLUMN, signature)
        return Exchange(_RPC[method], (own.serialized(),), signature.name, answer)
    made = dealing.of(own.arrays(), batch)
    spec = dataclasses.replace(spec, signature=signature.name)
    requests = predictions.Requests(spec, made.parts, own.dtypes, own.outputs)
    answer = _joined(made, wanted, Form.COLUMN, signature, spec)
    return Exchange(_RPC[method], requests, signature.name, answer, made)


def _must_be_its_dtypes(own: predictions.Own, signature: Signature) -> None:
    """Raises InputMismatch for an input of a dtype that nothing but a model which declares it could read.

    TensorFlow refuses any dtype but the declared one; most of them are left to it to refuse.
    """
    for name, dtype in own.dtypes.items():
        declared = signature.dtypes.get(name, dtype)
        if dtype != declared and tensors.numpy_dtype(dtype) is None and dtype != "string":
            raise InputMismatch(f'input "{name[:100]}" has dtype {dtype}; the model takes {declared}')


def spoken(
    method: str,
    decoded: Decoded,
    wanted: MediaType,
    spec: calls.Spec,
    entry: Entry,
    dealing: Dealing,
    meter: cost.Meter = cost.nothing,
) -> Exchange:
    """Messages made from arrays, or from examples. ``meter``: told what they may cost, before that."""
    signature = decoded.signature
    spec = calls.Spec(spec.model, spec.version, signature.name)
    batch = entry.batches.get(signature.name)
    if method != "predict":
        message = calls.example_request(method, spec, decoded.examples or [], decoded.context)
    elif batch is None:
        meter(cost.of_messages(decoded.arrays))
        message = calls.predict_request(spec, decoded.arrays, signature.dtypes)
    else:
        made = dealing.of(decoded.arrays, batch)
        meter(cost.of_messages(decoded.arrays, (made.rows + made.padding) / max(1, made.rows)))
        requests = predictions.Requests(spec, made.parts, signature.dtypes)
        answer = _joined(made, wanted, decoded.form, signature, spec)
        stream = _lines(made, signature) if _in_pieces(made, wanted, decoded.form) else None
        return Exchange(_RPC[method], requests, signature.name, answer, made, stream, wanted.name)
    return Exchange(
        _RPC[method],
        (message,),
        signature.name,
        _whole(method, wanted, decoded.form, signature),
        mismatch=shapes.mismatch(decoded.arrays, signature),
    )


def _whole(method: str, wanted: MediaType, form: Form, signature: Signature) -> Answering:
    def answer(raws: Sequence[bytes], meter: cost.Meter = cost.nothing) -> Answer:
        (raw,) = raws
        if method != "predict":
            meter(cost.RESULTS * len(raw))
        if wanted.kind is Kind.PROTOBUF:
            if method == "predict":
                meter(cost.RESULTS * len(raw))
                return predictions.typed(raw), wanted.name
            return bytes(raw), wanted.name
        if method == "predict":
            arrays = calls.predict_response(raw)[0]
            meter(cost.of_answer(arrays, wanted.kind))
            return encode(arrays, wanted, form, signature)
        return encode_results(calls.example_response(method, raw)[0], wanted)

    return answer


def _joined(made: Split, wanted: MediaType, form: Form, signature: Signature, spec: calls.Spec) -> Answering:
    if len(made.parts) == 1 and not made.padding:
        return _whole("predict", wanted, form, signature)

    def answer(raws: Sequence[bytes], meter: cost.Meter = cost.nothing) -> Answer:
        arrays = made.join([calls.predict_response(raw)[0] for raw in raws])
        meter(cost.of_answer(arrays, wanted.kind))
        if wanted.kind is Kind.PROTOBUF:
            return predictions.response(arrays, spec), wanted.name
        return encode(arrays, wanted, form, signature)

    return answer


def _in_pieces(made: Split, wanted: MediaType, form: Form) -> bool:
    """A long answer in JSON lines, by rows: outputs of several parts always have the batch axis."""
    return wanted.kind is Kind.LINES and len(made.parts) > 1 and form in (Form.ROW, Form.FREE)


def _lines(made: Split, signature: Signature) -> Stream:
    opening, closing = jsonanswer.PREDICTIONS

    def stream(turns: Iterable[Sequence[bytes]]) -> Iterator[bytes]:
        first: Arrays | None = None
        before, at = opening, 0
        for turn in turns:
            texts = []
            for raw in turn:
                answer = calls.predict_response(raw)[0]
                first = first or answer
                texts.append(jsonanswer.rows(made.cut(at, answer, first), signature))
                at += 1
            yield before + b",".join(texts)
            before = b","
        yield closing

    return stream
