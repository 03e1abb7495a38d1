"""What marketplace-check sees in AWS, and a package that is created and validated there."""

from __future__ import annotations

import dataclasses
import json
import re
import socket
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from neuronserve.deploy.aws import Aws
from neuronserve.deploy.item import Verdict
from neuronserve.deploy.models import Tree
from neuronserve.deploy.sagemaker.marketplace import ask, creation, package
from neuronserve.deploy.sagemaker.marketplace.checks import Case, place, registry
from neuronserve.errors import InvalidInput, JobFailed, TimedOut
from tests.deploying.json_aws import Fault, Front, Refused

sys.path.insert(0, str(Path(__file__).parents[3] / "unit/deploy/sagemaker/marketplace"))
from listings import ACCOUNT, PLAIN

ARN = f"arn:aws:sagemaker:us-east-1:{ACCOUNT}:model-package/net"


@pytest.fixture
def seen(cloud, desk, tmp_path):
    """``seen(check, **changes of the listing)`` -> verdicts and what was seen."""

    def look(check, aws=cloud, **changes):
        listing = dataclasses.replace(PLAIN, **changes)
        case = Case(listing, aws, None, desk.clock, Tree(tmp_path, (), {}), None)
        return [(item.verdict, item.seen) for item in check.check(case)]

    return look


@pytest.fixture
def pushed(cloud):
    cloud.ecr.create_repository(repositoryName="neuronserve")
    media = "application/vnd.docker.distribution.manifest.v2+json"
    config = {"digest": "sha256:0", "size": 1, "mediaType": "application/json"}
    manifest = {"schemaVersion": 2, "mediaType": media, "config": config, "layers": []}
    cloud.ecr.put_image(repositoryName="neuronserve", imageTag="1.0", imageManifest=json.dumps(manifest))


def test_an_image_in_ones_own_ecr_is_ok(seen, pushed):
    ((verdict, told),) = seen(registry)
    assert verdict is Verdict.OK
    assert told.startswith("is your own")


@pytest.mark.parametrize(
    ("image", "said"),
    [
        (f"{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com/neuronserve:2.0", "there is none in ECR"),
        (f"{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com/other:1.0", "there is none in ECR"),
        (f"{ACCOUNT}.dkr.ecr.eu-west-1.amazonaws.com/neuronserve:1.0", "is in eu-west-1"),
        ("811284229777.dkr.ecr.us-east-1.amazonaws.com/xgboost:1", "is SageMaker's built-in algorithms"),
        ("763104351884.dkr.ecr.us-east-1.amazonaws.com/x:1", "is AWS's deep learning containers"),
        ("999999999999.dkr.ecr.us-east-1.amazonaws.com/x:1", "is account 999999999999's"),
        ("docker.io/me/x:1", "is not in a private ECR repository"),
    ],
)
def test_any_other_image_is_ng(seen, pushed, image, said):
    ((verdict, told),) = seen(registry, ecr=image)
    assert verdict is Verdict.NG
    assert told.startswith(said)


def test_an_image_that_is_not_pushed_is_not_looked_for(seen):
    assert [verdict for verdict, _ in seen(registry, ecr="")] == [Verdict.SKIP]


def test_all_of_it_is_in_one_region(seen, cloud):
    elsewhere = {"LocationConstraint": "eu-west-1"}
    cloud.s3.create_bucket(Bucket="here")
    cloud.in_region("eu-west-1").s3.create_bucket(Bucket="there", CreateBucketConfiguration=elsewhere)
    found = seen(
        place, model_uri="s3://here/m.tar.gz", tests_uri="s3://there/t/", output_uri="s3://nowhere/o/"
    )
    assert found == [
        (Verdict.OK, "has SageMaker, and is enabled in every account"),
        (Verdict.OK, "is in us-east-1"),
        (Verdict.NG, "is in eu-west-1, and the package would be in us-east-1"),
        (Verdict.NG, "there is no bucket nowhere"),
    ]


def test_a_region_that_has_to_be_enabled_first_is_ng(seen):
    ((verdict, told),) = seen(place, Aws(region="me-south-1"), model_uri="", tests_uri="", output_uri="")
    assert verdict is Verdict.NG
    assert "not enabled in every account" in told


class Packages:
    """One package, whose states come one after another."""

    def __init__(self, *states):
        self.states, self.there = list(states), None

    def create_model_package(self, request):
        self.there = request
        return {"ModelPackageArn": ARN}

    def describe_model_package(self, _):
        if self.there is None:
            raise Refused("ValidationException", "Model package does not exist")
        status, *items = self.states.pop(0) if len(self.states) > 1 else self.states[0]
        details = {"ValidationStatuses": [item for item in items if item["Name"] != "image"]}
        details["ImageScanStatuses"] = [item for item in items if item["Name"] == "image"]
        return {
            "ModelPackageName": "net", "ModelPackageArn": ARN, "CreationTime": 0,
            "ModelPackageStatus": status,
            "ModelPackageStatusDetails": details,
        }  # fmt: skip


