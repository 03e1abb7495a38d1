"""The CreateModelPackage requests of listings, on record; and what is wrong with others."""

from __future__ import annotations

import copy
import dataclasses
import json
import os
import sys
from pathlib import Path

import pytest
from botocore.validate import ParamValidator

from neuronserve.deploy import shapes
from neuronserve.deploy.sagemaker.marketplace import package
from neuronserve.generation import Generation

sys.path.insert(0, str(Path(__file__).parent))
from listings import KINDS, PLAIN

GOLDEN = Path(__file__).with_name("golden")
V1, V2 = {Generation.V1}, {Generation.V2}


@pytest.mark.parametrize("kind", KINDS)
def test_the_request_is_the_one_on_record(kind):
    made = json.dumps(package.request(KINDS[kind]), indent=2) + "\n"
    if os.environ.get("UPDATE_GOLDEN"):
        (GOLDEN / f"{kind}.json").write_text(made)
    assert made == (GOLDEN / f"{kind}.json").read_text()


@pytest.mark.parametrize("kind", KINDS)
def test_every_request_on_record_is_one_that_aws_takes(kind):
    request = json.loads((GOLDEN / f"{kind}.json").read_text())
    found = package.findings(request, set())
    assert [one.code for one in found] == (["versioned"] if kind == "version" else [])
    model = shapes.operation_model("sagemaker", "CreateModelPackage")
    assert not ParamValidator().validate(request, model.input_shape).has_errors()


def codes(found=frozenset(), **changes):
    return {
        one.code
        for one in package.findings(package.request(dataclasses.replace(PLAIN, **changes)), set(found))
    }


def test_a_package_for_inf1_alone_is_refused_with_the_reason():
    request = package.request(dataclasses.replace(PLAIN, hosting=("ml.inf1.xlarge",), transform=()))
    (found,) = (one for one in package.findings(request, V1) if one.code == "inf1-only")
    for said in ("unversioned", "batch transform", "validated by a transform job", "ml.inf1"):
        assert said in found.message
    assert "ml_inf2 or ml_trn1" in found.fix


@pytest.mark.parametrize(
    ("changes", "generations", "code"),
    [
        ({"transform": ("ml.inf1.xlarge",)}, V1, "inf1-transform"),
        ({"transform": ("ml.trn1n.32xlarge",)}, V2, "no-transform"),
        ({"hosting": ("ml.inf3.xlarge",)}, V2, "no-hosting"),
        ({"hosting": ("ml.inf1.xlarge",)}, V2, "generation"),
        ({"hosting": ("ml.c5.xlarge",)}, V2, "no-chips"),
        ({"model_uri": "s3://b/m.zip"}, V2, "no-archive"),
        ({"ecr": "docker.io/me/image:1"}, V2, "not-in-ecr"),
        ({"ecr": ""}, V2, "needed"),
        ({"role": ""}, V2, "needed"),
        ({"name": "no_such name"}, V2, "pattern"),
        ({"environment": {"MODEL_URI": "s3://b/m.tar.gz"}}, V2, "needs-network"),
        ({"environment": {f"V{n}": "1" for n in range(17)}}, V2, "environment-size"),
        ({"content_types": ("application/json",)}, V2, "content-type"),
    ],
)
def test_what_a_listing_must_not_have_is_found(changes, generations, code):
    assert code not in codes(V2)
    assert code in codes(generations, **changes)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda r: r.pop("CertifyForMarketplace"), "not-certified"),
        (lambda r: r.update(ModelPackageGroupName="g"), "certify-versioned"),
        (lambda r: job(r).update(MaxPayloadInMB=60, MaxConcurrentTransforms=2), "payload"),
        (lambda r: job(r)["TransformResources"].update(InstanceType="ml.trn1.2xlarge"), "validation-type"),
        (
            lambda r: r["InferenceSpecification"]["Containers"][0].update(ModelDataSource={}),
            "model-data-source",
        ),
        (lambda r: r.update(Other=1), "unknown-member"),
    ],
)
def test_requests_of_other_hands_are_judged_too(change, code):
    request = copy.deepcopy(package.request(PLAIN))
    change(request)
    assert code in {one.code for one in package.findings(request, V2)}


def job(request):
    return request["ValidationSpecification"]["ValidationProfiles"][0]["TransformJobDefinition"]
