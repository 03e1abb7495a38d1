"""S3 as a rehearsal uses it: the same of moto's S3 and of a folder."""

from __future__ import annotations

import pytest

from neuronserve.deploy.sagemaker.local import artifacts
from neuronserve.deploy.sagemaker.local.store import S3, Folder
from neuronserve.errors import InvalidInput, NoSuchResource
from tests import archives


@pytest.fixture(params=["folder", "s3"])
def store(request, tmp_path):
    """With a bucket."""
    if request.param == "folder":
        (tmp_path / "buckets" / "bucket").mkdir(parents=True)
        return Folder(tmp_path / "buckets")
    client = request.getfixturevalue("cloud").s3
    client.create_bucket(Bucket="bucket")
    return S3(lambda: client)


@pytest.fixture
def put(store, tmp_path):
    def one(key, data):
        file = tmp_path / "upload"
        file.write_bytes(data)
        store.upload(file, f"s3://bucket/{key}", "text/plain")
        return f"s3://bucket/{key}"

    return one


def test_what_was_stored_is_found_and_comes_back(store, put, tmp_path):
    uris = [put("a/1", b"one"), put("a/2", b"two"), put("b", b"three")]
    assert list(store.keys("s3://bucket/a/")) == uris[:2]
    store.download(uris[1], tmp_path / "back")
    assert (tmp_path / "back").read_bytes() == b"two"


@pytest.mark.parametrize("uri", ["s3://bucket/absent", "s3://another/absent"])
def test_what_is_not_there_is_told_so(store, tmp_path, uri):
    with pytest.raises(NoSuchResource, match=uri):
        store.download(uri, tmp_path / "back")


def test_an_archive_is_unpacked_and_a_prefix_is_taken_as_it_is(store, put, tmp_path):
    packed = put("m/model.tar.gz", archives.tar_gz({"1/saved_model.pb": b"graph"}))
    put("p/1/saved_model.pb", b"graph")
    put("p2/1/other", b"not of this prefix")
    for name, uri in (("packed", packed), ("prefix", "s3://bucket/p")):
        artifacts.fill(uri, tmp_path / name, store)
        assert archives.files_below(tmp_path / name) == {"1/saved_model.pb": b"graph"}


@pytest.mark.parametrize("uri", ["s3://", "s3://B", "https://bucket/key", "bucket/key"])
def test_what_is_no_s3_address_is_refused(store, tmp_path, uri):
    with pytest.raises(InvalidInput, match="no S3 address"):
        store.download(uri, tmp_path / "back")


def test_an_empty_prefix_is_told_so(store, tmp_path):
    with pytest.raises(NoSuchResource, match="nothing there"):
        artifacts.fill("s3://bucket/absent/", tmp_path / "out", store)
