"""Batch transform jobs: where they run, how records are cut and joined, and how much is sent at once.

Source: CreateTransformJob in the API reference, and "Batch transform for inference" in the developer guide.
"""

from __future__ import annotations

from collections.abc import Iterator

from neuronserve.deploy.findings import Finding
from neuronserve.deploy.node import Node
from neuronserve.deploy.sagemaker.rules.subject import Subject, multi_model, neuron_type
from neuronserve.generation import Generation

MOST_MB = 100  # of all bodies that are sent at once to an instance, and of one
PAYLOAD_MB = 6  # SageMaker's default
INF1 = "batch transform has no Inf1 instances: SageMaker offers them for endpoints alone"


def check(subject: Subject) -> Iterator[Finding]:
    root = subject.root
    yield from _instance(root.at("TransformResources", "InstanceType"))
    yield from _sizes(root)
    yield from _records(root)
    yield from _joined(root)
    model = Node(subject.context.models.get(root.at("ModelName").text or "", {}))
    if multi_model(model):
        yield root.at("ModelName").error(
            "multi-model-transform",
            "a multi-model endpoint's model cannot be transformed with",
            "name one of one model",
        )
    for container in Subject(model, subject.context).containers():
        source = container.at("ModelDataSource", "S3DataSource")  # DescribeModel has it for archives too
        if source.at("CompressionType").text == "None":
            yield root.at("ModelName").error(
                "uncompressed-transform",
                "its model data is not one archive, and batch transform takes only that",
                "make the model with ModelDataUrl, a .tar.gz",
            )


def _instance(place: Node) -> Iterator[Finding]:
    instance = neuron_type(place.text or "")
    if instance is None:
        return
    if instance.generation is Generation.V1:
        yield place.error("transform-on-inf1", INF1, "compile for ml_inf2 or ml_trn1, and use ml.inf2.xlarge")
    elif instance.generation is Generation.V3:
        yield place.error("trn2", "TensorFlow was never supported on Trn2", "use ml.inf2.xlarge")


def _sizes(root: Node) -> Iterator[Finding]:
    payload, at_once = root.at("MaxPayloadInMB"), root.at("MaxConcurrentTransforms")
    if payload.number is not None and payload.number > MOST_MB:
        yield payload.error(
            "payload-too-large", f"at most {MOST_MB} MB are sent at once", f"set it to {MOST_MB}, or less"
        )
        return
    each = PAYLOAD_MB if payload.number is None else payload.number
    if at_once.number and at_once.number * each > MOST_MB:
        yield at_once.error(
            "too-much-at-once",
            f"{at_once.number} requests of up to {each} MB are more than the {MOST_MB} MB that are allowed",
            "lower one of the two",
        )


def _records(root: Node) -> Iterator[Finding]:
    split, strategy = root.at("TransformInput", "SplitType"), root.at("BatchStrategy")
    whole = split.text in (None, "None") and not split.unknown
    if strategy.text == "MultiRecord" and whole:
        yield strategy.error(
            "nothing-to-batch",
            "MultiRecord joins records, and without SplitType there are none",
            "SplitType Line",
        )
    if root.at("TransformOutput", "AssembleWith").text == "Line" and whole:
        yield root.at("TransformOutput", "AssembleWith").warning(
            "nothing-to-assemble",
            "the input is not split, so there is one answer for each object",
            "SplitType Line",
        )
    if split.text in ("RecordIO", "TFRecord"):
        yield split.warning(
            "records-not-read",
            f"neuronserve reads no {split.text} records: it would get one as application/octet-stream",
            "use Line with JSON lines or CSV, or read it in code/inference.py",
        )
    kind = (root.at("TransformInput", "ContentType").text or "").partition(";")[0].strip().lower()
    if split.text == "Line" and kind in ("application/x-npy", "application/x-npz", "application/x-protobuf"):
        yield split.error("binary-in-lines", f"{kind} has no lines to split at", "SplitType None")
    if root.at("MaxPayloadInMB").number == 0 and split.text == "Line":
        yield root.at("MaxPayloadInMB").warning(
            "stream-not-split", "0 sends each object as one stream, and splits nothing", "leave SplitType out"
        )


def _joined(root: Node) -> Iterator[Finding]:
    processing = root.at("DataProcessing")
    if processing.at("JoinSource").text != "Input":
        return
    split, assemble = (
        root.at("TransformInput", "SplitType").text,
        root.at("TransformOutput", "AssembleWith").text,
    )
    if (split == "Line") != (assemble == "Line"):
        yield processing.at("JoinSource").error(
            "join-needs-lines",
            "each record of the answer is joined to its input: both have to be split alike",
            "SplitType Line and AssembleWith Line",
        )
