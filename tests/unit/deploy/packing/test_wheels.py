"""Wheels for the image: which it takes, and which a requirements.txt still lacks."""

from __future__ import annotations

import pytest

from neuronserve.deploy.packing import wheels
from neuronserve.errors import InvalidInput


@pytest.mark.parametrize(
    "name",
    [
        "a-1-py3-none-any.whl", "a-1-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
        "a-1-cp38-abi3-manylinux_2_34_x86_64.whl", "a-1-py2.py3-none-any.whl", "a-1-cp311-none-any.whl",
    ],
)  # fmt: skip
def test_wheels_for_python_3_11_on_debian_12_are_taken(name):
    wheels.check([name])


@pytest.mark.parametrize(
    "name",
    [
        "a-1-cp312-cp312-manylinux_2_17_x86_64.whl", "a-1-cp311-cp311-manylinux_2_17_aarch64.whl",
        "a-1-cp311-cp311-macosx_11_0_arm64.whl", "a-1-cp311-cp311-musllinux_1_1_x86_64.whl",
        "a-1-cp311-cp311-manylinux_2_38_x86_64.whl", "notawheel.whl",
    ],
)  # fmt: skip
def test_others_are_refused_by_name(name):
    with pytest.raises(InvalidInput, match=name.partition("-")[0]):
        wheels.check([name])


def test_lines_that_nothing_fulfils_are_told():
    text = """
    # numbers
    Some.Thing>=2 --hash=sha256:00
    other==1.0 ; python_version < "3"
    --find-links nowhere
    numpy
    extra[a,b] ~= 1.2  # of use
    """
    there = ["some_thing-2.5-py3-none-any.whl", "extra-1.1-py3-none-any.whl"]
    assert list(wheels.unmet(text, there)) == ["extra[a,b] ~= 1.2"]


def test_what_the_image_has_needs_no_network():
    assert not wheels.named("numpy\nflask\n# nothing else\n")
    assert wheels.named("numpy==1.0")
    assert wheels.named("-r more.txt")
