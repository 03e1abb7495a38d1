"""The quick look before parsing."""

from __future__ import annotations

import pytest

from neuronserve.artifact.inspect import scan


@pytest.mark.parametrize(
    "at", [0, 5, scan._BLOCK - 8, scan._BLOCK - 4, scan._BLOCK - 1, scan._BLOCK, 2 * scan._BLOCK]
)
def test_the_word_is_found_wherever_it_is(tmp_path, at):
    (tmp_path / "saved_model.pb").write_bytes(b"x" * at + b"NeuronOp" + b"x" * 100)
    assert scan.mentions_neuron(tmp_path)


@pytest.mark.parametrize("content", [b"", b"NeuronO", b"Neuron" + b"x" * scan._BLOCK + b"Op"])
def test_other_models_do_not_mention_it(tmp_path, content):
    (tmp_path / "saved_model.pb").write_bytes(content)
    assert not scan.mentions_neuron(tmp_path)


def test_a_folder_without_a_model_mentions_nothing(tmp_path):
    assert not scan.mentions_neuron(tmp_path)


def test_text_is_looked_into_where_there_is_no_binary(tmp_path):
    (tmp_path / "saved_model.pbtxt").write_text('op: "NeuronOp"')
    assert scan.mentions_neuron(tmp_path)
    (tmp_path / "saved_model.pb").write_bytes(b"")
    assert not scan.mentions_neuron(tmp_path)
