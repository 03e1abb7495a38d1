"""Ask ``/ping`` once: exit code 0 when it answers 200, else 1 with the reason.

usage: python -m neuronserve.healthcheck

The image's HEALTHCHECK, and a command for ECS task definitions, whose containers have no curl.
"""

from __future__ import annotations

import http.client
import os
import sys
from collections.abc import Mapping

from neuronserve import privileges

TIMEOUT_SECONDS = 2.0


def ask(environ: Mapping[str, str]) -> str:
    """Why the service is not healthy; nothing when it is."""
    port = environ.get("SAGEMAKER_BIND_TO_PORT", "").strip() or "8080"
    try:
        connection = http.client.HTTPConnection(f"127.0.0.1:{port}", timeout=TIMEOUT_SECONDS)
        connection.request("GET", "/ping")
        answer = connection.getresponse()
        body = answer.read(1000).decode(errors="replace")
    except (OSError, http.client.HTTPException) as error:
        return f"port {port}: {error}"
    return "" if answer.status == 200 else f"{answer.status} {body}"


if __name__ == "__main__":
    privileges.hide()
    sys.exit(ask(os.environ) or 0)
