"""A report as text for a person: one screen."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from neuronserve import instances
from neuronserve.artifact.inspect import demand
from neuronserve.artifact.inspect.advice import advice
from neuronserve.artifact.inspect.batch import Told
from neuronserve.artifact.inspect.placement import Placement
from neuronserve.artifact.inspect.report import Report
from neuronserve.artifact.inspect.subgraph import Port, Subgraph

_MOST_ROWS = 12  # of a table
_LONGEST = 1000  # characters of a line


def of(report: Report, title: str) -> str:
    """Lines without one at the end."""
    lines = [title, *_facts(report)]
    if report.subgraphs:
        lines += ["", *_subgraphs(report.subgraphs)]
    for one in advice(report):
        kind = "warning" if one.grave else "note"
        lines += [f"{kind}: {one.what}", *([f"    {one.fix}"] if one.fix else [])]
    return "\n".join(map(printable, lines))


def printable(line: str) -> str:
    """Names come from the model: nothing in them may steer a terminal or begin a line of its own."""
    line = line if len(line) <= _LONGEST else f"{line[:_LONGEST]} ..."
    return "".join(c if c.isprintable() else "?" for c in line)


def _facts(report: Report) -> Iterator[str]:
    running = report.running
    if not report.neuron:
        yield _fact("kind", "no Neuron model: nothing in it was compiled for NeuronCores")
    else:
        families = " and ".join(one.families for one in report.generations) or "not told by its executables"
        names = ", ".join(report.generations)
        yield _fact("compiled for", f"{families} ({names})" if names else families)
        yield _fact("compiler", ", ".join(demand.compilers(running)) or "not told")
        evidence = dict.fromkeys(said for one in running for said in one.executable.evidence)
        if evidence:
            yield _fact("so because", "; ".join(evidence))
    if report.tensorflow:
        yield _fact("TensorFlow", report.tensorflow)
    if report.neuron:
        copies = demand.duplicates(running)
        yield _fact("cores per copy", str(demand.cores(running)))
        yield _fact("copies", f"up to {copies} in one process" if copies > 1 else "1 in one process")
        yield _fact("runs on", _types(report))
    for name, told in report.signatures.items():
        yield _fact(f"signature {name}", _batch(told))
    for name, inputs in report.columns.items():
        if len(inputs) > 1:
            yield _fact("CSV columns", f"{', '.join(inputs)} (signature {name})")
    if report.others:
        yield _fact("on CPU alone", ", ".join(report.others))
    yield _fact("stays on CPU", _cpu(report.placement, neuron=report.neuron))


def _fact(name: str, value: str) -> str:
    return f"  {name + ':':<16} {value}"


def _types(report: Report) -> str:
    """The instance types that have the generation, and cores enough."""
    if len(report.generations) > 1:
        return "nothing: its parts need different generations"
    if not report.generations:
        return "not told: try it on the family it was compiled for"
    needed = demand.cores(report.running)
    (generation,) = report.generations
    able = [
        one.name
        for one in instances.catalogue().values()
        if one.generation == generation and one.all_cores >= needed
    ]
    return ", ".join(able) or f"nothing: no {generation.families} instance has {needed} cores"


def _batch(told: Told) -> str:
    if told.batch is None:
        return "batch cannot be told"
    batch = told.batch
    inputs = f", along axis 0 of {', '.join(batch.inputs)}" if batch.inputs else ""
    best = ", best in multiples of it" if batch.size > 1 else ""
    larger = f"; any number of rows is taken{best}" if batch.dynamic else ""
    return f"compiled for a batch of {batch.size}{inputs}{larger}"


def _cpu(placement: Placement, *, neuron: bool) -> str:
    count = sum(placement.cpu.values())
    if not count:
        return f"nothing that computes ({placement.bookkeeping} ops that only hold or pass on values)"
    kinds = [f"{op} {number}" for op, number in placement.cpu.items()]
    listed = ", ".join(kinds[:6]) + (", ..." if len(kinds) > 6 else "")
    share = f", {placement.share:.0%} of those that compute" if neuron and placement.share is not None else ""
    return f"{count} op{'s' * (count > 1)}{share}: {listed}"


def _subgraphs(subgraphs: Sequence[Subgraph]) -> Iterator[str]:
    rows: list[tuple[str, ...]] = [
        ("subgraph", "function", "cores", "copies", "executable", "inputs", "outputs")
    ]
    rows += map(_row, subgraphs[:_MOST_ROWS])
    widths = [min(34, max(len(row[at]) for row in rows)) for at in range(len(rows[0]))]
    for row in rows:
        yield (
            "  "
            + "  ".join(
                f"{_cut(cell, 34):<{width}}" for cell, width in zip(row, widths, strict=True)
            ).rstrip()
        )
    if len(subgraphs) > _MOST_ROWS:
        yield f"  ... and {len(subgraphs) - _MOST_ROWS} more (all with --json)"


def _row(one: Subgraph) -> tuple[str, ...]:
    return (
        one.name, one.function or "(main)", str(demand.cores_of(one)), _number(one.max_duplicates),
        _size(one.executable.bytes), _ports(one.inputs), _ports(one.outputs),
    )  # fmt: skip


def _ports(ports: Sequence[Port]) -> str:
    return ", ".join(f"{port.dtype}{_shape(port)}" for port in ports)


def _shape(port: Port) -> str:
    """``[8*,3]``: compiled for 8, any size is taken along that axis."""
    if port.shape is None:
        return "[?]"
    sizes = (f"{size}*" if axis == port.batch_axis else str(size) for axis, size in enumerate(port.shape))
    return f"[{','.join(sizes)}]"


def _number(value: int) -> str:
    return str(value) if value >= 0 else "?"


def _size(count: int) -> str:
    return f"{count / 1e6:,.1f} MB" if count >= 100_000 else f"{count / 1e3:,.1f} kB"


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else f"{text[: width - 3]}..."
