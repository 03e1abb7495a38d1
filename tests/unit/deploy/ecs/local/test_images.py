from __future__ import annotations

import pytest

from neuronserve.deploy.ecs.local.images import replaced
from neuronserve.errors import InvalidInput

CHIP = {"linuxParameters": {"devices": [{"hostPath": "/dev/neuron3", "containerPath": "/dev/neuron0"}]}}
ALL = {"resourceRequirements": [{"type": "NeuronDevice", "value": "ALL"}]}


def images(*containers):
    request = {"family": "f", "containerDefinitions": list(containers)}
    return [c["image"] for c in replaced(request, "mine")["containerDefinitions"]]


def container(name="a", **more):
    return {"name": name, "image": "theirs", **more}


def test_the_only_container_gets_the_image():
    assert images(container()) == ["mine"]


@pytest.mark.parametrize("chips", [CHIP, ALL])
def test_of_several_the_one_with_chips_gets_it(chips):
    assert images(container("a"), container("b", **chips)) == ["theirs", "mine"]


@pytest.mark.parametrize("chips", [{}, CHIP])
def test_where_it_could_be_for_several_they_are_named(chips):
    with pytest.raises(InvalidInput, match="f has several containers it could be for: a, b"):
        images(container("a", **chips), container("b", **chips))


def test_the_image_may_be_for_another_processor_than_the_definition():
    request = {
        "family": "f",
        "runtimePlatform": {"cpuArchitecture": "X86_64"},
        "containerDefinitions": [container()],
    }
    assert replaced(request, "mine") == {
        "family": "f", "containerDefinitions": [{"name": "a", "image": "mine"}],
    }  # fmt: skip
