"""The plan: which model server owns which core range, and serves which models. Pure.

A process takes all cores that it sees, exclusively, until it ends; so every server gets one contiguous
range of its own. Where one copy of a model fits a chip, no server reaches over the chip's boundary, unless
fewer servers than chips were asked for: a fault of one chip then costs one server. Where the compiled model
may be duplicated within a process, one server has as many copies as its chip has room for; where not, every
copy has a server of its own.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence

from neuronserve.errors import CoreConflict, NotEnoughCores, PlanError, WrongGeneration
from neuronserve.generation import Generation
from neuronserve.neuron import layout
from neuronserve.neuron.grid import Grid, Range, overlap, text
from neuronserve.neuron.need import Need

Placement = Sequence[tuple[str, int, int]]  # model or "", first core, last core


@dataclasses.dataclass(frozen=True)
class Owner:
    """A model server to be: ``cores`` is the range it owns, None for one without a NeuronOp.

    ``copies``: batches it runs at the same time.
    """

    server: int
    cores: Range | None
    chips: tuple[int, ...]
    models: tuple[str, ...]
    copies: int = 1

    @property
    def shown(self) -> str:
        return text(self.cores) if self.cores else ""


@dataclasses.dataclass(frozen=True)
class Plan:
    """``unowned``: usable cores that no server got. ``notes``: what a person should know of the choices."""

    owners: tuple[Owner, ...]
    unowned: tuple[Range, ...] = ()
    notes: tuple[str, ...] = ()


def plan(
    grid: Grid,
    needs: Sequence[Need],
    *,
    generation: Generation | None = None,
    servers: int | None = None,
    placement: Placement | None = None,
) -> Plan:
    """Who owns what. ``generation`` is that of the chips; ``servers`` how many there shall be, None: as fits.

    Raises WrongGeneration, NotEnoughCores, CoreConflict, or PlanError for a placement that names no
    model of ours.
    """
    compiled = [need for need in needs if need.cores]
    plain = tuple(need.model for need in needs if not need.cores)
    _check_generation(compiled, generation)
    if not compiled:
        return _without_cores(plain, servers or 1, grid)
    notes = [f"{name} holds no NeuronOp: every server runs it on the CPU" for name in plain]
    if placement is not None:
        blocks = _placed(grid, compiled, placement)
        notes += _idle(blocks, compiled)
    else:
        blocks, why = _chosen(grid, compiled, servers)
        notes += why
    owners = tuple(
        Owner(server, block.cores, grid.chips_of(block.cores), (*block.models, *plain), block.copies)
        for server, block in enumerate(sorted(blocks, key=lambda block: block.cores))
    )
    unowned = _unowned(grid, owners)
    if unowned:
        why_unowned = _why_unowned(compiled, servers, placement)
        notes.append(f"cores {', '.join(map(text, unowned))} have no owner: {why_unowned}")
    return Plan(owners, unowned, tuple(notes))


def _check_generation(needs: Sequence[Need], here: Generation | None) -> None:
    if here is Generation.V3 and needs:
        raise WrongGeneration(
            "these are Trn2 chips, on which TensorFlow was never supported",
            hint="use an Inf1 instance for models compiled for Inf1, Inf2 or Trn1 for the others",
        )
    for need in needs:
        if here and need.generation and need.generation is not here:
            raise WrongGeneration(
                f"model {need.model!r} was compiled for {need.generation.families} ({need.generation}), and "
                f"these chips are {here.families} ({here})",
                hint=f"run it on {need.generation.families}, or compile it for {here.families}",
            )


def _without_cores(models: tuple[str, ...], servers: int, grid: Grid) -> Plan:
    owners = tuple(Owner(server, None, (), models) for server in range(servers))
    note = "no model holds a NeuronOp: they run on the CPU, and no core has an owner"
    return Plan(owners, (grid.usable,), (note,))


def _chosen(
    grid: Grid, needs: Sequence[Need], servers: int | None
) -> tuple[list[layout.Block], Sequence[str]]:
    largest = max(needs, key=lambda need: need.cores)
    if largest.cores > grid.size:
        raise NotEnoughCores(
            f"model {largest.model!r} was compiled for {largest.cores} cores, and there are {grid.size} "
            f"to use ({text(grid.usable)})",
            hint="give the container more chips, or compile it with a smaller --num-neuroncores",
        )
    if len(needs) == 1:
        return (layout.even(grid, needs[0], servers) if servers else layout.full(grid, needs)), ()
    notes = ["SAGEMAKER_TFS_INSTANCE_COUNT has no effect with several models"] if servers else []
    blocks = layout.full(grid, needs)
    if {name for block in blocks for name in block.models} == {need.model for need in needs}:
        return blocks, notes
    total = sum(need.cores for need in needs)
    why = f"{len(needs)} models need {total} cores for a copy each, of {grid.size}: all are in every server"
    return layout.shared(grid, needs), [*notes, why]


def _placed(grid: Grid, needs: Sequence[Need], placement: Placement) -> list[layout.Block]:
    by_name = {need.model: need for need in needs}
    blocks = [_entry(grid, by_name, *entry) for entry in placement]
    for at, block in enumerate(blocks):
        for other in blocks[:at]:
            if overlap(block.cores, other.cores):
                raise CoreConflict(
                    f"SERVE_PLACEMENT gives cores {text(other.cores)} and {text(block.cores)}, which overlap",
                    hint="make the ranges disjoint",
                )
    absent = by_name.keys() - {name for block in blocks for name in block.models}
    if absent:
        raise PlanError(
            f"SERVE_PLACEMENT gives no cores to {', '.join(sorted(absent))}",
            hint="add an entry MODEL=FIRST-LAST for each model",
        )
    return blocks


def _entry(grid: Grid, needs: Mapping[str, Need], name: str, first: int, last: int) -> layout.Block:
    if not name and len(needs) == 1:
        name = next(iter(needs))
    need = needs.get(name)
    if need is None:
        known = ", ".join(sorted(needs))
        told = (
            f"there is no compiled model {name!r}"
            if name
            else "an entry names no model, and there are several"
        )
        raise PlanError(f"SERVE_PLACEMENT: {told}", hint=f"compiled models here: {known}")
    low, high = grid.usable
    if first < low or last > high:
        raise NotEnoughCores(
            f"SERVE_PLACEMENT gives cores {text((first, last))} to {name!r}, and those to use are "
            f"{text((low, high))}",
            hint="name cores that are here",
        )
    size = last - first + 1
    if size < need.cores:
        raise NotEnoughCores(
            f"SERVE_PLACEMENT gives {size} cores to {name!r}, which was compiled for {need.cores}",
            hint=f"give it at least {need.cores}",
        )
    return layout.Block((first, last), (name,), layout.copies(need, size))


def _idle(blocks: Sequence[layout.Block], needs: Sequence[Need]) -> Iterator[str]:
    """What a wish costs: cores that are owned, and on which nothing runs."""
    sizes = {need.model: need.cores for need in needs}
    for block in blocks:
        (name,) = block.models
        used = sizes[name] * block.copies
        idle = block.cores[1] - block.cores[0] + 1 - used
        if idle:
            yield (
                f"SERVE_PLACEMENT gives cores {text(block.cores)} to {name!r}, of which a process "
                f"uses {used}: {idle} of them stay idle"
            )


def _unowned(grid: Grid, owners: Sequence[Owner]) -> tuple[Range, ...]:
    owned = {core for owner in owners if owner.cores for core in range(owner.cores[0], owner.cores[1] + 1)}
    ranges: list[Range] = []
    for segment in grid.segments:
        for core in range(segment.first, segment.last + 1):
            if core in owned:
                continue
            if ranges and ranges[-1][1] == core - 1:
                ranges[-1] = (ranges[-1][0], core)
            else:
                ranges.append((core, core))
    return tuple(ranges)


def _why_unowned(needs: Sequence[Need], servers: int | None, placement: Placement | None) -> str:
    if placement is not None:
        return "SERVE_PLACEMENT gives them to nobody"
    if servers and len(needs) == 1:
        return f"SAGEMAKER_TFS_INSTANCE_COUNT={servers} leaves no server for them"
    sizes = sorted({need.cores for need in needs})
    return f"a copy takes {' or '.join(map(str, sizes))} contiguous core{'s' if sizes != [1] else ''}"
