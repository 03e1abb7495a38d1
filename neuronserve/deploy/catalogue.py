"""List the EC2 instance types with Neuron chips.

allocatable MiB is what tasks on such a container instance can surely have: less than its nominal memory, of
which kernel, agent and daemons take their part. cores are NeuronCores of one chip, as programs count them.
With --region, only types that EC2 offers there, and for which ECS has its Neuron AMI there.
"""

from __future__ import annotations

import argparse
import difflib
from collections.abc import Sequence
from typing import Any

from neuronserve.deploy import exits
from neuronserve.deploy.desk import Desk
from neuronserve.deploy.ecs import allocatable
from neuronserve.environment import Fault, instance_type
from neuronserve.errors import InvalidInput
from neuronserve.instances import InstanceType, catalogue

SOURCES = (
    "EC2's DescribeInstanceTypes, and the AWS Neuron SDK documentation, which agree",
    "endpoints: SageMaker's ProductionVariantInstanceType",
    "regions: EC2's DescribeInstanceTypeOfferings, and the SSM parameters of ECS's Neuron AMI (October 2026)",
    "allocatable: floor(0.925 x nominal) - 256 MiB, an estimate below what instances register",
)
_COLUMNS = {
    "type": "type",
    "generation": "generation",
    "vcpus": "vCPU",
    "memory_mib": "MiB",
    "allocatable_mib": "allocatable MiB",
    "chips": "chips",
    "cores_per_chip": "cores per chip",
    "device_mib": "MiB per chip",
    "enis": "ENIs",
    "sagemaker": "SageMaker",
    "regions": "regions",
}
_LEFT = frozenset({"type", "generation", "sagemaker"})
_NOTES = {
    "inf2.xlarge": "4 vCPUs; AWS's ECS page on Neuron workloads prints 8",
    "inf2.8xlarge": "128 GiB; AWS's ECS page on Neuron workloads prints 64",
}
_TRN2 = (
    "8 physical cores a chip, which programs count in pairs (LNC 2); AWS never released TensorFlow for Trn2"
)


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "types", nargs="*", metavar="TYPE", help="only these; a family such as inf1 is all of it"
    )
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--output", choices=("table", "json", "yaml"), default="table")
    form.add_argument("--json", action="store_const", dest="output", const="json", help="--output json")


def run(given: argparse.Namespace, desk: Desk) -> int:
    found = chosen(given.types, given.region)
    if given.output == "table":
        for line in table([described(one) for one in found]):
            desk.line(line)
    else:
        desk.show({"sources": list(SOURCES), "types": [described(one) for one in found]})
    return exits.YES


def chosen(names: Sequence[str], region: str | None) -> list[InstanceType]:
    """The types of these names, in the catalogue's order; none: all. Raises InvalidInput with the nearest."""
    wanted = {name for word in names for name in _named(word)} or set(catalogue())
    found = [one for name, one in catalogue().items() if name in wanted]
    if region is None:
        return found
    regions = sorted({place for one in catalogue().values() for place in one.regions})
    if region not in regions:
        near = difflib.get_close_matches(region, regions, n=1)
        hint = f"did you mean {near[0]}?" if near else f"known: {', '.join(regions)}"
        raise InvalidInput(f"no type with a Neuron AMI is known in region {region!r}", hint=hint)
    return [one for one in found if region in one.regions]


def _named(word: str) -> list[str]:
    family = [name for name, one in catalogue().items() if one.family == word.lower()]
    if family:
        return family
    try:
        return [instance_type(word)]
    except Fault as expected:
        raise InvalidInput(f"instance type {word!r}: expected {expected}") from None


def described(one: InstanceType) -> dict[str, Any]:
    """All that is known of a type, in JSON's types."""
    return {
        "type": one.name,
        "generation": str(one.generation),
        "vcpus": one.vcpus,
        "cpu_units": allocatable.cpu(one),
        "memory_mib": one.memory_mib,
        "allocatable_mib": allocatable.memory_mib(one),
        "chips": one.chips,
        "cores_per_chip": one.cores,
        "cores": one.all_cores,
        "device_mib": one.device_mib,
        "enis": one.enis,
        "sagemaker": one.sagemaker,
        "regions": list(one.regions),
        "note": _TRN2 if one.family.startswith("trn2") else _NOTES.get(one.name, ""),
    }


def table(rows: Sequence[dict[str, Any]]) -> list[str]:
    """Plain columns, numbers to the right; of the regions their number."""
    cells = [list(_COLUMNS.values()), *([_cell(row[key]) for key in _COLUMNS] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return [
        "  ".join(
            text.ljust(width) if key in _LEFT else text.rjust(width)
            for key, text, width in zip(_COLUMNS, line, widths, strict=True)
        ).rstrip()
        for line in cells
    ]


def _cell(value: Any) -> str:
    if isinstance(value, list):
        return str(len(value))
    return "-" if value is None else str(value)
