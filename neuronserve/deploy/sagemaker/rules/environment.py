"""The environment of containers: AWS's limits, the platform's own variables, secrets, and our settings.

No value is repeated, but those of our own settings that are wrong.
"""

from __future__ import annotations

from collections.abc import Iterator

from neuronserve.deploy.findings import Finding
from neuronserve.deploy.node import Node
from neuronserve.deploy.sagemaker.rules import hosting
from neuronserve.deploy.sagemaker.rules.subject import Subject, variables
from neuronserve.errors import SettingsError
from neuronserve.settings import Settings


def check(subject: Subject) -> Iterator[Finding]:
    size = 0
    for container in subject.containers():
        known = variables(container)
        size += sum(len(name.encode()) + len((place.text or "").encode()) for name, place in known.items())
        yield from _names(known)
        yield from _settings(container, known)
        yield from _life(known)
    if size > hosting.ENVIRONMENT_BYTES:
        yield subject.root.error(
            "environment-too-large",
            f"{size} bytes of environment in all, and SageMaker takes {hosting.ENVIRONMENT_BYTES}",
            "put large values into the model's archive",
        )


def _names(known: dict[str, Node]) -> Iterator[Finding]:
    for name, place in known.items():
        if when := hosting.OF_THE_PLATFORM.get(name):
            yield place.error(
                "platform-variable", f"SageMaker sets {name} itself, {when}", "leave the variable out"
            )
        if name in hosting.CREDENTIALS:
            yield place.error(
                "credentials",
                f"{name}: whoever may describe the model can read it",
                "give the execution role the rights instead",
            )
        if name == "AWS_NEURON_VISIBLE_DEVICES":
            yield place.error(
                "no-visible-devices",
                "it is for another container runtime and may hide the chips",
                "use NEURON_RT_VISIBLE_CORES",
            )


def _settings(container: Node, known: dict[str, Node]) -> Iterator[Finding]:
    """What ``serve`` would refuse when it starts, minutes later."""
    given = {name: place.text for name, place in known.items() if place.text is not None}
    try:
        Settings.from_environ(given)
    except SettingsError as error:
        for fault in error.faults:
            name = next((one for one in known if fault.startswith(one)), None)
            place = known[name] if name else container.at("Environment")
            yield place.error("bad-setting", fault, "see the settings' table")


def _life(known: dict[str, Node]) -> Iterator[Finding]:
    drain = known.get("SERVE_DRAIN_SECONDS")
    try:
        seconds = float(drain.text or "") if drain else 0.0
    except ValueError:
        return  # told by the settings
    if drain and seconds >= hosting.STOP_SECONDS:
        yield drain.warning(
            "drain-too-long",
            f"SageMaker kills a container {hosting.STOP_SECONDS} s after it told it to stop",
            "use 25 or less",
        )
