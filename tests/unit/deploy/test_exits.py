from __future__ import annotations

import pytest

from neuronserve import errors, exitcodes
from neuronserve.deploy import exits


def descendants(cls):
    return {cls, *(c for sub in cls.__subclasses__() for c in descendants(sub))}


@pytest.mark.parametrize("cls", sorted(descendants(errors.DeployError) - {errors.DeployError}, key=str))
def test_every_error_of_a_deployment_has_a_code_with_a_meaning(cls):
    assert exits.of(cls("x")) in exits.MEANINGS
    assert exits.of(cls("x")) != exits.INTERNAL


def test_a_fault_of_ours_is_no_answer():
    assert exits.of(RuntimeError()) == exits.INTERNAL


def test_the_codes_above_63_are_none_of_the_containers():
    mine = {code for code in exits.MEANINGS if code > exits.INPUT and code != exits.INTERRUPTED}
    assert mine.isdisjoint(exitcodes.MEANINGS)
