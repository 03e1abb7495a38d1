from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from neuronserve.deploy.policy.document import literal
from neuronserve.deploy.stack.intrinsic import substituted
from tests.deploying.cloudformation import filled


def test_a_text_that_names_something_is_filled_in():
    assert substituted({"a": ["arn:${AWS::Partition}:x"]}) == {"a": [{"Fn::Sub": "arn:${AWS::Partition}:x"}]}


def test_a_text_that_is_but_a_name_is_a_reference():
    assert substituted("${AWS::AccountId}") == {"Ref": "AWS::AccountId"}


def test_a_text_that_names_nothing_stays():
    assert substituted("arn:aws:s3:::a/b${*}") == "arn:aws:s3:::a/b${*}"


@given(st.text(alphabet="ab*?${}/:", max_size=20))
def test_what_cloudformation_makes_of_a_users_name_is_the_name_as_iam_wants_it(name):
    wanted = f"arn:aws:s3:::{literal(name)}"
    made = substituted(f"arn:${{AWS::Partition}}:s3:::{literal(name)}")
    assert filled(made) == wanted
