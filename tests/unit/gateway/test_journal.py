"""Each line of the request log is one JSON object, in UTF-8, whatever a client put into its fields."""

from __future__ import annotations

import json
import select
from typing import cast

from hypothesis import given
from hypothesis import strategies as st

from neuronserve.gateway.invocation import Invocation
from neuronserve.gateway.journal import Journal
from neuronserve.gateway.memory import Lease

# what WSGI makes of any bytes; what a JSON body may hold; halves of surrogate pairs too
anything = (
    st.binary(max_size=300).map(lambda raw: raw.decode("latin-1"))
    | st.text(st.characters(codec=None), max_size=300)
    | st.binary(max_size=300).map(lambda raw: raw.decode("utf-8", "surrogateescape"))
    | st.sampled_from(['"', "\\", "\n", "\x00" * 300, "\x7f", "\x85", "\u2028", "\udcff", "\U0001f600" * 200])
)


def written(note) -> dict:
    lines: list[bytes] = []
    note(Journal(enabled=True, write=lines.append))
    [line] = lines
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert len(line) <= select.PIPE_BUF
    return json.loads(line.decode())


@given(anything, anything, anything, anything, anything, anything, st.integers(-(1 << 63), 1 << 64))
def test_any_request_makes_one_whole_line(
    target: str, kind: str, accept: str, variant: str, session: str, request_id: str, version: int
) -> None:
    request = Invocation(
        body=b"",
        content_type=kind,
        accept=accept,
        encoding=None,
        attributes=None,
        target=target,
        arrival=0.0,
        watch=lambda _: None,
        lease=cast("Lease", None),  # nothing is decoded
        target_model=target,
        variant=variant,
        container=variant,
        session=session,
        version=version,
    )
    line = written(lambda log: log.note(request, request_id[:128], 400, "x", (accept, 3), 0.1))
    assert (line["status"], line["code"], line["bytes_out"]) == (400, "x", 3)


@given(anything, anything)
def test_any_model_that_is_loaded_makes_one_whole_line(model: str, request_id: str) -> None:
    line = written(
        lambda log: log.changed("load", model, request_id[:128], status=400, code="", seconds=float("inf"))
    )
    assert (line["action"], line["status"]) == ("load", 400)


def test_what_is_plain_is_written_as_it_is() -> None:
    line = written(lambda log: log.changed("load", "größe", "r", status=200, code="", seconds=0.5))
    assert (line["model"], line["request_id"], line["seconds"]) == ("größe", "r", 0.5)
