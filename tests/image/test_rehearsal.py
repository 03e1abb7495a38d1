"""The image in a rehearsal: started as SageMaker starts it, with a real engine, asked by boto3."""

from __future__ import annotations

import json

import pytest
from botocore.exceptions import ClientError

from tests.deploying.rehearsals import CPU, rehearsal

BODY = b'{"instances": [2.0]}'
RIGHT = {"predictions": [3.0]}  # x / 2 + 2


@pytest.fixture(autouse=True)
def nothing_is_left(engine):
    """Neither a container nor a network of a rehearsal."""

    def there():
        return {
            *engine("ps", "--all", "--filter", "name=neuronserve-", "--format", "{{.Names}}").stdout.split(),
            *engine("network", "ls", "--format", "{{.Name}}").stdout.split(),
        }

    before = there()
    yield
    assert there() <= before


def test_the_image_answers_boto3_without_a_network_or_credentials(image, model, tmp_path):
    options = ("--memory=2g",)
    with rehearsal("realtime", [model], tmp_path, image=image, isolated=True, options=options) as found:
        assert json.loads(found.invoke(BODY)) == RIGHT
        with pytest.raises(ClientError) as caught:
            found.invoke(b"{")
        assert caught.value.response["OriginalStatusCode"] == 400
        assert not any("AWS_ACCESS_KEY_ID" in line for line in found.logged)
    assert any("ended with 0" in line for line in found.told)


def test_two_containers_of_the_image_answer_for_themselves(image, model, tmp_path):
    with rehearsal(
        "direct", [model, model], tmp_path, names=("a", "b"), image=image, environment=CPU
    ) as found:
        for name in ("a", "b"):
            assert json.loads(found.invoke(BODY, TargetContainerHostname=name)) == RIGHT
    assert sum("ended with 0" in line for line in found.told) == 2
