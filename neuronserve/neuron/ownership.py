"""The ownership map: chip -> core range -> server -> model, for a person and for a machine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from neuronserve.neuron.grid import Grid, overlap, text
from neuronserve.neuron.plan import Owner, Plan


def as_json(plan: Plan, grid: Grid, *, host: str = "", simulated: bool = False) -> dict[str, Any]:
    """The map in JSON's types. ``host`` is the instance type, "" when it is not known."""
    return {
        "host": host,
        "simulated": simulated,
        "chips": [
            {
                "chip": chip,
                "device": f"/dev/neuron{chip}",
                "cores": text((first, last)),
                "servers": [_server(owner) for owner in _on(plan, (first, last))],
            }
            for chip, first, last in grid.chips
        ],
        "without_cores": [_server(owner) for owner in plan.owners if owner.cores is None],
        "unowned": [text(cores) for cores in plan.unowned],
        "notes": list(plan.notes),
    }


def table(ownership: Mapping[str, Any]) -> list[str]:
    """The map as lines for a person, from what ``as_json`` made."""
    rows = [("CHIP", "CORES", "SERVER", "OWNS", "COPIES", "MODELS")]
    for chip in ownership["chips"]:
        where = (chip["device"], chip["cores"])
        for server in chip["servers"] or [None]:
            rows.append((*where, *_cells(server)))
            where = ("", "")
    rows += [("-", "-", *_cells(server)) for server in ownership["without_cores"]]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]
    host = ownership["host"] or "this host"
    title = f"who owns which NeuronCore on {host}"
    if ownership["simulated"]:
        title += " - SIMULATED: nothing here runs on Neuron hardware"
    return [title, *lines, *(f"note: {note}" for note in ownership["notes"])]


def with_models(ownership: Mapping[str, Any], models: Mapping[int, Sequence[str]]) -> dict[str, Any]:
    """The same map with other models: server -> their names."""

    def renamed(server: Mapping[str, Any]) -> dict[str, Any]:
        return {**server, "models": list(models.get(server["server"], ()))}

    chips = [
        {**chip, "servers": [renamed(server) for server in chip["servers"]]} for chip in ownership["chips"]
    ]
    alone = [renamed(server) for server in ownership["without_cores"]]
    return {**ownership, "chips": chips, "without_cores": alone}


def _on(plan: Plan, cores: tuple[int, int]) -> Sequence[Owner]:
    return [owner for owner in plan.owners if owner.cores and overlap(owner.cores, cores)]


def _server(owner: Owner) -> dict[str, Any]:
    return {
        "server": owner.server,
        "cores": owner.shown,
        "copies": owner.copies,
        "models": list(owner.models),
    }


def _cells(server: Mapping[str, Any] | None) -> tuple[str, str, str, str]:
    if server is None:
        return "-", "-", "-", "-"
    return (
        str(server["server"]),
        server["cores"] or "-",
        str(server["copies"]),
        ", ".join(server["models"]) or "-",
    )
