"""Health and TLS over gRPC, as server.cc of TensorFlow Serving sets them up."""

from __future__ import annotations

import datetime as dt
import ipaddress
from pathlib import Path

import grpc
import numpy as np
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from neuronserve.messages import predict_pb2
from tests.cpuservers import Server, config_flag, predict_request, running, wait_for
from tests.wire.cpuserver.models import ended


@pytest.mark.parametrize(
    "service",
    [
        "",
        "PredictionService",
        "ModelService",
        "tensorflow.serving.PredictionService",
        "tensorflow.serving.ModelService",
    ],
)
def test_each_service_tells_its_health(server: Server, service: str) -> None:
    check = server.channel.unary_unary("/grpc.health.v1.Health/Check")
    name = service.encode()
    assert check(b"\x0a" + bytes([len(name)]) + name if name else b"", timeout=30) == b"\x08\x01"


def certificate(name: str, issuer=None):
    """``(key, certificate)``, signed by ``issuer``, or by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    signer, parent = issuer or (key, None)
    now = dt.datetime.now(dt.UTC)
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(parent.subject if parent else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=2))
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(signer, hashes.SHA256())
    )
    return key, made


def pem(made) -> tuple[bytes, bytes]:
    key, certified = made
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return private, certified.public_bytes(serialization.Encoding.PEM)


def ssl_config(folder: Path, **fields: bytes | bool) -> str:
    def text(value: bytes | bool) -> str:
        return (
            str(value).lower() if isinstance(value, bool) else '"' + value.decode().replace("\n", "\\n") + '"'
        )

    file = folder / "ssl.config"
    file.write_text("".join(f"{name}: {text(value)}\n" for name, value in fields.items()))
    return f"--ssl_config_file={file}"


@pytest.mark.parametrize("client_verify", [False, True])
def test_an_ssl_config_file_turns_tls_on(exported: Path, tmp_path: Path, client_verify: bool) -> None:
    authority = certificate("authority")
    key, cert = pem(certificate("localhost", authority))
    _, ca = pem(authority)
    client = pem(certificate("client", authority))
    flag = ssl_config(tmp_path, server_key=key, server_cert=cert, custom_ca=ca, client_verify=client_verify)
    with running(tmp_path, config_flag(exported, ["affine"]), flag, tcp=True) as server:

        def ask(credentials) -> list | None:
            """The answer; None while the model is still loading."""
            with grpc.secure_channel(server.target, credentials) as channel:
                call = channel.unary_unary(
                    "/tensorflow.serving.PredictionService/Predict",
                    request_serializer=lambda message: message.SerializeToString(),
                    response_deserializer=predict_pb2.PredictResponse.FromString,
                )
                request = predict_request("affine", x=np.float32([[1, 2]]))
                try:
                    answer = call(request, timeout=60, wait_for_ready=True)
                except grpc.RpcError as error:
                    assert error.code() is grpc.StatusCode.NOT_FOUND
                    return None
                return list(answer.outputs["y"].float_val)

        wait_for(lambda: ask(grpc.ssl_channel_credentials(ca, *client)), "the model serves")
        assert ask(grpc.ssl_channel_credentials(ca, *client)) == [4.0, 7.0]
        if client_verify:
            plain = grpc.ssl_channel_credentials(ca)
            with (
                grpc.secure_channel(server.target, plain) as channel,
                pytest.raises(grpc.RpcError) as refused,
            ):
                channel.unary_unary("/grpc.health.v1.Health/Check")(b"", timeout=10)
            assert refused.value.code() is grpc.StatusCode.UNAVAILABLE
        else:
            assert ask(grpc.ssl_channel_credentials(ca)) == [4.0, 7.0]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({}, "server_key is no PEM text"),
        ({"server_key": b"-----BEGIN KEY"}, "server_cert is no PEM text"),
        (
            {"server_key": b"-----BEGIN", "server_cert": b"-----BEGIN", "client_verify": True},
            "client_verify needs custom_ca",
        ),
    ],
)
def test_an_ssl_config_without_what_tls_needs_is_refused(tmp_path: Path, fields: dict, said: str) -> None:
    assert said in ended(tmp_path, ssl_config(tmp_path, **fields))
