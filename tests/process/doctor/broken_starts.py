"""Starts that go wrong, each in a way of its own, and some that only look wrong: what to set for each.

A maker gets an empty folder, fills it, and gives the variables. What a start ends with is not written here:
``test_same_code.py`` asks ``serve``.
"""

from __future__ import annotations

import io
import struct
import tarfile
from pathlib import Path

import numpy as np

from neuronserve.messages import graph_pb2, prediction_log_pb2, saved_model_pb2
from neuronserve.modelserver import warmuplog
from tests import handmade
from tests.cpuservers import predict_request


def _model(folder, change=None):
    made = handmade.doubling(folder / "m" / "1") / "saved_model.pb"
    if change is not None:
        model = saved_model_pb2.SavedModel.FromString(made.read_bytes())
        change(model)
        made.write_bytes(model.SerializeToString())
    return {"MODEL_URI": str(folder / "m")}


def _graph(folder, *nodes, **signature):
    handmade.write(handmade.saved_model([*nodes], **signature), folder / "m" / "1")
    return {"MODEL_URI": str(folder / "m")}


def _packed(folder):
    """The archive's bytes, where to put it, and the variables."""
    _model(folder)
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w:gz") as tar:
        tar.add(folder / "m", ".")
    target = folder / "model.tar.gz"
    return data.getvalue(), target, {"MODEL_URI": str(target)}


def _file(folder, name, text):
    path = folder / "m" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def _tagged(*sets):
    def change(model):
        first = model.meta_graphs[0]
        for number, tags in enumerate(sets):
            graph = first if number == 0 else model.meta_graphs.add()
            if number:
                graph.CopyFrom(first)
            del graph.meta_info_def.tags[:]
            graph.meta_info_def.tags.extend(tags)

    return change


def no_tags(folder):
    return _model(folder, _tagged([]))


def other_tags_only(folder):
    return _model(folder, _tagged(["train"], ["serve", "gpu"]))


def two_tag_sets(folder):
    return _model(folder, _tagged(["train"], ["serve"]))


def no_meta_graph(folder):
    return _model(folder, lambda model: model.ClearField("meta_graphs"))


def unregistered_op(folder):
    nodes = [handmade.placeholder("x", -1, 2), handmade.node("y", "ReadsNoOnesMind", "x", T=handmade.FLOAT)]
    return _graph(folder, *nodes, inputs={"x": "x:0"}, outputs={"y": "y:0"})


def broken_node(folder):
    nodes = [handmade.placeholder("x", -1, 2), handmade.node("y", "Mul", "x", "gone", T=handmade.FLOAT)]
    return _graph(folder, *nodes, inputs={"x": "x:0"}, outputs={"y": "y:0"})


def missing_variables(folder):
    nodes = [
        handmade.placeholder("x", -1, 2),
        handmade.node("w", "VarHandleOp", dtype=handmade.FLOAT, shape=(), shared_name=b"w", container=b""),
        handmade.node("r", "ReadVariableOp", "w", dtype=handmade.FLOAT),
        handmade.node("y", "Mul", "x", "r", T=handmade.FLOAT),
    ]
    return _graph(folder, *nodes, inputs={"x": "x:0"}, outputs={"y": "y:0"})


def damaged_variables(folder):
    variables = missing_variables(folder)
    (folder / "m" / "1" / "variables").mkdir()
    (folder / "m" / "1" / "variables" / "variables.index").write_bytes(
        b"no table of variables, at any length"
    )

    def change(model):
        model.meta_graphs[0].saver_def.filename_tensor_name = "x:0"
        model.meta_graphs[0].saver_def.restore_op_name = "y"

    made = folder / "m" / "1" / "saved_model.pb"
    model = saved_model_pb2.SavedModel.FromString(made.read_bytes())
    change(model)
    made.write_bytes(model.SerializeToString())
    return variables


def composite_signature(folder):
    def change(model):
        info = model.meta_graphs[0].signature_def["sparse"]
        info.CopyFrom(model.meta_graphs[0].signature_def["serving_default"])
        info.inputs["s"].coo_sparse.values_tensor_name = "x:0"
        info.inputs["s"].dtype = handmade.FLOAT

    return _model(folder, change)


def tensor_that_is_not_in_the_graph(folder):
    def change(model):
        model.meta_graphs[0].signature_def["serving_default"].outputs["y"].name = "gone:0"

    return _model(folder, change)


def damaged_graph(folder):
    variables = _model(folder)
    (folder / "m" / "1" / "saved_model.pb").write_bytes(b"\xff" * 100)
    return variables


