"""Against a store that misbehaves."""

from __future__ import annotations

import hashlib
import logging
import random

import pytest

from neuronserve import errors, exitcodes
from neuronserve.artifact.objects import PIECE
from tests.archives import GRAPH, files_below, saved_model, tar_gz
from tests.rude_store import Fault

FILES = saved_model("1", weights=3 * PIECE)
ARCHIVE = tar_gz(FILES)
URI = "s3://bkt/m.tar.gz"


@pytest.fixture(autouse=True)
def model(store):
    store.objects["bkt/m.tar.gz"] = ARCHIVE
    return store


def right(bundle):
    return files_below(bundle.root / "models") == {f"model/{path}": data for path, data in FILES.items()}


def test_a_connection_that_is_cut_goes_on_where_it_was(store, get):
    store.cut_after, store.cuts = 3 << 20, 4
    assert right(get(URI))
    resumed = [one for one in store.ranges if int(one[6:].split("-")[0]) % PIECE]
    assert len(resumed) >= 3  # the fourth cut may have hit the short last piece, which came whole


def test_a_connection_that_is_always_cut_still_ends_when_bytes_come(store, get):
    store.cut_after, store.cuts = 1 << 20, 1000
    assert right(get(URI))


def test_a_store_that_sends_nothing_is_given_up(store, get):
    store.cut_after, store.cuts = 0, 1000
    with pytest.raises(errors.TransferError) as refused:
        get(URI)
    assert exitcodes.of(refused.value) == 16


def test_throttling_that_ends_is_waited_for(store, get):
    store.on_get = lambda number, _: Fault("SlowDown", 503) if number < 3 else None
    assert right(get(URI))


def test_throttling_that_does_not_end_gives_exit_15(store, get):
    store.on_get = lambda _number, _path: Fault("SlowDown", 503)
    with pytest.raises(errors.Throttled, match="kept throttling") as refused:
        get(URI)
    assert exitcodes.of(refused.value) == 15


def test_an_object_that_is_replaced_midway_is_fetched_anew_and_never_mixed(store, get, caplog):
    files = saved_model("2", weights=2 * PIECE + 5)

    def replace(number):
        if number == 1:
            store.objects["bkt/m.tar.gz"] = tar_gz(files)

    store.after_get = replace
    with caplog.at_level(logging.WARNING):
        bundle = get(URI, SERVE_DOWNLOAD_CONNECTIONS="1")
    assert files_below(bundle.root / "models") == {f"model/{path}": data for path, data in files.items()}
    assert "was replaced while it was read" in caplog.text


def test_an_object_that_is_replaced_all_the_time_is_given_up(store, get):
    def replace(number):
        store.etags["bkt/m.tar.gz"] = f"etag-{number}"

    store.after_get = replace
    with pytest.raises(errors.TransferError, match="was replaced 4 times"):
        get(URI, SERVE_DOWNLOAD_CONNECTIONS="1")
    assert not get.partials


def test_wrong_bytes_are_never_published(store, get):
    random.seed(5)
    store.damage = lambda data: data[:-7] + bytes([data[-7] ^ 1]) + data[-6:]
    with pytest.raises((errors.CorruptArchive, errors.DigestMismatch)):
        get(URI)
    assert not get.published
    assert not get.partials


def test_wrong_bytes_of_a_tree_are_found_by_the_etag(store, get):
    for name, data in saved_model("1").items():
        store.objects[f"bkt/tree/{name}"] = data
    store.damage = lambda data: bytes([data[0] ^ 1]) + data[1:]
    with pytest.raises(errors.DigestMismatch, match="ETag"):
        get("s3://bkt/tree/")


def test_an_etag_that_is_no_md5_is_not_taken_for_one(store, get):
    store.etags["bkt/m.tar.gz"] = "0" * 32
    store.headers = {"x-amz-server-side-encryption": "aws:kms"}
    assert right(get(URI))
    store.headers = {}
    with pytest.raises(errors.DigestMismatch, match="the store's ETag"):
        get(URI, SERVE_CACHE_DIR=str(get.cache / "other"))


