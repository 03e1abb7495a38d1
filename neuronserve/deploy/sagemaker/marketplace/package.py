"""The CreateModelPackage request of a listing, and what is wrong with one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from neuronserve.deploy import shapes
from neuronserve.deploy.findings import Finding, Severity, pointer
from neuronserve.deploy.policy import images
from neuronserve.deploy.sagemaker.marketplace import instances
from neuronserve.deploy.sagemaker.marketplace.listing import BATCH_MB, Listing
from neuronserve.generation import Generation

OPERATION = "CreateModelPackage"
_PROFILE = "validation"
_MOST_VARIABLES = 16  # of a container in a package; 100 in an endpoint
_NEEDS_NETWORK = ("MODEL_URI", "COMPILATION_JOB")


def request(listing: Listing) -> dict[str, Any]:
    """In AWS's shape; members without a value are left out."""
    made: dict[str, Any] = {
        **_named(listing),
        "ModelPackageDescription": listing.description,
        "InferenceSpecification": {
            "Containers": [
                _filled(
                    {
                        "Image": listing.ecr,
                        "ModelDataUrl": listing.model_uri,
                        "Environment": dict(listing.environment),
                    }
                )
            ],
            **_filled(
                {
                    "SupportedTransformInstanceTypes": list(listing.transform),
                    "SupportedRealtimeInferenceInstanceTypes": list(listing.hosting),
                    "SupportedContentTypes": list(listing.content_types),
                    "SupportedResponseMIMETypes": list(listing.response_types),
                }
            ),
        },
        "ValidationSpecification": _validation(listing),
        "Tags": [{"Key": key, "Value": value} for key, value in listing.tags.items()],
    }
    return _filled(made)


def _named(listing: Listing) -> dict[str, Any]:
    """Versioned packages are of the model registry; certified and listed are those without versions."""
    if listing.group:
        return {"ModelPackageGroupName": listing.group, "ModelApprovalStatus": "PendingManualApproval"}
    return {"ModelPackageName": listing.name, "CertifyForMarketplace": True}


def _validation(listing: Listing) -> dict[str, Any]:
    if not listing.role:
        return {}
    source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": listing.tests_uri}}
    job = {
        "MaxConcurrentTransforms": 1,
        "MaxPayloadInMB": BATCH_MB,
        "BatchStrategy": "MultiRecord" if listing.split else "SingleRecord",
        "TransformInput": _filled(
            {
                "DataSource": source,
                "ContentType": listing.tests[0].content_type if listing.tests else "",
                "SplitType": listing.split,
            }
        ),
        "TransformOutput": _filled(
            {
                "S3OutputPath": listing.output_uri,
                "Accept": listing.tests[0].accept if listing.tests else "",
                "AssembleWith": "Line" if listing.split == "Line" else "",
            }
        ),
        "TransformResources": {"InstanceType": next(iter(listing.transform), ""), "InstanceCount": 1},
    }
    profile = {"ProfileName": _PROFILE, "TransformJobDefinition": job}
    return {"ValidationRole": listing.role, "ValidationProfiles": [profile]}


def _filled(members: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in members.items() if value not in ("", {}, [])}


def findings(made: Mapping[str, Any], found: set[Generation]) -> list[Finding]:
    """What is wrong with a request: its shape, and what a listing asks for beyond.

    ``found``: what the model was compiled for, as far as it is known.
    """
    specification = made.get("InferenceSpecification", {})
    hosting = specification.get("SupportedRealtimeInferenceInstanceTypes", [])
    transform = specification.get("SupportedTransformInstanceTypes", [])
    told = [
        *_listable(made),
        *instances.findings(hosting, transform, found),
        *_containers(specification.get("Containers", [])),
        *_content(made, specification),
    ]
    if "ModelPackageGroupName" not in made:
        told += _needed(made, specification, known={one.pointer for one in told})
    # a type that is none is told above, in fewer words than AWS's list of all types
    told += [
        one
        for one in shapes.findings("sagemaker", OPERATION, made)
        if not (one.code == "unknown-word" and "InstanceType" in one.pointer and told)
    ]
    return list(dict.fromkeys(told))


def _listable(made: Mapping[str, Any]) -> Iterator[Finding]:
    if "ModelPackageGroupName" in made:
        yield Finding(
            "/ModelPackageGroupName", Severity.WARNING, "versioned",
            "a versioned package is for one's own registry: AWS Marketplace lists unversioned ones only",
            "use --name in place of --group",
        )  # fmt: skip
        if "CertifyForMarketplace" in made:
            yield _error(
                "/CertifyForMarketplace", "certify-versioned", "it does not apply to versioned packages"
            )
    elif not made.get("CertifyForMarketplace"):
        yield _error("/CertifyForMarketplace", "not-certified", "without it the package cannot be listed")


