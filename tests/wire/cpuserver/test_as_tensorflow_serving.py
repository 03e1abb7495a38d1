"""What TensorFlow Serving's clients and command lines rely on, beside REST.

Facts from its source, newest snapshot and 2.10: predict_util.cc, classifier.cc, regressor.cc, server.cc,
main.cc, bundle_factory_util.cc, prometheus_exporter.cc, and tensorflow_model_server_test.py.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import ipaddress
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path

import grpc
import numpy as np
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from neuronserve.messages import (
    classification_pb2,
    inference_pb2,
    predict_pb2,
    regression_pb2,
    saved_model_pb2,
)
from tests.cpuservers import DTYPES, Server, config_flag, predict_request, running, wait_for

# (TensorFlow's dtype, field of TensorProto, value that is sent, what the field holds)
TYPED = [
    ("float32", "float_val", 1.5, 1.5),
    ("float64", "double_val", 1.1, 1.1),
    ("int8", "int_val", -3, -3),
    ("int16", "int_val", -300, -300),
    ("int32", "int_val", 70000, 70000),
    ("uint8", "int_val", 200, 200),
    ("uint16", "int_val", 60000, 60000),
    ("int64", "int64_val", -(2**40), -(2**40)),
    ("uint32", "uint32_val", 2**32 - 1, 2**32 - 1),
    ("uint64", "uint64_val", 2**64 - 1, 2**64 - 1),
    ("bool", "bool_val", True, True),
    ("half", "half_val", 0x3E00, 0x3E00),  # the bits of 1.5
    ("bfloat16", "half_val", 0x3FC0, 0x3FC0),
    ("string", "string_val", b"a\0b", b"a\0b"),
]


@contextlib.contextmanager
def serving(folder: Path, models: Path, names: Iterable[str], *flags: str, **how: bool) -> Iterator[Server]:
    """A server in ``folder`` that has loaded all versions of these models below ``models``."""
    with running(folder, config_flag(models, names), *flags, **how) as server:

        def loaded(name: str) -> bool:
            states = server.states(name).values()
            return bool(states) and set(states) == {"AVAILABLE"}

        for name in names:
            wait_for(lambda name=name: loaded(name), f"{name} serves")
        yield server


ENUMS = {
    "float32": 1, "float64": 2, "int32": 3, "uint8": 4, "int16": 5, "int8": 6, "string": 7, "complex64": 8,
    "int64": 9, "bool": 10, "bfloat16": 14, "uint16": 17, "half": 19, "uint32": 22, "uint64": 23,
}  # fmt: skip


def identity_request(name: str, field: str, values: list) -> predict_pb2.PredictRequest:
    request = predict_pb2.PredictRequest()
    request.model_spec.name, request.model_spec.signature_name = "shapes", name
    proto = request.inputs["x"]
    proto.dtype = ENUMS[name]
    getattr(proto, field).extend(values)
    proto.tensor_shape.dim.add(size=1)
    return request


@pytest.mark.parametrize(("name", "field", "value", "held"), TYPED)
def test_answers_carry_typed_fields(server: Server, name: str, field: str, value, held) -> None:
    answer = server.call("Predict", identity_request(name, field, [value])).outputs["y"]
    assert list(getattr(answer, field)) == [held]
    assert not answer.tensor_content
    assert (answer.dtype, [dim.size for dim in answer.tensor_shape.dim]) == (ENUMS[name], [1])


def test_a_complex_answer_has_its_parts_after_each_other(server: Server) -> None:
    answer = server.call("Predict", identity_request("complex64", "scomplex_val", [1.5, -2.0])).outputs["y"]
    assert list(answer.scomplex_val) == [1.5, -2.0]


def test_a_client_that_reads_both_forms_may_ask_for_bytes(server: Server) -> None:
    request = predict_request("affine", x=np.float32([[1, 2]]))
    call = server.channel.unary_unary(
        "/tensorflow.serving.PredictionService/Predict",
        request_serializer=lambda message: message.SerializeToString(),
        response_deserializer=predict_pb2.PredictResponse.FromString,
    )
    answer = call(request, timeout=60, metadata=(("neuronserve-tensor-content", "1"),)).outputs["y"]
    assert np.frombuffer(answer.tensor_content, np.float32).tolist() == [4.0, 7.0]
    assert not answer.float_val


def test_tensor_content_is_a_flag(exported: Path, tmp_path: Path) -> None:
    with serving(tmp_path, exported, ["affine"], "--enable_serialization_as_tensor_content") as server:
        answer = server.call("Predict", predict_request("affine", x=np.float32([[1, 2]]))).outputs["y"]
    assert answer.tensor_content
    assert not answer.float_val


# --- method_name ---


def changed(source: Path, target: Path, change) -> Path:
    """A copy of a version whose MetaGraphDef was changed."""
    shutil.copytree(source, target)
    file = target / "saved_model.pb"
    model = saved_model_pb2.SavedModel.FromString(file.read_bytes())
    change(model.meta_graphs[0])
    file.write_bytes(model.SerializeToString())
    return target


METHOD_NAMES = ("", "my/Method", "tensorflow/serving/predict")


@pytest.fixture(scope="module")
def renamed(exported: Path, tmp_path_factory: pytest.TempPathFactory):
    """A server whose models have all signatures with one method name each: model ``m0``, ``m1``, ``m2``."""
    folder = tmp_path_factory.mktemp("renamed")
    for at, name in enumerate(METHOD_NAMES):

        def rename(graph, name=name) -> None:
            for signature in graph.signature_def.values():
                signature.method_name = name

        changed(exported / "examples" / "1", folder / f"m{at}" / "1", rename)
    with serving(folder, folder, ("m0", "m1", "m2")) as server:
        yield server


def filled(request, model: str, signature: str = ""):
    request.model_spec.name, request.model_spec.signature_name = model, signature
    request.input.example_list.examples.add().features.feature["x"].float_list.value.append(0.25)
    return request


@pytest.mark.parametrize("at", range(len(METHOD_NAMES)), ids=METHOD_NAMES)
class TestMethodName:
    def test_predict(self, renamed: Server, at: int) -> None:
        serialized = filled(classification_pb2.ClassificationRequest(), "").input.example_list.examples[0]
        request = predict_request(f"m{at}", "predict", examples=[serialized.SerializeToString()])
        assert list(renamed.call("Predict", request).outputs["value"].float_val) == [0.5]

    def test_classify(self, renamed: Server, at: int) -> None:
        request = filled(classification_pb2.ClassificationRequest(), f"m{at}")
        (row,) = renamed.call("Classify", request).result.classifications
        assert [(c.label, c.score) for c in row.classes] == [("low", 0.5), ("high", 0.5)]

    def test_regress(self, renamed: Server, at: int) -> None:
        request = filled(regression_pb2.RegressionRequest(), f"m{at}", "regress")
        assert [r.value for r in renamed.call("Regress", request).result.regressions] == [0.5]

    def test_multi_inference(self, renamed: Server, at: int) -> None:
        request = inference_pb2.MultiInferenceRequest()
        request.input.CopyFrom(filled(classification_pb2.ClassificationRequest(), "").input)
        for signature, method in (("serving_default", "classify"), ("regress", "regress")):
            task = request.tasks.add(method_name=f"tensorflow/serving/{method}")
            task.model_spec.name, task.model_spec.signature_name = f"m{at}", signature
        classified, regressed = renamed.call("MultiInference", request).results
        assert classified.classification_result.classifications[0].classes[1].label == "high"
        assert regressed.regression_result.regressions[0].value == 0.5


def test_a_flag_checks_method_names_as_before_2_4(exported: Path, tmp_path: Path) -> None:
    with serving(tmp_path, exported, ["examples"], "--enable_signature_method_name_check") as server:
        assert server.call("Classify", filled(classification_pb2.ClassificationRequest(), "examples")).result
        with pytest.raises(grpc.RpcError) as refused:
            server.call("Classify", filled(classification_pb2.ClassificationRequest(), "examples", "regress"))
    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert refused.value.details() == (
        "Expected classification signature method_name to be tensorflow/serving/classify. "
        "Was: tensorflow/serving/regress"
    )


# --- tensors that a signature names and no graph has ---


def composite(graph) -> None:
    for name in ("sparse", "ragged", "absent"):
        graph.signature_def[name].CopyFrom(graph.signature_def["serving_default"])
    graph.signature_def["sparse"].inputs["x"].coo_sparse.values_tensor_name = "values:0"
    ragged = graph.signature_def["ragged"].outputs["y"]
    ragged.composite_tensor.components.add(name="flat:0")
    graph.signature_def["absent"].outputs["y"].name = "no_such_operation:0"


@pytest.mark.parametrize("signature", ["sparse", "ragged", "absent"])
def test_tensors_that_are_not_in_the_graph_are_an_invalid_argument_and_the_others_serve(
    exported: Path, tmp_path: Path, signature: str
) -> None:
    changed(exported / "affine" / "1", tmp_path / "m" / "1", composite)
    with serving(tmp_path, tmp_path, ["m"]) as server:
        assert server.predict("m", x=np.float32([[1, 2]]))["y"].tolist() == [[3, 5]]
        with pytest.raises(grpc.RpcError) as refused:
            server.predict("m", signature, x=np.float32([[1, 2]]))
    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert "was not found in the Graph" in refused.value.details()


# --- health, TLS ---


@pytest.mark.parametrize(
    "service",
    [
        "",
        "PredictionService",
        "ModelService",
        "tensorflow.serving.PredictionService",
        "tensorflow.serving.ModelService",
    ],
)
def test_each_service_tells_its_health(server: Server, service: str) -> None:
    check = server.channel.unary_unary("/grpc.health.v1.Health/Check")
    name = service.encode()
    assert check(b"\x0a" + bytes([len(name)]) + name if name else b"", timeout=30) == b"\x08\x01"


def certificate(name: str, issuer=None):
    """``(key, certificate)``, signed by ``issuer``, or by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    signer, parent = issuer or (key, None)
    now = dt.datetime.now(dt.UTC)
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(parent.subject if parent else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=2))
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(signer, hashes.SHA256())
    )
    return key, made


