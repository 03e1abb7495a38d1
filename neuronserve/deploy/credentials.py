"""The caller's way to AWS as environment variables, for containers that have no task role here."""

from __future__ import annotations

import urllib.parse
from collections.abc import Mapping

from neuronserve.deploy.aws import Aws

_PREFIX = "AWS_"
# Of no use in a container, or harmful: they name files and profiles of this machine, or are made anew below.
_NOT_THERE = frozenset({
    "AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_CA_BUNDLE",
    "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_ROLE_ARN", "AWS_ROLE_SESSION_NAME",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN",
})  # fmt: skip
_HERE = frozenset({"localhost", "127.0.0.1", "::1"})


def handed_on(aws: Aws, environ: Mapping[str, str], endpoint_url: str | None = None) -> dict[str, str]:
    """Region, endpoint, and credentials as the SDK finds them now, whether in variables, files or a login."""
    found = {k: v for k, v in environ.items() if k.startswith(_PREFIX) and k not in _NOT_THERE}
    if aws.region_if_known:
        found["AWS_REGION"] = aws.region_if_known
    if endpoint_url:
        found["AWS_ENDPOINT_URL"] = endpoint_url
    credentials = aws.session.get_credentials()
    if credentials is not None:
        frozen = credentials.get_frozen_credentials()
        keys = {
            "AWS_ACCESS_KEY_ID": frozen.access_key,
            "AWS_SECRET_ACCESS_KEY": frozen.secret_key,
            "AWS_SESSION_TOKEN": frozen.token,
        }
        found |= {name: value for name, value in keys.items() if value}
    return found


def unreachable(variables: Mapping[str, str | None]) -> list[str]:
    """Endpoints that are on this machine: to a container, that is the container itself."""
    urls = {k: v for k, v in variables.items() if k.startswith("AWS_ENDPOINT_URL") and v}
    return [name for name, url in urls.items() if urllib.parse.urlsplit(url).hostname in _HERE]
