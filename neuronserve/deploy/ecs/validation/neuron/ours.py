"""Our own container: its variables, as ``neuronserve.settings`` declares them.

No value is ever repeated: an address may be signed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from neuronserve import settings
from neuronserve.deploy.ecs.validation.subject import Subject, variables
from neuronserve.deploy.findings import Finding
from neuronserve.deploy.node import Node
from neuronserve.environment import Fault, Variable
from neuronserve.errors import SettingsError

_NAMED = re.compile(r"(^|/)neuronserve([:@]|$)")


def is_ours(container: Node) -> bool:
    """It, or its image, is called neuronserve, or a variable is there that only neuronserve reads."""
    if _NAMED.search(container.at("image").text or "") or container.at("name").text == "neuronserve":
        return True
    names = variables(container).keys()
    own = {variable.name for variable in settings.variables() if variable.name.startswith("SERVE_")}
    named_alike = any(name.startswith("SERVE_") for name in names)
    return bool(names & own) or "COMPILATION_JOB" in names or ("MODEL_URI" in names and named_alike)


def setting(container: Node, name: str) -> float | None:
    """What our container takes a numeric setting for, its default included; None: not known now."""
    variable = next(v for v in settings.variables() if v.name == name)
    value = variables(container).get(name)
    if value is not None and value.text is None:
        return None
    text = (value.text or "").strip() if value is not None else ""
    try:
        return float(variable.parse(text or variable.default))
    except Fault:
        return None


def check(subject: Subject) -> Iterator[Finding]:
    known = {variable.name: variable for variable in settings.variables()}
    for container in subject.containers:
        if not is_ours(container):
            continue
        values = variables(container)
        faults = [f for name, place in values.items() if name in known for f in _value(place, known[name])]
        yield from faults
        yield from _without_effect(container)
        if not faults:
            yield from _together(container)


def _value(place: Node, variable: Variable) -> Iterator[Finding]:
    text = (place.text or "").strip()
    if not text:
        return
    try:
        variable.parse(text)
    except Fault as expected:
        yield place.error("bad-setting", f"{variable.name}: expected {expected}", "correct it")


def _without_effect(container: Node) -> Iterator[Finding]:
    for entry in container.each("environment"):
        name = entry.at("name")
        for line in settings.without_effect({name.text: "gthread"} if name.text else {}):
            yield name.warning("unknown-setting", line, "correct or remove it")


def _together(container: Node) -> Iterator[Finding]:
    """What goes with what; warnings where secrets or files may have variables that are not known here."""
    values = {name: place for name, place in variables(container).items() if place.text}
    later = container.at("secrets").size or container.at("environmentFiles").size
    try:
        settings.Settings.from_environ({name: place.text or "" for name, place in values.items()})
    except SettingsError as error:
        for fault in error.faults:
            message = fault
            for place in values.values():
                message = message.replace(f"={place.text!r}", "").replace(
                    f"={(place.text or '').strip()!r}", ""
                )
            tell = container.at("environment").warning if later else container.at("environment").error
            yield tell("settings-conflict", message, "correct one of them")