def item(name, status, reason=None):
    return {"Name": name, "Status": status, **({"FailureReason": reason} if reason else {})}


@pytest.fixture
def packages(cloud, monkeypatch):
    """``packages(states)``: a SageMaker that has them."""
    behind, front = Packages(), Front("sagemaker")
    with front.serving(behind) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL_SAGEMAKER", url)

        def have(*states):
            behind.states = list(states)
            return front

        yield have


def test_a_package_is_created_and_followed_to_its_end(packages, desk):
    front = packages(
        ("Pending",), ("InProgress", item("image", "InProgress")),
        ("InProgress", item("image", "Completed"), item("validation", "InProgress")),
        ("Completed", item("image", "Completed"), item("validation", "Completed")),
    )  # fmt: skip
    request = package.request(PLAIN)
    arn = creation.sent(desk, request)
    assert creation.followed(desk, arn, 3600)["ModelPackageStatus"] == "Completed"
    (sent,) = front.sent("CreateModelPackage")
    assert {key: value for key, value in sent.items() if key != "ClientToken"} == request
    said = desk.err.getvalue().splitlines()
    assert said == list(dict.fromkeys(said))
    assert "validation validation: InProgress" in said


@pytest.mark.parametrize(
    ("failed", "said"),
    [
        (item("image", "Failed", "CVE-1"), "image scan image: Failed: CVE-1.*build the image anew"),
        (
            item("v", "Failed", "AlgorithmError"),
            "validation v: Failed: AlgorithmError.*TransformJobs",
        ),
    ],
)
def test_a_failed_one_ends_with_awss_reason(packages, desk, failed, said):
    packages(("Failed", failed))
    arn = creation.sent(desk, package.request(PLAIN))
    with pytest.raises(JobFailed) as raised:
        creation.followed(desk, arn, 3600)
    assert re.search(said, str(raised.value))


def test_a_package_of_that_name_is_not_sent_again(packages, desk):
    packages(("Completed",))
    creation.sent(desk, package.request(PLAIN))
    with pytest.raises(InvalidInput, match="there is a model package net, which is Completed"):
        creation.sent(desk, package.request(PLAIN))


def test_one_that_takes_too_long_goes_on(packages, desk):
    packages(("InProgress",))
    with pytest.raises(TimedOut, match="no end of the validation after 60 s"):
        creation.followed(desk, creation.sent(desk, package.request(PLAIN)), 60)


def test_awss_refusal_is_told(packages, desk):
    fault = Fault("CreateModelPackage", Refused("ResourceLimitExceeded", "too many"))
    packages(("Completed",)).faults.append(fault)
    with pytest.raises(ClientError, match="too many"):
        creation.sent(desk, package.request(PLAIN))


@pytest.fixture
def service(monkeypatch):
    """What answers inside a container; ``answers`` are (status, body), the last for good."""
    answers = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            status, body = answers.pop(0) if len(answers) > 1 else answers[0]
            self.send_response(status)
            self.send_header("Content-Type", self.headers.get("Accept", "text/plain"))
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self):
            self.do_GET()

        def log_message(self, *_):
            """The test's output is its own."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    monkeypatch.setattr(ask, "ADDRESS", server.server_address)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield answers
    server.shutdown()
    server.server_close()
    thread.join()


def test_what_runs_inside_waits_for_a_good_ping(service):
    service += [(503, b"loading"), (503, b"loading"), (200, b"")]
    told = ask.ready(30)
    assert (told["status"], told["body"]) == (200, "")


def test_what_runs_inside_gives_up_in_time_and_says_why(service):
    service.append((503, b"loading"))
    assert ask.ready(0.4)["body"] == "loading"


def test_what_runs_inside_tells_the_answer(service, tmp_path):
    service.append((200, b"x" * 5000))
    (tmp_path / "f").write_bytes(b"1,2\n")
    told = ask.post(str(tmp_path / "f"), "text/csv", "a/b", 5)
    assert (told["status"], told["bytes"], told["type"], len(told["body"])) == (200, 5000, "a/b", 2000)


def test_no_answer_at_all_is_told(monkeypatch, tmp_path):
    with socket.socket() as taken:  # and given back: nobody listens there
        taken.bind(("127.0.0.1", 0))
        monkeypatch.setattr(ask, "ADDRESS", taken.getsockname())
    (tmp_path / "f").write_bytes(b"")
    told = ask.post(str(tmp_path / "f"), "text/csv", "", 1)
    assert told["status"] == 0
    assert "ConnectionRefusedError" in told["body"]
