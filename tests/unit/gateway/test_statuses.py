"""What a client is told of a fault."""

import errno
import os

import pytest

from neuronserve.gateway import statuses


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EROFS])
def test_a_disk_that_takes_no_more_is_503_and_may_be_tried_again(number):
    failure = statuses.of(OSError(number, os.strerror(number), "/run/secret"))
    assert (failure.status[:3], failure.retry_after) == ("503", 1)
    assert "/run/secret" not in failure.text


def test_another_fault_of_the_system_is_500():
    assert statuses.of(OSError(errno.EBADF, os.strerror(errno.EBADF))).status[:3] == "500"
