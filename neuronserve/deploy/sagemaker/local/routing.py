"""Which containers answer an invocation, and in which order."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterator, Sequence
from typing import Protocol

from neuronserve.deploy.sagemaker.local import calls, faults
from neuronserve.deploy.sagemaker.local.calls import Answer, Request, Streamed, TooSlow, Unanswered
from neuronserve.deploy.sagemaker.local.container import Container
from neuronserve.deploy.sagemaker.local.faults import Teller
from neuronserve.deploy.sagemaker.local.invocation import Invocation
from neuronserve.deploy.sagemaker.local.limits import Limits

INVOCATIONS = "/invocations"


class Route(Protocol):
    """Raises Fault."""

    def respond(self, invocation: Invocation) -> Answer: ...

    def stream(self, invocation: Invocation) -> contextlib.AbstractContextManager[Streamed]: ...


@dataclasses.dataclass(frozen=True)
class Caller:
    """Asks containers, and makes the API's errors of what they do."""

    limits: Limits
    teller: Teller

    def ask(self, container: Container, invocation: Invocation, path: str = INVOCATIONS) -> Answer:
        """The container's answer when it is one of 2xx."""
        with self.streaming(container, invocation, path) as found, self._named(container):
            return found.whole()

    @contextlib.contextmanager
    def streaming(
        self, container: Container, invocation: Invocation, path: str = INVOCATIONS
    ) -> Iterator[Streamed]:
        """The same, once its head is there; reading its parts raises Unanswered."""
        request = Request("POST", path, invocation.headers(), invocation.body)
        with contextlib.ExitStack() as held:
            with self._named(container):
                found = held.enter_context(
                    calls.streamed(
                        container.address(), request, connect=self.limits.connect, answer=invocation.answer
                    )
                )
                refused = None if 200 <= found.status < 300 else found.whole()
            if refused:
                raise self.teller.model_error(container.name, refused.status, refused.text())
            yield found

    def control(
        self, container: Container, method: str, path: str, body: bytes, seconds: float, **headers: str
    ) -> Answer:
        """A call that is the platform's own: any status is an answer."""
        with self._named(container):
            sent = {name.replace("_", "-"): value for name, value in headers.items()}
            request = Request(method, path, sent, body)
            return calls.ask(container.address(), request, connect=self.limits.connect, answer=seconds)

    @contextlib.contextmanager
    def _named(self, container: Container) -> Iterator[None]:
        try:
            yield
        except TooSlow:
            raise self.teller.timed_out(container.name) from None
        except Unanswered as error:
            raise self.teller.unanswered(container.name, str(error)) from None


@dataclasses.dataclass(frozen=True)
class Single:
    """Real-time and asynchronous endpoints, and a transform job's only container."""

    caller: Caller
    container: Container

    def respond(self, invocation: Invocation) -> Answer:
        _only(invocation)
        return self.caller.ask(self.container, invocation)

    def stream(self, invocation: Invocation) -> contextlib.AbstractContextManager[Streamed]:
        _only(invocation)
        return self.caller.streaming(self.container, invocation)


@dataclasses.dataclass(frozen=True)
class Pipeline:
    """Serial: the answer of one, with its content type, is the request of the next.

    What the client accepts is for the last one alone; all see the custom attributes.
    """

    caller: Caller
    containers: Sequence[Container]

    def respond(self, invocation: Invocation) -> Answer:
        return self.caller.ask(self.containers[-1], self._before_last(invocation))

    def stream(self, invocation: Invocation) -> contextlib.AbstractContextManager[Streamed]:
        return self.caller.streaming(self.containers[-1], self._before_last(invocation))

    def _before_last(self, invocation: Invocation) -> Invocation:
        _only(invocation)
        accept = invocation.accept
        for container in self.containers[:-1]:
            invocation = dataclasses.replace(invocation, accept="")
            answer = self.caller.ask(container, invocation)
            invocation = dataclasses.replace(
                invocation, body=answer.body, content_type=answer.headers.get("content-type", "")
            )
        return dataclasses.replace(invocation, accept=accept)


@dataclasses.dataclass(frozen=True)
class Direct:
    """The container that TargetContainerHostname names."""

    caller: Caller
    containers: Sequence[Container]

    def respond(self, invocation: Invocation) -> Answer:
        return self.caller.ask(self._chosen(invocation), invocation)

    def stream(self, invocation: Invocation) -> contextlib.AbstractContextManager[Streamed]:
        return self.caller.streaming(self._chosen(invocation), invocation)

    def _chosen(self, invocation: Invocation) -> Container:
        _no_model(invocation)
        names = ", ".join(container.name for container in self.containers)
        if not invocation.target_hostname:
            raise faults.invalid(
                f"TargetContainerHostname is required for a multi-container endpoint in Direct mode: {names}"
            )
        for container in self.containers:
            if container.name == invocation.target_hostname:
                return container
        raise faults.invalid(
            f"TargetContainerHostname {invocation.target_hostname} is no container of this endpoint: {names}"
        )


def _only(invocation: Invocation) -> None:
    _no_model(invocation)
    if invocation.target_hostname:
        raise faults.invalid(
            "TargetContainerHostname can only be used with a multi-container endpoint in Direct mode"
        )


def _no_model(invocation: Invocation) -> None:
    if invocation.target_model:
        raise faults.invalid("TargetModel can only be used with a multi-model endpoint")
