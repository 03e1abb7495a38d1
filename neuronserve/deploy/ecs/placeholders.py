"""Placeholders that a template's own program fills in before ECS sees the file, such as ``${IMAGE}``."""

from __future__ import annotations

import re

_PLACEHOLDER = re.compile(
    r"\$\{[^{}\n]{1,120}\}|\{\{[^{}\n]{1,200}\}\}|\{%[^%\n]{1,120}%\}|<%[^%\n]{1,120}%>", re.ASCII
)
_ECSPRESSO = re.compile(r"\{\{\s*(must_env|env|tfstatef?|ssm|secretsmanager_arn|caller_identity)\b")
_ANGLE = re.compile(r"<[A-Za-z][A-Za-z0-9 _-]{1,60}>", re.ASCII)


def placeholders(text: str, *, angle: bool = False) -> list[str]:
    """Those in a text, each once. ``angle``: also ``<account-id>``, which a person fills in."""
    found = _PLACEHOLDER.findall(text) + (_ANGLE.findall(text) if angle else [])
    return list(dict.fromkeys(found))


def hint(found: list[str], name: str = "FILE") -> str:
    """How these are filled in, by the program whose they are."""
    validate = "scripts/task-definition validate -"
    if any(_ECSPRESSO.match(one) for one in found):
        return f"let ecspresso fill them in: ecspresso render taskdef | {validate}"
    if any(re.match(r"\$\{\s*(var|local|module|data|aws_\w+|each|terraform)\.", one) for one in found):
        return f"let Terraform fill them in (terraform show -json), and give the result to {validate}"
    if any(one.startswith(("{%", "{{")) for one in found):
        return f"fill them in with the template's own program, such as Jinja: jinja2 {name} | {validate}"
    if any(one.startswith("<%") for one in found):
        return f"let ERB fill them in: erb {name} | {validate}"
    if any(one.startswith("${") for one in found):
        return f"fill them in: export the variables, and envsubst < {name} | {validate}"
    return "write what is meant"
