"""One endpoint, rehearsed: its containers in service behind the runtime API, until it is deleted."""

from __future__ import annotations

import threading
from typing import Self

from werkzeug.serving import WSGIRequestHandler, make_server

from neuronserve.deploy.sagemaker.local import building, ports
from neuronserve.deploy.sagemaker.local.api import Api
from neuronserve.deploy.sagemaker.local.asynchronous import Queue
from neuronserve.deploy.sagemaker.local.building import Built, Ground
from neuronserve.deploy.sagemaker.local.container import Container, State
from neuronserve.deploy.sagemaker.local.multimodel import MultiModel
from neuronserve.deploy.sagemaker.local.wanted import Endpoint

_STANDS_FOR = (
    "without --image, ./serve of this checkout stands for the image that scripts/image builds of it: a "
    "model's own code finds the packages of requirements/gateway.txt, and no others"
)
_LAST_ANSWERS = 5.0  # seconds for them to be written, once the containers have ended


class Rehearsal:
    """As a context: in service within, and gone with all that it made after.

    Raises InvalidInput and NoSuchResource for what cannot be run, EngineFailed, and DeploymentFailed when a
    container does not come up.
    """

    def __init__(self, endpoint: Endpoint, ground: Ground, *, host: str = "127.0.0.1", port: int = 0) -> None:
        self.endpoint = endpoint
        self._ground, self._host, self._port = ground, host, port
        self._built: Built | None = None
        self._queue: Queue | None = None
        self._api: Api | None = None
        self._server: Server | None = None

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """All containers at once, as the platform does; the API when all are in service."""
        endpoint, ground = self.endpoint, self._ground
        ports.free(self._port, self._host)  # a model may take minutes, and then it would be known too late
        self._tell(State.CREATING)
        if not all(container.image for container in endpoint.containers):
            ground.tell(_STANDS_FOR)
        self._built = building.build(endpoint, ground)
        for container in self._built.containers:
            container.start()
        for container in self._built.containers:
            try:
                container.wait()
            except Exception:
                self._tell(State.FAILED)
                raise
        if endpoint.asynchronous:
            self._queue = Queue(
                self._built.route, endpoint.asynchronous, ground.store, ground.limits, endpoint=endpoint.name,
                region=ground.region, tell=ground.tell, folder=ground.folder,
            )  # fmt: skip
        self._api = Api(endpoint, self._built.route, self._queue, ground.limits, ground.tell)
        self._server = Server(self._api, self._host, self._port)
        self._tell(State.IN_SERVICE)

    @property
    def url(self) -> str:
        """The API's endpoint_url."""
        return self._server.url if self._server else ""

    @property
    def containers(self) -> tuple[Container, ...]:
        return self._built.containers if self._built else ()

    def loaded(self) -> list[str]:
        """A multi-model endpoint's models that are in the container."""
        route = self._built.route if self._built else None
        return route.loaded() if isinstance(route, MultiModel) else []

    def stop(self) -> None:
        """What is under way is answered while the containers drain; then nothing is left. May be repeated."""
        if self._api:
            self._api.close()
        if self._queue:
            self._queue.close()
        for container in self.containers:
            container.ask_to_stop()
        for container in self.containers:
            container.stop()
        if self._queue:
            self._queue.wait()
        if self._api:
            self._api.wait(_LAST_ANSWERS)
        if self._server:
            self._server.stop()
        if self._built:
            building.tear_down(self._built, self._ground)
        self._built = self._queue = self._api = self._server = None

    def kill(self) -> None:
        """End the containers at once; ``stop`` is still to be called."""
        for container in self.containers:
            container.kill()

    def _tell(self, state: State) -> None:
        self._ground.tell(f"{self.endpoint.name}: {state}")


class Server:
    """An HTTP server with a thread for each connection. Raises InvalidInput when the port is taken."""

    def __init__(self, app: Api, host: str, port: int) -> None:
        ports.free(port, host)  # werkzeug would tell it by itself, and end the program
        self._server = make_server(host, port, app, threaded=True, request_handler=_Quiet)
        self.url = f"http://{host}:{self._server.port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Quiet(WSGIRequestHandler):
    """Without a log of its own: the API tells what it refuses, the containers tell the rest."""

    server_version = "neuronserve"
    sys_version = ""

    def log(self, type: str, message: str, *args: object) -> None:  # noqa: A002  the library's own signature
        pass
