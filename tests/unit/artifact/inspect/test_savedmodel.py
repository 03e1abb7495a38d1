"""The file itself: which one, whole or damaged, and what is said."""

from __future__ import annotations

import pytest
from google.protobuf import text_format

from neuronserve.artifact.inspect import savedmodel
from neuronserve.artifact.inspect.look import inspect
from neuronserve.errors import DamagedModel
from neuronserve.messages import saved_model_pb2
from tests import handmade


def test_a_model_in_text_reads_like_the_same_in_binary(tmp_path):
    folder = handmade.compiled(tmp_path / "m", batch=4)
    binary = inspect(folder).as_dict()
    message = saved_model_pb2.SavedModel.FromString((folder / "saved_model.pb").read_bytes())
    (folder / "saved_model.pb").unlink()
    (folder / "saved_model.pbtxt").write_text(text_format.MessageToString(message))
    assert inspect(folder).as_dict() == binary


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("saved_model.pb", b"", "holds no graph"),
        ("saved_model.pb", b"no protobuf", "is no SavedModel, or it is cut short"),
        ("saved_model.pbtxt", b"meta_graphs {\n  nonsense: 1\n}", "damaged, at line 2"),
        ("saved_model.pbtxt", b"\xff\xfe", "is no SavedModel in text"),
        ("saved_model.pbtxt", b"meta_graphs { " * 3000, "is no SavedModel in text"),
        ("other", b"", "holds neither saved_model.pb nor saved_model.pbtxt"),
    ],
)
def test_a_damaged_file_is_named_with_what_to_do(tmp_path, name, content, said):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DamagedModel, match=said) as raised:
        inspect(tmp_path)
    assert str(tmp_path) in raised.value.message
    assert raised.value.hint


def test_a_file_over_two_gigabytes_is_refused_before_it_is_read(tmp_path):
    with (tmp_path / "saved_model.pb").open("wb") as file:
        file.truncate(savedmodel.MAX_BYTES + 1)
    with pytest.raises(DamagedModel, match="2,147,483,648 bytes"):
        inspect(tmp_path)


def test_a_folder_that_does_not_exist_is_damaged(tmp_path):
    with pytest.raises(DamagedModel, match="holds neither"):
        inspect(tmp_path / "gone")


def test_the_graph_that_servers_load_is_the_one_that_is_looked_into(tmp_path):
    folder = handmade.compiled(tmp_path / "m")
    message = saved_model_pb2.SavedModel.FromString((folder / "saved_model.pb").read_bytes())
    training = saved_model_pb2.SavedModel()
    training.meta_graphs.add().meta_info_def.tags.extend(["serve", "train"])
    training.meta_graphs.extend(message.meta_graphs)
    (folder / "saved_model.pb").write_bytes(training.SerializeToString())
    report = inspect(folder)
    assert report.neuron
    assert not report.notes


def test_a_model_without_the_tag_of_servers_is_looked_into_with_a_warning(tmp_path):
    folder = handmade.compiled(tmp_path / "m")
    message = saved_model_pb2.SavedModel.FromString((folder / "saved_model.pb").read_bytes())
    message.meta_graphs[0].meta_info_def.tags[:] = ["gpu"]
    (folder / "saved_model.pb").write_bytes(message.SerializeToString())
    (note,) = inspect(folder).notes
    assert "found: gpu" in note
