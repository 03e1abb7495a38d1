from __future__ import annotations

import hashlib
import logging

import pytest

from neuronserve.artifact import digests
from neuronserve.artifact.digests import Digests
from neuronserve.errors import DigestMismatch

DATA = b"the archive"
SHA = hashlib.sha256(DATA).hexdigest()
BLAKE = hashlib.blake2b(DATA).hexdigest()
BLAKE_256 = hashlib.blake2b(DATA, digest_size=32).hexdigest()
BLAKE_S = hashlib.blake2s(DATA).hexdigest()


def settle(expected):
    sums = Digests(expected)
    sums.update(DATA[:3])
    sums.update(DATA[3:])
    return sums.settle("it")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (f"sha256:{SHA}", f"sha256:{SHA}"),
        (f"blake2b:{BLAKE}", f"blake2b:{BLAKE}"),
        (f"blake2b:{BLAKE_256}", f"blake2b-256:{BLAKE_256}"),
    ],
)
def test_the_right_digest_is_accepted_and_remembered(text, found):
    assert settle(digests.from_setting(text, on_mismatch="fail")) == found


def test_a_wrong_digest_is_refused_and_both_are_named():
    with pytest.raises(DigestMismatch, match=f"{SHA}.*MODEL_DIGEST says {'0' * 64}"):
        settle(digests.from_setting("sha256:" + "0" * 64, on_mismatch="fail"))


def test_a_wrong_digest_may_only_warn(caplog):
    with caplog.at_level(logging.WARNING):
        settle(digests.from_setting("sha256:" + "0" * 64, on_mismatch="warn"))
    assert "MODEL_DIGEST says" in caplog.text


def test_nothing_is_hashed_that_nobody_asked_for():
    assert not Digests(()).needed
    assert settle(()) == ""


@pytest.mark.parametrize(
    "text", [BLAKE, f"blake2b:{BLAKE}", BLAKE.upper(), BLAKE_256, BLAKE_S, f"sha256:{SHA}"]
)
def test_a_jobs_digest_is_recognised_by_its_form(text, caplog):
    expected = digests.from_job(text)
    assert expected
    settle(expected)
    assert not caplog.records


@pytest.mark.parametrize("text", ["", "786a02f742", "md5:" + "0" * 32, "not hex", "crc:" + "0" * 64])
def test_a_jobs_digest_of_unknown_form_is_left_alone(text):
    assert digests.from_job(text) == ()


def test_a_jobs_wrong_digest_only_warns(caplog):
    with caplog.at_level(logging.WARNING):
        settle(digests.from_job("0" * 128))
    assert "ArtifactDigest says" in caplog.text
