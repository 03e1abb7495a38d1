"""What only ECS's answers have, and what only its console writes."""

from __future__ import annotations

from neuronserve.deploy.ecs import validation
from tests.deploying.task_definitions import MINIMAL, changed, told

C = "/containerDefinitions/0"
NULLS = changed(
    MINIMAL, "/cpu", None, "/pidMode", None, f"{C}/links", None, f"{C}/secrets", None, f"{C}/user", None
)


def test_what_only_answers_have_is_a_note():
    assert told(changed(MINIMAL, "/revision", 7, "/status", "ACTIVE")) == {("", "response-only"): "note"}


def test_all_that_is_null_is_one_error_that_says_where():
    [finding] = validation.findings(NULLS)
    assert (finding.pointer, finding.code, finding.severity) == ("", "null", "error")
    assert finding.message.endswith(f" {C}/links, {C}/secrets, {C}/user and 2 more")


def test_a_needed_member_that_is_null_is_missing():
    assert told(changed(MINIMAL, "/family", None)) == {("", "missing-member"): "error"}
