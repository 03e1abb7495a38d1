"""What ``statvfs`` tells of a disk, in words."""

import errno
import os
from types import SimpleNamespace

import pytest

from neuronserve.boot import storage

WELL = {"f_flag": 0, "f_blocks": 6144, "f_bavail": 100, "f_frsize": 4096, "f_files": 99, "f_favail": 1}


@pytest.mark.parametrize(
    ("found", "told"),
    [
        ({}, ""),
        ({"f_bavail": 0}, "the disk of /run is full: less than 64 KiB of 24 MiB are free"),
        ({"f_favail": 0}, "the disk of /run is full: it has no inode left of 99"),
        ({"f_files": 0, "f_favail": 0}, ""),  # btrfs counts none
        ({"f_blocks": 0, "f_bavail": 0}, ""),  # nor does a file system without a size
        ({"f_flag": os.ST_RDONLY}, "the file system of /run is read-only"),
    ],
)
def test_a_disk_that_takes_no_more_is_named(tmp_path, monkeypatch, found, told):
    monkeypatch.setattr(os, "statvfs", lambda _: SimpleNamespace(**{**WELL, **found}))
    assert storage.fault("/run") == told


def test_a_write_that_failed_tells_what_the_look_does_not(tmp_path):
    error = OSError(errno.EDQUOT, os.strerror(errno.EDQUOT))
    assert storage.refused(tmp_path, error) == f"{tmp_path} takes no more: disk quota exceeded"