def _needed(made: Mapping[str, Any], specification: Mapping[str, Any], known: set[str]) -> Iterator[Finding]:
    """What an unversioned package has to have."""
    for place, there, option in (
        ("/ModelPackageName", made.get("ModelPackageName"), "--name"),
        ("/ValidationSpecification", made.get("ValidationSpecification"), "--role"),
        ("/InferenceSpecification/SupportedTransformInstanceTypes",
         specification.get("SupportedTransformInstanceTypes"), "--transform-type"),
        ("/InferenceSpecification/SupportedRealtimeInferenceInstanceTypes",
         specification.get("SupportedRealtimeInferenceInstanceTypes"), "--instance-type"),
        ("/InferenceSpecification/SupportedContentTypes",
         specification.get("SupportedContentTypes"), "--content-type"),
        ("/InferenceSpecification/SupportedResponseMIMETypes",
         specification.get("SupportedResponseMIMETypes"), "--response-type"),
    ):  # fmt: skip
        if not there and place not in known:
            yield _error(place, "needed", "what is listed needs it", f"add {option}")


def _containers(containers: Any) -> Iterator[Finding]:
    for number, container in enumerate(containers):
        at = pointer("InferenceSpecification", "Containers", number)
        image = container.get("Image", "")
        if not image:
            yield _error(f"{at}/Image", "needed", "it has no image in ECR", "push it, and add --ecr-image")
        elif images.repository(image) is None:
            yield _error(f"{at}/Image", "not-in-ecr", "it is no image in Amazon ECR", "push it to your own")
        uri = container.get("ModelDataUrl", "")
        if not uri:
            yield _error(f"{at}/ModelDataUrl", "needed", "it has no model in S3", "add --model-uri")
        elif not uri.endswith(".tar.gz"):
            yield _error(
                f"{at}/ModelDataUrl", "no-archive", "it is no .tar.gz", "scripts/package-model makes one"
            )
        if "ModelDataSource" in container:
            yield _error(
                f"{at}/ModelDataSource", "model-data-source", "the Marketplace takes compressed models only",
                "use ModelDataUrl",
            )  # fmt: skip
        yield from _environment(container.get("Environment", {}), f"{at}/Environment")


def _environment(environment: Mapping[str, str], at: str) -> Iterator[Finding]:
    if len(environment) > _MOST_VARIABLES:
        yield _error(
            at, "environment-size", f"{len(environment)} variables, and {_MOST_VARIABLES} may be there"
        )
    for name in _NEEDS_NETWORK:
        if name in environment:
            yield _error(
                f"{at}/{name}", "needs-network", f"{name} makes the container ask AWS, and it has no network",
                "leave it out: SageMaker puts the model into /opt/ml/model",
            )  # fmt: skip


def _content(made: Mapping[str, Any], specification: Mapping[str, Any]) -> Iterator[Finding]:
    known = [one.lower() for one in specification.get("SupportedContentTypes", [])]
    supported = specification.get("SupportedTransformInstanceTypes", [])
    profiles = made.get("ValidationSpecification", {}).get("ValidationProfiles", [])
    for number, profile in enumerate(profiles):
        at = pointer("ValidationSpecification", "ValidationProfiles", number, "TransformJobDefinition")
        job = profile.get("TransformJobDefinition", {})
        kind = job.get("TransformInput", {}).get("ContentType", "")
        if kind and known and kind.lower() not in known:
            yield _error(
                f"{at}/TransformInput/ContentType", "content-type", f"{kind} is none of SupportedContentTypes"
            )
        used = job.get("TransformResources", {}).get("InstanceType", "")
        if used and used not in supported:
            yield _error(
                f"{at}/TransformResources/InstanceType", "validation-type",
                f"{used} is none of SupportedTransformInstanceTypes",
            )  # fmt: skip
        if job.get("MaxPayloadInMB", 0) * max(1, job.get("MaxConcurrentTransforms", 1)) > BATCH_MB:
            yield _error(
                f"{at}/MaxPayloadInMB", "payload", f"concurrent requests hold more than {BATCH_MB} MB"
            )


def _error(at: str, code: str, message: str, fix: str = "") -> Finding:
    return Finding(at, Severity.ERROR, code, message, fix)
