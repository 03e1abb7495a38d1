"""NAME=PATH:VERSION, taken apart."""

from __future__ import annotations

import pytest

from neuronserve.deploy.packing.given import Given, parsed
from neuronserve.errors import InvalidInput


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("m", "a=b", "m:3"):
        (tmp_path / name).mkdir()


@pytest.mark.parametrize(
    ("text", "given"),
    [
        ("m", Given("m")),
        ("m:0007", Given("m", None, 7)),
        ("net=m", Given("m", "net")),
        ("net=m:2", Given("m", "net", 2)),
        ("a=b", Given("a=b")),
        ("net=a=b", Given("a=b", "net")),
        ("m:3", Given("m:3")),
        ("s3://bkt/a=b/m.tar.gz", Given("s3://bkt/a=b/m.tar.gz")),
        ("net=s3://bkt/m.tar.gz:4", Given("s3://bkt/m.tar.gz", "net", 4)),
    ],
)
def test_what_is_asked_for(text, given):
    assert parsed(text) == given


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("absent", "absent: no such file or folder"),
        ("12=m", "'12' is no name for a model"),
        ("code=m", "'code' is no name"),
        ("a b=m", "'a b' is no name"),
        ("net=", "names no model"),
        ("m:9999999999999999999", "expected a whole number"),
    ],
)
def test_what_cannot_be_meant_is_told(text, said):
    with pytest.raises(InvalidInput, match=said):
        parsed(text)