def pem(made) -> tuple[bytes, bytes]:
    key, certified = made
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return private, certified.public_bytes(serialization.Encoding.PEM)


def ssl_config(folder: Path, **fields: bytes | bool) -> str:
    def text(value: bytes | bool) -> str:
        return (
            str(value).lower() if isinstance(value, bool) else '"' + value.decode().replace("\n", "\\n") + '"'
        )

    file = folder / "ssl.config"
    file.write_text("".join(f"{name}: {text(value)}\n" for name, value in fields.items()))
    return f"--ssl_config_file={file}"


@pytest.mark.parametrize("client_verify", [False, True])
def test_an_ssl_config_file_turns_tls_on(exported: Path, tmp_path: Path, client_verify: bool) -> None:
    authority = certificate("authority")
    key, cert = pem(certificate("localhost", authority))
    _, ca = pem(authority)
    client = pem(certificate("client", authority))
    flag = ssl_config(tmp_path, server_key=key, server_cert=cert, custom_ca=ca, client_verify=client_verify)
    with running(tmp_path, config_flag(exported, ["affine"]), flag, tcp=True) as server:

        def ask(credentials) -> list | None:
            """The answer; None while the model is still loading."""
            with grpc.secure_channel(server.target, credentials) as channel:
                call = channel.unary_unary(
                    "/tensorflow.serving.PredictionService/Predict",
                    request_serializer=lambda message: message.SerializeToString(),
                    response_deserializer=predict_pb2.PredictResponse.FromString,
                )
                request = predict_request("affine", x=np.float32([[1, 2]]))
                try:
                    answer = call(request, timeout=60, wait_for_ready=True)
                except grpc.RpcError as error:
                    assert error.code() is grpc.StatusCode.NOT_FOUND
                    return None
                return list(answer.outputs["y"].float_val)

        wait_for(lambda: ask(grpc.ssl_channel_credentials(ca, *client)), "the model serves")
        assert ask(grpc.ssl_channel_credentials(ca, *client)) == [4.0, 7.0]
        if client_verify:
            plain = grpc.ssl_channel_credentials(ca)
            with (
                grpc.secure_channel(server.target, plain) as channel,
                pytest.raises(grpc.RpcError) as refused,
            ):
                channel.unary_unary("/grpc.health.v1.Health/Check")(b"", timeout=10)
            assert refused.value.code() is grpc.StatusCode.UNAVAILABLE
        else:
            assert ask(grpc.ssl_channel_credentials(ca)) == [4.0, 7.0]


