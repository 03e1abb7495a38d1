"""What a client asks of an endpoint, apart from how it asked."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from neuronserve.deploy.sagemaker.local.calls import Body

_PREFIX = "X-Amzn-SageMaker-"


@dataclasses.dataclass(frozen=True)
class Invocation:
    """Empty texts are absent headers. ``answer``: seconds for the whole answer."""

    body: Body = dataclasses.field(repr=False)
    answer: float
    content_type: str = ""
    accept: str = ""
    custom_attributes: str = ""
    inference_id: str = ""
    session_id: str = ""
    target_model: str = ""
    target_variant: str = ""
    target_hostname: str = ""

    def headers(self) -> dict[str, str]:
        """What a container gets: of a client's headers, those that the API knows, and no others."""
        return {name: value for name, value in self._headers() if value}

    def _headers(self) -> Iterator[tuple[str, str]]:
        yield "Content-Type", self.content_type
        yield "Accept", self.accept
        yield f"{_PREFIX}Custom-Attributes", self.custom_attributes
        yield f"{_PREFIX}Inference-Id", self.inference_id
        yield f"{_PREFIX}Session-Id", self.session_id
        yield f"{_PREFIX}Target-Model", self.target_model
        yield f"{_PREFIX}Target-Variant", self.target_variant
        yield f"{_PREFIX}Target-Container-Hostname", self.target_hostname
