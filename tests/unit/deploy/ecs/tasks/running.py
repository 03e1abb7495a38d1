"""Runs at a scripted AWS."""

from __future__ import annotations

import json
from dataclasses import replace

from neuronserve.deploy.ecs.registry.registered import Target
from neuronserve.deploy.ecs.tasks import run as runs
from neuronserve.deploy.ecs.tasks.plan import Run
from neuronserve.deploy.ecs.tasks.run import Manner
from neuronserve.deploy.ecs.tasks.watch import Goal
from tests.unit.deploy.ecs.tasks.scripted import ACCOUNT, cluster, definition, instance

STARTED = Manner(Goal.STARTED, 60)


def target(family="served", **more):
    return Target(f"{ACCOUNT}:task-definition/{family}:1", definition(family, **more))


def run(scripted, manner=STARTED, what=None, targets=None, instances=None, **answers):
    """The exit code; ``run.desk`` and ``run.aws`` are those of the last run, also of one that raised."""
    known = cluster(*([instance(ec2InstanceId="mi-1")] if instances is None else instances))
    desk, aws = scripted(**{**known, **answers})
    what = replace(what or Run(), cluster="c")
    code = None
    try:
        code = runs.run(desk, what, targets or [target()], manner)
    finally:
        run.desk, run.aws = desk, aws
    return code


def shown():
    return json.loads(run.desk.out.getvalue())


def said():
    return run.desk.err.getvalue()
