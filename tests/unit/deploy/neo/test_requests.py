"""Every kind of request that scripts/compile-model makes, as --dry-run prints it.

The files in ``golden/`` are what is sent. To renew them after a change that is meant: delete them, run this,
and read the difference.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from neuronserve.deploy import exits, shapes
from neuronserve.deploy.neo import rules
from tests.deploying.uncompiled_models import frozen_graph, saved_model

GOLDEN = Path(__file__).parent / "golden"
NEURON = ("--target", "ml_inf1")
PACKAGE = "arn:aws:sagemaker:us-east-1:123456789012:model-package/digits/1"
LINUX = ("--target-os", "LINUX", "--target-arch")


@pytest.fixture
def models(tmp_path):
    saved_model(tmp_path / "resnet" / "1", {"image": (-1, 224, 224, 3)})
    saved_model(tmp_path / "two" / "1", {"ids": (-1, -1), "mask": (-1, -1)}, version="1.15.4")
    saved_model(tmp_path / "custom" / "1", {"x": (-1, 4)}, signature="embed")
    frozen_graph(tmp_path / "frozen.pb")
    for name in ("torch/model.pth", "mxnet/m-symbol.json", "mxnet/m-0000.params", "onnx/m.onnx"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(name.encode())
    for name in ("keras/m.h5", "xgboost/m.model", "darknet/m.cfg", "darknet/m.weights"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(name.encode())
    return tmp_path


MASKED = ("--shape", "ids=1,128", "--shape", "mask=1,128")
EVERYTHING = (
    "--name", "resnet-inf1", "--batch", "4", "--neuron-options=--num-neuroncores 2", "--neuron-options=-O2",
    "--kms-key", "alias/models", "--max-runtime", "900", "--max-wait", "1800", "--max-pending", "7200",
    "--subnet", "subnet-1", "--subnet", "subnet-2", "--security-group", "sg-1", "--tag", "team=vision",
    "--upload-to", "s3://inputs/models", "--compiled-to", "s3://outputs/compiled",
)  # fmt: skip
ENDED = ("--accept-finding", "elastic-inference")
CASES = {
    "savedmodel-inf1": ("resnet", *NEURON),
    "savedmodel-everything": ("resnet", *NEURON, *EVERYTHING),
    "savedmodel-two-inputs-tf1": ("two", *NEURON, *MASKED),
    "savedmodel-trn1": ("resnet/1", "--target", "ml_trn1"),
    "savedmodel-c5": ("resnet", "--target", "ml_c5", "--compiler-options", '{"mcpu": "skylake-avx512"}'),
    "savedmodel-eia2-signature": ("custom", "--target", "ml_eia2", *ENDED),
    "savedmodel-jetson": (
        "resnet", *LINUX, "ARM64", "--target-accelerator", "NVIDIA",
        "--compiler-options", '{"gpu-code": "sm_62", "trt-ver": "6.0.1", "cuda-ver": "10.0"}',
    ),
    "savedmodel-android": (
        "resnet", "--target-os", "ANDROID", "--target-arch", "ARM64",
        "--compiler-options", '{"ANDROID_PLATFORM": 28}',
    ),
    "savedmodel-coreml": (
        "resnet", "--target", "coreml", "--framework-version", "2.4",
        "--data-input-config", '{"image": {"shape": ["1..10", 224, 224, 3]}}',
    ),
    "frozen-inf1": ("frozen.pb", *NEURON, "--framework-version", "1.15"),
    "frozen-eia2": ("frozen.pb", "--target", "ml_eia2", *ENDED),
    "pytorch-inf1": ("torch", *NEURON, "--shape", "1,3,224,224", "--framework-version", "1.9"),
    "pytorch-c5-dtype": (
        "torch", "--target", "ml_c5", "--shape", "input0=1,128", "--framework-version", "1.13",
        "--compiler-options", '{"dtype": "int64"}',
    ),
    "mxnet-inf1": ("mxnet", *NEURON, "--shape", "data=1,3,224,224", "--framework-version", "1.8"),
    "onnx-m5": ("onnx", "--target", "ml_m5", "--shape", "data=1,3,224,224"),
    "keras-p3": ("keras", "--target", "ml_p3", "--shape", "input_1=1,3,224,224"),
    "xgboost-c4": ("xgboost", "--target", "ml_c4"),
    "darknet-rasp3b": ("darknet", "--target", "rasp3b", "--shape", "data=1,3,416,416"),
    "model-package": ("--model-package", PACKAGE, *NEURON),
}  # fmt: skip


def dry(compile_model, words):
    places = () if "--upload-to" in words else ("--bucket", "models")
    done = compile_model("run", *words, "--dry-run", places=places)
    assert done.code == exits.YES, done.err
    found = json.loads(done.out)
    found = found if isinstance(found, list) else [found]
    for put in found[:-1]:
        put["ContentLength"] = 1000  # zlib's versions differ
    return found


@pytest.mark.parametrize("name", CASES)
def test_the_requests_are_those_on_record(name, compile_model, models, monkeypatch):
    monkeypatch.chdir(models)
    found = dry(compile_model, CASES[name])
    file = GOLDEN / f"{name}.json"
    if not file.exists():
        file.parent.mkdir(exist_ok=True)
        file.write_text(json.dumps(found, indent=2) + "\n")
        pytest.fail(f"{file} was not there and is written: read it, and add it")
    assert found == json.loads(file.read_text())


def test_each_on_record_is_one_that_is_made():
    assert {file.stem for file in GOLDEN.glob("*.json")} == set(CASES)


@pytest.mark.parametrize("file", sorted(GOLDEN.glob("*.json")), ids=lambda file: file.stem)
def test_aws_takes_what_is_on_record(file):
    *puts, request = json.loads(file.read_text())
    assert shapes.findings("sagemaker", "CreateCompilationJob", request) == []
    errors = {one.code for one in rules.findings(request, "us-east-1") if one.severity == "error"}
    assert errors == ({"elastic-inference"} if "eia2" in file.stem else set())
    for put in puts:
        assert shapes.findings("s3", "PutObject", put) == []


def test_the_same_model_and_options_have_the_same_name_and_others_another(compile_model, models, monkeypatch):
    monkeypatch.chdir(models)
    first, again, other = (
        dry(compile_model, words)[-1]["CompilationJobName"]
        for words in (("resnet", *NEURON), ("resnet/1", *NEURON), ("resnet", *NEURON, "--batch", "2"))
    )
    assert first == again != other
    (models / "resnet/1/variables/variables.index").write_bytes(b"trained on")
    assert dry(compile_model, ("resnet", *NEURON))[-1]["CompilationJobName"] not in (first, other)


def test_each_job_has_a_folder_of_its_own_because_neo_calls_all_results_the_same(
    compile_model, models, monkeypatch
):
    monkeypatch.chdir(models)
    one, other = (
        dry(compile_model, ("resnet", *NEURON, *more))[-1]["OutputConfig"]["S3OutputLocation"]
        for more in ((), ("--batch", "2"))
    )
    assert one != other


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("resnet",), "expected --target"),
        ((), "expected MODEL or --model-package"),
        (("resnet", *NEURON, "--model-package", PACKAGE), "expected MODEL or --model-package"),
        (("--model-package", PACKAGE, *NEURON, "--batch", "2"), "--batch with --model-package"),
        (("resnet", "--target", "ml.inf1.xlarge"), "such as ml_inf1"),
        (("resnet", "--target", "inf2"), "such as ml_inf2"),
        (("resnet", *NEURON, "--target-os", "LINUX"), "expected --target, or"),
        (("resnet", "--target", "ml_c5", "--neuron-options=-O2"), "for ml_inf1, ml_inf2, ml_trn1 only"),
        (("resnet", *NEURON, "--neuron-options=-O2", "--compiler-options", '"-O2"'), "expected one of them"),
        (("resnet", *NEURON, "--data-input-config", "{}", "--batch", "2"), "expected one way"),
        (("resnet", *NEURON, "--tag", "team"), "--tag, number 1: expected NAME=VALUE"),
        (("resnet", *NEURON, "--tag", "a=1", "--tag", "a=2"), "is there twice"),
        (("absent", *NEURON), "no such file or folder"),
        (("s3://models/resnet/", *NEURON), "ends in .tar.gz"),
        (("https://models/m.tar.gz", *NEURON), "expected s3://"),
        (("torch", *NEURON, "--batch", "2"), "this is PYTORCH"),
        (("custom", *NEURON, "--signature", "other"), "the model has embed"),
        (("frozen.pb", *NEURON, "--signature", "a"), "a frozen graph has none"),
        (("resnet", *NEURON, "--framework", "caffe"), "Neo has TENSORFLOW"),
    ],
)  # fmt: skip
def test_options_that_cannot_be_are_refused_in_one_line(words, said, compile_model, models, monkeypatch):
    monkeypatch.chdir(models)
    done = compile_model("run", *words, "--dry-run")
    assert done.code == exits.INPUT, done.err
    assert said in done.err.splitlines()[-1]


def test_a_bucket_has_to_be_said(compile_model, models, monkeypatch):
    monkeypatch.chdir(models)
    done = compile_model("run", "resnet", *NEURON, "--dry-run", places=("--upload-to", "s3://in/"))
    assert (done.code, done.out) == (exits.INPUT, "")
    assert "expected --bucket or --compiled-to" in done.err


def test_what_is_wrong_with_the_request_is_told_before_anything_is_sent(compile_model, models, monkeypatch):
    monkeypatch.chdir(models)
    done = compile_model("run", "resnet", "--target", "ml_inf2", "--max-pending", "5", role="arn:aws:x")
    assert done.code == exits.INPUT
    for said in (
        "CreateCompilationJob#/RoleArn: error",
        "CreateCompilationJob#/StoppingCondition/MaxPendingTimeInSeconds: error",
        "[target-not-in-region]",
        "use --region us-east-2",
    ):
        assert said in done.err
    assert done.out == ""


def test_what_the_model_tells_is_shown(compile_model, models, monkeypatch):
    monkeypatch.chdir(models)
    told = compile_model("run", "resnet", *NEURON, "--dry-run").err
    assert "input image: [1, 224, 224, 3] float32, in the model [?, 224, 224, 3]" in told
    assert "FrameworkVersion: 2.5 (the model was written by 2.5.0)" in told
    assert "left out: 1/fingerprint.pb" in told
    assert "would send PutObject" in told


def test_a_newer_tensorflow_s_model_is_warned_of(compile_model, tmp_path):
    saved_model(tmp_path / "1", {"x": (-1, 4)}, version="2.16.1")
    told = compile_model("run", tmp_path / "1", *NEURON, "--dry-run").err
    assert "warning: the model was written by TensorFlow 2.16.1, and Neo has 2.5" in told


def test_a_signature_that_neo_cannot_be_told_of_is_warned_of(compile_model, models):
    assert (
        "Neo cannot be told of the signature embed"
        in compile_model("run", models / "custom", *NEURON, "--dry-run").err
    )


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda at: saved_model(at / "1", {"x": None}), "input x is of unknown rank: give --shape x="),
        (lambda at: saved_model(at / "1", {"x": (-1, -1)}), "give --shape x=1,..."),
        (lambda at: saved_model(at / "1", {"x": (-1,)}, dtype=7), "input x is string"),
        (lambda at: saved_model(at / "1", {"x": ()}), "input x is a scalar"),
        (lambda at: saved_model(at / "1", {"x": (-1, 4)}, version="3.0"), "TensorFlow 3.0 wrote the model"),
        (lambda at: frozen_graph(at / "g.pb", variables=True), "has variables, and a frozen graph has none"),
    ],
)
def test_a_model_that_cannot_be_compiled_as_it_is_is_refused(make, said, compile_model, tmp_path):
    done = compile_model("run", make(tmp_path), *NEURON, "--dry-run")
    assert done.code == exits.INPUT, done.err
    assert said in done.err
