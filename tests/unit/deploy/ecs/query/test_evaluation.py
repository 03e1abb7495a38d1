"""What holds for an instance, and which clause does not."""

from __future__ import annotations

import pytest

from neuronserve.deploy.ecs import query
from neuronserve.errors import InvalidInput

TYPE = "attribute:ecs.instance-type"


@pytest.mark.parametrize(
    "text",
    [
        f"{TYPE} == inf1.2xlarge",
        f"{TYPE} in [inf1.xlarge, inf1.2xlarge]",
        f"{TYPE} =~ inf1.*",
        f"{TYPE} !~ inf1",
        f"{TYPE} != inf1.xlarge",
        f"{TYPE} !in [trn1.2xlarge]",
        "attribute:com.amazonaws.ecs.capability.docker-remote-api.1.18 exists",
        "attribute:gone !exists",
        "not (attribute:gone == a)",
        "attribute:rack == 'row 7'",
        "attribute:weight < 10",
        "agentConnected == true",
        "agentConnected == TRUE",
        "agentVersion > 1.99.9",
        "agentVersion == 1.104",
        "agentVersion >= 1.104.0",
        "ec2InstanceId =~ i-0.*",
        "registeredAt < 2018-06-19",
        "registeredAt == 2018-06-18T22:28:28",
        "registeredAt == 2018-06-19T00:28:28+02:00",
        "runningTasksCount <= 2",
        "task:group == service:production and task:group == family:batch",
        "not (task:group == database)",
    ],
)
def test_what_holds(text, instance):
    assert query.truth(query.parse(text), instance) is True
    assert query.failures(query.parse(text), instance) == ()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (f"{TYPE} == inf1.xlarge", f"clause {TYPE} == inf1.xlarge: it is inf1.2xlarge"),
        (
            f"{TYPE} == Inf1.2xlarge",
            f"clause {TYPE} == Inf1.2xlarge: it is inf1.2xlarge (differs only in case)",
        ),
        (f"{TYPE} =~ inf1", f"clause {TYPE} =~ inf1: it is inf1.2xlarge"),
        (f"{TYPE} =~ Inf1.*", f"clause {TYPE} =~ Inf1.*: it is inf1.2xlarge"),
        ("attribute:gone != a", "clause attribute:gone != a: it has none"),
        ("attribute:gone !in [a]", "clause attribute:gone !in [a]: it has none"),
        ("attribute:gone !~ a", "clause attribute:gone !~ a: it has none"),
        ("attribute:gone exists", "clause attribute:gone exists: it has none"),
        ("attribute:rack !exists", "clause attribute:rack !exists: it is row 7"),
        ("agentVersion < 1.9", "clause agentVersion < 1.9: it is 1.104.0"),
        ("attribute:weight > 10", "clause attribute:weight > 10: it is 9"),
        (
            "not (task:group == service:production)",
            "clause not (task:group == service:production): it is service:production, family:batch",
        ),
        (
            "not (attribute:rack exists and runningTasksCount == 2)",
            (
                "clause not (attribute:rack exists and runningTasksCount == 2): "
                "attribute:rack: it is row 7; runningTasksCount: it is 2"
            ),
        ),
    ],
)
def test_what_does_not_hold_says_what_is_there_instead(text, told, instance):
    assert query.truth(query.parse(text), instance) is False
    assert [str(failure) for failure in query.failures(query.parse(text), instance)] == [told]


def test_only_the_parts_of_a_conjunction_that_fail_are_named(instance):
    tree = query.parse(
        f"{TYPE} =~ inf1.* and attribute:rack == a and (agentVersion > 2 or runningTasksCount < 1)"
    )
    assert [failure.clause for failure in query.failures(tree, instance)] == [
        "attribute:rack == a",
        "agentVersion > 2",
        "runningTasksCount < 1",
    ]


def test_what_is_not_known_decides_nothing():
    known = {TYPE: ("inf1.xlarge",)}.get
    for text, expected in {
        f"attribute:stack == a and {TYPE} == inf1.xlarge": None,
        f"attribute:stack == a and {TYPE} == trn1.2xlarge": False,
        f"attribute:stack == a or {TYPE} == inf1.xlarge": True,
        "not (attribute:stack == a)": None,
    }.items():
        assert query.truth(query.parse(text), known) is expected


def test_a_type_matches_and_may_match():
    tree = query.parse(f"{TYPE} =~ inf1.* and attribute:stack == blue")
    inf1, trn1 = {"ecs.instance-type": "inf1.xlarge"}, {"ecs.instance-type": "trn1.2xlarge"}
    assert query.may_match(tree, inf1)
    assert not query.may_match(tree, trn1)
    assert not query.matches(tree, inf1)
    assert query.matches(tree, {**inf1, "stack": "blue"})


def test_a_report_of_no_known_form_satisfies_nothing():
    strange = {"agentVersion": ("unknown",)}.get
    assert query.truth(query.parse("agentVersion > 1.0"), strange) is False
    assert query.truth(query.parse("agentVersion <= 1.0"), strange) is False


def test_a_pattern_without_end_is_an_error_and_not_a_wait(monkeypatch):
    monkeypatch.setattr("neuronserve.deploy.ecs.query.patterns.SECONDS", 0.01)
    tree = query.parse("attribute:a =~ (a|aa)+")
    with pytest.raises(InvalidInput, match="takes too long"):
        query.matches(tree, {"a": "a" * 100 + "!"})
