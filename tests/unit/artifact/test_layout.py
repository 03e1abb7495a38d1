from __future__ import annotations

import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuronserve.artifact import layout
from neuronserve.errors import AmbiguousModels, NoSavedModel, OtherFramework
from tests.archives import saved_model


def plan(*files, name=None, default=None, folders=()):
    return layout.plan(files, folders, source="the artifact", name=name, default=default)


@pytest.mark.parametrize(
    ("files", "models"),
    [
        (["saved_model.pb"], {"model": {1: ""}}),
        (["saved_model.pbtxt"], {"model": {1: ""}}),
        (["1/saved_model.pb"], {"model": {1: "1"}}),
        (["00012/saved_model.pb"], {"model": {12: "00012"}}),
        (["1/saved_model.pb", "0002/saved_model.pb"], {"model": {1: "1", 2: "0002"}}),
        (["resnet/3/saved_model.pb"], {"resnet": {3: "resnet/3"}}),
        (["resnet/saved_model.pb"], {"resnet": {1: "resnet"}}),
        (["export/Servo/1700000000/saved_model.pb"], {"model": {1700000000: "export/Servo/1700000000"}}),
        (["a/export/Servo/1/saved_model.pb"], {"a": {1: "a/export/Servo/1"}}),
        (["opt/ml/m/1/saved_model.pb"], {"m": {1: "opt/ml/m/1"}}),
        (["a/1/saved_model.pb", "b/2/saved_model.pb"], {"a": {1: "a/1"}, "b": {2: "b/2"}}),
        (["w/a/1/saved_model.pb", "w/b/2/saved_model.pb"], {"a": {1: "w/a/1"}, "b": {2: "w/b/2"}}),
        (["my model!/1/saved_model.pb"], {"my_model_": {1: "my model!/1"}}),
        (["1/saved_model.pb", "1/assets/m/saved_model.pb"], {"model": {1: "1"}}),
        (["1/saved_model.pb", "1/assets.extra/1/saved_model.pb"], {"model": {1: "1"}}),
        (["1/saved_model.pb", "1/._saved_model.pb", "__MACOSX/2/saved_model.pb"], {"model": {1: "1"}}),
        (["99999999999999999999/saved_model.pb"], {"model": {1: "99999999999999999999"}}),
    ],
)
def test_every_accepted_layout_is_found(files, models):
    assert plan(*files).models == models


def test_extra_files_are_kept_aside_under_their_names():
    found = plan(
        "w/m/1/saved_model.pb", "w/code/inference.py", "w/compiled.meta", "w/m/notes.txt", "w/m/1/assets/x"
    )
    assert found.extras == {
        "code": "w/code", "compiled.meta": "w/compiled.meta", "m/notes.txt": "w/m/notes.txt"
    }  # fmt: skip


def test_extra_files_beside_a_saved_model_at_the_top_are_found_and_its_own_are_not():
    found = plan(*saved_model(), "fingerprint.pb", "assets/vocab.txt", "code/inference.py", "compiled.meta")
    assert found.extras == {"code": "code", "compiled.meta": "compiled.meta"}


@pytest.mark.parametrize(
    ("files", "said"),
    [
        (["1/saved_model.pb", "0001/saved_model.pb"], "version 1 of '' twice|version 1 .* twice"),
        (["a/m/1/saved_model.pb", "b/m/2/saved_model.pb"], "both be called 'm'"),
        (["saved_model.pb", "2/saved_model.pb"], "below it"),
        (["a!/1/saved_model.pb", "a?/2/saved_model.pb"], "both be called 'a_'"),
        (["1/saved_model.pb", "model/1/saved_model.pb"], "another called 'model'"),
    ],
)
def test_folders_that_claim_the_same_are_ambiguous(files, said):
    with pytest.raises(AmbiguousModels, match=said):
        plan(*files)


TWO = ("b/1/saved_model.pb", "a/1/saved_model.pb")


def test_model_name_renames_a_single_model():
    assert plan("a/1/saved_model.pb", name="other").models == {"other": {1: "a/1"}}


def test_model_name_selects_among_several():
    found = plan(*TWO, name="b")
    assert found.models == {"b": {1: "b/1"}}
    assert found.default == "b"


def test_model_name_that_is_none_of_several_is_refused():
    with pytest.raises(AmbiguousModels, match=r"a, b.*MODEL_NAME=c"):
        plan(*TWO, name="c")


def test_the_default_is_the_one_asked_for():
    assert plan(*TWO, default="b").default == "b"
    with pytest.raises(AmbiguousModels, match="SAGEMAKER_TFS_DEFAULT_MODEL_NAME=c"):
        plan(*TWO, default="c")


