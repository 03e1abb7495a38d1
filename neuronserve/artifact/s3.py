"""The S3 client: made once, asked for what an address holds and for ranges of it.

boto3 is imported when the first Store is made, never before: a start that needs no AWS makes no AWS
call and does not pay for the import.
"""

from __future__ import annotations

import contextlib
import logging
import os
import re
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from botocore.exceptions import ClientError, InvalidRegionError

from neuronserve.artifact import answers, checksums, s3errors, transport
from neuronserve.artifact.location import S3Location
from neuronserve.artifact.objects import RemoteObject
from neuronserve.artifact.retry import Patience, Transient, patiently
from neuronserve.artifact.s3errors import translated
from neuronserve.artifact.transport import Body, within
from neuronserve.errors import TransferError, WrongRegion

T = TypeVar("T")
log = logging.getLogger(__name__)
_EMPTY_PAGES = 1000  # one after the other: S3 gives some where many objects were deleted


def client(service: str, *, connections: int = 4, region: str | None = None) -> Any:
    """A client by the SDK's own variables; AWS_REGION counts where AWS_DEFAULT_REGION is not set."""
    import boto3
    from botocore.config import Config

    # the SDK's own variables are the SDK's business; this one its Python flavour does not read
    region = region or os.environ.get("AWS_DEFAULT_REGION") or os.environ.get("AWS_REGION") or None
    custom = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
    config = Config(
        retries={"total_max_attempts": 1},  # ours resume in mid-range
        connect_timeout=transport.CONNECT_SECONDS,
        read_timeout=transport.READ_SECONDS,
        tcp_keepalive=True,
        max_pool_connections=connections + 2,
        response_checksum_validation="when_required",  # of ranges there are none: ours are of the whole
        # a store behind an address of its own seldom has a host name per bucket
        s3={"addressing_style": "path"} if custom else None,
    )
    made = boto3.session.Session(region_name=region).client(service, config=config)  # type: ignore[call-overload]
    transport.bound_documents(made)
    return made


