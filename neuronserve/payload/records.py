"""The records of a body, each a request of its own: what batch transform sends several of at once.

They are predicted together where they can be, and answered with one line each: what the record alone would
have been answered with. ``JsonRecords`` and ``CsvRecords`` read pieces, ``write`` makes the lines.
"""

from __future__ import annotations

import dataclasses
import itertools
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from neuronserve.errors import InputMismatch, MalformedBody, RequestError
from neuronserve.payload import csvanswer, csvbody, jsonanswer, jsonfast, jsonforms, jsontext, media, shapes
from neuronserve.payload.decode import decode
from neuronserve.payload.decoded import Decoded, Form
from neuronserve.payload.media import Kind, MediaType
from neuronserve.payload.pieces import Piece
from neuronserve.payload.signature import Signatures, select

Arrays = Mapping[str, np.ndarray[Any, Any]]
_LINES, _CSV = media.parse(Kind.LINES), media.parse(Kind.CSV)
_LINE_ENDS = b"\r\n"
_LINE_END = re.compile(rb"\r\n|\n|\r")


@dataclasses.dataclass(frozen=True)
class Records:
    """Records that are predicted together: ``counts`` of the rows belong to each; None: one each.

    ``first`` and ``last``: the lines they are on, from 1.
    """

    decoded: Decoded
    counts: tuple[int, ...] | None
    first: int
    last: int

    @property
    def number(self) -> int:
        """How many they are."""
        return len(self.counts) if self.counts is not None else self.decoded.rows or 0

    @property
    def where(self) -> str:
        return f"line {self.first}" if self.first == self.last else f"lines {self.first}-{self.last}"


class JsonRecords:
    """JSON lines: each line is what the body of a request may be; blank lines are nothing."""

    def __init__(self, signatures: Signatures, asked: str | None, method: str) -> None:
        self._signatures = signatures
        self._asked = asked
        self._method = method

    def read(self, piece: Piece) -> list[Records]:
        """MalformedBody, InputMismatch, UnknownTarget: with the line."""
        body = piece.body.removeprefix(jsontext.BOM) if piece.line == 1 else piece.body
        lines = [(n, line) for n, line in enumerate(body.split(b"\n"), piece.line) if line.strip()]
        together = self._together(body, lines) if self._method == "predict" and len(lines) > 1 else None
        if together is not None:
            return [together]
        return list(_joined(self._alone(number, line) for number, line in lines))

    def _together(self, body: bytes, lines: list[tuple[int, bytes]]) -> Records | None:
        """All at once; None where they may mean something else alone, or one of them is wrong."""
        try:
            found = jsonfast.lines(body, self._signatures, self._asked)
            if found is None:
                documents = [jsontext.documents(line) for _, line in lines]
                if any(len(each) != 1 for each in documents):
                    return None
                found = jsonforms.read([each[0] for each in documents], self._signatures, self._asked)
        except RequestError:
            return None
        signature, form, arrays = found
        # a list in a list may be many instances of a line, where the declared shape does not settle it
        known = all(
            spec.shape is not None and shapes.fits(arrays[name].shape, spec.shape)
            for name, spec in signature.inputs.items()
        )
        if form is not Form.ROW or not known or shapes.rows(arrays) != len(lines):
            return None
        decoded = Decoded(signature, arrays, form, _LINES, len(lines))
        return Records(decoded, None, lines[0][0], lines[-1][0])

    def _alone(self, number: int, line: bytes) -> Records:
        try:
            decoded = decode(
                line, media.JSON, self._signatures, method=self._method, signature_name=self._asked
            )
        except RequestError as error:
            told = error.message.replace("the body", "it").replace(": line 1 column", ": column")
            raise type(error)(f"line {number}: {told}", hint=error.hint) from error
        return Records(decoded, (decoded.rows or 0,), number, number)


class CsvRecords:
    """CSV: each row is a record. Blank lines at the end are nothing; another one is a fault."""

    def __init__(self, signatures: Signatures, asked: str | None, header: Piece | None) -> None:
        """``header``: the first row, where it has the names."""
        self._signature = select(signatures, asked)
        names = csvbody.row(header.body, header.line) if header is not None else None
        self._before = csvbody.Before(names=names, width=len(names) if names else None)
        self._blank = 0  # the first of the blank lines before the next piece

    def read(self, piece: Piece) -> list[Records]:
        """MalformedBody, InputMismatch: with the line."""
        rows = piece.body.rstrip(_LINE_ENDS)
        last = piece.line + len(_LINE_END.findall(rows))
        if rows and self._blank:
            raise MalformedBody(f"line {self._blank} is blank")
        if rows and len(_LINE_END.findall(piece.body, len(rows))) > 1:
            self._blank = last + 1
        if not rows:
            self._blank = self._blank or piece.line
            return []
        before = dataclasses.replace(self._before, lines=piece.line - 1)
        arrays = csvbody.read(rows, self._signature, before=before)
        decoded = Decoded(self._signature, arrays, Form.ROW, _CSV, shapes.rows(arrays))
        if self._before.width is None:
            self._before = dataclasses.replace(self._before, width=len(csvbody.row(rows, piece.line)))
        return [Records(decoded, None, piece.line, last)]


def write(arrays: Arrays, records: Records, wanted: MediaType, *, header: bool = False) -> bytes:
    """One line for each record, of JSON or CSV, which may have one more with the outputs' names before them.

    InputMismatch: the answer cannot be told apart by records.
    """
    decoded, rows = records.decoded, shapes.rows(dict(arrays))
    if records.number > 1 and rows != sum(records.counts or (records.number,)):
        raise InputMismatch(
            f"{records.where}: {records.number} records were answered with "
            + (f"{rows} rows" if rows is not None else "outputs without a common batch axis"),
            hint="send one at a time: BatchStrategy SingleRecord",
        )
    if wanted.kind is Kind.CSV:
        if rows != records.number:
            told = f"{rows} rows" if rows is not None else "outputs without a common batch axis"
            raise InputMismatch(
                f"{records.where}: {told} in the answer, and CSV has one line for each record",
                hint="accept application/jsonlines",
            )
        return csvanswer.write(arrays, decoded.signature, header=header)
    if decoded.form is Form.ROW and records.number > 1:
        return jsonanswer.lines(arrays, records.counts, decoded.signature)
    return jsonanswer.write(arrays, decoded.form, decoded.signature) + b"\n"


def _joined(alone: Iterable[Records]) -> Iterator[Records]:
    """Neighbours that one prediction can answer."""
    for _, group in itertools.groupby(alone, _likeness):
        found = list(group)
        if len(found) == 1:
            yield found[0]
            continue
        decoded = [one.decoded for one in found]
        arrays = {name: np.concatenate([each.arrays[name] for each in decoded]) for name in decoded[0].arrays}
        whole = dataclasses.replace(decoded[0], arrays=arrays, rows=sum(each.rows or 0 for each in decoded))
        counts = tuple(each.rows or 0 for each in decoded)
        yield Records(whole, counts, found[0].first, found[-1].last)


def _likeness(one: Records) -> Any:
    """The same for neighbours whose rows can be put together; else the line, which is nobody else's."""
    decoded = one.decoded
    if decoded.form is not Form.ROW or not decoded.rows:
        return one.first
    return decoded.signature.name, [(name, a.dtype, a.shape[1:]) for name, a in decoded.arrays.items()]
