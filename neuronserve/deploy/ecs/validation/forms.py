"""The forms in which task definitions lie in files, as requests that know where they came from."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any

from neuronserve.deploy import shapes
from neuronserve.deploy.ecs import other_documents
from neuronserve.deploy.ecs.validation import functions, template
from neuronserve.deploy.findings import Finding, pointer
from neuronserve.errors import InvalidInput

# What Terraform says beside the containers
_ELSEWHERE = (
    "family",
    "cpu",
    "memory",
    "networkMode",
    "executionRoleArn",
    "taskRoleArn",
    "requiresCompatibilities",
    "placementConstraints",
    "volumes",
    "runtimePlatform",
)


@dataclasses.dataclass(frozen=True)
class Definition:
    """``places``: pointers into the request -> pointers into the file; others follow the nearest above."""

    request: Any
    places: Mapping[str, str]

    def placed(self, finding: Finding) -> Finding:
        """The finding with its pointer into the file."""
        above, below = finding.pointer, ""
        while above not in self.places:
            above, _, step = above.rpartition("/")
            below = f"/{step}{below}"
        return dataclasses.replace(finding, pointer=self.places[above] + below)


def read(name: str) -> list[Definition]:
    """The definitions in a JSON or YAML file.

    A request, what DescribeTaskDefinition answers, a CloudFormation template, the bare list of containers
    that Terraform takes, or a list of them. Raises InvalidInput.
    """
    found = list(_definitions(other_documents.read(name, functions.parse), "", name))
    if not found:
        raise InvalidInput(f"{name}: no task definition in it")
    return found


def _definitions(document: Any, at: str, name: str) -> Iterator[Definition]:
    if isinstance(document, list) and document and all(map(_is_container, document)):
        request = {**dict.fromkeys(_ELSEWHERE, shapes.UNKNOWN), "containerDefinitions": document}
        yield Definition(request, {"": at, "/containerDefinitions": at})
    elif isinstance(document, list) and not at:
        for index, item in enumerate(document):
            yield from _definitions(item, pointer(index), name)
    elif template.is_template(document):
        for _, properties, place in template.resources(document):
            request, places = template.request(properties, at + place)
            yield Definition(request, places)
    elif isinstance(document, dict) and "taskDefinition" in document:
        yield _described(document, at)
    elif isinstance(document, dict):
        yield Definition(document, {"": at})
    else:
        raise InvalidInput(
            f"{name}{'#' + at if at else ''}: a task definition is an object, not {shapes.type_of(document)}"
        )


def _is_container(item: Any) -> bool:
    return isinstance(item, dict) and "image" in item and "containerDefinitions" not in item


def _described(document: dict[str, Any], at: str) -> Definition:
    """DescribeTaskDefinition's answer, whose tags stand beside the definition."""
    inner, tags = document["taskDefinition"], document.get("tags")
    places = {"": at + pointer("taskDefinition")}
    if isinstance(inner, dict) and tags is not None and "tags" not in inner:
        return Definition({**inner, "tags": tags}, {**places, "/tags": at + pointer("tags")})
    return Definition(inner, places)
