"""Files that hold something else than a task definition: what they are, and what to do with them.

Batch job definitions, Compose files, Kubernetes manifests, Terraform, services and runs look alike to a
person in a hurry, and templates whose placeholders are not filled in look like task definitions.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from neuronserve.deploy import documents
from neuronserve.deploy.ecs.placeholders import hint, placeholders
from neuronserve.errors import InvalidInput

_RENDER = "scripts/task-definition render makes a task definition"
_BATCH = (
    "AWS Batch makes task definitions of its own: check containerProperties by hand, or run the container as "
    f"an ECS service; {_RENDER}"
)
_TERRAFORM = (
    "give its containers as Terraform makes them: terraform show -json | jq '[.values.root_module.resources[]"
    " | "
    'select(.type == "aws_ecs_task_definition") | .values.container_definitions | fromjson[]]\''
)
_TEXTS: tuple[tuple[re.Pattern[str], str, str], ...] = (
    (
        re.compile(r"^\s*(resource|module|provider|data|variable)\s+\"[^\"]+\"[^\n{]*\{", re.MULTILINE),
        "Terraform's language",
        _TERRAFORM,
    ),
    (re.compile(r"^apiVersion:", re.MULTILINE), "a Kubernetes manifest", _RENDER),
    (re.compile(r"^\s*local\s+\w+\s*=|std\.extVar\(|^\s*//", re.MULTILINE), "Jsonnet, or JSON with comments",
     "give what it makes: jsonnet FILE | scripts/task-definition validate -"),
)  # fmt: skip


def read(name: str, parse: Callable[[str, str], Any]) -> Any:
    """The document in a file. Raises InvalidInput where it holds no task definition, saying what it is."""
    text = documents.text(name)
    try:
        document = parse(text, name)
    except InvalidInput as error:
        raise _explained(text, name, error) from None
    if isinstance(document, str):  # YAML takes any text
        raise _explained(text, name, InvalidInput(f"{name}: text, and no object: this is no task definition"))
    if found := what(document):
        kind, do = found
        raise InvalidInput(f"{name}: this is {kind}, and no task definition of ECS", hint=do)
    return document


def _explained(text: str, name: str, error: InvalidInput) -> InvalidInput:
    """The error of a reader that does not know the language, with what the file is."""
    for pattern, kind, do in _TEXTS:
        if pattern.search(text):
            return InvalidInput(f"{name}: this is {kind}, and no task definition of ECS", hint=do)
    if left := placeholders(text):
        verb = "are" if left[1:] else "is"
        return InvalidInput(
            f"{error.message}; it is a template: {', '.join(left[:3])} {verb} not filled in",
            hint=hint(left, name),
        )
    return error


def what(document: Any) -> tuple[str, str] | None:
    """What a document is that holds no task definition, and what to do; None: it may be one."""
    if isinstance(document, list):
        if document and all(
            isinstance(item, dict) and {"name", "imageUri"} <= item.keys() for item in document
        ):
            return (
                "a file of images for CodePipeline (imagedefinitions.json)",
                "give the task definition it changes",
            )
        return what(document[0]) if len(document) == 1 else None
    if not isinstance(document, dict) or "containerDefinitions" in document:
        return _of_beanstalk(document)
    keys = document.keys()
    for needed, kind, do in _KINDS:
        if needed <= keys:
            return kind, do
    for marks, kind, do in _ANY:
        if marks & keys:
            return kind, do
    return _compose(document) or _task_definition_named(document) or _template(document)


def _of_beanstalk(document: Any) -> tuple[str, str] | None:
    if isinstance(document, dict) and "AWSEBDockerrunVersion" in document:
        return "a Dockerrun.aws.json of Elastic Beanstalk", f"Elastic Beanstalk deploys it itself; {_RENDER}"
    return None


_KINDS: tuple[tuple[set[str], str, str], ...] = (
    ({"jobDefinitionName"}, "an AWS Batch job definition", _BATCH),
    ({"jobDefinitions"}, "an answer of AWS Batch, with job definitions", _BATCH),
    ({"containerProperties"}, "an AWS Batch job definition", _BATCH),
    ({"apiVersion", "kind"}, "a Kubernetes manifest", _RENDER),
    ({"taskDefinitionArns"}, "a list of task definitions' names",
     "give one of them: aws ecs describe-task-definition --task-definition ARN > FILE"),
    ({"AWSEBDockerrunVersion"}, "a Dockerrun.aws.json of Elastic Beanstalk", _RENDER),
    ({"task_definition", "run_params"}, "an ecs-params.yml of the ECS CLI", _RENDER),
    ({"format_version", "values"}, "Terraform's state", _TERRAFORM),
    ({"format_version", "planned_values"}, "Terraform's plan", _TERRAFORM),
    ({"terraform_version", "resources"}, "Terraform's state", _TERRAFORM),
)  # fmt: skip
_SAGEMAKER = frozenset({"PrimaryContainer", "ProductionVariants", "EndpointConfigName", "ModelName"})
_ANY: tuple[tuple[frozenset[str], str, str], ...] = (
    (_SAGEMAKER, "a request to SageMaker", "scripts/sagemaker deploy makes endpoints"),
    (frozenset({"nodeProperties", "eksProperties", "ecsProperties"}), "an AWS Batch job definition", _BATCH),
    (frozenset({"AWSEBDockerrunVersion"}), "a Dockerrun.aws.json of Elastic Beanstalk", _RENDER),
)


def _compose(document: dict[str, Any]) -> tuple[str, str] | None:
    services = document.get("services")
    if isinstance(services, dict) and all(isinstance(item, dict) for item in services.values()):
        return "a Compose file", f"{_RENDER}, and with --format compose a Compose file of it"
    if isinstance(services, list) and "family" not in document:
        return "an answer of DescribeServices", "give the task definition that it names in taskDefinition"
    return None


def _task_definition_named(document: dict[str, Any]) -> tuple[str, str] | None:
    """A service or a run names its task definition; so does ecspresso's configuration."""
    if isinstance(document.get("task_definition"), str):
        return (
            "a configuration that names a task definition's file",
            f"give {document['task_definition'][:100]!r}",
        )
    named = document.get("taskDefinition")
    if isinstance(named, str) or ("serviceName" in document and "family" not in document):
        kind = (
            "a service"
            if document.keys() & {"serviceName", "desiredCount", "deploymentConfiguration"}
            else "a run"
        )
        do = "give the task definition that it names: aws ecs describe-task-definition --task-definition NAME"
        return f"the request or description of {kind}", do
    resource = document.get("resource")
    if isinstance(resource, dict) and any(str(key).startswith("aws_") for key in resource):
        return "Terraform's language, as JSON", _TERRAFORM
    return None


def _template(document: dict[str, Any]) -> tuple[str, str] | None:
    resources = document.get("Resources")
    if not isinstance(resources, dict):
        return None
    types = [str(item.get("Type")) for item in resources.values() if isinstance(item, dict)]
    if "AWS::ECS::TaskDefinition" in types:
        return None
    batch = "AWS::Batch::JobDefinition" in types
    has = ", ".join(dict.fromkeys(types)) or "nothing"
    if len(has) > 200:
        has = f"{has[:200]}..."
    return (
        f"a CloudFormation template without an AWS::ECS::TaskDefinition (it has {has})",
        _BATCH if batch else _RENDER,
    )
