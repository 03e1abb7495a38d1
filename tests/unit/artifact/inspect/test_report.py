"""The report as values, as JSON and as text."""

from __future__ import annotations

import json

import numpy as np
import pytest

from neuronserve.artifact.inspect.look import compiled, inspect
from neuronserve.compiled import Compiled
from neuronserve.errors import DamagedModel
from neuronserve.generation import Generation
from tests import handmade

FLOAT = handmade.FLOAT


def two_parts(folder, *executables, **more):
    """One subgraph after the other, with an op on CPU between them."""
    nodes = [handmade.placeholder("x", -1, 2)]
    for at, executable in enumerate(executables):
        source = f"between{at - 1}" if at else "x"
        graph = handmade.linear(np.eye(2))
        ports = [("x0/_0:0", (4, 2))], [("dense:0", (4, 2))]
        nodes.append(handmade.neuron_op(f"op{at}", graph, [source], *ports, executable=executable, **more))
        nodes.append(handmade.node(f"between{at}", "Relu", f"op{at}", T=FLOAT))
    model = handmade.saved_model(
        nodes, {"x": "x:0"}, {"y": f"between{len(executables) - 1}:0"}, shapes={"x": (-1, 2)}
    )
    return handmade.write(model, folder)


@pytest.mark.parametrize(
    ("name", "inputs", "compiler"),
    [
        ("inf1-conv2d-tf1", ("input",), "1.3.7.0+fc8e67ab4"),
        ("inf1-dense-tf2", ("input_1",), "1.6.13.0+9f61b2f75"),
    ],
)
def test_real_models_are_read_whole(compiled_models, name, inputs, compiler):
    report = inspect(compiled_models[name] / "1")
    made = report.compiled(1)
    assert (made.generation, made.compiler) == (Generation.V1, compiler)
    assert (made.cores, made.duplicates, made.subgraphs) == (1, 4, 1)
    batch = made.signatures["serving_default"]
    assert (batch.size, batch.dynamic, batch.inputs, batch.unjoinable) == (1, True, inputs, ())
    assert report.placement.share == 0
    assert not report.as_dict()["advice"]


def test_a_pipeline_of_the_other_generation(tmp_path):
    made = compiled(handmade.pipeline(tmp_path / "m", generation="trn1"), 7)
    assert (made.version, made.generation, made.cores, made.duplicates) == (7, Generation.V2, 2, 1)


def test_a_model_without_neuron_ops_is_none(tmp_path):
    folder = handmade.doubling(tmp_path / "m")
    assert compiled(folder, 3) == Compiled(3) == inspect(folder).compiled(3)
    assert "no Neuron model" in inspect(folder).to_text()


def test_a_damaged_model_that_mentions_no_neuron_op_is_left_to_the_model_server(tmp_path):
    (tmp_path / "saved_model.pb").write_bytes(b"garbage")
    assert compiled(tmp_path, 1) == Compiled(1)
    (tmp_path / "saved_model.pb").write_bytes(b"garbage NeuronOp")
    with pytest.raises(DamagedModel):
        compiled(tmp_path, 1)


def test_parts_of_several_generations_are_refused_and_still_shown(tmp_path):
    report = inspect(two_parts(tmp_path / "m", handmade.neff(), handmade.neff(1, "2.1.0", "sunda")))
    with pytest.raises(DamagedModel, match="'op0' for Inf1, 'op1' for Inf2/Trn1"):
        report.compiled(1)
    assert "no chip runs both" in report.to_text()
    assert report.as_dict()["generations"] == ["NeuronCore-v1", "NeuronCore-v2"]


def test_several_parts_are_not_copied_and_their_ops_on_cpu_are_counted(tmp_path):
    report = inspect(two_parts(tmp_path / "m", handmade.neff(), handmade.neff()))
    assert (report.compiled(1).subgraphs, report.compiled(1).duplicates) == (2, 1)
    assert report.placement.cpu == {"Relu": 2}
    assert report.placement.compiled == 2
    assert report.placement.share == 0.5
    assert report.placement.bookkeeping == 1