def empty_graph_file(folder):
    variables = _model(folder)
    (folder / "m" / "1" / "saved_model.pb").write_bytes(b"")
    return variables


def graph_file_that_is_a_folder(folder):
    (folder / "m" / "1" / "saved_model.pb").mkdir(parents=True)
    return {"MODEL_URI": str(folder / "m")}


def empty_folder(folder):
    (folder / "m").mkdir()
    return {"MODEL_URI": str(folder / "m")}


def no_such_folder(folder):
    return {"MODEL_URI": str(folder / "gone")}


def version_with_another_name(folder):
    handmade.doubling(folder / "m" / "v1")
    return {"MODEL_URI": str(folder / "m")}


def version_that_is_too_large(folder):
    handmade.doubling(folder / "m" / "99999999999999999999")
    return {"MODEL_URI": str(folder / "m")}


def two_folders_of_one_version(folder):
    handmade.doubling(folder / "m" / "a" / "1")
    handmade.doubling(folder / "m" / "a" / "01")
    return {"MODEL_URI": str(folder / "m")}


def another_framework(folder):
    _file(folder, "xgboost-model", "{}")
    return {"MODEL_URI": str(folder / "m")}


def cut_archive(folder):
    data, target, variables = _packed(folder)
    target.write_bytes(data[: len(data) // 2])
    return variables


def whole_archive(folder):
    data, target, variables = _packed(folder)
    target.write_bytes(data)
    return variables


def wrong_digest(folder):
    return {**whole_archive(folder), "MODEL_DIGEST": f"sha256:{'0' * 64}"}


def wrong_settings(folder):
    return {**_model(folder), "SERVE_DRAIN_SECONDS": "soon"}


def runtime_folder_that_is_a_file(folder):
    (folder / "file").touch()
    return {**_model(folder), "SERVE_RUNTIME_DIR": str(folder / "file")}


def runtime_folder_too_long_for_sockets(folder):
    return {**_model(folder), "SERVE_RUNTIME_DIR": str(folder / ("long" * 30))}


def runtime_folder_that_nginx_cannot_read(folder):
    return {**_model(folder), "SERVE_RUNTIME_DIR": str(folder / "with a blank")}


def cache_that_is_a_file(folder):
    (folder / "file").touch()
    return {**whole_archive(folder), "SERVE_CACHE_DIR": str(folder / "file")}


def handler_that_raises(folder):
    _file(folder, "code/inference.py", "raise RuntimeError('no')\n")
    return _model(folder)


def handler_without_its_functions(folder):
    _file(folder, "code/inference.py", "answer = 42\n")
    return _model(folder)


def requirement_that_nobody_has(folder):
    _file(folder, "code/inference.py", "def handler(data, context):\n    return data.read(), 'text/plain'\n")
    _file(folder, "code/requirements.txt", "no-such-distribution==0.0.0\n")
    return {**_model(folder), "PIP_NO_INDEX": "1"}


def golden_answers_that_differ(folder):
    _file(folder, "golden.jsonl", '{"instances": [[1, 2]], "predictions": [[9, 9]]}\n')
    return _model(folder)


def golden_answers_that_cannot_be_read(folder):
    _file(folder, "golden.jsonl", "no JSON\n")
    return _model(folder)


def golden_answers_that_are_right(folder):
    _file(folder, "golden.jsonl", '{"instances": [[1, 2]], "predictions": [[2, 4]]}\n')
    return _model(folder)


def _recorded(folder, *records):
    variables = _model(folder)
    path = Path(variables["MODEL_URI"]) / "1" / warmuplog.FILE
    path.parent.mkdir()
    path.write_bytes(b"".join(struct.pack("<QI", len(one), 0) + one + b"\0\0\0\0" for one in records))
    return variables


def own_warm_up_that_is_refused(folder):
    log = prediction_log_pb2.PredictionLog()
    log.predict_log.request.CopyFrom(predict_request("m", no_input=np.float32([[1, 2]])))
    return _recorded(folder, log.SerializeToString())


def own_warm_up_that_is_damaged(folder):
    return _recorded(folder, b"\xff\xff no PredictionLog")


def own_warm_up_that_is_no_record(folder):
    variables = _model(folder)
    path = Path(variables["MODEL_URI"]) / "1" / warmuplog.FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"junk")
    return variables


def csv_columns_that_are_not_the_inputs(folder):
    variables = _model(folder)
    path = Path(variables["MODEL_URI"]) / "1" / "assets.extra" / "csv_columns.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text('{"serving_default": ["nothing"]}')
    return variables


def recorded_warm_up_that_is_not_there(folder):
    return {**_model(folder), "SERVE_WARMUP": str(folder / "gone.jsonl")}


def recorded_warm_up_that_is_refused(folder):
    (folder / "warm.jsonl").write_text('{"instances": [["words"]]}\n')
    return {**_model(folder), "SERVE_WARMUP": str(folder / "warm.jsonl")}


def python_without_tensorflow(folder):
    return {**_model(folder), "SERVE_CPU_PYTHON": "/nowhere/python3"}


def program_that_is_not_there(folder):
    return {**_model(folder), "MODEL_SERVER": "tensorflow", "MODEL_SERVER_BINARY": "/nowhere/server"}


def program_that_ends_at_once(folder):
    program = folder / "server"
    program.write_text("#!/bin/sh\necho no such option; exit 255\n")
    program.chmod(0o755)
    return {**_model(folder), "MODEL_SERVER": "tensorflow", "MODEL_SERVER_BINARY": str(program)}


def range_of_ports_without_room(folder):
    return {
        **_model(folder), "SAGEMAKER_SAFE_PORT_RANGE": "21999-22000", "SAGEMAKER_TFS_INSTANCE_COUNT": "4",
    }  # fmt: skip


def default_model_that_is_not_there(folder):
    handmade.doubling(folder / "m" / "a" / "1")
    handmade.doubling(folder / "m" / "b" / "1")
    return {"MODEL_URI": str(folder / "m"), "SAGEMAKER_TFS_DEFAULT_MODEL_NAME": "c"}


def model_name_that_is_not_there(folder):
    return {**default_model_that_is_not_there(folder), "MODEL_NAME": "d"}


def _compiled(folder, **options):
    handmade.compiled(folder / "m" / "1", **options)
    return {"MODEL_URI": str(folder / "m")}


def compiled_on_the_cpu(folder):
    return _compiled(folder)


def compiled_without_its_constants(folder):
    """As the compiler leaves large ones: the executable alone has them."""
    variables = _compiled(folder)
    path = folder / "m" / "1" / "saved_model.pb"
    model = saved_model_pb2.SavedModel.FromString(path.read_bytes())
    (op,) = [one for one in model.meta_graphs[0].graph_def.node if one.op == "NeuronOp"]
    graph = graph_pb2.GraphDef.FromString(op.attr["graph_def"].s)
    (constant,) = [one for one in graph.node if one.op == "Const"]
    constant.attr["value"].tensor.ClearField("tensor_content")
    constant.attr["value"].tensor.tensor_shape.dim[0].size = 500
    op.attr["graph_def"].s = graph.SerializeToString()
    path.write_bytes(model.SerializeToString())
    return variables


def batch_that_was_not_compiled(folder):
    return {**_compiled(folder, batch=4, dynamic=False), "SERVE_COMPILED_BATCH": "8"}


def batching_file_that_is_too_small(folder):
    (folder / "batching").write_text("max_batch_size { value: 2 }")
    return {**_compiled(folder, batch=4), "SERVE_BATCHING_FILE": str(folder / "batching")}


def batching_file_that_is_broken(folder):
    (folder / "batching").write_text("max_batch_size: many")
    return {**_model(folder), "SERVE_BATCHING_FILE": str(folder / "batching")}


def simulated_host(folder):
    return {**_compiled(folder), "MODEL_SERVER": "auto", "SERVE_SIMULATE": "inf1.xlarge"}


def simulated_host_of_another_generation(folder):
    return {**_compiled(folder, generation="trn1"), "MODEL_SERVER": "auto", "SERVE_SIMULATE": "inf1.xlarge"}


def simulated_host_that_is_too_small(folder):
    return {**_compiled(folder, cores=8), "MODEL_SERVER": "auto", "SERVE_SIMULATE": "inf1.xlarge"}


def devices_that_are_not_there(folder):
    (folder / "dev").mkdir()
    return {**_compiled(folder), "MODEL_SERVER": "neuron", "SERVE_DEVICES_DIR": str(folder / "dev")}


def multi_model(folder):
    (folder / "models").mkdir()
    return {"SAGEMAKER_MULTI_MODEL": "true", "SERVE_MODELS_DIR": str(folder / "models")}


MAKERS = {
    name: maker
    for name, maker in list(globals().items())
    if not name.startswith("_") and getattr(maker, "__module__", "") == __name__
}
