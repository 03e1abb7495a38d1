"""The command line and the files that it names, as main.cc and server.cc of TensorFlow Serving take them."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import grpc
import numpy as np
import pytest

from neuronserve.messages import classification_pb2
from tests.cpuservers import DTYPES, config_flag, running
from tests.wire.cpuserver.models import changed, ended, serving, with_example

FILE_FLAGS = (
    "batching_parameters_file",
    "model_config_file",
    "monitoring_config_file",
    "platform_config_file",
    "ssl_config_file",
    "tensorflow_session_config_file",
    "thread_pool_factory_config_file",
)


@pytest.mark.parametrize("flag", FILE_FLAGS)
def test_a_file_that_a_flag_names_must_be_there(tmp_path: Path, flag: str) -> None:
    said = ended(tmp_path, "--enable_batching", f"--{flag}={tmp_path / 'none'}")
    assert f"{tmp_path / 'none'}; No such file or directory" in said


@pytest.mark.parametrize("flag", FILE_FLAGS)
def test_a_file_that_a_flag_names_must_hold_what_it_should(tmp_path: Path, flag: str) -> None:
    file = tmp_path / "wrong"
    file.write_text("} nonsense")
    said = ended(tmp_path, "--enable_batching", f"--{flag}={file}")
    assert "Failed to start server. Error:" in said


def test_a_model_config_file_that_is_none_is_told_in_protobufs_words(tmp_path: Path) -> None:
    file = tmp_path / "wrong"
    file.write_text("improperly formatted file")
    said = ended(tmp_path, f"--model_config_file={file}")
    assert f"Invalid protobuf file: '{file}'" in said
    assert "Error parsing text-format tensorflow.serving.ModelServerConfig: 1:1" in said


def test_all_three_parallelism_flags_together_are_refused(tmp_path: Path) -> None:
    flags = [f"--tensorflow_{name}_parallelism=1" for name in ("session", "intra_op", "inter_op")]
    assert "You cannot configure all." in ended(tmp_path, *flags)


def test_a_session_config_file_is_in_effect(exported: Path, tmp_path: Path) -> None:
    file = tmp_path / "session.config"
    file.write_text("intra_op_parallelism_threads: 1 inter_op_parallelism_threads: 1")
    with serving(tmp_path, exported, ["affine"], f"--tensorflow_session_config_file={file}") as server:
        assert server.predict("affine", x=np.float32([[1, 2]]))["y"].tolist() == [[4, 7]]


def test_an_unknown_argument_prints_the_usage_and_the_server_goes_on(exported: Path, tmp_path: Path) -> None:
    with serving(tmp_path, exported, ["affine"], "--no_such_flag=1") as server:
        assert server.predict("affine", x=np.float32([[1, 2]]))["y"].tolist() == [[4, 7]]
        assert "unknown argument: --no_such_flag=1\nusage:" in server.log.read_text()


def test_a_tflite_model_is_refused_in_words_when_it_is_preferred(exported: Path, tmp_path: Path) -> None:
    shutil.copytree(exported / "affine" / "1", tmp_path / "m" / "1")
    (tmp_path / "m" / "1" / "model.tflite").write_bytes(b"\0\0\0\0TFL3")
    with serving(tmp_path, tmp_path, ["m"]) as server:
        assert server.predict("m", x=np.float32([[1, 2]]))["y"].tolist() == [[3, 5]]
    flags = (config_flag(tmp_path, ["m"]), "--prefer_tflite_model", "--max_num_load_retries=0")
    with running(tmp_path, *flags) as server:
        server.wait_until("m", {1: "END"})
        (status,) = server.status("m")
    assert "runs SavedModels, and no TensorFlow Lite" in status.status.error_message


OP_LIBRARY = r"""
typedef struct Opaque Opaque;  /* the types of TensorFlow's C API, whose headers are C++ */
Opaque *TF_NewStatus(void);
void TF_DeleteStatus(Opaque *);
void TF_DeleteTensor(Opaque *);
void TF_GetInput(Opaque *, int, Opaque **, Opaque *);
void TF_SetOutput(Opaque *, int, const Opaque *, Opaque *);
Opaque *TF_NewOpDefinitionBuilder(const char *);
void TF_OpDefinitionBuilderAddInput(Opaque *, const char *);
void TF_OpDefinitionBuilderAddOutput(Opaque *, const char *);
void TF_OpDefinitionBuilderSetShapeInferenceFunction(Opaque *, void (*)(Opaque *, Opaque *));
void TF_RegisterOpDefinition(Opaque *, Opaque *);
Opaque *TF_NewKernelBuilder(const char *, const char *, void *(*)(Opaque *), void (*)(void *, Opaque *),
                            void (*)(void *));
void TF_RegisterKernelBuilder(const char *, Opaque *, Opaque *);

