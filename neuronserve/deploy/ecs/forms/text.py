"""Task definitions as the text of a file, in the form that was asked for."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import Any

from neuronserve.deploy import documents
from neuronserve.deploy.ecs.agent import order
from neuronserve.deploy.ecs.forms import cloudformation, compose, docker_run


class Form(StrEnum):
    TASK_DEFINITION = "task-definition"
    CLOUDFORMATION = "cloudformation"
    COMPOSE = "compose"
    DOCKER_RUN = "docker-run"


def text(
    requests: Sequence[dict[str, Any]], form: Form, output: str | None, *, engine: str = "docker"
) -> str:
    """``output``: ``json`` or ``yaml``; None: as is usual for the form.

    One task definition is an object, several are a list. Commands are for a shell, one for each container,
    in the order in which they can start; what an engine cannot do is a comment above them.
    """
    if form is Form.DOCKER_RUN:
        return "\n".join(command for request in requests for command in _commands(request, engine))
    return documents.dump(_document(requests, form), output or _usual(form))


def suffix(form: Form, output: str | None) -> str:
    """How the name of a file ends, with the dot."""
    if form is Form.DOCKER_RUN:
        return ".sh"
    between = "" if form is Form.TASK_DEFINITION else f".{form}"
    return f"{between}.{output or _usual(form)}"


def _usual(form: Form) -> str:
    return "yaml" if form is Form.COMPOSE else "json"


def _document(requests: Sequence[dict[str, Any]], form: Form) -> Any:
    if form is Form.COMPOSE:
        return compose.compose(list(requests))
    if form is Form.CLOUDFORMATION:
        return cloudformation.template(requests)
    return requests[0] if len(requests) == 1 else list(requests)


def _commands(request: dict[str, Any], engine: str) -> Iterator[str]:
    containers = {container["name"]: container for container in request["containerDefinitions"]}
    for name in order.starting(request):
        notes = docker_run.notes(request, containers[name], engine=engine)
        words = docker_run.words(request, containers[name], engine=engine)
        yield "".join(f"# {note}\n" for note in notes) + _command(words, containers[name]["image"])


def _command(words: Sequence[str], image: str) -> str:
    """A line for each option, and one for the image with what follows it."""
    lines: list[list[str]] = [[]]
    in_options = True
    for word in words:
        if in_options and (word.startswith("-") or word == image):
            in_options = word != image
            lines.append([])
        lines[-1].append(word)
    return " \\\n  ".join(shlex.join(line) for line in lines) + "\n"
