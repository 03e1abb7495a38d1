"""The compiled batch of a signature, traced through graphs of both styles."""

from __future__ import annotations

import numpy as np
import pytest

from neuronserve.artifact.inspect.look import inspect
from neuronserve.compiled import SignatureBatch
from tests import handmade

FLOAT = handmade.FLOAT


def op(sources, inputs, outputs, *, axes=None, name="op", batch_axis=0):
    """A NeuronOp; ``axes`` of its inputs where they differ."""
    made = handmade.neuron_op(
        name, handmade.linear(np.eye(2)), sources,
        [(f"i{at}", shape) for at, shape in enumerate(inputs)],
        [(f"o{at}", shape) for at, shape in enumerate(outputs)],
        batch_axis=batch_axis,
    )  # fmt: skip
    if axes:
        made.attr["input_batch_axis"].list.i[:] = axes
    return made


def told(tmp_path, nodes, inputs, outputs, functions=(), **shapes):
    model = handmade.saved_model(nodes, inputs, outputs, functions, shapes=shapes)
    report = inspect(handmade.write(model, tmp_path / "m"))
    return report.signatures.get("serving_default")


def simple(tmp_path, compiled_op, *names, **shapes):
    """A model whose placeholders go straight into the op, and its outputs straight out."""
    nodes = [*(handmade.placeholder(name, -1) for name in names), compiled_op]
    outputs = {f"out{at}": f"op:{at}" for at in range(len(compiled_op.attr["output_names"].list.s))}
    return told(tmp_path, nodes, {name: f"{name}:0" for name in names}, outputs, **shapes)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ({}, SignatureBatch(1, True, ("x",))),
        ({"batch": 8}, SignatureBatch(8, True, ("x",))),
        ({"batch": 8, "dynamic": False}, SignatureBatch(8, False, ("x",))),
        ({"batch": 8, "dynamic": False, "signature_batch": -1}, SignatureBatch(8, False, ("x",))),
        ({"batch": 1, "signature_batch": 4}, SignatureBatch(4, False, ("x",))),
        ({"batch": 8, "outputs_without_batch": True}, SignatureBatch(8, True, ("x",), ("total",))),
        (
            {"batch": 8, "dynamic": False, "outputs_without_batch": True},
            SignatureBatch(8, False, ("x",), ("total",)),
        ),
    ],
)
def test_compiled_shape_axis_and_signature_tell_the_batch(tmp_path, kind, expected):
    report = inspect(handmade.compiled(tmp_path / "m", **kind))
    assert report.signatures["serving_default"].batch == expected


def test_it_is_traced_through_calls_of_functions_as_tensorflow_2_writes_them(tmp_path):
    pruned = handmade.function(
        "__inference_pruned_79",
        ["args_0", "args_1"],
        {"identity": "Identity:output:0", "identity_1": "op:output_tensors:1"},
        [
            op(["args_0", "args_1"], [(8, 2), (8, 3)], [(8, 2), (4,)]),
            handmade.identity("Identity", "op:output_tensors:0"),
        ],
    )
    wrapper = handmade.function(
        "__inference_signature_wrapper_1",
        ["a", "b"],
        {"first": "Identity:output:0", "second": "inner:output:1"},
        [
            handmade.call("inner", "__inference_pruned_79", "a", "b", "^a", results=2),
            handmade.node("Identity", "Identity", "inner:output:0", T=FLOAT),
        ],
    )
    nodes = [
        handmade.placeholder("serving_default_x", -1, 2),
        handmade.placeholder("serving_default_z", -1, 3),
        handmade.node("cast", "Cast", "serving_default_z", SrcT=FLOAT, DstT=FLOAT),
        handmade.call("call", wrapper.signature.name, "serving_default_x", "cast", results=2),
    ]
    found = told(
        tmp_path, nodes, {"x": "serving_default_x:0", "z": "serving_default_z:0"},
        {"y": "call:0", "n": "call:1"}, [pruned, wrapper],
    )  # fmt: skip
    assert found.batch == SignatureBatch(8, True, ("x", "z"), ("n",))


def test_functions_that_are_ops_themselves_are_calls_too(tmp_path):
    body = handmade.function("f", ["a"], {"r": "op:output_tensors:0"}, [op(["a"], [(4, 2)], [(4, 2)])])
    nodes = [handmade.placeholder("x", -1, 2), handmade.node("called", "f", "x")]
    assert told(tmp_path, nodes, {"x": "x:0"}, {"y": "called:0"}, [body]).batch == SignatureBatch(
        4, True, ("x",)
    )


def test_an_input_without_batch_goes_along(tmp_path):
    made = op(["x", "w"], [(8, 2), (5,)], [(8, 2)], axes=[0, -1])
    found = simple(tmp_path, made, "x", "w", x=(-1, 2), w=(5,))
    assert found.batch == SignatureBatch(8, True, ("x",), whole=False)


def test_an_input_of_fixed_rows_makes_the_whole_fixed(tmp_path):
    made = op(["x", "z"], [(8, 2), (8, 3)], [(8, 2)], axes=[0, -1])
    found = simple(tmp_path, made, "x", "z", x=(-1, 2), z=(-1, 3))
    assert found.batch == SignatureBatch(8, False, ("x", "z"))


