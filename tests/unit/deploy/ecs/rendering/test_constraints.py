"""Placement expressions: on which types they hold, and which cannot be."""

from __future__ import annotations

import pytest

from neuronserve.deploy.ecs import query
from neuronserve.deploy.ecs.rendering import constraints
from neuronserve.deploy.ecs.rendering.spec import Mode, Network
from neuronserve.errors import InvalidInput
from neuronserve.instances import catalogue
from tests.deploying.task_specs import spec

TYPES = sorted(catalogue())
MANAGED = {"mode": Mode.MANAGED, "network": Network.AWSVPC}


def holds_on(expression):
    tree = query.parse(expression)
    return {name for name in catalogue() if query.matches(tree, {"ecs.instance-type": name})}


@pytest.mark.parametrize("name", TYPES)
def test_by_type_it_holds_on_that_type_alone(name):
    [found] = constraints.of(spec(name))
    assert found == {"type": "memberOf", "expression": f"attribute:ecs.instance-type == {name}"}
    assert holds_on(found["expression"]) == {name}


@pytest.mark.parametrize("name", TYPES)
def test_by_family_it_holds_on_the_types_that_have_as_much(name):
    [found] = constraints.of(spec(name, placement="family"))
    least = catalogue()[name]
    assert holds_on(found["expression"]) == {
        one.name
        for one in catalogue().values()
        if one.family == least.family
        and one.chips >= least.chips
        and one.vcpus >= least.vcpus
        and one.memory_mib >= least.memory_mib
    }


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("inf1.xlarge", "attribute:ecs.instance-type =~ inf1.*"),
        ("inf1.6xlarge", "attribute:ecs.instance-type in [inf1.6xlarge, inf1.24xlarge]"),
        ("trn1.2xlarge", "attribute:ecs.instance-type in [trn1.2xlarge, trn1.32xlarge]"),
    ],
)
def test_a_family_is_a_pattern_where_all_of_it_and_no_other_type_fits(name, expected):
    assert constraints.expression(spec(name, placement="family")) == expected


def test_an_expression_of_ones_own_stays_as_it_is():
    own = "attribute:ecs.availability-zone in [us-east-1a, us-east-1b]"
    assert constraints.of(spec(placement=own)) == [{"type": "memberOf", "expression": own}]


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ("inf1.xlarge", "placement 'inf1.xlarge': expected type, family, or an expression"),
        ("", "placement '': expected type"),
        ("attribute:ecs.instance-type == Inf1.6xlarge", "never true on inf1.6xlarge.*lower case"),
        ("attribute:ecs.instance-type == inf1.xlarge", "never true on inf1.6xlarge"),
        ("attribute:ecs.instance-type = inf1.6xlarge", "placement: column"),
        ("attribute:stack == a" + " or attribute:stack == b" * 100, "2,?000"),
    ],
)
def test_an_expression_that_cannot_be_is_refused(expression, reason):
    with pytest.raises(InvalidInput, match=reason):
        constraints.of(spec(placement=expression))


def test_managed_instances_are_placed_by_aws_own_attributes_only():
    zone = "attribute:ecs.availability-zone == us-east-1a"
    assert constraints.of(spec("inf2.xlarge", placement=zone, **MANAGED))[0]["expression"] == zone
    for words in ("attribute:stack == prod", "runningTasksCount == 0"):
        with pytest.raises(InvalidInput, match="on Managed Instances: expected an attribute of"):
            constraints.of(spec("inf2.xlarge", placement=words, **MANAGED))