def test_parts_that_no_signature_runs_are_told_and_not_counted(tmp_path):
    folder = two_parts(tmp_path / "m", handmade.neff())
    from neuronserve.messages import saved_model_pb2

    model = saved_model_pb2.SavedModel.FromString((folder / "saved_model.pb").read_bytes())
    idle = handmade.neuron_op("idle", handmade.linear(np.eye(2)), [], [], [], executable=handmade.neff(8))
    model.meta_graphs[0].graph_def.library.function.append(handmade.function("unused", [], {}, [idle]))
    (folder / "saved_model.pb").write_bytes(model.SerializeToString())
    report = inspect(folder)
    assert (report.compiled(1).cores, report.compiled(1).subgraphs) == (1, 1)
    assert "no signature runs idle" in report.to_text()


def test_a_model_without_signatures_is_reported_by_its_graph(tmp_path):
    model = handmade.saved_model([handmade.node("n", "Neg", "n", T=FLOAT)], {}, {})
    model.meta_graphs[0].signature_def.clear()
    report = inspect(handmade.write(model, tmp_path / "m"))
    assert report.placement.cpu == {"Neg": 1}
    assert "no signature with inputs" in report.to_text()


@pytest.mark.parametrize(
    ("executable", "said"),
    [
        (b"NEFF", "not readable: it has 4 bytes"),
        (handmade.neff(tool_version="1.2.3", target="sunda"), "is Inf1's"),
    ],
)
def test_an_executable_that_does_not_tell_leaves_the_generation_open(tmp_path, executable, said):
    report = inspect(two_parts(tmp_path / "m", executable))
    assert report.compiled(1).generation is None
    assert said in report.to_text()
    assert "not told" in report.to_text()


def test_the_text_tells_where_it_runs_and_how_it_is_fed(tmp_path):
    text = inspect(handmade.pipeline(tmp_path / "m", cores=8, batch=4, dynamic=False)).to_text("m, version 1")
    assert text.startswith("m, version 1\n")
    assert "inf1.6xlarge, inf1.24xlarge" in text
    assert "inf1.xlarge" not in text
    assert "compiled for a batch of 4, along axis 0 of x\n" in text
    assert "float[4,3]" in text
    assert all(len(line) <= 160 for line in text.splitlines())


def test_more_cores_than_any_instance_has_run_nowhere(tmp_path):
    text = inspect(handmade.pipeline(tmp_path / "m", cores=100)).to_text()
    assert "nothing: no Inf1 instance has 100 cores" in text


@pytest.mark.parametrize("kind", [{}, {"outputs_without_batch": True}, {"cores": 2, "generation": "trn1"}])
def test_the_report_and_what_the_plan_gets_go_through_json(tmp_path, kind):
    report = inspect(handmade.compiled(tmp_path / "m", **kind))
    assert json.loads(json.dumps(report.as_dict())) == report.as_dict() | {
        key: json.loads(json.dumps(report.as_dict()[key])) for key in ("signatures", "subgraphs")
    }
    made = report.compiled(1)
    assert Compiled.from_dict(json.loads(json.dumps(made.as_dict()))) == made


def test_every_warning_is_in_the_text(tmp_path):
    graph = handmade.linear(np.zeros((30, 30)))
    graph.node[1].attr["value"].tensor.tensor_content = b""
    op = handmade.neuron_op("op", graph, ["x", "x"], [("a", (4, 2)), ("w", (9,))], [("o", ())])
    op.attr["_real_input_names"].list.s.append(b"a")
    op.attr["_instance_type"].s = b"inf1.6xlarge"
    nodes = [
        handmade.placeholder("x", -1, 2),
        op,
        *(handmade.node(f"n{at}", "Neg", "op", T=FLOAT) for at in range(3)),
    ]
    outputs = {"o": "op:0", **{f"n{at}": f"n{at}:0" for at in range(3)}}
    model = handmade.saved_model(nodes, {"x": "x:0"}, outputs, shapes={"x": (-1, 2)})
    text = inspect(handmade.write(model, tmp_path / "m")).to_text()
    for said in (
        "the compiler emptied 1 of its constants",
        "1 weights are outside its executable, placed for inf1.6xlarge",
        "o has no batch axis",
        "75% of the computing ops stay on CPU",
    ):
        assert said in text


def test_names_in_a_model_do_not_steer_the_terminal(tmp_path):
    op = handmade.neuron_op("\x1b[2Jop\nfake: line", handmade.linear(np.eye(2)), [], [], [])
    model = handmade.saved_model([op], {"x": "x:0"}, {"y": f"{op.name}:0"})
    text = inspect(handmade.write(model, tmp_path / "m")).to_text()
    assert "\x1b" not in text
    assert "\nfake" not in text
