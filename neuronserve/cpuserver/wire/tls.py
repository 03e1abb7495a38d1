"""TLS for gRPC, as ``--ssl_config_file`` of TensorFlow Serving configures it (ssl_config.proto)."""

from __future__ import annotations

from pathlib import Path

import grpc

from neuronserve import unpublished
from neuronserve.cpuserver import textproto
from neuronserve.cpuserver.status import invalid


def credentials(file: Path) -> grpc.ServerCredentials:
    """From an SSLConfig in text form: PEM texts of the key, the certificate and the CA of clients.

    ``client_verify``: clients must show a certificate of that CA. NOT_FOUND or INVALID_ARGUMENT: the file
    cannot be read, is none, or lacks what TLS needs. gRPC reads the PEM texts when it listens.
    """
    config = textproto.parse(file, unpublished.message(unpublished.SSL))
    for field in ("server_key", "server_cert"):
        if "-----BEGIN" not in getattr(config, field):
            raise invalid(f"{file}: {field} is no PEM text")
    if config.client_verify and not config.custom_ca:
        raise invalid(
            f"{file}: client_verify needs custom_ca, the certificates that clients' are checked against"
        )
    return grpc.ssl_server_credentials(
        [(config.server_key.encode(), config.server_cert.encode())],
        config.custom_ca.encode() or None,
        require_client_auth=config.client_verify,
    )
