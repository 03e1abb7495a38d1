"""Log drivers and the options they ask for."""

from __future__ import annotations

import difflib
from collections.abc import Iterator

from neuronserve.deploy.ecs.validation.subject import Subject
from neuronserve.deploy.findings import Finding
from neuronserve.deploy.node import Node

_NEEDED = {"awslogs": ("awslogs-group", "awslogs-region"), "splunk": ("splunk-url",)}
_MODES = ("blocking", "non-blocking")
_AWSLOGS = frozenset({
    "awslogs-create-group", "awslogs-datetime-format", "awslogs-group", "awslogs-multiline-pattern",
    "awslogs-region", "awslogs-stream-prefix", "max-buffer-size", "mode",
})  # fmt: skip


def check(subject: Subject) -> Iterator[Finding]:
    routers = list(subject.root.find("containerDefinitions.*.firelensConfiguration"))
    for configuration in subject.root.find("containerDefinitions.*.logConfiguration"):
        yield from _needed(subject, configuration)
        yield from _values(configuration.at("options"))
        driver = configuration.at("logDriver")
        if driver.text == "awslogs":
            yield from _awslogs(configuration.at("options"))
        if driver.text == "awsfirelens" and not routers:
            yield driver.error(
                "no-log-router",
                "awsfirelens, and no container with firelensConfiguration",
                "add the log router",
            )
    for router in routers[1:]:
        yield router.error("two-log-routers", "a task has one log router", "keep one")


def _needed(subject: Subject, configuration: Node) -> Iterator[Finding]:
    driver, options = configuration.at("logDriver").text, configuration.at("options")
    if driver is None or options.unknown:
        return
    secret = {s.at("name").text for s in configuration.each("secretOptions")}
    names = [*_NEEDED.get(driver, ())]
    if driver == "awslogs" and subject.fargate:
        names.append("awslogs-stream-prefix")
    if driver == "splunk":
        names.append("splunk-token")
    for name in names:
        place = options.at(name)
        if name not in secret and (not place.given or place.text == ""):
            yield options.error("missing-log-option", f"the log driver {driver} needs {name}", f"add {name}")
    if (
        driver == "awslogs"
        and "awslogs-stream-prefix" not in names
        and not options.at("awslogs-stream-prefix").given
    ):
        yield options.warning(
            "no-stream-prefix",
            "without awslogs-stream-prefix a log stream is named after Docker's id only",
            "add awslogs-stream-prefix",
        )


def _awslogs(options: Node) -> Iterator[Finding]:
    """ECS takes fewer options than Docker does: it says "Log driver awslogs disallows options: ..."."""
    for name, place in options.members():
        if name not in _AWSLOGS:
            near = difflib.get_close_matches(name, sorted(_AWSLOGS), n=1)
            yield place.warning(
                "unknown-log-option",
                f"ECS documents no option {name[:60]!r} of the log driver awslogs",
                f"did you mean {near[0]}?" if near else f"known: {', '.join(sorted(_AWSLOGS))}",
            )
    pattern = options.at("awslogs-multiline-pattern")
    if pattern.text and options.at("awslogs-datetime-format").text:
        yield pattern.error(
            "log-option",
            "awslogs-datetime-format and awslogs-multiline-pattern exclude each other",
            "keep one",
        )


def _values(options: Node) -> Iterator[Finding]:
    mode = options.at("mode")
    if mode.text is not None and mode.text not in _MODES:
        yield mode.error("log-option", "expected blocking or non-blocking", "choose one")
    size = options.at("max-buffer-size")
    if size.given and mode.text == "blocking":
        yield size.error("log-option", "max-buffer-size is for mode non-blocking", "remove it")
