"""The lines that a rehearsal prints are commands as their programs take them."""

from __future__ import annotations

import argparse
import shlex

import pytest

from neuronserve.deploy.sagemaker.local import hints
from neuronserve.deploy.sagemaker.local.wanted import Async, Container, Endpoint, Kind
from neuronserve.deploy.sagemaker.verbs import invoke

URL = "http://127.0.0.1:8090"


def endpoint(kind):
    names = ("first", "second") if kind in ("pipeline", "direct") else ("primary",)
    several = kind == "multi-model"
    containers = tuple(Container(name, "models", multi_model=several) for name in names)
    asynchronous = Async("s3://bucket/out") if kind == "async" else None
    return Endpoint("rehearsal", Kind(kind), containers, asynchronous=asynchronous)


@pytest.mark.parametrize(
    ("kind", "says"),
    [
        ("realtime", {"file": "body.json", "target_model": "", "target_container": ""}),
        ("pipeline", {"file": "body.json", "target_container": ""}),
        ("multi-model", {"target_model": "MODEL.tar.gz"}),
        ("direct", {"target_container": "first"}),
        ("async", {"location": "s3://BUCKET/KEY", "file": None}),
    ],
)
def test_the_first_line_is_our_own_invoke(kind, says):
    program, verb, *words = shlex.split(next(hints.lines(endpoint(kind), URL, "")))
    parser = argparse.ArgumentParser()
    parser.add_argument("--endpoint-url")
    invoke.arguments(parser)
    given = vars(parser.parse_intermixed_args(words))
    assert (program, verb, given["endpoint"]) == ("scripts/sagemaker", "invoke", "rehearsal")
    assert {**given, **says} == given


def test_results_are_read_where_the_rehearsal_puts_them():
    assert next(hints.lines(endpoint("async"), URL, "/tmp/s3")).endswith(" --s3-dir /tmp/s3")


@pytest.mark.parametrize("kind", ["realtime", "multi-model", "direct", "async"])
def test_the_aws_cli_needs_neither_region_nor_credentials(kind):
    (line,) = [line for line in hints.lines(endpoint(kind), URL) if line.startswith("  aws ")]
    assert "--region us-east-1 --no-sign-request" in line
