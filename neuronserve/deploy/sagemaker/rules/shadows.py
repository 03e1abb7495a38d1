"""Shadow variants, and which endpoints cannot have them ("Shadow tests: exclusions")."""

from __future__ import annotations

from collections.abc import Iterator

from neuronserve.deploy.findings import Finding
from neuronserve.deploy.sagemaker.rules import hosting
from neuronserve.deploy.sagemaker.rules.subject import Subject, chips, multi_model


def check(subject: Subject) -> Iterator[Finding]:
    shadows = subject.root.at("ShadowProductionVariants")
    if not shadows.size:
        return
    if shadows.size != 1 or subject.root.at("ProductionVariants").size != 1:
        yield shadows.error(
            "shadow-count",
            "a shadow test has one production variant and one shadow variant",
            "keep one of each",
        )
    for told, why in _excluded(subject):
        if told:
            yield shadows.error(
                "shadow-excluded", f"no shadow tests with {why}", "leave the shadow variant out"
            )


def _excluded(subject: Subject) -> Iterator[tuple[bool, str]]:
    found = [instance for variant in subject.variants() if (instance := chips(variant))]
    yield any(one.family in hosting.NO_SHADOW for one in found), "Inf1 instances"
    yield subject.root.at("AsyncInferenceConfig").given, "asynchronous inference"
    yield any(multi_model(model) for model in subject.models()), "multi-model endpoints"
    yield any(model.at("Containers").size > 1 for model in subject.models()), "several containers"
