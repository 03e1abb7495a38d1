"""What a container runs, by its image, command, variables and labels: a program for Neuron chips, or not."""

from __future__ import annotations

import re
import shlex

from neuronserve.deploy.ecs.rendering import names
from neuronserve.deploy.ecs.validation.neuron import ours
from neuronserve.deploy.ecs.validation.subject import variables
from neuronserve.deploy.node import Node

# They look at chips, or have nothing to do with them, and never take a core.
_OBSERVER_IMAGES = re.compile(
    r"neuron-?(monitor|top|ls|device-plugin|scheduler|node-problem-detector).*"
    r"|.*(fluent-?bit|fluentd|cloudwatch-agent|otel-collector|opentelemetry-collector|node-exporter"
    r"|xray-daemon|envoy).*",
    re.IGNORECASE,
)
_OBSERVER_VENDORS = re.compile(r"(^|/)(datadog|newrelic|dynatrace|prom)/", re.IGNORECASE)
_OBSERVERS = frozenset(
    {
        "neuron-monitor",
        "neuron-top",
        "neuron-ls",
        "neuron-monitor-prometheus.py",
        "neuron-monitor-cloudwatch.py",
    }
)
_SHELLS = frozenset({"sh", "bash", "dash", "ash", "env", "exec", "-c", "-lc", "-ec"})
_SEVERAL = re.compile(r"[;&\n]")

_NEURON_IMAGE = re.compile(r"(?<![a-z])neuronx?(?![a-z])")
_NEURON_PROGRAM = re.compile(r"tensorflow_model_server_neuronx?")
_RUNTIME_VARIABLES = ("NEURON_RT_", "NEURONCORE_")
_OURS = re.compile(r"(^|[/\s.])neuronserve\b")
_WITHOUT_CHIPS = frozenset({"cpu", "tensorflow", "simulator"})


def words(container: Node) -> list[str]:
    """The words of entry point and command; those that a shell is given are taken apart."""
    found: list[str] = []
    for word in (word for member in ("entryPoint", "command") for word in container.at(member).texts):
        try:
            found += shlex.split(word) if any(c.isspace() for c in word) else [word]
        except ValueError:
            found += word.split()
    return found


def observes(container: Node) -> bool:
    """It is a sidecar that takes no core: neuron-monitor, a log router, an agent of a monitoring service."""
    image = container.at("image").text or ""
    if _OBSERVER_IMAGES.fullmatch(names.repository(image)) or _OBSERVER_VENDORS.search(image):
        return True
    programs = [word.rpartition("/")[2] for word in words(container)]
    first = next((word for word in programs if word not in _SHELLS), "")
    several = any(
        _SEVERAL.search(word) for member in ("entryPoint", "command") for word in container.at(member).texts
    )
    return first in _OBSERVERS and not several


def without_chips(container: Node) -> bool:
    """It was told to run on the processor: neuronserve with another model server than Neuron's."""
    values = variables(container)
    server = values["MODEL_SERVER"].text if "MODEL_SERVER" in values else None
    return (server or "").strip().lower() in _WITHOUT_CHIPS or "SERVE_SIMULATE" in values


def needs_chips(container: Node) -> str:
    """What shows that it runs a program on chips, for a person; empty: nothing does."""
    if observes(container) or without_chips(container):
        return ""
    return surely_needs_chips(container) or _named_like_neuron(container)


def surely_needs_chips(container: Node) -> str:
    """The same by what only a program of the Neuron runtime has: its variables, its server, AWS's images."""
    if observes(container) or without_chips(container):
        return ""
    for name in (*variables(container), *_secret_names(container)):
        if name.startswith(_RUNTIME_VARIABLES):
            return f"the variable {name}"
    image = container.at("image").text or ""
    if re.search(r"-(inference|training)[a-z-]*-neuronx?\b", image):
        return f"the image {names.repository(image)}"
    if any(_NEURON_PROGRAM.search(word) for word in words(container)):
        return "its command, tensorflow_model_server_neuron"
    return ""


def _named_like_neuron(container: Node) -> str:
    image = container.at("image").text or ""
    if ours.is_ours(container):
        return "neuronserve"
    if _NEURON_IMAGE.search(image.lower()):
        return f"the image {image.rpartition('/')[2][:60]}"
    labels = [
        text for name, label in container.at("dockerLabels").members() for text in (name, label.text or "")
    ]
    said = [*words(container), *container.at("healthCheck", "command").texts, *labels]
    return "neuronserve" if any(_OURS.search(text) for text in said) else ""


def _secret_names(container: Node) -> list[str]:
    return [name.text for name in container.find("secrets.*.name") if name.text is not None]