def test_a_store_that_sends_another_check_sum_is_refused(store, get):
    store.headers = {"x-amz-checksum-crc32": "AAAAAA==", "x-amz-checksum-type": "FULL_OBJECT"}
    with pytest.raises(errors.DigestMismatch, match="CRC32 check sum says 00000000"):
        get(URI)
    assert not get.published


@pytest.mark.parametrize(
    ("fault", "status", "cls", "exit_code"),
    [
        ("AccessDenied", 403, errors.AccessDenied, 12),
        ("NoSuchBucket", 404, errors.ModelNotFound, 11),
        ("ExpiredToken", 400, errors.CredentialsError, 14),
        ("InvalidAccessKeyId", 403, errors.CredentialsError, 14),
        ("SignatureDoesNotMatch", 403, errors.CredentialsError, 14),
        ("InvalidObjectState", 403, errors.AccessDenied, 12),
    ],
)
def test_the_reason_that_a_head_cannot_tell_is_asked_for(store, get, fault, status, cls, exit_code):
    store.on_head = lambda _path: Fault(fault, status)
    store.on_get = lambda _number, _path: Fault(fault, status)
    with pytest.raises(cls) as refused:
        get(URI)
    assert exitcodes.of(refused.value) == exit_code


def test_access_that_ends_midway_is_said(store, get):
    store.on_get = lambda number, _: Fault("ExpiredToken", 400) if number >= 2 else None
    with pytest.raises(errors.CredentialsError, match="expired"):
        get(URI)


def test_a_bucket_in_another_region_is_followed_and_said(store, get, caplog):
    elsewhere = {"x-amz-bucket-region": "eu-west-1"}

    def head(_path):
        return None if store.heads > 1 else Fault("", 301, elsewhere)

    store.on_head = head
    with caplog.at_level(logging.WARNING):
        assert right(get(URI))
    assert "eu-west-1" in caplog.text


def test_a_bucket_whose_region_refuses_too_gives_exit_13(store, get):
    elsewhere = {"x-amz-bucket-region": "eu-west-1"}
    store.on_head = lambda _path: Fault("", 301, elsewhere)
    store.on_get = lambda _number, _path: Fault("PermanentRedirect", 301, elsewhere)
    with pytest.raises(errors.WrongRegion, match="eu-west-1") as refused:
        get(URI)
    assert exitcodes.of(refused.value) == 13


def test_absent_credentials_give_exit_14_and_the_hint_about_isolation(store, get, monkeypatch):
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(errors.CredentialsError, match="network isolation there are none") as refused:
        get(URI)
    assert exitcodes.of(refused.value) == 14
    assert not store.ranges


