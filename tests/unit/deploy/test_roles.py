from __future__ import annotations

import types

import pytest

from neuronserve.deploy import roles
from neuronserve.errors import InvalidInput

ARN = "arn:aws-cn:iam::123456789012:role/team/serving"


@pytest.fixture
def iam():
    """An IAM that has one role."""
    found = {"serving": ARN}
    return types.SimpleNamespace(
        iam=types.SimpleNamespace(get_role=lambda RoleName: {"Role": {"Arn": found[RoleName]}})  # noqa: N803  AWS's
    )


@pytest.mark.parametrize("text", ["serving", "team/serving", "/team/serving", "role/team/serving", ARN])
def test_a_role_is_a_name_with_or_without_its_path_or_an_arn(iam, text):
    assert roles.arn(iam, text) == ARN


@pytest.mark.parametrize("text", ["", "two words", "r\u00f6le", "a" * 65])
def test_what_no_role_can_be_called_is_not_asked_for(iam, text):
    with pytest.raises(InvalidInput, match="expected the name or the ARN of a role"):
        roles.arn(iam, text)
