"""The tables of the documents, made from the code that they describe."""

from __future__ import annotations

import itertools
from collections.abc import Mapping

from neuronserve import exitcodes, settings
from neuronserve.deploy import exits


class NoMarkers(ValueError):
    """The text has no place for a table."""


def tables() -> dict[str, dict[str, str]]:
    """The tables of each document: its path, then Markdown by the name of the markers around it."""
    return {
        "README.md": {"exit-codes": _codes(exitcodes.MEANINGS)},
        "docs/settings.md": {"settings": _settings()},
        "docs/ecs.md": {"exit-codes": _codes(exits.MEANINGS)},
    }


def renewed(text: str, wanted: Mapping[str, str]) -> str:
    """``text`` with each table put between ``<!-- NAME -->`` and ``<!-- /NAME -->``.

    Raises NoMarkers when a table has no such place.
    """
    for name, table in wanted.items():
        begin, end = f"<!-- {name} -->", f"<!-- /{name} -->"
        before, opened, rest = text.partition(begin)
        _, closed, after = rest.partition(end)
        if not opened or not closed:
            raise NoMarkers(f"no {begin} ... {end} to put the table between")
        text = f"{before}{begin}\n{table}\n{end}{after}"
    return text


def _settings() -> str:
    """One table for each group, in the order of ``settings/``."""
    parts = []
    for group, members in itertools.groupby(settings.variables(), key=lambda variable: variable.group):
        lines = [f"**{group}**", "", "| variable | default | unit | meaning |", "|---|---|---|---|"]
        lines += [
            f"| `{v.name}` | {f'`{v.default}`' if v.default else ''} | {v.unit} | {_cell(v.meaning)} |"
            for v in members
        ]
        parts.append("\n".join(lines))
    return "\n\n".join(parts)


def _codes(meanings: Mapping[int, str]) -> str:
    lines = ["| exit code | meaning |", "|---|---|"]
    return "\n".join([*lines, *(f"| {code} | {_cell(text)} |" for code, text in meanings.items())])


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