# --- files that flags name ---


def ended(folder: Path, *flags: str) -> str:
    """What a server that cannot start says; it ends with TensorFlow Serving's exit code."""
    server = Server(folder, "--model_name=m", f"--model_base_path={folder}", *flags)
    assert server.process.wait(60) == 255
    server.channel.close()
    return server.log.read_text()


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
    assert "Failed to start server. Error:" in ended(tmp_path, "--enable_batching", f"--{flag}={file}")


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({}, "server_key is no PEM text"),
        ({"server_key": b"-----BEGIN KEY"}, "server_cert is no PEM text"),
        (
            {"server_key": b"-----BEGIN", "server_cert": b"-----BEGIN", "client_verify": True},
            "client_verify needs custom_ca",
        ),
    ],
)
def test_an_ssl_config_without_what_tls_needs_is_refused(tmp_path: Path, fields: dict, said: str) -> None:
    assert said in ended(tmp_path, ssl_config(tmp_path, **fields))


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


# --- batching ---


def batched(exported: Path, tmp_path: Path, text: str):
    file = tmp_path / "batching.config"
    file.write_text(text)
    flags = ("--enable_batching", f"--batching_parameters_file={file}")
    return serving(tmp_path, exported, ["shapes"], *flags)


def rows_of(server: Server, count: int, model: str = "shapes") -> tuple[list, list]:
    """The doubled values of ``count`` rows, and the size of the batch that each row ran in."""
    answer = server.predict(model, "rows", x=np.arange(count, dtype=np.float32).reshape(-1, 1))
    return answer["y"].ravel().tolist(), answer["rows"].tolist()


