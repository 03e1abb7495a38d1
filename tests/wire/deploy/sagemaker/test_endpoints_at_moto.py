"""``deploy`` and ``delete`` against moto's SageMaker: Inf1, and no updates, is all that it has."""

from __future__ import annotations

import io

from neuronserve.deploy import exits, program
from neuronserve.deploy.sagemaker.verbs import delete, deploy
from tests.wire.deploy.sagemaker.conftest import BASIC

WORDS = ("digits", "--model-data", "s3://models/a.tar.gz", "--instance-type", "ml.inf1.xlarge", *BASIC)


def test_an_endpoint_is_made_found_again_and_deleted(desk, cloud):
    def run(verb, *words):
        desk.err.seek(0)
        known = {"deploy": deploy, "delete": delete}
        return program.main("scripts/sagemaker", "", known, [verb, *words], desk)

    assert run("deploy", *WORDS) == exits.YES, desk.err.getvalue()
    assert cloud.sagemaker.describe_endpoint(EndpointName="digits")["EndpointStatus"] == "InService"
    assert isinstance(desk.err, io.StringIO)
    assert run("deploy", *WORDS) == exits.YES
    assert "it is so already; nothing is sent" in desk.err.getvalue()
    assert run("delete", "digits") == exits.YES, desk.err.getvalue()
    assert cloud.sagemaker.list_endpoints()["Endpoints"] == []
    assert cloud.sagemaker.list_endpoint_configs()["EndpointConfigs"] == []
    assert cloud.sagemaker.list_models()["Models"] == []
