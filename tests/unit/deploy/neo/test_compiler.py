"""CompilerOptions for Neuron devices: a JSON string of flags."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuronserve.deploy.neo import compiler
from neuronserve.errors import InvalidInput


def test_flags_are_sent_as_the_api_s_reference_writes_them():
    request = {"CompilerOptions": compiler.encoded("--verbose 1 --num-neuroncores 2 -O2")}
    assert json.dumps(request) == r'{"CompilerOptions": "\"--verbose 1 --num-neuroncores 2 -O2\""}'


@given(st.text())
def test_whatever_is_encoded_comes_back(flags):
    assert compiler.flags_of(compiler.encoded(flags)) == flags


@given(st.text())
def test_a_text_is_flags_or_an_object_or_neither_and_never_both(text):
    assert compiler.flags_of(text) is None or compiler.object_of(text) is None


@given(st.text())
def test_any_flags_are_judged_in_one_line(flags):
    assert "\n" not in compiler.fault_of(flags)


WORD = st.text("abcdefghijklmnopqrstuvwxyz0123456789-_.", min_size=1, max_size=12)


@given(st.lists(WORD.map(lambda word: f"--x{word}"), min_size=1, max_size=6))
def test_flags_given_one_by_one_or_together_are_the_same(words):
    assert compiler.joined(words) == compiler.joined([" ".join(words)])


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        ("", "no flag"),
        ("O2", "they begin with -"),
        ("-O2 --output x", "--output is for Neo to set"),
        ("--io-config={}", "--io-config is for Neo to set"),
        ("--num-neuroncores two", "expected a number of NeuronCores"),
        ("--num-neuroncores", "expected a number of NeuronCores"),
        ("--neuroncore-pipeline-cores=65", "expected a number of NeuronCores"),
        ("--x 'a", "a quote has no end"),
        ("-O2\n-x", "control characters"),
    ],
)
def test_what_the_compiler_would_not_take_is_named(flags, said):
    assert said in compiler.fault_of(flags)
    with pytest.raises(InvalidInput):
        compiler.joined([flags])


def test_quotes_that_would_be_there_twice_are_refused():
    with pytest.raises(InvalidInput, match="leave them out"):
        compiler.joined(['"-O2"'])


@pytest.mark.parametrize(
    "flags", ["-O2", "--num-neuroncores 2", "--neuroncore-pipeline-cores=16", "--fp32-cast all"]
)
def test_what_the_compiler_takes_passes(flags):
    assert compiler.joined([flags]) == flags
