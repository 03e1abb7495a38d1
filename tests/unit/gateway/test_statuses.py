"""What a client is told of a fault."""

import errno
import os

import pytest

from neuronserve import errors
from neuronserve.gateway import statuses


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EROFS])
def test_a_disk_that_takes_no_more_is_503_and_may_be_tried_again(number):
    failure = statuses.of(OSError(number, os.strerror(number), "/run/secret"))
    assert (failure.status[:3], failure.retry_after) == ("503", 1)
    assert "/run/secret" not in failure.text


def test_another_fault_of_the_system_is_500():
    assert statuses.of(OSError(errno.EBADF, os.strerror(errno.EBADF))).status[:3] == "500"


@pytest.mark.parametrize(
    "cls", [errors.BadAttributes, errors.InputMismatch, errors.UnknownTarget, errors.MalformedBody]
)
def test_what_a_client_sent_comes_back_as_one_bounded_line(cls) -> None:
    failure = statuses.of(cls("no input " + "x\n" * 50_000, hint="y" * 50_000))
    assert len(failure.text) < 3_200
    assert failure.text.isprintable()
