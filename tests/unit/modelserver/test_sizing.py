"""The compiled batches as they are served: no part of a request may be larger than its server takes."""

import pytest

from neuronserve.compiled import Compiled, SignatureBatch
from neuronserve.errors import SettingsError
from neuronserve.modelserver.sizing import sized
from neuronserve.settings import Settings


def served(batch, **environ):
    """The batch as it is served; None: any number of rows is passed on as it is."""
    (one,) = sized((Compiled(1, signatures={"s": batch}),), Settings.from_environ(environ))
    return one.signatures.get("s")


FIXED, DYNAMIC = SignatureBatch(4, inputs=("x",)), SignatureBatch(4, dynamic=True, inputs=("x",))


@pytest.mark.parametrize("batch", [FIXED, DYNAMIC])
def test_it_is_the_compiled_one_unless_set_otherwise(batch):
    assert served(batch) == batch
    assert served(batch, SERVE_COMPILED_BATCH="off") is None
    assert served(batch, SERVE_COMPILED_BATCH="4").size == 4


def test_a_fixed_batch_can_be_no_other():
    assert served(DYNAMIC, SERVE_COMPILED_BATCH="2").size == 2
    with pytest.raises(SettingsError, match=r"SERVE_COMPILED_BATCH=2: .* a fixed batch, which is 4"):
        served(FIXED, SERVE_COMPILED_BATCH="2")


@pytest.mark.parametrize(
    ("environ", "size"),
    [({}, 4), ({"SAGEMAKER_TFS_MAX_BATCH_SIZE": "16"}, 16), ({"SAGEMAKER_TFS_MAX_BATCH_SIZE": "6"}, 8)],
)
def test_where_the_server_joins_rows_a_dynamic_batch_is_as_large_as_the_servers(environ, size):
    joined = served(DYNAMIC, SAGEMAKER_TFS_ENABLE_BATCHING="true", **environ)
    assert (joined.size, joined.dynamic) == (size, False)
    assert served(FIXED, SAGEMAKER_TFS_ENABLE_BATCHING="true", **environ) == FIXED


@pytest.mark.parametrize(
    "batch",
    [SignatureBatch(4, dynamic=True, whole=False), SignatureBatch(4, dynamic=True, unjoinable=("y",))],
)
def test_what_a_server_cannot_join_stays_as_it_is(batch):
    assert served(batch, SAGEMAKER_TFS_ENABLE_BATCHING="true") == batch


@pytest.mark.parametrize(("text", "size"), [("max_batch_size { value: 10 }", 8), ("", 1000)])
def test_a_batching_file_bounds_the_parts(tmp_path, text, size):
    file = tmp_path / "batching"
    file.write_text(text)
    assert served(DYNAMIC, SERVE_BATCHING_FILE=str(file)).size == size
    assert served(FIXED, SERVE_BATCHING_FILE=str(file)) == FIXED


def test_a_batching_file_too_small_for_the_compiled_batch_is_refused(tmp_path):
    file = tmp_path / "batching"
    file.write_text("max_batch_size { value: 3 }")
    with pytest.raises(SettingsError, match="expected a max_batch_size of at least 4"):
        served(FIXED, SERVE_BATCHING_FILE=str(file))
