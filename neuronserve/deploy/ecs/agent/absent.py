"""What of a task definition only ECS and its agent can give."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

LOCAL_LOGS = "json-file"  # the log driver whose logs stay on the machine


def notes(request: Mapping[str, Any], container: Mapping[str, Any]) -> Iterator[str]:
    """One line for each thing that is left out, or done otherwise."""
    yield from _of_task(request)
    for file in container.get("environmentFiles") or ():
        yield f"variables in {file['value']} are not read"
    driver = (container.get("logConfiguration") or {}).get("logDriver", LOCAL_LOGS)
    if driver != LOCAL_LOGS:
        yield f"logs do not go to {driver}, but where the engine puts them"
    for key, text in _LEFT_OUT_OF_CONTAINER.items():
        if container.get(key):
            yield text


def given_by_hand(request: Mapping[str, Any], container: Mapping[str, Any]) -> Iterator[str]:
    """What whoever runs the engine has to give instead, unless ``run-local`` does."""
    if request.get("taskRoleArn"):
        yield "there are no credentials of the task role"
    secrets = [secret["name"] for secret in container.get("secrets") or ()]
    if secrets:
        yield (
            f"secrets are not read: the values of {', '.join(secrets)} are those of the environment in which "
            "the command is run"
        )


def _of_task(request: Mapping[str, Any]) -> Iterator[str]:
    if request.get("pidMode") == "task" or request.get("ipcMode") == "task":
        yield "containers of the task do not share a process or IPC namespace (pidMode, ipcMode: task)"
    for key, text in _LEFT_OUT_OF_TASK.items():
        if request.get(key):
            yield text


_LEFT_OUT_OF_CONTAINER = {
    "repositoryCredentials": "registry credentials are not read: log in to the registry with the engine",
    "firelensConfiguration": "it routes no logs (firelensConfiguration)",
    "credentialSpecs": "credential specs are left out",
}
_LEFT_OUT_OF_TASK = {
    "proxyConfiguration": "there is no App Mesh proxy",
    "inferenceAccelerators": "there is no Elastic Inference",
    "ephemeralStorage": "ephemeral storage is the engine's, of no fixed size",
}
