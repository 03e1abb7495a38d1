"""cfn-lint finds nothing in the templates, for every type in every mode."""

from __future__ import annotations

import functools
import json

import pytest
from cfnlint.api import lint
from cfnlint.core import get_rules

from neuronserve.deploy.ecs.rendering.spec import Mode, Network, Ports
from neuronserve.deploy.stack.plan import Scale
from neuronserve.deploy.stack.template import template
from neuronserve.instances import catalogue

UNLISTED = {"trn2.3xlarge", "trn2u.48xlarge"}  # cfn-lint's own list of types has them in no region of theirs
HERE = "us-east-1:123456789012"
BUSY = {"balancer": True, "scale": (Scale("cpu", 60), Scale("requests", 1000)), "max_tasks": 3}


def _cases():
    """Every type in every mode that it has; every fourth with all there is around it."""
    number = 0
    for kind in catalogue().values():
        modes = [{}]
        if kind.chips > 1:
            modes.append({"slots": 2})
        if kind.family != "inf1":
            modes.append({"mode": Mode.MANAGED})
        for mode in modes:
            number += 1
            yield pytest.param(
                kind.name, mode | ({"alarms": False} if number % 4 else BUSY), id=f"{kind.name}-{number}"
            )


@functools.cache
def _rules():
    """The linter's own, all but what is only informative; loading them costs more than a run."""
    return get_rules([], [], [])


def _lint(made, region):
    return lint(json.dumps(made), _rules(), [region])


def _faults(made):
    regions = made.spec.instance_type.regions
    region = "us-east-1" if "us-east-1" in regions else regions[0]
    found = _lint(template(made), region)
    told = {(match.rule.id, match.path[-1]): match.message for match in found}
    if made.spec.instance_type.name in UNLISTED and made.spec.mode is not Mode.MANAGED:
        del told["E3628", "InstanceType"]
    return told


@pytest.mark.parametrize(("instance_type", "changes"), list(_cases()))
def test_a_type_in_a_mode(plan, instance_type, changes):
    assert _faults(plan(instance_type, **changes)) == {}


SPECIAL = {
    "awsvpc behind a balancer": {"network": Network.AWSVPC, "balancer": True},
    "the host's network in slots": {
        "instance_type": "inf1.6xlarge",
        "slots": 2,
        "network": Network.HOST,
        **BUSY,
    },
    "dynamic ports": {"ports": Ports.DYNAMIC, "balancer": True, "internet_facing": True},
    "a prefix": {"model_uri": "s3://models/digits/"},
    "a whole bucket": {"model_uri": "s3://models/"},
    "a key with signs": {"model_uri": "s3://models/a*${b}?.tar.gz"},
    "an access point": {"model_uri": "s3://arn:aws:s3:us-east-1:123456789012:accesspoint/models/a"},
    "the model in the image": {"model_uri": None},
    "roles that exist": {
        "task_role": "digits-task",
        "execution_role": "arn:aws:iam::123456789012:role/digits-execution",
    },
    "secrets and files": {
        "secrets": {"A": f"arn:aws:secretsmanager:{HERE}:secret:a-AbCd12", "B": "/team/b"},
        "environment_files": ("arn:aws:s3:::settings/prod.env",),
    },
    "a log group that exists": {"log_group": "/team/digits", "logs": True},
    "no logs, alarms or insights": {"logs": False, "alarms": False, "insights": "disabled"},
    "read only, tagged": {"read_only": True, "tags": {"team": "a"}, "session_manager": True},
    "a certificate and a topic": {
        "balancer": True,
        "certificate": f"arn:aws:acm:{HERE}:certificate/1234abcd-12ab-34cd-56ef-1234567890ab",
        "topic": f"arn:aws:sns:{HERE}:alarms",
        "clients": "10.0.0.0/16",
    },
}


@pytest.mark.parametrize("name", SPECIAL)
def test_a_special_wish(plan, name):
    assert _faults(plan(**SPECIAL[name])) == {}


def test_the_linter_sees_faults(plan):
    made = template(plan())
    made["Resources"]["Service"]["Properties"]["Cluster"] = {"Ref": "Clutter"}
    made["Parameters"]["Unused"] = {"Type": "String"}
    rules = {match.rule.id for match in _lint(made, "us-east-1")}
    assert {"E1020", "W2001"} <= rules
