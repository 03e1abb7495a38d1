import errno
import os
from pathlib import Path

import pytest

from neuronserve.gateway.reserved import SIZE, Reserved

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
