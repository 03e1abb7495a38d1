"""A task as a result."""

from __future__ import annotations

import pytest

from neuronserve.deploy.ecs.tasks import report
from neuronserve.deploy.ecs.tasks.hosts import Host
from tests.unit.deploy.ecs.tasks.scripted import definition, ended, task

HOST = Host("arn", "i-1", "inf1.xlarge", "us-east-1a", "10.0.0.5", "54.0.0.1")


def bound(*ports, protocol="tcp"):
    bindings = [{"containerPort": 8080, "hostPort": port, "protocol": protocol} for port in ports]
    return task("t", containers=[{"name": "neuronserve", "networkBindings": bindings}])


@pytest.mark.parametrize(
    ("found", "request_", "expected"),
    [
        (bound(32801), definition(port=0), ["http://10.0.0.5:32801"]),
        (bound(32802, 32801, 32801), definition(port=0), ["http://10.0.0.5:32801", "http://10.0.0.5:32802"]),
        (bound(), definition(port=8081), ["http://10.0.0.5:8081"]),
        (bound(), definition(port=0), []),
        (bound(), definition(port=None, mode="host"), ["http://10.0.0.5:8080"]),
        (bound(53, protocol="udp"), definition(port=0), []),
        (bound(), None, []),
        (ended("t"), definition(), []),
    ],
)
def test_a_task_answers_on_its_host_at_the_port_that_it_got(found, request_, expected):
    assert report.endpoints(found, HOST, request_) == expected


def test_a_task_with_an_interface_of_its_own_answers_there():
    interfaces = [{"privateIpv4Address": "10.1.1.1"}]
    found = task("t", containers=[{"name": "neuronserve", "networkInterfaces": interfaces}])
    assert report.endpoints(found, HOST, definition(mode="awsvpc")) == ["http://10.1.1.1:8080"]
    details = [{"name": "subnetId", "value": "s"}, {"name": "privateIPv4Address", "value": "10.1.1.2"}]
    attached = task("t", attachments=[{"type": "ElasticNetworkInterface", "details": details}])
    assert report.endpoints(attached, None, definition(mode="awsvpc")) == ["http://10.1.1.2:8080"]


def test_without_an_address_there_is_no_url():
    assert report.endpoints(bound(32801), Host("arn", "i-1", "", ""), definition()) == []
    assert "endpoints" not in report.document(bound(32801), None, definition())


def test_what_aws_says_is_kept_and_nothing_is_made_up():
    found = report.document(ended("t", 0), HOST, definition())
    assert found["containers"] == [{"name": "neuronserve", "exitCode": 0}]
    assert found["ec2InstanceId"] == "i-1"
    assert found["stopCode"] == "EssentialContainerExited"
    assert "healthStatus" not in found
