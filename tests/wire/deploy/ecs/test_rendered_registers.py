"""What is rendered registers, and comes back as it was."""

from __future__ import annotations

import pytest

from neuronserve.deploy.ecs.registry import registered
from neuronserve.deploy.ecs.registry.canonical import canonical
from tests.deploying.task_specs import EVERY, requests


@pytest.mark.parametrize(("mode", "name"), EVERY)
def test_every_mode_on_every_type_registers_and_comes_back_whole(cloud, mode, name):
    for request in requests(mode, name):
        registered.register(cloud, request)
        assert canonical(registered.fetch(cloud, request["family"]).request) == canonical(request)


def test_the_same_rendered_again_is_no_new_revision(cloud):
    [request] = requests("whole", "inf1.xlarge")
    assert registered.register(cloud, request).new
    [again] = requests("whole", "inf1.xlarge")
    assert not registered.register(cloud, again).new
