import errno
import os
import sys
from pathlib import Path

import pytest

from neuronserve.gateway.reserved import SIZE, Reserved, reserve

DESCRIPTORS = Path("/proc/self/fd")


def test_the_space_of_a_file_is_there_before_it_is_written_to(tmp_path):
    counters = Reserved(str(tmp_path / "counter_1.db"))
    assert (tmp_path / "counter_1.db").stat().st_blocks * 512 >= SIZE
    counters.write_value("requests", 3.0, 0.0)
    assert [value for _, value, _, _ in Reserved.read_all_values_from_file(tmp_path / "counter_1.db")] == [
        3.0
    ]
    counters.close()


@pytest.fixture
def full(monkeypatch):
    def refuse(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "posix_fallocate", refuse)


def test_on_a_full_disk_counting_goes_on_and_leaves_no_file(tmp_path, full, caplog):
    before = len(list(DESCRIPTORS.iterdir()))
    counters = Reserved(str(tmp_path / "counter_1.db"))
    counters.write_value("requests", 3.0, 0.0)
    assert counters.read_value("requests")[0] == 3.0
    counters.close()
    assert not list(tmp_path.iterdir())
    assert "No space left" in caplog.text
    assert len(list(DESCRIPTORS.iterdir())) == before


def test_who_comes_next_counts_on(tmp_path):
    for total in (1.0, 2.0):
        counters = Reserved(str(tmp_path / "counter_0.db"))
        value, _ = counters.read_value("requests")
        counters.write_value("requests", value + 1, 0.0)
        assert counters.read_value("requests")[0] == total
        counters.close()


def test_a_file_that_is_damaged_is_begun_anew(tmp_path, caplog):
    (tmp_path / "counter_0.db").write_bytes(b"\xff\xff\xff\x00" + b"\x7f" * 4096)
    counters = Reserved(str(tmp_path / "counter_0.db"))
    counters.write_value("requests", 3.0, 0.0)
    assert counters.read_value("requests")[0] == 3.0
    counters.close()
    assert "begun anew" in caplog.text


def test_a_reader_never_finds_an_empty_file(tmp_path):
    assert reserve(tmp_path / "counter_0.db")
    assert list(Reserved.read_all_values_from_file(tmp_path / "counter_0.db")) == []


def test_growing_takes_its_room_first(tmp_path, full):
    path = tmp_path / "counter_0.db"
    path.write_bytes((8).to_bytes(4, sys.byteorder) + bytes(4092))  # one that is there is taken as it is
    counters = Reserved(str(path))

    def write_many() -> None:
        for number in range(1000):
            counters.write_value(f"requests of {number}", 1.0, 0.0)

    with pytest.raises(OSError, match="No space left"):
        write_many()
    assert counters.read_value("requests of 0")[0] == 1.0
    counters.close()
