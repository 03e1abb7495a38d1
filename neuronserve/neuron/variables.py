"""Variables of the Neuron runtime that are set and do not do what a person may think."""

from __future__ import annotations

from collections.abc import Mapping


def warnings(environ: Mapping[str, str]) -> list[str]:
    """One line each. Source: the AWS Neuron SDK's runtime configuration guide and release notes."""
    lines = []
    if "NEURONCORE_GROUP_SIZES" in environ:
        lines.append("NEURONCORE_GROUP_SIZES has had no effect since Neuron SDK 1.20; see SERVE_PLACEMENT")
    if "NEURON_RT_VISIBLE_CORES" in environ and "NEURON_RT_NUM_CORES" in environ:
        lines.append("NEURON_RT_VISIBLE_CORES wins over NEURON_RT_NUM_CORES, which is ignored")
    if "AWS_NEURON_VISIBLE_DEVICES" in environ:
        lines.append(
            "AWS_NEURON_VISIBLE_DEVICES is for another container runtime: on ECS it changes how devices are "
            "given; name them as devices instead"
        )
    return lines
