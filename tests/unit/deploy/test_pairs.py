from __future__ import annotations

import pytest

from neuronserve.deploy.pairs import pairs
from neuronserve.errors import InvalidInput


def test_a_value_is_all_after_the_first_equals_sign():
    assert pairs("--env", ["A=1", "B=x=y", "C="]) == {"A": "1", "B": "x=y", "C": ""}


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["A=1", "B"], "--env, number 2: expected NAME=VALUE"),
        (["=x"], "number 1"),
        (["A=1", "A=2"], "A is there twice"),
    ],
)
def test_what_is_no_pair_is_refused_without_its_value(words, told):
    with pytest.raises(InvalidInput, match=told):
        pairs("--env", words)


def test_a_secret_is_never_in_the_message():
    with pytest.raises(InvalidInput) as raised:
        pairs("--secret", ["hunter2"])
    assert "hunter2" not in str(raised.value)