def test_inputs_that_disagree_leave_the_batch_untold(tmp_path):
    made = op(["x", "z"], [(8, 2), (4, 3)], [(8, 2)], batch_axis=-1)
    found = simple(tmp_path, made, "x", "z", x=(-1, 2), z=(-1, 3))
    assert found.batch is None
    assert "different sizes along axis 0: 4, 8" in found.why


def test_a_signature_that_disagrees_with_itself_leaves_the_batch_untold(tmp_path):
    made = op(["x", "z"], [(8, 2), (8, 3)], [(8, 2)])
    found = simple(tmp_path, made, "x", "z", x=(2, 2), z=(3, 3))
    assert "fixed and different sizes along axis 0: 2, 3" in found.why


def test_scalars_have_no_batch(tmp_path):
    found = simple(tmp_path, op(["x"], [()], [()]), "x", x=())
    assert found.batch is None
    assert "no compiled input has a known size" in found.why


def test_what_cannot_be_traced_is_taken_from_the_compiled_inputs(tmp_path):
    nodes = [
        handmade.placeholder("x", -1, 2),
        handmade.placeholder("scale"),
        handmade.node("scaled", "Mul", "x", "scale", T=FLOAT),
        op(["scaled"], [(4, 2)], [(4, 2)]),
        handmade.node("y", "Neg", "op", T=FLOAT),
    ]
    inputs, shapes = {"x": "x:0", "scale": "scale:0"}, {"x": (-1, 2), "scale": ()}
    found = told(tmp_path, nodes, inputs, {"y": "y:0"}, **shapes)
    assert found.batch == SignatureBatch(4, True, ("x",), whole=False)


def test_inputs_of_unknown_rank_are_taken_for_rows_where_nothing_else_is_told(tmp_path):
    nodes = [
        handmade.placeholder("x"),
        handmade.node("n", "Neg", "x", T=FLOAT),
        op(["n"], [(4, 2)], [(4, 2)]),
    ]
    assert told(tmp_path, nodes, {"x": "x:0"}, {"y": "op:0"}).batch == SignatureBatch(4, True, ("x",))


def test_an_output_of_the_same_size_by_chance_is_told_by_its_axis(tmp_path):
    made = op(["x"], [(4, 2)], [(4, 2), (4,)])
    made.attr["output_batch_axis"].list.i[:] = [0, -1]
    assert simple(tmp_path, made, "x", x=(-1, 2)).batch.unjoinable == ("out1",)
    made.attr["output_batch_axis"].list.i[:] = []  # the compiler said nothing of any
    assert simple(tmp_path / "2", made, "x", x=(-1, 2)).batch.unjoinable == ()


def test_an_outputs_own_shape_can_tell_that_it_has_no_batch(tmp_path):
    nodes = [handmade.placeholder("x", -1, 2), op(["x"], [(4, 2)], [(4, 2)]),
             handmade.node("table", "Neg", "op", T=FLOAT)]  # fmt: skip
    found = told(tmp_path, nodes, {"x": "x:0"}, {"y": "op:0", "t": "table:0"}, t=(10, 2), x=(-1, 2))
    assert found.batch.unjoinable == ("t",)


def test_signatures_without_subgraphs_or_inputs_have_no_batch(tmp_path):
    nodes = [
        handmade.placeholder("x", -1, 2),
        op(["x"], [(4, 2)], [(4, 2)]),
        handmade.node("n", "Neg", "x", T=FLOAT),
    ]
    model = handmade.saved_model(nodes, {"x": "x:0"}, {"y": "op:0"}, shapes={"x": (-1, 2)})
    signatures = model.meta_graphs[0].signature_def
    signatures["on_cpu"].inputs["x"].name = "x:0"
    signatures["on_cpu"].outputs["n"].name = "n:0"
    signatures["without"].outputs["y"].name = "op:0"
    signatures["__saved_model_init_op"].inputs["x"].name = "x:0"
    signatures["__saved_model_init_op"].outputs["y"].name = "op:0"
    report = inspect(handmade.write(model, tmp_path / "m"))
    assert list(report.signatures) == ["serving_default"]
    assert report.others == ("on_cpu",)
    assert report.subgraphs[0].signatures == ("serving_default",)


def test_a_function_that_calls_itself_is_looked_through(tmp_path):
    body = handmade.function(
        "f", ["a"], {"r": "again:output:0"}, [handmade.call("again", "f", "a"), op(["a"], [(4, 2)], [(4, 2)])]
    )
    nodes = [handmade.placeholder("x", -1, 2), handmade.call("called", "f", "x")]
    assert told(tmp_path, nodes, {"x": "x:0"}, {"y": "called:0"}, [body]).batch.size == 4


def test_long_chains_and_calls_that_double_are_traced_in_no_time(tmp_path):
    chain = [handmade.node(f"n{at + 1}", "Identity", f"n{at}", T=FLOAT) for at in range(5000)]
    functions = [
        handmade.function("f0", ["a"], {"r": "op:output_tensors:0"}, [op(["a"], [(4, 2)], [(4, 2)])])
    ]
    for depth in range(40):
        calls = [handmade.call(name, f"f{depth}", "a") for name in ("one", "two")]
        functions.append(handmade.function(f"f{depth + 1}", ["a"], {"r": "two:output:0"}, calls))
    nodes = [handmade.placeholder("n0", -1, 2), *chain, handmade.call("called", "f40", "n5000")]
    found = told(tmp_path, nodes, {"x": "n0:0"}, {"y": "called:0"}, functions)
    assert found.batch == SignatureBatch(4, True, ("x",))
