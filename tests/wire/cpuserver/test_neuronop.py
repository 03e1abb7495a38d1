import shutil

import grpc
import numpy as np
import pytest

from tests import handmade
from tests.cpuservers import config_flag, running

RNG = np.random.default_rng(0)
SMALL = RNG.standard_normal((3, 2)).astype(np.float32)
LARGE = RNG.standard_normal((40, 20)).astype(np.float32)  # 3,200 bytes: the compiler would empty it
CORNERS = np.arange(4, dtype=np.float32)


def tf1(weights=SMALL, *, batch_axis=0, names=("x0/_0:0", "dense:0"), graph=None):
    rows, columns = np.shape(weights)
    op = handmade.neuron_op(
        "op", graph or handmade.linear(weights), ["x"], [(names[0], (1, rows))], [(names[1], (1, columns))],
        batch_axis=batch_axis,
    )  # fmt: skip
    nodes = [handmade.placeholder("x", -1, rows), op, handmade.identity("dense", "op")]
    return handmade.saved_model(nodes, {"x": "x:0"}, {"y": "dense:0"})


def chained():
    first = handmade.neuron_op(
        "first", handmade.linear(SMALL), ["x"], [("x0/_0:0", (1, 3))], [("dense:0", (1, 2))]
    )
    second = handmade.neuron_op(
        "second", handmade.linear(SMALL.T, "dense0/_0", "out"), ["first", "^gate"], [("dense0/_0:0", (1, 2))],
        [("out:0", (1, 3))],
    )  # fmt: skip
    nodes = [handmade.placeholder("x", -1, 3), handmade.node("gate", "NoOp"), first, second]
    return handmade.saved_model(nodes, {"x": "x:0"}, {"y": "second:0"})


def emptied():
    graph = handmade.linear(LARGE)
    for node in graph.node:
        if node.op == "Const":
            node.attr["value"].tensor.tensor_content = b""
    return tf1(LARGE, graph=graph)


def two_inputs(names):
    graph = handmade.linear(np.eye(2), "a0/_0")
    graph.node.append(handmade.placeholder("b0/_1", 1, 2))
    graph.node.append(handmade.node("difference", "Sub", "dense", "b0/_1", T=1))
    op = handmade.neuron_op("op", graph, ["a", "b"], [(n, (1, 2)) for n in names], [("output0", (1, 2))])
    nodes = [handmade.placeholder("a", -1, 2), handmade.placeholder("b", -1, 2), op]
    return handmade.saved_model(nodes, {"a": "a:0", "b": "b:0"}, {"y": "op:0"})


def hopeless():
    graph = two_inputs(("input0", "input1")).meta_graphs[0].graph_def.node[2].attr["graph_def"].s
    renamed = type(handmade.linear(SMALL)).FromString(graph.replace(b"/_1", b"/_7"))
    op = handmade.neuron_op(
        "op", renamed, ["a", "b"], [("input0", (1, 2)), ("input1", (1, 2))], [("output0", (1, 2))]
    )
    nodes = [handmade.placeholder("a", -1, 2), handmade.placeholder("b", -1, 2), op]
    return handmade.saved_model(nodes, {"a": "a:0", "b": "b:0"}, {"y": "op:0"})


def pooled():
    graph = type(handmade.linear(SMALL))(node=[
        handmade.placeholder("x0/_0", 1, 1, 2, 2),
        handmade.node("pool", "MaxPool", "x0/_0", T=1, data_format=b"NCHW", padding=b"VALID"),
    ])  # fmt: skip
    for key, sizes in (("ksize", (1, 1, 2, 1)), ("strides", (1, 1, 1, 1))):
        graph.node[1].attr[key].list.i.extend(sizes)
    op = handmade.neuron_op("op", graph, ["x"], [("x0/_0:0", (1, 1, 2, 2))], [("pool:0", (1, 1, 1, 2))])
    nodes = [handmade.placeholder("x", -1, 1, 2, 2), op]
    return handmade.saved_model(nodes, {"x": "x:0"}, {"y": "op:0"})


MODELS = {
    "tf1": tf1,
    "renamed": lambda: tf1(names=("input0", "output0")),
    "fixed": lambda: tf1(batch_axis=-1),
    "large": lambda: tf1(LARGE),
    "chained": chained,
    "two": lambda: two_inputs(("input0", "input1")),
    "pooled": pooled,
    "emptied": emptied,
    "hopeless": hopeless,
    "bare": lambda: tf1(graph=type(handmade.linear(SMALL))()),
}