class Store:
    """S3, or what speaks like it. Thread-safe."""

    def __init__(self, *, connections: int, patience: Patience) -> None:
        self.connections = connections
        self._patience = patience
        self._of_versions = True
        self._client = self._made("S3")

    @property
    def endpoint(self) -> str:
        return str(self._client.meta.endpoint_url)

    @property
    def region(self) -> str:
        return str(self._client.meta.region_name or "")

    def head(self, at: S3Location) -> RemoteObject:
        """The object at an address. Raises ArtifactError."""
        what = str(at)
        answer = self._ask(what, lambda: self._head(at))
        size, etag = answers.of_head(answer, what)
        version = answer.get("VersionId", "")
        return RemoteObject(
            at.bucket,
            at.key,
            size,
            etag,
            version="" if version == "null" else version,
            sums=checksums.stated(at.bucket, answer),
        )

    def part(self, one: RemoteObject, number: int) -> tuple[int, int]:
        """The size of a part of an object, and how many parts it has (0: not told). Raises ArtifactError.

        It takes no right but that to read the object.
        """
        what = str(one)
        answer = self._ask(
            what, lambda: self._client.head_object(Bucket=one.bucket, Key=one.key, PartNumber=number)
        )
        return answers.of_part(answer, what)

    def listed(self, at: S3Location, *, limit: int | None = None) -> Iterator[RemoteObject]:
        """The objects whose keys begin with the address's, in the store's order. Raises ArtifactError."""
        what = str(at)
        more: dict[str, Any] = {"MaxKeys": limit} if limit else {}
        keys: set[str] = set()
        tokens: set[str] = set()
        empty = 0
        while True:
            page = self._ask(
                what,
                lambda: self._client.list_objects_v2(Bucket=at.bucket, Prefix=at.key, **more),  # noqa: B023
            )
            token = answers.of_page(page, what)
            for row in page.get("Contents", []):
                key, size, etag = answers.of_row(row, what, at.key)
                if key in keys:
                    raise answers.refused(what, "it lists an object twice")
                keys.add(key)
                yield RemoteObject(at.bucket, key, size, etag)
            if limit or not token:
                return
            empty = 0 if page.get("Contents") else empty + 1
            if token in tokens or empty >= _EMPTY_PAGES:
                raise answers.refused(what, "the listing does not end")
            tokens.add(token)
            more = {"ContinuationToken": token}

    def get(self, one: RemoteObject, start: int, end: int) -> Body:
        """A reader of bytes ``start`` to ``end`` (not included). Raises ArtifactError, Transient or Changed.

        ``IfMatch`` pins the object: one that was replaced meanwhile is not mixed with the old one.
        """
        what = str(one)
        with translated(what):
            answer = within(lambda: self._get(one, start, end), what)
        body = answer["Body"]
        try:
            if answer.get("ETag", one.etag).strip('"') != one.etag.strip('"'):
                raise s3errors.Changed(what)
            if one.version and answer.get("VersionId", one.version) != one.version:
                raise s3errors.Changed(what)
            answers.of_range(answer, one, start, end)
            return Body(body, end - start, what)
        except answers.NoAnswer as error:  # of one proxy among several, maybe
            transport.close(body)
            raise Transient(error) from error
        except BaseException:
            transport.close(body)
            raise

    def some(self, one: RemoteObject, start: int, end: int) -> bytes:
        """A few bytes of an object."""
        what = str(one)

        def ask() -> bytes:
            with translated(what), contextlib.closing(self.get(one, start, end)) as body:
                data = body.read(end - start)
                if len(data) < end - start:
                    missing = end - start - len(data)
                    raise Transient(TransferError(f"{what}: the store sent {missing:,} bytes too few"))
                return data

        return patiently(ask, self._patience)

    def _made(self, what: str, region: str | None = None) -> Any:
        def make() -> Any:
            with translated(what):
                try:
                    # botocore gets credentials at once, from wherever they are
                    return within(lambda: client("s3", connections=self.connections, region=region), what)
                except InvalidRegionError as error:
                    message = f"reading {what}: no usable AWS region is set"
                    raise WrongRegion(message, hint="set AWS_REGION, such as us-east-1") from error
                except ValueError as error:  # botocore's, for addresses that it cannot make sense of
                    raise s3errors.of_address(error, what) from error

        made = patiently(make, self._patience)
        _watch_region(made)
        return made

    def _head(self, at: S3Location) -> Any:
        try:
            return self._client.head_object(Bucket=at.bucket, Key=at.key, ChecksumMode="ENABLED")
        except ClientError as error:
            # an answer to HEAD has no body, and so no reason: a GET of one byte has
            code, status = s3errors.code_of(error.response)
            if code.isdecimal() and status < 500:
                found = self._client.get_object(Bucket=at.bucket, Key=at.key, Range="bytes=0-0")
                transport.close(found["Body"])
            raise

    def _get(self, one: RemoteObject, start: int, end: int) -> Any:
        """Of the version that was found, which takes a right of its own; without it the ETag must do."""
        which = f"bytes={start}-{end - 1}"
        asked = {"Bucket": one.bucket, "Key": one.key, "Range": which, "IfMatch": one.etag}
        if one.version and self._of_versions:
            try:
                return self._client.get_object(**asked, VersionId=one.version)
            except ClientError as error:
                if s3errors.code_of(error.response)[1] != 403:
                    raise
            answer = self._client.get_object(**asked)
            self._of_versions = False
            return answer
        return self._client.get_object(**asked)

    def _ask(self, what: str, call: Callable[[], T]) -> T:
        """One call with retries; in the bucket's own region when it is another than the client's."""

        def ask() -> T:
            with translated(what):
                return within(call, what)

        try:
            return patiently(ask, self._patience)
        except WrongRegion as error:
            answer = getattr(error.__cause__, "response", {})
            region = s3errors.region_of(answer) or _expected_region(answer)
            if not region or region == self._client.meta.region_name:
                raise
            log.warning("%s is in %s, not in %s: going there", what, region, self._client.meta.region_name)
            self._client = self._made(what, region)
            return patiently(ask, self._patience)


def _watch_region(made: Any) -> None:
    """Botocore follows most redirects to another region by itself, and silently: say it once.

    Where a redirect names no region, it asks with HeadBucket, and follows the answer to that, too; a store
    that redirects each request would keep it at that until Python's stack is full.
    """
    own = made.meta.region_name
    said: set[str] = set()

    def note(request: Any, **_: Any) -> None:
        region = request.context.get("signing", {}).get("region", own)
        if region not in (own, "aws-global", "*") and own != "aws-global" and region not in said:
            said.add(region)
            log.warning(
                "the bucket is in %s, not in %s: following; set AWS_REGION=%s to save a round trip",
                region, own, region,
            )  # fmt: skip

    def stay(context: Any, **_: Any) -> None:
        context.setdefault("s3_redirect", {})["redirected"] = True

    made.meta.events.register("before-sign.s3", note)
    made.meta.events.register("before-call.s3.HeadBucket", stay)


def _expected_region(answer: Any) -> str:
    found = re.search(r"expecting '([a-z0-9-]+)'", str(answer.get("Error", {}).get("Message", "")))
    return found[1] if found else ""
