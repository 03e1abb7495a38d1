"""The form of health checks. Their ranges are in ``limits.py``, their patience in ``patience.py``."""

from __future__ import annotations

from collections.abc import Iterator

from neuronserve.deploy.ecs.validation.subject import Subject
from neuronserve.deploy.findings import Finding
from neuronserve.deploy.node import Node

_FORMS = ("CMD", "CMD-SHELL", "NONE")


def check(subject: Subject) -> Iterator[Finding]:
    for health in subject.root.find("containerDefinitions.*.healthCheck"):
        command = health.at("command")
        if isinstance(command.value, list):
            yield from _form(command)


def _form(command: Node) -> Iterator[Finding]:
    words = [node.text for node in command.each()]
    if not words:
        yield command.error("health-check-form", "an empty command", 'write ["CMD", "program", "option"]')
        return
    if words[0] is None:
        return
    first = next(command.each())
    if words[0] not in _FORMS:
        hint = "CMD-SHELL" if len(words) == 1 else "CMD"
        yield first.error(
            "health-check-form", "the first word is not CMD or CMD-SHELL", f'put "{hint}" before it'
        )
    elif words[0] != "NONE" and len(words) == 1:
        yield command.error("health-check-form", f"nothing after {words[0]}", "add the program to run")
    elif words[0] == "CMD-SHELL" and len(words) > 2:
        yield command.warning(
            "health-check-form",
            "the shell runs the second word alone; those after it are its $0, $1, ...",
            "write one string, or use CMD",
        )