@pytest.fixture(scope="module")
def neuron(tmp_path_factory):
    folder = tmp_path_factory.mktemp("neuron")
    for name, make in MODELS.items():
        handmade.write(make(), folder / name / "1")
    with running(folder, config_flag(folder, MODELS)) as server:
        for name in MODELS:
            server.wait_until(name, {1: "END" if name in ("emptied", "hopeless", "bare") else "AVAILABLE"})
        yield server


@pytest.mark.parametrize("name", ["tf1", "renamed"])
def test_the_subgraph_answers_in_the_place_of_the_op_for_any_batch(neuron, name):
    x = RNG.standard_normal((5, 3)).astype(np.float32)
    np.testing.assert_allclose(neuron.predict(name, x=x)["y"], x @ SMALL, rtol=1e-4, atol=1e-5)


def test_large_constants_that_are_whole_are_used(neuron):
    x = RNG.standard_normal((2, 40)).astype(np.float32)
    np.testing.assert_allclose(neuron.predict("large", x=x)["y"], x @ LARGE, rtol=1e-4, atol=1e-5)


def test_several_ops_one_after_the_other_with_a_control_input_answer(neuron):
    x = RNG.standard_normal((4, 3)).astype(np.float32)
    np.testing.assert_allclose(neuron.predict("chained", x=x)["y"], x @ SMALL @ SMALL.T, rtol=1e-4, atol=1e-5)


def test_inputs_with_the_compilers_own_names_are_told_apart_by_their_numbers(neuron):
    a, b = np.float32([[5, 7]]), np.float32([[1, 2]])
    assert neuron.predict("two", a=a, b=b)["y"].tolist() == [[4, 5]]


def test_channels_first_operators_run_on_cpu(neuron):
    assert neuron.predict("pooled", x=CORNERS.reshape(1, 1, 2, 2))["y"].tolist() == [[[[2, 3]]]]


def test_without_a_batch_axis_only_the_compiled_shape_is_taken(neuron):
    assert neuron.predict("fixed", x=np.ones((1, 3), np.float32))["y"].shape == (1, 2)
    with pytest.raises(grpc.RpcError) as caught:
        neuron.predict("fixed", x=np.ones((2, 3), np.float32))
    assert caught.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert "is not compatible with expected shape [1,3]" in caught.value.details()


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("emptied", "the compiler emptied 1 of the constants in its graph (weights)"),
        ("hopeless", "cannot be told which of its 2 inputs"),
        ("bare", "does not carry the graph it was compiled from"),
    ],
)
def test_what_cannot_be_right_is_refused_with_the_reason_and_what_to_do(neuron, name, why):
    (status,) = neuron.status(name)
    assert status.status.error_code == 9  # FAILED_PRECONDITION
    assert why in status.status.error_message
    assert "Serve this model on Inferentia or Trainium" in status.status.error_message


def test_real_models_compiled_for_inferentia_answer_right(tmp_path, compiled_models):
    for name, folder in compiled_models.items():
        shutil.copytree(folder, tmp_path / name)
    with running(tmp_path, config_flag(tmp_path, compiled_models)) as server:
        for name in compiled_models:
            server.wait_until(name, {1: "AVAILABLE"})
        image = np.arange(-4, 4, dtype=np.float32).reshape(2, 1, 2, 2)
        output = server.predict("inf1-conv2d-tf1", input=image)["output"]
        assert output.tolist() == np.maximum(image, 0).tolist()  # kernel 1, bias 0, then Relu
        weights = server.predict("inf1-dense-tf2", input_1=np.eye(3, dtype=np.float32))["output_1"]
        x = np.float32([[1, 2, 3], [-4, 5, 0.5]])
        np.testing.assert_allclose(
            server.predict("inf1-dense-tf2", input_1=x)["output_1"], x @ weights, rtol=1e-5
        )
        last_row = np.frombuffer(b"(\xe4d\xbf\x00\x89_<\x88\x81w?", np.float32)  # as in the file's bytes
        np.testing.assert_allclose(weights[2], last_row, rtol=1e-6)
