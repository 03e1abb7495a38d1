"""A desk whose prints are read, whose clock never waits, and which has no way to AWS."""

from __future__ import annotations

import dataclasses
import io

import pytest

from neuronserve.deploy.desk import Desk
from tests.clocks import FakeClock


class NoAws:
    """Fails the test that asks AWS."""

    region_if_known = None

    def __getattr__(self, name):
        raise AssertionError(f"asked AWS for {name}")


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def desk(clock):
    """``desk.out.getvalue()`` and ``desk.err.getvalue()`` are what was printed."""
    return Desk(aws=NoAws(), out=io.StringIO(), err=io.StringIO(), clock=clock, environ={})


@pytest.fixture
def desk_with(desk):
    """The same with other parts: ``desk_with(aws=..., inspect=...)``."""
    return lambda **parts: dataclasses.replace(desk, **parts)
