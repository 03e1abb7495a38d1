from __future__ import annotations

import pytest

from neuronserve.deploy.ecs.agent import checks
from neuronserve.errors import InvalidInput


def test_a_container_without_a_check_has_none_whatever_its_image_says():
    assert checks.of({"name": "a"}) is None
    assert checks.of({"name": "a", "healthCheck": {"command": ["NONE"]}}) is None


def test_the_agents_defaults_are_filled_in():
    found = checks.of({"name": "a", "healthCheck": {"command": ["CMD", "true"]}})
    assert (found.interval, found.timeout, found.retries, found.start_period) == (30, 5, 3, 0)


def test_a_command_is_run_as_it_is_and_a_line_by_the_shell():
    plain = checks.of({"name": "a", "healthCheck": {"command": ["CMD", "curl", "a b"]}})
    line = checks.of({"name": "a", "healthCheck": {"command": ["CMD-SHELL", "curl x || exit 1"]}})
    assert plain.command == ("curl", "a b")
    assert line.command == ("/bin/sh", "-c", "curl x || exit 1")


@pytest.mark.parametrize("command", [[], ["CMD"], ["curl", "x"], ["cmd", "x"]])
def test_a_command_that_is_none_is_refused(command):
    with pytest.raises(InvalidInput, match="container a: /healthCheck/command"):
        checks.of({"name": "a", "healthCheck": {"command": command}})
