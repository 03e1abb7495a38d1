"""Batch transform: a body of lines, of any length, is answered with one line for each of its records.

The body is read, predicted and answered in pieces, of which one is in memory at a time; the answer waits on
the disk until all of it is there. So a record that cannot be read is an error with a status, whose line is
named, and not half an answer; and a client that reads no answer before it has sent its body is not kept
waiting. AWS developer guide: "Use your own inference code with batch transform"; CreateTransformJob's
SplitType, BatchStrategy, AssembleWith, and DataProcessing, which joins input and output record by record.
"""

from __future__ import annotations

import contextlib
import dataclasses
import re
import sys
import tempfile
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO

from neuronserve.errors import InputMismatch, MalformedBody, RequestError
from neuronserve.gateway import body
from neuronserve.gateway.attributes import Route
from neuronserve.gateway.catalogue import Entry
from neuronserve.gateway.exchange import Dealing, Exchange, spoken
from neuronserve.modelserver import calls
from neuronserve.payload import Kind, MediaType, choose, cost, csvbody, encode_results, jsontext, records
from neuronserve.payload.batches import Split
from neuronserve.payload.pieces import Pieces
from neuronserve.payload.records import CsvRecords, JsonRecords, Records
from neuronserve.payload.signature import select

_LINES = MediaType(Kind.LINES, Kind.LINES.value)
_PIECE = 1 << 20  # bytes of text, of which little numbers make some 10 MB of work
_LARGE_PIECE = 64 << 20  # at most, for the sake of full batches
_IN_MEMORY = 4 << 20  # bytes of an answer
_READ = 1 << 20
_MADE = 32 << 20  # bytes for a piece's text and the ends of its records, beside what is made of it
_LINE = 200  # bytes for each line that is read by itself
_FIRST_LINE = re.compile(rb"\s*+(\S[^\n]*+)\n\s*+\S")  # and something after it

Send = Callable[[str, Sequence[bytes], dict[int, int]], Sequence[bytes]]
"""Messages for one gRPC method to the model, all at once; told which part went to which server."""
Filled = Callable[[Split, Mapping[int, int]], None]


@dataclasses.dataclass(frozen=True)
class Transform:
    """How a job's requests are served. ``single``: BatchStrategy SingleRecord. ``folder``: for answers that
    are not sent yet. ``filled``: told of each request's batches.
    """

    single: bool
    folder: Path | None
    filled: Filled

    def longest(self, limit: int) -> int:
        """Bytes that one record may have; ``limit``: those of a whole body, 0 for none."""
        return min(body.room(), limit or sys.maxsize)


@dataclasses.dataclass
class Tally:
    """What one request came to. ``asked``: the servers; the rest as the request log has it."""

    signature: str = ""
    asked: set[int] = dataclasses.field(default_factory=set)
    batches: int = 0
    padding: int = 0
    decode_seconds: float = 0.0
    model_seconds: float = 0.0
    encode_seconds: float = 0.0


@dataclasses.dataclass(frozen=True)
class Work:
    """One request: where it goes, and in what form its lines come and are wanted."""

    entry: Entry
    route: Route
    dealing: Dealing
    sent: MediaType
    wanted: MediaType
    longest: int  # bytes of one record
    send: Send
    meter: cost.Meter = cost.nothing  # told what a piece may cost


def wanted(accept: str | None, sent: MediaType, method: str, *, single: bool) -> MediaType | None:
    """In what form each record is answered with a line; None: the body is one request, answered whole.

    JSON lines or CSV where it is asked for; without Accept, JSON lines, unless the job's strategy is
    ``single``: then a body is one record anyhow. NotAcceptable: as ``payload.choose``.
    """
    if sent.kind not in (Kind.LINES, Kind.CSV, Kind.JSON) or (sent.kind is Kind.CSV and method != "predict"):
        return None
    if (accept or "*/*").strip() == "*/*":
        return None if single else _LINES
    chosen = choose(accept, sent, method)
    return chosen if chosen.kind in (Kind.LINES, Kind.CSV) else None


def are_lines(text: bytes | bytearray | memoryview) -> bool:
    """Whether ``application/json`` is JSON lines: its first line is a whole document, and more follow."""
    found = _FIRST_LINE.match(text)
    if found is None:
        return False
    with contextlib.suppress(MalformedBody):
        return bool(jsontext.documents(found[1]))
    return False


class Spool:
    """An answer that is not sent yet: in memory, then in a file of ``folder`` that nobody else sees."""

    def __init__(self, folder: Path | None) -> None:
        self._file: IO[bytes] = tempfile.SpooledTemporaryFile(_IN_MEMORY, dir=str(folder) if folder else None)  # noqa: SIM115  see read()
        self.size = 0

    def write(self, text: bytes) -> None:
        self._file.write(text)
        self.size += len(text)

    @property
    def small(self) -> bool:
        return self.size <= _IN_MEMORY

    def read(self) -> Generator[bytes, None, None]:
        """All of it, once."""
        with self._file as file:
            file.seek(0)
            while piece := file.read(_READ):
                yield piece

    def close(self) -> None:
        self._file.close()


