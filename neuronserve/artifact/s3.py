"""The S3 client: made once, asked for what an address holds and for ranges of it.

boto3 is imported when the first Store is made, never before: a start that needs no AWS makes no AWS
call and does not pay for the import.
"""

from __future__ import annotations

import contextlib
import logging
import os
import re
from collections.abc import Iterator
from typing import Any

from neuronserve.artifact import s3errors
from neuronserve.artifact.checksums import described, md5
from neuronserve.artifact.location import S3Location
from neuronserve.artifact.objects import RemoteObject
from neuronserve.artifact.retry import Patience, patiently
from neuronserve.artifact.s3errors import translated
from neuronserve.errors import TransferError, WrongRegion

log = logging.getLogger(__name__)


def client(service: str, *, connections: int = 4, region: str | None = None) -> Any:
    """A client by the SDK's own variables; AWS_REGION counts where AWS_DEFAULT_REGION is not set."""
    import boto3
    from botocore.config import Config

    # the SDK's own variables are the SDK's business; this one its Python flavour does not read
    region = region or os.environ.get("AWS_DEFAULT_REGION") or os.environ.get("AWS_REGION") or None
    custom = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
    config = Config(
        retries={"total_max_attempts": 1},  # ours resume in mid-range
        connect_timeout=5,
        read_timeout=20,
        tcp_keepalive=True,
        max_pool_connections=connections + 2,
        response_checksum_validation="when_required",
        # a store behind an address of its own seldom has a host name per bucket
        s3={"addressing_style": "path"} if custom else None,
    )
    return boto3.session.Session(region_name=region).client(service, config=config)  # type: ignore[call-overload]


class Store:
    """S3, or what speaks like it. Thread-safe."""

    def __init__(self, *, connections: int, patience: Patience, fatal: bool = True) -> None:
        self._connections = connections
        self._patience = patience
        self._fatal = fatal
        with translated("S3"), _plain("S3"):
            self._client = client("s3", connections=connections)
        self._watch_region()

    @property
    def endpoint(self) -> str:
        return str(self._client.meta.endpoint_url)

    @property
    def region(self) -> str:
        return str(self._client.meta.region_name or "")

    def head(self, at: S3Location) -> RemoteObject:
        """The object at an address. Raises ArtifactError."""
        answer = self._ask(str(at), lambda: self._head(at))
        return described(at, answer, fatal=self._fatal)

    def listed(self, at: S3Location, *, limit: int | None = None) -> Iterator[RemoteObject]:
        """The objects whose keys begin with the address's, in the store's order."""
        token: dict[str, Any] = {"MaxKeys": limit} if limit else {}
        while True:
            page = self._ask(
                str(at),
                lambda: self._client.list_objects_v2(Bucket=at.bucket, Prefix=at.key, **token),  # noqa: B023
            )
            for row in page.get("Contents", []):
                expected = md5(at.bucket, row["ETag"], fatal=self._fatal)
                yield RemoteObject(at.bucket, row["Key"], row["Size"], row["ETag"], expected=expected)
            if limit or not page.get("IsTruncated"):
                return
            token = {"ContinuationToken": page["NextContinuationToken"]}

    def get(self, one: RemoteObject, start: int, end: int) -> Any:
        """A reader of bytes ``start`` to ``end`` (not included). Raises what botocore raises, or Changed.

        ``IfMatch`` pins the object: one that was replaced meanwhile is not mixed with the old one.
        """
        pinned = {"VersionId": one.version} if one.version else {}
        answer = self._client.get_object(
            Bucket=one.bucket, Key=one.key, Range=f"bytes={start}-{end - 1}", IfMatch=one.etag, **pinned
        )
        body = answer["Body"]
        if answer.get("ETag", one.etag).strip('"') != one.etag.strip('"'):
            body.close()
            raise s3errors.Changed(str(one))
        if answer["ResponseMetadata"]["HTTPStatusCode"] != 206 and (start, end) != (0, one.size):
            body.close()
            raise TransferError(
                f"{one}: the store ignores ranges",
                hint="set AWS_ENDPOINT_URL to a store that speaks S3 fully",
            )
        return body

    def some(self, one: RemoteObject, start: int, end: int) -> bytes:
        """A few bytes of an object."""

        def ask() -> bytes:
            with translated(str(one)), contextlib.closing(self.get(one, start, end)) as body:
                return bytes(body.read())

        return patiently(ask, self._patience)

    def _head(self, at: S3Location) -> Any:
        import botocore.exceptions

        try:
            return self._client.head_object(Bucket=at.bucket, Key=at.key, ChecksumMode="ENABLED")
        except botocore.exceptions.ClientError as error:
            # an answer to HEAD has no body, and so no reason: a GET of one byte has
            code, status = s3errors.code_of(error.response)
            if code.isdecimal() and status < 500:
                self._client.get_object(Bucket=at.bucket, Key=at.key, Range="bytes=0-0")["Body"].close()
            raise

    def _ask(self, what: str, call: Any) -> Any:
        """One call with retries; in the bucket's own region when it is another than the client's."""

        def ask() -> Any:
            with translated(what), _plain(what):
                return call()

        try:
            return patiently(ask, self._patience)
        except WrongRegion as error:
            answer = getattr(error.__cause__, "response", {})
            region = s3errors.region_of(answer) or _expected_region(answer)
            if not region or region == self._client.meta.region_name:
                raise
            log.warning("%s is in %s, not in %s: going there", what, region, self._client.meta.region_name)
            self._client = client("s3", connections=self._connections, region=region)
            self._watch_region()
            return patiently(ask, self._patience)

    def _watch_region(self) -> None:
        """Botocore follows most redirects to another region by itself, and silently: say it once."""
        own = self._client.meta.region_name
        said: set[str] = set()

        def note(request: Any, **_: Any) -> None:
            region = request.context.get("signing", {}).get("region", own)
            if region not in (own, "aws-global", "*") and own != "aws-global" and region not in said:
                said.add(region)
                log.warning(
                    "the bucket is in %s, not in %s: following; set AWS_REGION=%s to save a round trip",
                    region, own, region,
                )  # fmt: skip

        self._client.meta.events.register("before-sign.s3", note)


def _expected_region(answer: Any) -> str:
    found = re.search(r"expecting '([a-z0-9-]+)'", str(answer.get("Error", {}).get("Message", "")))
    return found[1] if found else ""


@contextlib.contextmanager
def _plain(what: str) -> Iterator[None]:
    """Botocore raises bare ValueErrors for addresses it cannot make sense of."""
    try:
        yield
    except ValueError as error:
        raise s3errors.of_exception(error, what) from error
