"""DataInputConfig from a signature and what a person adds."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuronserve.deploy.neo import data_input, dimensions
from neuronserve.errors import InvalidInput
from neuronserve.uncompiled import Form, Signature, Tensor, Uncompiled


def model(form=Form.SAVED_MODEL, name="serving_default", **shapes):
    inputs = {key: Tensor(f"serving_{key}:0", "float32", shape) for key, shape in shapes.items()}
    return Uncompiled(form, {name: Signature(inputs, {})})


def derived(subject, *shapes, batch=None, signature=None, device="ml_inf1"):
    found = data_input.from_model(
        subject, dimensions.parse(shapes), signature=signature, batch=batch, device=device
    )
    return json.loads(found.text)


def test_the_batch_is_a_number_and_the_layout_stays():
    assert derived(model(image=(-1, 224, 224, 3))) == {"image": [1, 224, 224, 3]}
    assert derived(model(image=(-1, 224, 224, 3)), batch=8) == {"image": [8, 224, 224, 3]}


def test_a_batch_that_the_model_fixes_is_kept():
    assert derived(model(x=(4, 2))) == {"x": [4, 2]}
    with pytest.raises(InvalidInput, match="--batch 8: input x has the batch 4 in the model"):
        derived(model(x=(4, 2)), batch=8)


def test_what_is_open_has_to_be_given_for_every_input_and_all_are_named_at_once():
    with pytest.raises(InvalidInput, match=r"--shape ids=1,\.\.\..*--shape mask=1,\.\.\.") as refused:
        derived(model(ids=(-1, -1), mask=(-1, -1), size=(-1, 2)))
    assert "size" not in refused.value.message


def test_a_tensor_s_name_stands_for_its_input():
    assert derived(model(ids=(-1, -1)), "serving_ids:0=1,128") == {"ids": [1, 128]}
    assert derived(model(ids=(-1, -1)), "serving_ids=1,128") == {"ids": [1, 128]}


def test_a_frozen_graph_s_inputs_are_its_nodes_and_for_elastic_inference_its_tensors():
    frozen = model(Form.FROZEN_GRAPH, "", x=(-1, 2))
    assert derived(frozen) == {"x": [1, 2]}
    assert derived(frozen, device="ml_eia2") == {"serving_x:0": [1, 2]}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["y=1,2"], "no such input"),
        (["x=1,3"], r"in the model it is \[\?, 2\]"),
        (["x=1"], "in the model it is"),
        (["x=1,2", "serving_x:0=1,2"], "is there twice"),
        (["1,2"], "inputs have names"),
    ],
)
def test_shapes_against_the_model_are_refused(words, said):
    with pytest.raises(InvalidInput, match=said):
        derived(model(x=(-1, 2)), *words)


def test_the_signature_is_the_default_or_the_only_one_or_chosen():
    signatures = {name: model(**{name: (-1, 2)}).signatures["serving_default"] for name in ("a", "b")}
    both = Uncompiled(Form.SAVED_MODEL, signatures)
    with pytest.raises(InvalidInput, match="signatures a, b"):
        derived(both)
    assert derived(both, signature="b") == {"b": [1, 2]}
    assert derived(model(name="only", x=(-1, 2))) == {"x": [1, 2]}
    with pytest.raises(InvalidInput, match="no signature with inputs"):
        derived(Uncompiled(Form.SAVED_MODEL, {}))


SIZES = st.one_of(st.just(-1), st.integers(1, 9))
SHAPES = st.dictionaries(
    st.sampled_from("abc"), st.lists(SIZES, min_size=1, max_size=4).map(tuple), min_size=1
)


@given(SHAPES, st.integers(1, 16))
def test_what_is_derived_has_every_input_with_whole_sizes_that_the_model_takes(shapes, batch):
    words = [
        f"{name}={','.join(str(batch if s < 0 else s) for s in shape)}" for name, shape in shapes.items()
    ]
    found = derived(model(**shapes), *words)
    assert found.keys() == shapes.keys()
    for name, shape in shapes.items():
        assert all(
            mine >= 1 and theirs in (-1, mine) for mine, theirs in zip(found[name], shape, strict=True)
        )


@given(SHAPES)
def test_nothing_is_made_up_but_the_batch(shapes):
    if any(-1 in shape[1:] for shape in shapes.values()):
        with pytest.raises(InvalidInput):
            derived(model(**shapes))
    else:
        assert derived(model(**shapes)) == {
            name: [max(1, shape[0]), *shape[1:]] for name, shape in shapes.items()
        }


@given(st.lists(st.integers(1, 10**6), min_size=1, max_size=6), st.sampled_from(["x", "a:0", "a=b", "a/b"]))
def test_shapes_are_read_as_they_are_written(shape, name):
    text = ",".join(map(str, shape))
    for written in (text, f"[{text}]", text.replace(",", " , "), text.replace(",", "x")):
        assert dimensions.parse([f"{name}={written}"]).named == {name: tuple(shape)}


@pytest.mark.parametrize("word", ["x=", "x=0,1", "x=-1,2", "x=1,?", "=1,2", "x", "x=1.5", "x=1,,2", ""])
def test_what_is_no_shape_is_refused(word):
    with pytest.raises(InvalidInput, match="expected NAME=1,224,224,3"):
        dimensions.parse([word])


def test_shapes_with_and_without_names_do_not_mix_nor_repeat():
    with pytest.raises(InvalidInput, match="some with a name and some without"):
        dimensions.parse(["x=1", "1,2"])
    with pytest.raises(InvalidInput, match="is there twice"):
        dimensions.parse(["x=1", "x=2"])


def test_other_frameworks_get_what_was_given_in_that_order():
    given_shapes = dimensions.parse(["b=1,3", "a=1,2"])
    assert data_input.from_shapes("MXNET", given_shapes) == '{"b": [1, 3], "a": [1, 2]}'
    assert data_input.from_shapes("PYTORCH", dimensions.parse(["1,3", "1,2"])) == "[[1, 3], [1, 2]]"
    with pytest.raises(InvalidInput, match="MXNET needs names"):
        data_input.from_shapes("MXNET", dimensions.parse(["1,3"]))


@pytest.mark.parametrize("words", ["sparse tensor", "ragged tensor", "composite tensor"])
@pytest.mark.parametrize("shape", [(-1, 4), None])
@pytest.mark.parametrize("shapes", [(), ("x=1,4",)])
def test_an_input_that_is_not_dense_is_refused_in_words_whatever_shape_it_has(words, shape, shapes):
    inputs = {"x": Tensor("", "float32", shape, words), "y": Tensor("y:0", "float32", (-1, 2))}
    subject = Uncompiled(Form.SAVED_MODEL, {"serving_default": Signature(inputs, {})})
    with pytest.raises(InvalidInput, match=f"input x is a {words}: only dense tensors can be compiled"):
        derived(subject, *shapes)


def test_another_signature_with_dense_inputs_can_be_chosen():
    sparse = Signature({"x": Tensor("", "float32", (-1, 4), "sparse tensor")}, {})
    dense = Signature({"x": Tensor("x:0", "float32", (-1, 4))}, {})
    subject = Uncompiled(Form.SAVED_MODEL, {"serving_default": sparse, "dense": dense})
    assert derived(subject, signature="dense") == {"x": [1, 4]}


def test_a_shape_that_nobody_knows_has_to_be_given():
    with pytest.raises(InvalidInput, match="input x is of unknown rank: give --shape x=1"):
        derived(model(x=None))
    assert derived(model(x=None), "x=1,224,224,3") == {"x": [1, 224, 224, 3]}