static void *create(Opaque *construction) { return 0; }
static void compute(void *kernel, Opaque *context) {
  Opaque *input = 0;
  Opaque *status = TF_NewStatus();
  TF_GetInput(context, 0, &input, status);
  TF_SetOutput(context, 0, input, status);
  TF_DeleteTensor(input);
  TF_DeleteStatus(status);
}
static void drop(void *kernel) {}
static void shape(Opaque *context, Opaque *status) {}
__attribute__((constructor)) static void registered(void) {
  Opaque *status = TF_NewStatus();
  Opaque *op = TF_NewOpDefinitionBuilder("SentencepieceStandIn");
  TF_OpDefinitionBuilderAddInput(op, "x: float");
  TF_OpDefinitionBuilderAddOutput(op, "y: float");
  TF_OpDefinitionBuilderSetShapeInferenceFunction(op, &shape);
  TF_RegisterOpDefinition(op, status);
  Opaque *kernel = TF_NewKernelBuilder("SentencepieceStandIn", "CPU", &create, &compute, &drop);
  TF_RegisterKernelBuilder("SentencepieceStandIn", kernel, status);
  TF_DeleteStatus(status);
}
"""


def with_custom_op(graph) -> None:
    """``y`` of serving_default comes from an op that TensorFlow does not have."""
    nodes = graph.graph_def.node
    source = nodes.add(name="own_input", op="Placeholder")
    source.attr["dtype"].type = DTYPES["float32"]
    nodes.add(name="own", op="SentencepieceStandIn", input=["own_input"])
    signature = graph.signature_def["own"]
    signature.method_name = "tensorflow/serving/predict"
    for info, name in ((signature.inputs["x"], "own_input:0"), (signature.outputs["y"], "own:0")):
        info.name, info.dtype = name, DTYPES["float32"]


def test_an_op_that_is_not_there_is_named_with_its_package(exported: Path, tmp_path: Path) -> None:
    changed(exported / "affine" / "1", tmp_path / "m" / "1", with_custom_op)
    with running(tmp_path, config_flag(tmp_path, ["m"]), "--max_num_load_retries=0") as server:
        server.wait_until("m", {1: "END"})
        (status,) = server.status("m")
    assert "Op type not registered 'SentencepieceStandIn'" in status.status.error_message
    assert "an op of tensorflow-text: install the version that fits" in status.status.error_message
    assert "SERVE_CPU_OP_LIBRARIES" in status.status.error_message


@pytest.mark.skipif(shutil.which("cc") is None, reason="no C compiler to build a library of ops with")
def test_a_library_of_ops_is_loaded(exported: Path, tmp_path: Path) -> None:
    source, library = tmp_path / "op.c", tmp_path / "op.so"
    source.write_text(OP_LIBRARY)
    subprocess.run(["cc", "-shared", "-fPIC", str(source), "-o", str(library)], check=True, timeout=120)
    changed(exported / "affine" / "1", tmp_path / "m" / "1", with_custom_op)
    with serving(tmp_path, tmp_path, ["m"], f"--op_libraries={library}") as server:
        assert server.predict("m", "own", x=np.float32([1.5]))["y"].tolist() == [1.5]


def test_a_library_that_is_none_keeps_the_server_from_starting(tmp_path: Path) -> None:
    file = tmp_path / "op.so"
    file.write_text("no library")
    assert f"--op_libraries: {file}: " in ended(tmp_path, f"--op_libraries={file}")


def test_the_prometheus_page_has_tensorflow_servings_metrics(exported: Path, tmp_path: Path) -> None:
    file = tmp_path / "monitoring.config"
    file.write_text('prometheus_config { enable: true path: "/metrics" }')
    flag = f"--monitoring_config_file={file}"
    with serving(tmp_path, exported, ["affine", "examples"], flag, rest=True) as server:
        server.predict("affine", x=np.float32([[1, 2]]))
        server.call("Classify", with_example(classification_pb2.ClassificationRequest(), "examples"))
        with pytest.raises(grpc.RpcError):
            server.predict("affine", "none", x=np.float32([[1, 2]]))
        server.http("/v1/models/affine:predict", '{"instances": [[1, 2]]}')
        status, page = server.http("/metrics")
    assert status == 200
    for line in (
        "# TYPE :tensorflow:serving:request_count counter",
        ':tensorflow:serving:request_count{model_name="affine",status="OK"} 2',
        ':tensorflow:serving:request_count{model_name="affine",status="FAILED_PRECONDITION"} 1',
        "# TYPE :tensorflow:serving:request_latency histogram",
        ':tensorflow:serving:request_latency_count{model_name="affine",API="Predict",entrypoint="GRPC"} 1',
        ':tensorflow:serving:request_latency_count{model_name="affine",API="predict",entrypoint="REST"} 1',
        ':tensorflow:serving:runtime_latency_count{model_name="examples",API="Classify",runtime="TF1"} 1',
        ':tensorflow:serving:request_example_count_total{model="examples"} 1',
        ':tensorflow:serving:request_example_counts_bucket{model="examples",le="+Inf"} 1',
        'entrypoint="GRPC",le="10"} ',
        'entrypoint="GRPC",le="18"} ',
        'entrypoint="GRPC",le="+Inf"} 1',
    ):
        assert line in page
