"""A definition to verify, and the verb that does it."""

from __future__ import annotations

import json

import pytest

from neuronserve.deploy import program
from neuronserve.deploy.ecs.verbs import verify
from tests.deploying.verified import REPOSITORY


@pytest.fixture
def definition(tmp_path):
    """Writes a definition to a file: ``definition(memory="1 GB", container={"image": ...})``."""

    def write(container=(), **changes):
        inner = {"name": "served", "image": f"{REPOSITORY}:1", "essential": True, **dict(container)}
        file = tmp_path / "served.json"
        file.write_text(
            json.dumps(
                {
                    "family": "served",
                    "cpu": "4096",
                    "memory": "7168",
                    "containerDefinitions": [inner],
                    "placementConstraints": [
                        {"type": "memberOf", "expression": "attribute:ecs.instance-type == inf1.xlarge"}
                    ],
                    **changes,
                }
            )
        )
        return str(file)

    return write


@pytest.fixture
def verified(desk):
    """Runs the verb; its exit code and the items that it found, by check."""

    def run(*words):
        desk.out.seek(0)
        desk.out.truncate()
        code = program.single("verify", verify, [*words, "--output", "json"], desk)
        found = {}
        for item in json.loads(desk.out.getvalue())["items"]:
            found.setdefault(item["check"], []).append(item)
        return code, found

    return run


@pytest.fixture
def cluster(cloud):
    cloud.ecs.create_cluster(clusterName="c")
    return cloud
