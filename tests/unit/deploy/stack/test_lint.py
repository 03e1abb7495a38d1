"""cfn-lint finds nothing in the templates, for every type in every mode.

A run of the linter takes a second, and templates have most resources in common: those of one mode are linted
together, as the first one with whatever the others have that is not the same.
"""

from __future__ import annotations

import functools
import json
import re

import pytest
from cfnlint.api import lint
from cfnlint.core import get_rules

from neuronserve.deploy.ecs.rendering.spec import Mode, Network, Ports
from neuronserve.deploy.stack.plan import Scale
from neuronserve.deploy.stack.template import template
from neuronserve.instances import catalogue
from tests.deploying.task_specs import possible

REGION = "us-east-1"
HERE = "us-east-1:123456789012"
BUSY = {"balancer": True, "scale": (Scale("cpu", 60), Scale("requests", 1000)), "max_tasks": 3}
MODES = {"whole": {}, "slots": {"slots": 2}, "managed": {"mode": Mode.MANAGED}}


@functools.cache
def _rules():
    """The linter's own, all but what is only informative; loading them costs more than a run."""
    return get_rules([], [], [])


def _lint(made):
    return lint(json.dumps(made), _rules(), [REGION])


def _together(named):
    """The first template, and by names of its own what differs in the others; references find the first's."""
    first, *others = named.items()
    made = first[1]
    for label, other in others:
        for part in ("Resources", "Outputs"):
            for name, one in other[part].items():
                if one != made[part].get(name):
                    made[part][name + _label(label)] = one
        made["Parameters"] = other["Parameters"] | made["Parameters"]
        made["Conditions"] = other.get("Conditions", {}) | made.get("Conditions", {})
    return made


def _label(name):
    return re.sub(r"\W", "", name.title())


def _faults(made):
    """Rules with the places that break them."""
    return {(match.rule.id, *match.path[:2]): match.message for match in _lint(_together(made))}


@pytest.mark.parametrize("mode", MODES)
def test_every_type_in_a_mode(plan, mode):
    made = {name: template(plan(name, **MODES[mode], **BUSY)) for name in possible(mode)}
    told = _faults(made)
    if mode != "managed":  # the linter knows where a type is not to be had
        for name in possible(mode):
            if REGION not in catalogue()[name].regions:
                del told["E3628", "Resources", f"LaunchTemplate{_label(name)}"]
    assert told == {}


SPECIAL = {
    "awsvpc": {"all": {"network": Network.AWSVPC, "balancer": True}},
    "dynamic ports": {"all": {"ports": Ports.DYNAMIC, "balancer": True, "internet_facing": True}},
    "the host's network in slots": {
        "all": {"instance_type": "inf1.6xlarge", "slots": 2, "network": Network.HOST, **BUSY}
    },
    "models": {
        "prefix": {"model_uri": "s3://models/digits/"},
        "bucket": {"model_uri": "s3://models/"},
        "signs": {"model_uri": "s3://models/a*${b}?.tar.gz"},
        "point": {"model_uri": "s3://arn:aws:s3:us-east-1:123456789012:accesspoint/models/a"},
        "image": {"model_uri": None},
    },
    "roles that exist": {
        "all": {
            "task_role": "digits-task",
            "execution_role": "arn:aws:iam::123456789012:role/digits-execution",
        }
    },
    "a place for all": {
        "none": {"alarms": False},
        "secrets": {
            "secrets": {"A": f"arn:aws:secretsmanager:{HERE}:secret:a-AbCd12", "B": "/team/b"},
            "environment_files": ("arn:aws:s3:::settings/prod.env",),
        },
        "group": {"log_group": "/team/digits", "logs": True},
        "tags": {"read_only": True, "tags": {"team": "a"}, "session_manager": True},
    },
    "no logs, alarms or insights": {"all": {"logs": False, "alarms": False, "insights": "disabled"}},
    "a domain, access logs and a key for the log": {
        "own bucket": {
            "balancer": True,
            "domain": "digits.example.com",
            "hosted_zone": "Z0123456789ABC",
            "access_logs": "",
            "log_kms_key": f"arn:aws:kms:{HERE}:key/1234abcd-12ab-34cd-56ef-1234567890ab",
        },
        "a bucket that exists": {"balancer": True, "access_logs": "s3://team-logs/digits/"},
    },
    "a certificate and a topic": {
        "all": {
            "balancer": True,
            "certificate": f"arn:aws:acm:{HERE}:certificate/1234abcd-12ab-34cd-56ef-1234567890ab",
            "topic": f"arn:aws:sns:{HERE}:alarms",
            "clients": "10.0.0.0/16",
        }
    },
}


@pytest.mark.parametrize("name", SPECIAL)
def test_a_special_wish(plan, name):
    made = {label: template(plan(**wish)) for label, wish in SPECIAL[name].items()}
    assert _faults(made) == {}


def test_what_differs_is_linted_too(plan):
    made = {name: template(plan(name)) for name in ("inf1.xlarge", "inf1.2xlarge")}
    definition = made["inf1.2xlarge"]["Resources"]["TaskDefinition"]
    definition["Properties"]["Memory"] = {"Ref": "Nothing"}
    assert ("E1020", "Resources", "TaskDefinitionInf12Xlarge") in _faults(made)


def test_the_linter_sees_faults(plan):
    made = template(plan())
    made["Resources"]["Service"]["Properties"]["Cluster"] = {"Ref": "Clutter"}
    made["Parameters"]["Unused"] = {"Type": "String"}
    rules = {match.rule.id for match in _lint(made)}
    assert {"E1020", "W2001"} <= rules
