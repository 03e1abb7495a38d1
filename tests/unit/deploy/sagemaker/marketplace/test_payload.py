"""Bodies as large as the limit allows, made of the same records."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuronserve.deploy.sagemaker.marketplace.payload import grown

rows = st.lists(st.lists(st.integers(0, 99), min_size=1, max_size=3), min_size=1, max_size=4)


@given(rows=rows, limit=st.integers(100, 5000))
def test_csv_is_whole_lines_and_as_many_as_fit(rows, limit):
    data = "\n".join(",".join(map(str, row)) for row in rows).encode()
    made = grown(data, "text/csv; charset=utf-8", limit)
    assert len(made) <= limit < len(made) + len(data) + 1
    assert set(made.splitlines()) == set(data.splitlines())


@given(rows=rows, limit=st.integers(200, 5000), wrapped=st.booleans())
def test_json_has_more_of_the_same_instances(rows, limit, wrapped):
    document = {"signature_name": "s", "instances": rows} if wrapped else rows
    made = grown(json.dumps(document).encode(), "application/json", limit)
    assert len(made) <= limit
    found = json.loads(made)
    found, rest = (found.pop("instances"), found) if wrapped else (found, {"signature_name": "s"})
    assert rest == {"signature_name": "s"}
    assert found == rows * (len(found) // len(rows))
    assert len(made) + len(json.dumps(rows, separators=(",", ":"))) > limit


@pytest.mark.parametrize(
    ("data", "content_type"),
    [
        (b"\x93NUMPY", "application/x-npy"),
        (b'{"inputs": [1]}', "application/json"),
        (b'{"instances": [], "x": 1}', "application/json"),
        (b"[1, 2, 3]", "application/json"),  # one instance, not three
        (b"{", "application/json"),
        (b"", "text/csv"),
        (b"1" * 1001, "text/csv"),
    ],
)
def test_where_more_of_the_same_means_nothing_there_is_none(data, content_type):
    assert grown(data, content_type, 1000) is None