def test_a_nameless_model_takes_the_name_of_the_default():
    assert plan("1/saved_model.pb", default="half_plus_two").models == {"half_plus_two": {1: "1"}}


def test_the_default_is_the_one_called_model():
    assert plan(*TWO, "model/1/saved_model.pb").default == "model"


def test_the_default_of_several_is_the_first_by_name_and_a_warning_says_so(caplog):
    with caplog.at_level(logging.WARNING):
        assert plan(*TWO).default == "a"
    assert "requests that name none go to 'a'" in caplog.text


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ([], "is empty"),
        (["model/frozen.pb"], "a frozen graph: 'model/frozen.pb'"),
        (["m.h5"], "a Keras model"),
        (["m.keras"], "a Keras model"),
        (["m.tflite"], "a TensorFlow Lite model"),
        (["model.tar.gz"], "an archive inside the archive"),
        (["1/variables/variables.index"], "a checkpoint|variables without"),
        (["README"], "it holds 'README'"),
        ([f"f{n}" for n in range(7)], "and 2 more"),
    ],
)
def test_what_is_no_saved_model_is_named(files, said):
    with pytest.raises(NoSavedModel, match=said) as refused:
        plan(*files)
    assert refused.value.hint


@pytest.mark.parametrize(
    ("files", "said", "hint"),
    [
        (["model.pt", "code/x.py"], "a PyTorch model: 'model.pt'", "Deep Learning Containers"),
        (["compiled/model.pth"], "a PyTorch model", "Deep Learning Containers"),
        (["m-symbol.json", "m-0000.params"], "an MXNet model", "Deep Learning Containers"),
        (["m.onnx"], "an ONNX model", "framework TENSORFLOW"),
        (["xgboost-model"], "an XGBoost model", "framework TENSORFLOW"),
        # what Neo writes for ml_c5, in its order
        (
            ["compiled.meta", "model-shapes.json", "compiled.params", "compiled_model.json", "compiled.so"],
            "a model of Neo's own runtime",
            "for ml_inf1",
        ),
    ],
)
def test_what_another_framework_made_is_refused_with_a_pointer(files, said, hint):
    with pytest.raises(OtherFramework, match=said) as refused:
        plan(*files)
    assert hint in refused.value.hint


NAMES = st.sampled_from(
    ["a", "b", "model", "export", "Servo", "code", "assets", "1", "01", "2", "x y", ".h", "é"]
)
PATHS = st.lists(NAMES, max_size=4).map(lambda parts: "/".join([*parts, ""]))
FILES = st.tuples(PATHS, st.sampled_from(["saved_model.pb", "saved_model.pbtxt", "x.txt"])).map("".join)


@given(st.sets(FILES, max_size=8))
def test_any_tree_gives_a_true_plan_or_a_named_error(files):
    try:
        found = plan(*files)
    except (NoSavedModel, OtherFramework, AmbiguousModels):
        return
    homes = [path for versions in found.models.values() for path in versions.values()]
    for home in homes:
        assert {f"{home}/saved_model.pb".lstrip("/"), f"{home}/saved_model.pbtxt".lstrip("/")} & files
    assert len(set(homes)) == len(homes)
    assert all(layout._LEGAL.fullmatch(name) and versions for name, versions in found.models.items())
    assert found.default in found.models
    shown = list(found.extras)
    for one, path in found.extras.items():
        assert one
        assert path.endswith(one)
        assert any(file == path or file.startswith(f"{path}/") for file in files)
        assert not any(other.startswith(f"{one}/") for other in shown), "one extra lies in another"
        assert not any(home and (home == path or home.startswith(f"{path}/")) for home in homes)


@given(st.sets(FILES, max_size=6), st.randoms())
def test_the_order_in_which_files_are_listed_decides_nothing(files, random):
    shuffled = sorted(files)
    random.shuffle(shuffled)

    def outcome(order):
        try:
            return plan(*order)
        except (NoSavedModel, OtherFramework, AmbiguousModels) as error:
            return str(error)

    assert outcome(sorted(files)) == outcome(shuffled)


@given(
    st.sampled_from(["", "1", "m/1", "export/Servo/7"]),
    st.lists(st.sampled_from(["w", "opt", "ml"]), max_size=3),
)
def test_wrapper_folders_change_neither_versions_nor_extras(inner, wrappers):
    def wrapped(*parts):
        return "/".join([*wrappers, *(part for part in parts if part)])

    found = plan(wrapped(inner, "saved_model.pb"), *([wrapped("code/x.py")] if inner else []))
    ((versions),) = found.models.values()
    assert list(versions) == list(next(iter(plan(f"{inner}/saved_model.pb".lstrip("/")).models.values())))
    assert list(found.extras) == (["code"] if inner else [])
