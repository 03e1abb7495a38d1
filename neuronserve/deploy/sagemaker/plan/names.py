"""Names of models and endpoint configurations: the endpoint's own, and a digest of what is in them.

Neither can be changed once it exists. The same content gives the same name, so that what is there already is
found again; another gives another name, and the old one stays for a way back.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any

from neuronserve.errors import InvalidInput

LONGEST = 63
DIGITS = 10  # of the digest, 40 bits
OWNER = "neuronserve:endpoint"  # the tag of what was made for an endpoint; its value is the endpoint's name
PREVIOUS = "neuronserve:previous-config"  # the endpoint's tag: the configuration that served before this one

_NAME = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}", re.ASCII)


def check(name: str, what: str) -> str:
    """The name itself. Raises InvalidInput for one that SageMaker does not take."""
    if len(name) > LONGEST or not _NAME.fullmatch(name):  # AWS's pattern alone lets longer ones through
        raise InvalidInput(
            f"{what} {name[:80]!r}: expected 1 to {LONGEST} letters, digits and '-', no '-' at either end"
        )
    return name


def derived(endpoint: str, content: Mapping[str, Any]) -> str:
    """The name for a request with this content; the endpoint's name is cut where it is too long."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    digest = hashlib.sha256(text.encode()).hexdigest()[:DIGITS]
    return f"{stem(endpoint)}-{digest}"


def stem(endpoint: str) -> str:
    return endpoint[: LONGEST - DIGITS - 1].rstrip("-")


def is_derived(name: str, endpoint: str) -> bool:
    """Whether the name may be one that ``derived`` made for this endpoint."""
    return re.fullmatch(rf"{re.escape(stem(endpoint))}-[0-9a-f]{{{DIGITS}}}", name) is not None
