"""What a look at inference.py tells, without running it."""

from __future__ import annotations

import pytest

from neuronserve.deploy.packing.handler import checked
from neuronserve.errors import InvalidInput

PAIR = "def input_handler(data, context): ...\ndef output_handler(response, context): ...\n"


@pytest.mark.parametrize(
    "source",
    [
        "def handler(data, context): return data",
        PAIR,
        "from mine import handler",
        "from mine import run as handler",
        "handler = make()",
        "handler: object = make()",
        "try:\n    from fast import handler\nexcept ImportError:\n    from slow import handler\n",
        "if True:\n    def handler(*everything): ...\n",
        "def handler(data, context, more=1, *, also=2): ...",
        "class Mine: ...\nhandler = Mine()",
    ],
)
def test_the_ways_to_define_handlers_are_all_seen(source):
    assert checked(source.encode(), "inference.py") == []


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("def handler(data, context)\n    pass", "inference.py, line 1: expected ':'"),
        ("x = 1", "defines neither handler nor input_handler and output_handler"),
        ("def input_handler(data, context): ...", "neither handler nor output_handler"),
        ("def handler(data): ...", "line 1: handler cannot be called with two arguments"),
        ("def handler(a, b, c): ...", "cannot be called with two"),
        ("def handler(a, b, *, c): ...", "cannot be called with two"),
        ("async def handler(data, context): ...", "is async"),
        ("def handler(data, context):\n  print 'x'", "line 2"),
        ("\0", "inference.py"),
    ],
)
def test_what_cannot_work_is_told_with_its_place(source, said):
    with pytest.raises(InvalidInput, match=said):
        checked(source.encode(), "inference.py")


def test_what_may_be_a_surprise_is_a_warning():
    assert "will not be called beside handler" in checked((PAIR + "def handler(d, c): ...").encode(), "i")[0]
    assert "imports with *" in checked(b"from mine import *", "i")[0]
