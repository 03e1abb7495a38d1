"""The containers of a model: how many, their names, how they are called, and where their models are.

Sources: CreateModel, "Inference pipelines", "Multi-container endpoints", "Multi-model endpoints".
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from neuronserve.deploy.findings import Finding
from neuronserve.deploy.node import Node
from neuronserve.deploy.sagemaker.rules import hosting
from neuronserve.deploy.sagemaker.rules.subject import Subject


def check(subject: Subject) -> Iterator[Finding]:
    root, all_of_them = subject.root, list(subject.containers())
    several = list(root.each("Containers"))
    if root.at("PrimaryContainer").given and several:
        yield root.at("Containers").error(
            "two-forms", "PrimaryContainer and Containers: SageMaker takes one of them", "keep one"
        )
    elif not all_of_them and isinstance(root.value, dict):
        yield root.error(
            "no-container", "a model needs PrimaryContainer or Containers", "add PrimaryContainer"
        )
    if several:
        yield from _several(root, several)
    for container in all_of_them:
        yield from _model(container)
        yield from _cache(container)
    yield from _execution_role(root, all_of_them)


def _several(root: Node, several: Sequence[Node]) -> Iterator[Finding]:
    mode = root.at("InferenceExecutionConfig", "Mode").text
    if mode == "Direct" or len(several) > 1:
        yield from _count(root.at("Containers"), len(several), mode or "Serial")
    names = [container.at("ContainerHostname") for container in several]
    named = [name for name in names if name.text]
    if named and len(named) != len(names):
        bare = next(name for name in names if not name.text)
        yield bare.error(
            "hostnames-all-or-none",
            "some containers have a ContainerHostname and this one has none",
            "name all of them, or none",
        )
    elif mode == "Direct" and not named:
        yield root.at("Containers").error(
            "hostnames-needed",
            "direct invocation names a container by its ContainerHostname, and none has one",
            "give each container a ContainerHostname",
        )
    seen: set[str] = set()
    for name in named:
        if name.text in seen:
            yield name.error(
                "duplicate-hostname", f"two containers are called {name.text!r}", "name them apart"
            )
        seen.add(name.text or "")
    yield from _multi_model_among(several, mode)


def _count(place: Node, count: int, mode: str) -> Iterator[Finding]:
    if not hosting.FEWEST_IN_A_PIPELINE <= count <= hosting.MOST_CONTAINERS:
        what = "direct invocation" if mode == "Direct" else "a pipeline"
        yield place.error(
            "container-count",
            f"{count} containers: {what} has {hosting.FEWEST_IN_A_PIPELINE} to {hosting.MOST_CONTAINERS}",
            "for one container use PrimaryContainer; for more, several endpoints",
        )


def _multi_model_among(several: Sequence[Node], mode: str | None) -> Iterator[Finding]:
    modes = [one.at("Mode") for one in several if one.at("Mode").text == "MultiModel"]
    if len(modes) > 1:
        yield modes[1].error(
            "two-multi-model",
            "a pipeline has at most one MultiModel container",
            "make the others SingleModel",
        )
    if modes and mode == "Direct":
        yield modes[0].error(
            "multi-model-direct",
            "a MultiModel container cannot be invoked directly: a request names a container or a model",
            "use one endpoint for the multi-model container, another for the rest",
        )


def _model(container: Node) -> Iterator[Finding]:
    url, source = container.at("ModelDataUrl"), container.at("ModelDataSource", "S3DataSource")
    if url.given and container.at("ModelDataSource").given:
        yield container.at("ModelDataSource").error(
            "two-models", "ModelDataUrl and ModelDataSource: SageMaker takes one of them", "keep one"
        )
    if container.at("Mode").text == "MultiModel":
        yield from _prefix(container, url, source)
    elif url.text is not None and not url.text.endswith(".tar.gz"):
        yield url.error(
            "model-not-archive",
            "ModelDataUrl names one .tar.gz",
            "pack it (scripts/package-model), or give a prefix that ends in / as ModelDataSource",
        )
    yield from _uncompressed(source)


def _prefix(container: Node, url: Node, source: Node) -> Iterator[Finding]:
    if source.given:
        yield source.error(
            "multi-model-source",
            "multi-model endpoints take no ModelDataSource: their models are .tar.gz below a prefix",
            "give the prefix as ModelDataUrl",
        )
    elif url.text is None:
        yield container.error(
            "multi-model-prefix", "a MultiModel container needs the prefix of its models", "add ModelDataUrl"
        )
    elif url.text.endswith(".tar.gz"):
        yield url.error(
            "multi-model-prefix",
            "a MultiModel container's ModelDataUrl is a prefix, and this is one archive",
            "give the prefix below which the archives are: requests name them (TargetModel)",
        )
    elif not url.text.endswith("/"):
        yield url.warning(
            "multi-model-prefix",
            "a prefix without / at its end: TargetModel is appended as it is",
            "let it end in /",
        )


def _uncompressed(source: Node) -> Iterator[Finding]:
    uri, kind = source.at("S3Uri"), source.at("S3DataType").text
    if kind == "S3Prefix" and uri.text is not None and not uri.text.endswith("/"):
        yield uri.error("prefix-form", "a key prefix always ends in /", "let it end in /")
    if kind == "S3Prefix" and source.at("CompressionType").text == "Gzip":
        yield source.at("CompressionType").error(
            "prefix-compressed", "what is below a prefix is not unpacked", "use None, or S3Object with Gzip"
        )


def _cache(container: Node) -> Iterator[Finding]:
    setting = container.at("MultiModelConfig")
    if setting.given and container.at("Mode").text != "MultiModel":
        yield setting.error(
            "not-multi-model", "MultiModelConfig is for Mode MultiModel", "leave it out, or set Mode"
        )


def _execution_role(root: Node, containers: Sequence[Node]) -> Iterator[Finding]:
    if containers and not root.at("ExecutionRoleArn").given:
        yield root.error(
            "no-execution-role",
            "without ExecutionRoleArn SageMaker can neither pull the image nor read the model",
            "add ExecutionRoleArn",
        )
