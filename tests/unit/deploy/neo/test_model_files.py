"""Which files are packed, and that the archive is the same each time."""

from __future__ import annotations

import gzip
import hashlib
import os
import tarfile

import pytest

from neuronserve.deploy.neo import model, packing
from neuronserve.errors import InvalidInput
from tests.archives import grow
from tests.deploying.uncompiled_models import saved_model


def members(packed):
    with tarfile.open(packed.path) as archive:
        return {member.name: member for member in archive.getmembers()}


def packed(path, target, framework=None):
    return packing.pack(model.find(path, framework, called=str(path)), target)


def test_a_saved_model_goes_without_the_other_pb_files_that_neo_would_stumble_over(tmp_path):
    saved_model(tmp_path / "export" / "7", {"x": (-1, 2)})
    subject = model.find(tmp_path / "export", None, called="export")
    assert set(subject.files) == {
        "export/Servo/1/saved_model.pb",
        "export/Servo/1/assets/words.txt",
        "export/Servo/1/variables/variables.index",
        "export/Servo/1/variables/variables.data-00000-of-00001",
    }
    assert subject.left_out == ("7/fingerprint.pb", "7/keras_metadata.pb")
    assert (subject.framework, subject.look) == ("TENSORFLOW", tmp_path / "export" / "7")


def test_a_saved_model_without_variables_gets_the_empty_folder_that_neo_looks_for(tmp_path):
    saved_model(tmp_path / "1", {"x": (-1, 2)}, variables=False)
    found = members(packed(tmp_path / "1", tmp_path / "m.tar.gz"))
    assert found["export/Servo/1/variables"].isdir()


def test_the_binary_form_is_taken_where_both_are_as_tensorflow_does(tmp_path):
    saved_model(tmp_path, {"x": (-1, 2)})
    (tmp_path / "saved_model.pbtxt").write_text("")
    subject = model.find(tmp_path, None, called="m")
    assert "export/Servo/1/saved_model.pbtxt" not in subject.files


def test_the_same_files_make_the_same_bytes_whoever_owns_them_whenever(tmp_path):
    one, other = (saved_model(tmp_path / name / "1", {"x": (-1, 2)}) for name in ("a", "b"))
    os.utime(other / "saved_model.pb", (1, 1))
    (other / "saved_model.pb").chmod(0o600)
    first, second = packed(one, tmp_path / "a.tar.gz"), packed(other, tmp_path / "b.tar.gz")
    assert first.path.read_bytes() == second.path.read_bytes()
    assert (first.digest, first.size) == (second.digest, second.path.stat().st_size)
    for member in members(first).values():
        assert (member.uid, member.gid, member.mtime, member.uname) == (0, 0, 0, "")
        assert member.mode == (0o755 if member.isdir() else 0o644)


def test_another_byte_makes_another_digest(tmp_path):
    folder = saved_model(tmp_path / "1", {"x": (-1, 2)})
    before = packed(folder, tmp_path / "a.tar.gz").digest
    (folder / "variables/variables.index").write_bytes(b"trained on")
    assert packed(folder, tmp_path / "a.tar.gz").digest != before


def test_the_digest_is_that_of_the_tar_in_it(tmp_path):
    made = packed(saved_model(tmp_path / "1", {"x": (-1, 2)}), tmp_path / "a.tar.gz")
    tar = gzip.decompress(made.path.read_bytes())
    assert hashlib.sha256(tar).hexdigest() == made.digest


@pytest.mark.parametrize(
    ("files", "framework", "taken"),
    [
        (["m.pth", "notes.txt"], "PYTORCH", {"m.pth"}),
        (["a/m.pt"], "PYTORCH", {"m.pt"}),
        (["m-symbol.json", "m-0000.params"], "MXNET", {"m-symbol.json", "m-0000.params"}),
        (["m.onnx"], "ONNX", {"m.onnx"}),
        (["m.h5"], "KERAS", {"m.h5"}),
        (["m.tflite"], "TFLITE", {"m.tflite"}),
        (["m.cfg", "m.weights"], "DARKNET", {"m.cfg", "m.weights"}),
        (["m.model"], "XGBOOST", {"m.model"}),
        (["frozen.pb"], "TENSORFLOW", {"frozen.pb"}),
    ],
)
def test_other_models_are_known_by_their_files(tmp_path, files, framework, taken):
    grow(tmp_path, dict.fromkeys(files, b"x"))
    subject = model.find(tmp_path, None, called="m")
    assert (subject.framework, set(subject.files)) == (framework, taken)


@pytest.mark.parametrize(
    ("files", "framework", "said"),
    [
        ([], None, "no model that Neo could compile"),
        (["README"], None, "no model that Neo could compile"),
        (["m.params"], None, "no model"),
        (["a.pth", "b.pth"], None, r"2 files \*.pt or \*.pth: a.pth, b.pth"),
        (["a.pb", "b.pbtxt"], None, "exactly one"),
        (["a.pth", "b.onnx"], None, "several frameworks: PYTORCH, ONNX"),
        (["a.pth"], "MXNET", r"no MXNET model \(\*.json with \*.params\)"),
        (["a.pth"], "CAFFE", "Neo has TENSORFLOW"),
        (["a/saved_model.pb", "b/saved_model.pb"], None, "holds 2 SavedModels: a, b"),
        (["saved_model.pb", "variables/variables.data-00000-of-00001"], None, "no variables.index"),
    ],
)
def test_what_is_not_one_model_is_refused(tmp_path, files, framework, said):
    grow(tmp_path, dict.fromkeys(files, b"x"))
    with pytest.raises(InvalidInput, match=said):
        model.find(tmp_path, framework, called="m")


def test_one_of_several_frameworks_can_be_chosen(tmp_path):
    grow(tmp_path, {"a.pth": b"x", "b.onnx": b"x", ".hidden.onnx": b"x", "__MACOSX/c.onnx": b"x"})
    assert set(model.find(tmp_path, "ONNX", called="m").files) == {"b.onnx"}
