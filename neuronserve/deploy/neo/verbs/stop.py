"""Stop a compilation job, and wait until it has stopped. One that has ended already is left alone."""

from __future__ import annotations

import argparse

from neuronserve.deploy import exits, following
from neuronserve.deploy.desk import Desk
from neuronserve.deploy.neo import jobs
from neuronserve.deploy.waiting import seconds


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("job", metavar="JOB", help="its name")
    parser.add_argument(
        "--wait", action=argparse.BooleanOptionalAction, default=True, help="for its end (default)"
    )
    parser.add_argument(
        "--timeout", type=seconds, default=600, metavar="S", help="wait at most so long (600)"
    )


def run(given: argparse.Namespace, desk: Desk) -> int:
    state = jobs.describe(desk.aws, given.job)["CompilationJobStatus"]
    if state in jobs.ENDED:
        desk.say(f"{given.job} is {state} already")
    elif given.dry_run:
        desk.would_send([("StopCompilationJob", {"CompilationJobName": given.job})])
        return exits.YES
    else:
        jobs.stop(desk.aws, given.job)
        desk.say(f"{given.job}: asked to stop")
        state = "STOPPING"
        if given.wait:
            state = following.follow(desk, jobs.KIND, given.job, given.timeout)["CompilationJobStatus"]
    desk.show({"job": given.job, "status": state})
    return exits.YES