def run(work: Work, chunks: Iterator[bytes], spool: Spool, tally: Tally, filled: Filled) -> None:
    """Answer all records. Raises what errors.py has, with the line that is at fault."""
    csv = work.sent.kind is Kind.CSV
    work.meter(_MADE)
    pieces = Pieces(chunks, csv=csv, longest=work.longest)
    header = pieces.take(1) if csv and csvbody.has_header(work.sent) else None
    asked = work.route.signature or None
    signatures = work.entry.signatures
    reader: JsonRecords | CsvRecords = (
        CsvRecords(signatures, asked, header) if csv else JsonRecords(signatures, asked, work.route.method)
    )
    multiple = full = _batch(work, asked)
    names = work.wanted.parameters.get("header", "").lower() == "present"
    seen = False
    began = time.perf_counter()
    while (piece := pieces.take(_PIECE, multiple)) is not None:
        work.meter(_MADE + _cost(piece.body, csv=csv))
        groups = reader.read(piece)
        tally.decode_seconds += time.perf_counter() - began
        for text in _answers(work, groups, tally, filled, names=names and not seen):
            spool.write(text)
            seen = True
        multiple = _multiple(full, work.dealing.lanes, len(piece.body), sum(g.number for g in groups))
        began = time.perf_counter()
    if not seen:
        raise MalformedBody("the body is empty", hint="send one record on each line")


def _cost(text: bytes, *, csv: bool) -> int:
    """Of reading a piece, its messages and their answers."""
    if csv:
        return cost.of_csv(text, texts=True)
    return cost.of_json(text) + text.count(b"\n") * _LINE


def _batch(work: Work, asked: str | None) -> int:
    """The rows of one compiled batch of the signature that is likely meant; 1 without one."""
    with contextlib.suppress(RequestError):
        batch = work.entry.batches.get(select(work.entry.signatures, asked).name)
        return batch.size if batch is not None else 1
    return 1


def _multiple(batch: int, lanes: int, size: int, number: int) -> int:
    """Of how many records the next piece has a multiple: full batches for all lanes, if not too large."""
    if batch == 1 or not number:
        return batch
    room = _LARGE_PIECE * number // size  # records
    return batch * max(1, min(lanes, room // batch)) if room >= batch else 1


def _answers(
    work: Work, groups: Sequence[Records], tally: Tally, filled: Filled, *, names: bool
) -> Iterator[bytes]:
    """The text for each group; all their messages are under way together."""
    began = time.perf_counter()
    exchanges = [_exchange(work, group) for group in groups]
    messages = _messages(exchanges)
    tally.decode_seconds += time.perf_counter() - began
    if not exchanges:
        return
    asked: dict[int, int] = {}
    began = time.perf_counter()
    try:
        raws = work.send(exchanges[0].method, messages, asked)
    except InputMismatch as fault:
        where = f"lines {groups[0].first}-{groups[-1].last}" if len(groups) > 1 else groups[0].where
        told = next((one for one in exchanges if one.mismatch), exchanges[0]).explained(fault)
        raise InputMismatch(f"{where}: {told.message}", hint=told.hint) from fault
    finally:
        tally.model_seconds += time.perf_counter() - began
        tally.asked.update(asked.values())
    at = 0
    for group, exchange in zip(groups, exchanges, strict=True):
        began = time.perf_counter()
        end = at + len(exchange.requests)
        text = _text(work, group, exchange, raws[at:end], names=names and not at)
        tally.encode_seconds += time.perf_counter() - began
        _count(exchange, tally, filled, {part - at: asked[part] for part in range(at, end)})
        at = end
        yield text
    tally.signature = exchanges[-1].signature


def _messages(exchanges: Sequence[Exchange]) -> Sequence[bytes]:
    """One exchange makes its own when they are sent; those of many are small."""
    if len(exchanges) == 1:
        return exchanges[0].requests
    return [message for exchange in exchanges for message in exchange.requests]


def _exchange(work: Work, group: Records) -> Exchange:
    spec = calls.Spec(work.entry.model, work.entry.version, work.route.signature)
    return spoken(work.route.method, group.decoded, work.wanted, spec, work.entry, work.dealing)


def _text(work: Work, group: Records, exchange: Exchange, raws: Sequence[bytes], *, names: bool) -> bytes:
    method, split = work.route.method, exchange.split
    if method != "predict":
        return encode_results(calls.example_response(method, raws[0])[0], work.wanted)[0] + b"\n"
    answers = [calls.predict_response(raw)[0] for raw in raws]
    arrays = split.join(answers) if split is not None else answers[0]
    return records.write(arrays, group, work.wanted, header=names)


def _count(exchange: Exchange, tally: Tally, filled: Filled, asked: Mapping[int, int]) -> None:
    split = exchange.split
    if split is None:
        return
    tally.batches += len(split.parts)
    tally.padding += split.padding if split.pad else 0
    if split.pad:
        filled(split, asked)
