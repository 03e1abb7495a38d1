"""What arrives is compared with what the store says of it, and wrong bytes are never served.

The oracle for S3's check sums and how they are written is botocore's own code (``httpchecksum``); for the
objects of several parts, moto's server too.
"""

from __future__ import annotations

import base64
import logging
import random

import pytest
from botocore import httpchecksum

from neuronserve import errors, exitcodes
from neuronserve.artifact import fetch
from neuronserve.artifact.objects import PIECE
from tests.archives import files_below, saved_model, tar, tar_gz
from tests.rude_store import Fault

LARGE = PIECE + (2 << 20)
FILES = {
    **saved_model("1"),
    "1/variables/variables.data-00000-of-00001": random.Random(3).randbytes(LARGE),
}
PLAIN, PACKED = tar(FILES), tar_gz(FILES)
KEY, URI = "bkt/m.tar", "s3://bkt/m.tar"
ALGORITHMS = sorted(httpchecksum._CHECKSUM_CLS)
UNIFORM, ODD = 2 << 20, (3 << 20, 2 << 20, 4 << 20)


@pytest.fixture(autouse=True)
def model(store):
    store.objects[KEY] = PLAIN
    return store


def sizes(first=UNIFORM, *, odd=()):
    rest = len(PLAIN) - sum(odd)
    parts = [*odd, *[first] * (rest // first), rest % first]
    return [size for size in parts if size]


def digest(algorithm, data):
    made = httpchecksum._CHECKSUM_CLS[algorithm]()
    made.update(data)
    return made.digest()


def says(store, algorithm, *, kind="FULL_OBJECT", path=KEY):
    """The store keeps a check sum of an object, as S3 would."""
    if kind == "FULL_OBJECT":
        raw, tail = digest(algorithm, store.objects[path]), ""
    else:
        raw = digest(algorithm, b"".join(digest(algorithm, part) for part in store.cut(path)))
        tail = f"-{len(store.parts[path])}"
    value = base64.b64encode(raw).decode() + tail
    store.object_headers[path] = {f"x-amz-checksum-{algorithm}": value, "x-amz-checksum-type": kind}


def zeroed(data):
    """4 KiB of zeros in the middle of a range, as a broken cache between sends them."""
    middle = len(data) // 2
    return data[:middle] + bytes(4096) + data[middle + 4096 :] if len(data) > 1 << 20 else data


def right(bundle):
    return files_below(bundle.root / "models") == {f"model/{path}": data for path, data in FILES.items()}


def refused(get, uri=URI, **variables):
    get.cache = get.cache.with_name("another-cache")
    with pytest.raises(errors.DigestMismatch) as caught:
        get(uri, **variables)
    assert exitcodes.of(caught.value) == 17
    assert not get.published
    assert not get.partials
    return str(caught.value)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_each_check_sum_of_the_whole_object_is_compared(store, get, algorithm):
    says(store, algorithm)
    store.etags[KEY] = "no-md5"
    assert right(get(URI))
    store.damage = zeroed
    said = refused(get)
    assert f"the store's {algorithm.upper()} check sum says" in said


@pytest.mark.parametrize("algorithm", ["crc32", "crc32c", "sha256"])
@pytest.mark.parametrize("odd", [(), ODD], ids=["uniform", "odd"])
def test_each_check_sum_over_parts_is_compared(store, get, algorithm, odd):
    store.parts[KEY] = sizes(odd=odd)
    says(store, algorithm, kind="COMPOSITE")
    assert right(get(URI))
    store.damage = zeroed
    said = refused(get)
    assert f"the store's {algorithm.upper()} check sum says" in said


@pytest.mark.parametrize(
    "parts",
    [
        sizes(),
        sizes(PIECE),
        sizes(len(PLAIN)),
        sizes(odd=(7 << 20,)),
        sizes(odd=ODD),
        sizes(odd=(2 << 20, 3 << 20)),
        [
            len(PLAIN) - (6 << 20),
            3 << 20,
            3 << 20,
        ],  # as large as if all were like the first, and they are not
    ],
)
def test_the_etag_of_an_object_of_several_parts_is_computed_again(store, get, parts):
    store.parts[KEY] = parts
    assert right(get(URI))
    store.damage = zeroed
    assert "the store's ETag says" in refused(get)


def test_parts_of_one_size_cost_one_question(store, get):
    store.parts[KEY] = sizes()
    get(URI)
    assert store.part_heads == [1]


def test_a_packed_archive_that_was_damaged_on_its_way_is_not_taken_for_a_corrupt_one(store, get):
    store.objects[KEY] = PACKED
    says(store, "crc64nvme")
    store.damage = zeroed
    assert "CRC64NVME check sum says" in refused(get)


def test_an_archive_that_is_corrupt_in_the_store_is_18(store, get):
    store.objects[KEY] = PACKED[:99_999] + bytes(4096) + PACKED[104_095:]
    with pytest.raises(errors.CorruptArchive):
        get(URI)


def test_what_was_damaged_once_is_fetched_again(store, get, caplog):
    says(store, "crc64nvme")
    times = []

    def once(data):
        times.append(1)
        return zeroed(data) if len(times) == 1 else data

    store.damage = once
    with caplog.at_level(logging.WARNING):
        assert right(get(URI))
    assert "fetching it again" in caplog.text


def test_a_wrong_sum_may_only_warn_and_is_not_reused_where_it_is_an_error(store, get, caplog):
    says(store, "crc32c")
    store.damage = zeroed
    with caplog.at_level(logging.WARNING):
        get(URI, SERVE_DIGEST_MISMATCH="warn")
    assert "CRC32C check sum says" in caplog.text
    with pytest.raises(errors.DigestMismatch):
        get(URI)


def test_what_was_compared_is_kept_and_said_when_it_is_reused(store, get, caplog):
    says(store, "crc64nvme")
    get(URI)
    with caplog.at_level(logging.INFO):
        assert get(URI).reused
    assert "compared with the store's CRC64NVME check sum when it came" in caplog.text


def test_what_was_resumed_is_compared_too(store, get, caplog):
    says(store, "crc64nvme")
    store.damage = zeroed
    store.on_get = lambda number, _: Fault("InternalError", 500) if number >= 1 else None
    with pytest.raises(errors.TransferError):
        get(URI, SERVE_DOWNLOAD_CONNECTIONS="1")
    store.damage = lambda data: data
    store.on_get = lambda _number, _path: None
    with caplog.at_level(logging.INFO):
        assert right(get(URI))
    assert "resumed: 1 of" in caplog.text
    assert "fetching it again" in caplog.text


UNKNOWN = [
    {"x-amz-server-side-encryption": "aws:kms"},
    {"x-amz-server-side-encryption": "aws:kms:dsse"},
    {"x-amz-server-side-encryption-customer-algorithm": "AES256"},
]


@pytest.mark.parametrize("headers", UNKNOWN)
@pytest.mark.parametrize("parts", [None, sizes()], ids=["one part", "parts"])
def test_an_encrypted_objects_etag_is_no_md5_and_that_is_said_once(store, get, caplog, headers, parts):
    if parts:
        store.parts[KEY] = parts
    store.etags[KEY] = "0" * 32 + (f"-{len(parts)}" if parts else "")
    store.object_headers[KEY] = headers
    with caplog.at_level(logging.WARNING):
        assert right(get(URI))
    assert caplog.text.count("cannot be checked against the store") == 1


def test_a_store_that_does_not_tell_of_parts_is_served_and_said(store, get, caplog):
    store.parts[KEY] = sizes()
    store.on_head = lambda _path: Fault("AccessDenied", 403) if store.part_heads else None
    with caplog.at_level(logging.WARNING):
        assert right(get(URI))
    assert "cannot be checked against the store" in caplog.text


def test_nothing_is_said_where_the_digest_is_set(store, get, caplog):
    store.etags[KEY] = "no-md5"
    with caplog.at_level(logging.WARNING):
        get(URI, MODEL_DIGEST=f"sha256:{digest('sha256', PLAIN).hex()}")
    assert not caplog.records


@pytest.mark.parametrize(
    "value",
    ["AAAA", "!!!!", "AAAAAAAAAAA=-0", "AAAAAAAAAAA=-x", "AAAAAAAAAAA=-99999", "", "é", "AAAAAAAAAAA="],
)
def test_a_check_sum_that_is_none_is_passed_over(store, get, value):
    store.object_headers[KEY] = {
        "x-amz-checksum-crc32c": value.encode().decode("latin-1"),
        "x-amz-checksum-type": "FULL_OBJECT",
    }
    assert right(get(URI))


def tree(store):
    for name, data in FILES.items():
        store.objects[f"bkt/tree/{name}"] = data
    return "bkt/tree/1/variables/variables.data-00000-of-00001"


def test_the_objects_of_a_tree_are_compared_by_sums_and_parts(store, get):
    large = tree(store)
    says(store, "crc64nvme", path="bkt/tree/1/saved_model.pb")
    store.parts[large] = [4 << 20, 4 << 20, LARGE - PIECE]
    assert right(get("s3://bkt/tree/"))
    store.damage = zeroed
    assert "the store's ETag says" in refused(get, "s3://bkt/tree/")


def test_a_tree_that_is_encrypted_with_a_key_is_served(store, get, caplog):
    """A listing gives ETags that look like MD5s and are none."""
    large = tree(store)
    for path in store.objects:
        store.etags[path] = "1" * 32
    store.headers = UNKNOWN[0]
    with caplog.at_level(logging.WARNING):
        assert right(get("s3://bkt/tree/"))
    assert caplog.text.count("cannot be checked against the store") == 1
    says(store, "crc64nvme", path=large)
    store.damage = zeroed
    assert "CRC64NVME" in refused(get, "s3://bkt/tree/")


def test_a_tree_is_read_while_it_arrives_and_once(store, get, monkeypatch):
    tree(store)
    seen = []
    compare = fetch._compare
    monkeypatch.setattr(fetch, "_compare", lambda *given: (seen.append(given[2]), compare(*given)))
    assert right(get("s3://bkt/tree/"))
    assert len(seen) == len(set(seen)) == len(FILES)


def test_a_role_without_the_right_to_versions_reads_the_object_by_its_etag(store, get):
    store.object_headers[KEY] = {"x-amz-version-id": "v1"}
    versions = []

    def deny(method, target):
        if method == "GET" and "versionId=" in target:
            versions.append(target)
            return [b"HTTP/1.1 403 x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"]
        return None

    store.raw = deny
    assert right(get(URI, SERVE_DOWNLOAD_CONNECTIONS="1"))
    assert len(versions) == 1
