from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuronserve.deploy.policy import document
from neuronserve.deploy.policy.document import Statement
from neuronserve.errors import InvalidInput
from tests.deploying.iam import may

ARN = "arn:aws:s3:::models/"


def _policy(characters: int) -> dict:
    made = document.of([Statement("Read", ("s3:GetObject",), (ARN,))])
    made["Statement"][0]["Resource"] = ARN + "x" * (characters - document.size(made))
    assert document.size(made) == characters
    return made


def test_a_statement_without_resources_is_left_out():
    assert document.of([Statement("Read", ("s3:GetObject",), ())])["Statement"] == []


def test_a_sid_has_letters_and_digits_only():
    with pytest.raises(ValueError, match="Sid"):
        document.of([Statement("Read-It", ("s3:GetObject",), (ARN,))])


def test_white_space_does_not_count_in_a_policys_size():
    assert document.size({"Version": "2012-10-17", "Statement": []}) == len(
        '{"Version":"2012-10-17","Statement":[]}'
    )


def test_a_policy_as_large_as_a_managed_one_may_be_is_nothing_to_speak_of():
    assert document.fit("task", _policy(6144)) == ""


def test_a_larger_one_has_to_be_inline():
    assert "inline" in document.fit("task", _policy(6145))
    assert "inline" in document.fit("task", _policy(10_240))


def test_one_that_iam_does_not_take_at_all_is_refused():
    with pytest.raises(InvalidInput, match=r"10,241 characters.*--verbs"):
        document.fit("deployer", _policy(10_241))


@given(st.text(alphabet="ab*?${}/!.", min_size=1, max_size=20), st.text(alphabet="ab*?${}/!.", max_size=20))
def test_a_name_matches_itself_and_nothing_else(name, other):
    policy = document.of([Statement("Read", ("s3:GetObject",), (ARN + document.literal(name),))])
    assert may(policy, "s3:GetObject", ARN + name)
    assert may(policy, "s3:GetObject", ARN + other) == (name == other)