def test_large_batches_are_cut_and_padded_to_allowed_sizes(exported: Path, tmp_path: Path) -> None:
    text = """max_batch_size { value: 100 } enable_large_batch_splitting { value: true }
    max_execution_batch_size { value: 8 } max_enqueued_batches { value: 100 } allowed_batch_sizes: [4, 8]"""
    with batched(exported, tmp_path, text) as server:
        for count in (1, 4, 5, 8, 9, 19, 100):
            values, sizes = rows_of(server, count)
            assert values == [2.0 * i for i in range(count)]
            assert sizes == [8] * (count // 8 * 8) + [4 if count % 8 <= 4 else 8] * (count % 8)
        with pytest.raises(grpc.RpcError, match="Task size 101 is larger than maximum input batch size 100"):
            rows_of(server, 101)


def test_without_splitting_a_larger_call_is_refused(exported: Path, tmp_path: Path) -> None:
    with batched(exported, tmp_path, "max_batch_size { value: 4 } allowed_batch_sizes: [2, 4]") as server:
        assert rows_of(server, 3) == ([0, 2, 4], [4, 4, 4])
        with pytest.raises(grpc.RpcError, match="Task size 5 is larger than maximum input batch size 4"):
            rows_of(server, 5)


def test_each_model_may_bring_its_own_batching_parameters(exported: Path, tmp_path: Path) -> None:
    for name in ("with_file", "without"):
        shutil.copytree(exported / "shapes" / "1", tmp_path / name / "1")
    own = tmp_path / "with_file" / "1" / "batching_params.pbtxt"
    own.write_text("max_batch_size { value: 6 } allowed_batch_sizes: [6]")
    shared = tmp_path / "shared.config"
    shared.write_text("max_batch_size { value: 4 } allowed_batch_sizes: [4]")
    names, flags = ("with_file", "without"), ("--enable_batching", f"--batching_parameters_file={shared}")
    with serving(tmp_path, tmp_path, names, *flags, "--enable_per_model_batching_parameters") as server:
        assert rows_of(server, 2, "with_file")[1] == [6, 6]
        assert rows_of(server, 2, "without")[1] == [2, 2]
    with serving(tmp_path, tmp_path, names, *flags) as server:
        assert rows_of(server, 2, "with_file")[1] == [4, 4]


# --- ops that TensorFlow does not have ---

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


# --- monitoring ---


def test_the_prometheus_page_has_tensorflow_servings_metrics(exported: Path, tmp_path: Path) -> None:
    file = tmp_path / "monitoring.config"
    file.write_text('prometheus_config { enable: true path: "/metrics" }')
    flag = f"--monitoring_config_file={file}"
    with serving(tmp_path, exported, ["affine", "examples"], flag, rest=True) as server:
        server.predict("affine", x=np.float32([[1, 2]]))
        server.call("Classify", filled(classification_pb2.ClassificationRequest(), "examples"))
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
