"""Data capture: what is captured of which endpoint."""

from __future__ import annotations

from collections.abc import Iterator

from neuronserve.deploy.findings import Finding
from neuronserve.deploy.sagemaker.rules.subject import Subject, multi_model


def check(subject: Subject) -> Iterator[Finding]:
    config = subject.root.at("DataCaptureConfig")
    if not config.given:
        return
    seen: set[str] = set()
    for option in config.each("CaptureOptions"):
        mode = option.at("CaptureMode")
        if mode.text in seen:
            yield mode.error("capture-twice", f"{mode.text} is there twice", "keep one")
        seen.add(mode.text or "")
    if "InputAndOutput" in seen and len(seen) > 1:
        yield config.at("CaptureOptions").warning(
            "capture-twice", "InputAndOutput has Input and Output in it", "keep InputAndOutput alone"
        )
    if config.at("InitialSamplingPercentage").number == 0:
        yield config.at("InitialSamplingPercentage").warning(
            "captures-nothing", "0 percent of the requests are captured", "use 1 to 100"
        )
    if any(multi_model(model) for model in subject.models()):
        yield config.warning(
            "capture-multi-model",
            "Model Monitor reads no captures of multi-model endpoints",
            "capture where each endpoint has one model",
        )
