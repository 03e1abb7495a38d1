"""The tasks' log, as policies name it."""

from __future__ import annotations

import dataclasses

from neuronserve.deploy.ecs.rendering.spec import Logs, TaskSpec
from neuronserve.deploy.stack.plan import Plan


def named(plan: Plan) -> TaskSpec:
    """The spec with its log group in CloudFormation's words: the stack's own, one that exists, or none."""
    if not plan.logs:
        return dataclasses.replace(plan.spec, logs=Logs())
    group = "${LogGroup}" if plan.own_log_group else plan.log_group
    return dataclasses.replace(plan.spec, logs=dataclasses.replace(plan.spec.logs, group=group, region=""))
