"""Whether the ports agree: where the server listens, which are mapped, and which the health check asks.

Only what a command line or our own variables say is judged; where neither does, nothing is. Of a server that
is not known little is: it may have other ports, and an option of that name may be another program's.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator

from neuronserve.deploy.ecs.rendering.spec import DEFAULT_PORT
from neuronserve.deploy.ecs.validation import programs
from neuronserve.deploy.ecs.validation.neuron import ours
from neuronserve.deploy.ecs.validation.subject import Subject, takes_chips, variables
from neuronserve.deploy.findings import Finding
from neuronserve.deploy.node import Node

_TF_SERVING_PORTS = {"port": 8500, "rest_api_port": 0}  # its defaults; REST at 0 is off
_GENERAL_PORTS = (
    "port",
    "rest_api_port",
    "rest-api-port",
    "grpc_port",
    "grpc-port",
    "http_port",
    "http-port",
)
_ASKED = re.compile(r"(?:localhost|127\.0\.0\.1|0\.0\.0\.0|\[::1\]):(\d{1,5})(?!\d)", re.ASCII)
_OPTION = re.compile(r"--?([A-Za-z][\w-]*)(?:=(.*))?", re.ASCII | re.DOTALL)


@dataclasses.dataclass(frozen=True)
class Listening:
    """``ports``: by number, the word that says so. ``sure``: nothing else can listen."""

    ports: dict[int, str]
    sure: bool


def check(subject: Subject) -> Iterator[Finding]:
    for container in subject.containers:
        listening = _listening(container)
        if listening and listening.ports and (listening.sure or _at_odds(container, listening)):
            yield from _mapped(container, listening)
            yield from _asked(container, listening)
        yield from _s3(subject, container)


def _listening(container: Node) -> Listening | None:
    if (port := _own_port(container)) is not None:
        return Listening({port: "SAGEMAKER_BIND_TO_PORT, or its default"}, sure=True)
    words = programs.words(container)
    options = dict(_options(words))
    if _is_tf_serving(words, options):
        named = {name: _number(options.get(name), default) for name, default in _TF_SERVING_PORTS.items()}
        if None in named.values():
            return None
        return Listening({port: f"--{name}" for name, port in named.items() if port}, sure=True)
    found = {
        port: f"--{name}"
        for name in _GENERAL_PORTS
        if name in options and (port := _number(options[name], None))
    }
    return Listening(found, sure=False)


def _own_port(container: Node) -> int | None:
    """Where our own container listens; None where it is none of ours, or the port is known only later."""
    if not ours.is_ours(container):
        return None
    value = variables(container).get("SAGEMAKER_BIND_TO_PORT")
    if value is None or value.text == "":
        return DEFAULT_PORT
    return _number(value.text, None)


def _options(words: list[str]) -> Iterator[tuple[str, str]]:
    for word, following in zip(words, [*words[1:], ""], strict=False):
        match = _OPTION.fullmatch(word)
        if match:
            yield match[1], match[2] if match[2] is not None else following


def _is_tf_serving(words: list[str], options: dict[str, str]) -> bool:
    return any("tensorflow_model_server" in word for word in words) or (
        "rest_api_port" in options
        and bool({"model_base_path", "model_name", "model_config_file"} & set(options))
    )


def _number(text: str | None, default: int | None) -> int | None:
    """A port; None where it is none, such as a variable of the shell."""
    if text is None:
        return default
    return int(text) if re.fullmatch(r"\d{1,5}", text, re.ASCII) else None


def _at_odds(container: Node, listening: Listening) -> bool:
    """It has chips to serve with, and maps ports, and none of them is one that its command names."""
    mapped = {place.number for place in container.find("portMappings.*.containerPort")}
    return takes_chips(container) and bool(mapped) and not mapped & listening.ports.keys()


def _mapped(container: Node, listening: Listening) -> Iterator[Finding]:
    said = " and ".join(f"{port} ({why})" for port, why in listening.ports.items())
    mapped: set[int] = set()
    unclear = astray = False
    for mapping in container.each("portMappings"):
        place = mapping.at("containerPort")
        unclear = unclear or place.unknown or mapping.at("containerPortRange").given
        if place.number is None:
            continue
        mapped.add(place.number)
        if place.number not in listening.ports and mapping.at("protocol").text != "udp":
            astray = True
            tell = place.error if listening.sure else place.warning
            yield tell(
                "port-not-listened",
                f"nothing listens on {place.number}: the server listens on {said}",
                "map that port, or remove the mapping",
            )
    for port, why in listening.ports.items():
        if astray and not unclear and port not in mapped:
            yield container.at("portMappings").warning(
                "port-not-mapped",
                f"the server listens on {port} ({why}), which is not mapped",
                "map it, where it is to be reached from outside",
            )


def _asked(container: Node, listening: Listening) -> Iterator[Finding]:
    for word in container.each("healthCheck", "command"):
        for text in _ASKED.findall(word.text or ""):
            if int(text) not in listening.ports:
                tell = word.error if listening.sure else word.warning
                said = ", ".join(map(str, listening.ports))
                yield tell(
                    "health-check-port",
                    f"the health check asks port {text}; the server listens on {said}",
                    "ask a port that the server listens on",
                )


def _s3(subject: Subject, container: Node) -> Iterator[Finding]:
    """TensorFlow Serving lost its S3 file system with TensorFlow 2.6: it went to tensorflow-io."""
    if not subject.neuron:
        return
    for member in ("entryPoint", "command"):
        for word in container.each(member):
            if re.search(r"--model_base_path[= ]\s*['\"]?s3://", word.text or "") or (
                (word.text or "").startswith("s3://") and "--model_base_path" in container.at(member).texts
            ):
                yield word.warning(
                    "model-on-s3",
                    "newer TensorFlow Serving reads no models from S3 by itself",
                    "have the container fetch the model before it starts, as neuronserve does with MODEL_URI",
                )