def test_a_store_that_cannot_be_reached_gives_exit_16(store, get, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    with pytest.raises(errors.TransferError, match="cannot be reached") as refused:
        get(URI)
    assert exitcodes.of(refused.value) == 16


def test_what_was_downloaded_before_a_failure_is_not_downloaded_again(store, get, caplog):
    store.on_get = lambda number, _: Fault("InternalError", 500) if number >= 2 else None
    with pytest.raises(errors.TransferError):
        get(URI, SERVE_DOWNLOAD_CONNECTIONS="1")
    store.on_get = lambda _number, _path: None
    store.ranges.clear()
    with caplog.at_level(logging.INFO):
        assert right(get(URI))
    assert "resumed: 2 of 4 pieces" in caplog.text
    assert len(store.ranges) == 2


@pytest.mark.parametrize("data", [b"", b"<html>not here</html>", ARCHIVE[:-100], b"PK\x03\x04zip"])
def test_what_is_no_archive_gives_exit_18_and_leaves_nothing(store, get, data):
    store.objects["bkt/m.tar.gz"] = data
    with pytest.raises(errors.CorruptArchive) as refused:
        get(URI)
    assert exitcodes.of(refused.value) == 18
    assert not get.partials
    assert not get.published


def test_a_refused_archive_ends_the_download_at_once(store, get):
    store.objects["bkt/m.tar.gz"] = tar_gz({"../x": b"", "big": random.Random(0).randbytes(4 * PIECE)})
    with pytest.raises(errors.HostileArchive):
        get(URI, SERVE_DOWNLOAD_CONNECTIONS="1")
    assert not get.partials


@pytest.mark.parametrize(
    "keys",
    [
        ["../x"],
        ["a/../../x"],
        ["1/saved_model.pb", "1//saved_model.pb"],
        ["1", "1/saved_model.pb"],
        ["/x"],
        ["a" * 300],
    ],
)
def test_keys_that_would_leave_the_tree_or_collide_in_it_are_refused(store, get, keys):
    for key in keys:
        store.objects[f"bkt/tree/{key}"] = GRAPH
    with pytest.raises(errors.HostileArchive) as refused:
        get("s3://bkt/tree/")
    assert exitcodes.of(refused.value) == 19


def test_a_prefix_beyond_the_bounds_is_refused_before_anything_is_fetched(store, get):
    for n in range(9):
        store.objects[f"bkt/tree/{n}"] = GRAPH
    with pytest.raises(errors.HostileArchive, match="SERVE_MAX_FILES"):
        get("s3://bkt/tree/", SERVE_MAX_FILES="5")
    assert not store.ranges


def test_a_tree_that_was_cut_is_resumed(store, get):
    for name, data in FILES.items():
        store.objects[f"bkt/tree/{name}"] = data
    store.on_get = lambda number, _: Fault("InternalError", 500) if number >= 3 else None
    with pytest.raises(errors.TransferError):
        get("s3://bkt/tree/", SERVE_DOWNLOAD_CONNECTIONS="1")
    store.on_get = lambda _number, _path: None
    store.ranges.clear()
    assert right(get("s3://bkt/tree/"))
    assert len(store.ranges) == 2


def test_a_disk_that_cannot_hold_archive_and_model_holds_the_model_alone(store, get, monkeypatch):
    room = 2 * len(ARCHIVE)
    monkeypatch.setattr("neuronserve.artifact.space.free", lambda _path: room - (1 << 20))
    seen = []
    store.after_get = lambda _number: seen.extend(get.cache.glob("*.partial/spool"))
    assert right(get(URI))
    assert not seen


def test_a_disk_that_is_too_small_is_said_before_the_download_with_exit_22(store, get, monkeypatch):
    monkeypatch.setattr("neuronserve.artifact.space.free", lambda _path: 1 << 20)
    with pytest.raises(errors.DiskFull, match=r"needs at least .* MiB in .* and 1.0 MiB are free") as refused:
        get(URI)
    assert exitcodes.of(refused.value) == 22
    assert len(store.ranges) <= 2  # a look at the first and last bytes


def test_progress_names_the_steps_and_counts_the_bytes(store, get):
    get(URI, MODEL_DIGEST=f"sha256:{hashlib.sha256(ARCHIVE).hexdigest()}")
    steps = list(dict.fromkeys(one.step for one in get.told))
    assert steps[0] == "locate"
    assert "download" in steps
    assert steps[-1] == "normalise"
    downloads = [one for one in get.told if one.step == "download"]
    assert downloads[-1].done_bytes == downloads[-1].total_bytes == len(ARCHIVE)


def test_secrets_are_in_no_log_line(store, get, caplog):
    store.on_get = lambda number, _: (
        Fault("SlowDown", 503, message="X-Amz-Signature=abc") if number < 2 else None
    )
    with caplog.at_level(logging.INFO, logger="neuronserve"):
        get(URI)
    assert "very-secret-key" not in caplog.text
    assert "X-Amz-Signature" not in caplog.text
