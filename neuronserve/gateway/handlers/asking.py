"""An input handler's request to the model, and the answer as an output handler gets it.

It does not go through TensorFlow Serving's REST: JSON is decoded, and arrays are taken, as the gateway's own
requests are, so that rows are dealt to compiled batches, over all servers, in binary. The answer reads like
REST's. What the model refuses is the client's answer, with its status: as in AWS's newest container, the
output handler is not called then.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from neuronserve.errors import MalformedBody, RequestError
from neuronserve.gateway.attributes import Route
from neuronserve.gateway.catalogue import Entry
from neuronserve.gateway.exchange import Dealing, Exchange, spoken
from neuronserve.gateway.handlers.response import Response
from neuronserve.modelserver import calls
from neuronserve.modelserver.lanes import Watch
from neuronserve.payload import Decoded, decode, given, media_type

Given = bytes | np.ndarray[Any, Any] | Mapping[str, np.ndarray[Any, Any]]
Send = Callable[[Exchange, Watch], Sequence[bytes]]
_JSON = media_type("application/json")


@dataclasses.dataclass(frozen=True, slots=True)
class Asking:
    """To one version of a model. ``send``: to its servers; ``limit``: bytes that may be unpacked."""

    entry: Entry
    route: Route
    dealing: Dealing
    limit: int
    send: Send

    def __call__(self, asked: Given, watch: Watch, url: str) -> Response:
        """The model's answer, with the status 200; ``url`` is what it says it asked.

        Raises RequestError and ServingError, as the gateway's own requests do.
        """
        exchange = self._exchange(asked)
        raws = self.send(exchange, watch)
        predicts = self.route.method == "predict"
        arrays = (lambda: _arrays(exchange, raws)) if predicts else dict
        return Response(200, url, lambda: exchange.answer(raws)[0], arrays)

    def _exchange(self, asked: Given) -> Exchange:
        entry, route = self.entry, self.route
        spec = calls.Spec(entry.model, entry.version, route.signature)
        return spoken(route.method, self._decoded(asked), _JSON, spec, entry, self.dealing)

    def _decoded(self, asked: Given) -> Decoded:
        signatures, signature = self.entry.signatures, self.route.signature or None
        if isinstance(asked, bytes):
            if not asked.strip():  # in the words of TensorFlow Serving, which AWS's own tests look for
                raise MalformedBody("what input_handler returned is no JSON: The document is empty")
            return decode(
                asked, _JSON, signatures,
                method=self.route.method, signature_name=signature, limit=self.limit,
            )  # fmt: skip
        if self.route.method != "predict":
            raise RequestError(f"{self.route.method} takes JSON from input_handler, not arrays")
        return given.decoded(asked, signatures, signature, _JSON)


def _arrays(exchange: Exchange, raws: Sequence[bytes]) -> Mapping[str, np.ndarray[Any, Any]]:
    found = [calls.predict_response(raw)[0] for raw in raws]
    return exchange.split.join(found) if exchange.split is not None else found[0]
