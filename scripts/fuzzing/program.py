"""What ``scripts/fuzz`` does with its options."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from fuzzing import campaign
from fuzzing.campaign import Bounds, Target


def main(given: argparse.Namespace) -> int:
    """The exit code: 1 when something was found."""
    folder = given.corpus / (f"{given.target}-service" if given.service else given.target)
    if given.coverage:
        from fuzzing import coverage

        return coverage.main(given, folder)
    memory = Path("/dev/shm")  # nosec B108  # noqa: S108  millions of small files are written and removed
    place = memory if os.access(memory, os.W_OK) else None
    with (
        tempfile.TemporaryDirectory(prefix="fuzz-", dir=place) as scratch,
        _target(given, Path(scratch)) as target,
    ):
        if given.replay:
            return _replay(target, given.replay)
        bounds = Bounds(given.seconds, given.count)
        tally = campaign.shared(target, bounds, given.seed, folder, given.jobs)
    print(campaign.table(given.target, tally))
    return 1 if tally.faults else 0


@contextlib.contextmanager
def _target(given: argparse.Namespace, scratch: Path) -> Iterator[Target]:
    if given.target == "archives":
        from fuzzing.archives import Archives

        yield Archives(scratch)
        return
    from fuzzing import bodies

    if given.target == "bodies" and not given.service:
        from fuzzing.dataplane import Plane

        yield bodies.Bodies(lambda: Plane(scratch / str(os.getpid())))  # each job makes its own
        return
    from fuzzing import oddities, running

    with running.service(scratch) as service:
        if given.target == "http":
            yield oddities.Oddities(service)
        else:
            yield bodies.Bodies(lambda: running.Client(service), batch=200, fork=False)


def _replay(target: Target, file: Path) -> int:
    result = target.tried([file.read_bytes()])[0]
    print(f"{file}: {result.outcome}; {result.signature}")
    if result.fault:
        print(result.fault, file=sys.stderr)
    return 1 if result.fault else 0
