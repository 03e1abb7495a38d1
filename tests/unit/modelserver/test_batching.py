"""Whether and how the model server joins rows: from a file, from TFSC's variables, from the model."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest
from google.protobuf import text_format

from neuronserve import unpublished
from neuronserve.compiled import Compiled, SignatureBatch
from neuronserve.errors import ModelServerError, SettingsError
from neuronserve.modelserver import batching
from neuronserve.settings import Settings


@dataclass(frozen=True)
class Model:
    compiled: tuple[Compiled, ...] = ()
    name: str = "m"
    base_path: Path = Path("/models/m")
    versions: tuple[int, ...] = (1,)


def compiled(*batches: SignatureBatch) -> Model:
    return Model((Compiled(1, neuron=True, signatures={f"s{n}": b for n, b in enumerate(batches)}),))


def chosen(*models: Model, copies: int = 2, **environ: str) -> batching.Joining | None:
    return batching.chosen(Settings.from_environ(environ), models, copies=copies, cpus=3)


def numbers(joining: batching.Joining | None) -> dict[str, int]:
    assert joining
    message = unpublished.message(unpublished.BATCHING)
    text_format.Parse(joining.text, message)
    found = {field.name: value for field, value in message.ListFields()}
    return {k: list(v) if k == "allowed_batch_sizes" else v.value for k, v in found.items()}


def test_tfscs_variables_have_tfscs_defaults() -> None:
    joining = chosen(Model(), SAGEMAKER_TFS_ENABLE_BATCHING="true")
    assert numbers(joining) == {
        "max_batch_size": 8, "batch_timeout_micros": 1000, "max_enqueued_batches": 3, "num_batch_threads": 3,
    }  # fmt: skip
    assert joining
    assert not joining.pads


def test_batch_transform_queues_without_a_practical_bound() -> None:
    joining = chosen(Model(), SAGEMAKER_TFS_ENABLE_BATCHING="true", SAGEMAKER_BATCH="true")
    assert numbers(joining)["max_enqueued_batches"] == 100_000_000


@pytest.mark.parametrize(
    "model",
    [
        Model(),
        compiled(SignatureBatch(1)),
        compiled(SignatureBatch(4, dynamic=True)),
        compiled(SignatureBatch(4, unjoinable=("y",))),
        compiled(SignatureBatch(4, whole=False)),
        compiled(SignatureBatch(4), SignatureBatch(2)),
    ],
)
def test_unasked_only_one_fixed_batch_of_several_rows_is_joined(model: Model) -> None:
    assert chosen(model) is None


def test_a_fixed_batch_is_the_only_size_allowed_whatever_tfscs_variables_say() -> None:
    joining = chosen(compiled(SignatureBatch(4)), SAGEMAKER_TFS_MAX_BATCH_SIZE="32")
    assert numbers(joining) == {
        "max_batch_size": 4, "batch_timeout_micros": 1000, "max_enqueued_batches": 128,
        "num_batch_threads": 2, "allowed_batch_sizes": [4],
    }  # fmt: skip
    assert joining
    assert joining.pads


def test_it_can_be_turned_off() -> None:
    assert chosen(compiled(SignatureBatch(4)), SAGEMAKER_TFS_ENABLE_BATCHING="false") is None
    assert chosen(compiled(SignatureBatch(4)), SERVE_COMPILED_BATCH="off") is None


def test_several_fixed_batches_in_one_server_are_refused_when_joining_was_asked_for() -> None:
    with pytest.raises(ModelServerError, match="several batches: 2, 4"):
        chosen(compiled(SignatureBatch(4), SignatureBatch(2)), SAGEMAKER_TFS_ENABLE_BATCHING="true")


def test_a_file_is_taken_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "batching"
    file.write_text("max_batch_size { value: 16 }  # mine")
    joining = chosen(compiled(SignatureBatch(4)), SERVE_BATCHING_FILE=str(file))
    assert joining == batching.Joining("max_batch_size { value: 16 }  # mine", pads=False)


@pytest.mark.parametrize(("text", "told"), [(None, "No such file"), ("max_batch_size: {", "text format")])
def test_a_file_that_cannot_be_used_is_named(tmp_path: Path, text: str | None, told: str) -> None:
    file = tmp_path / "batching"
    if text is not None:
        file.write_text(text)
    with pytest.raises(SettingsError, match=f"SERVE_BATCHING_FILE={file}.*{told}"):
        chosen(Model(), SERVE_BATCHING_FILE=str(file))
