"""README.md's tables, made from the code that they describe."""

from __future__ import annotations

import itertools

from neuronserve import exitcodes, settings


class NoMarkers(ValueError):
    """The text has no place for a table."""


def tables() -> dict[str, str]:
    """Each table's Markdown, by the name of its markers."""
    return {"settings": _settings(), "exit-codes": _exit_codes()}


def renewed(text: str) -> str:
    """``text`` with each table put between ``<!-- NAME -->`` and ``<!-- /NAME -->``.

    Raises NoMarkers when a table has no such place.
    """
    for name, table in tables().items():
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


def _exit_codes() -> str:
    lines = ["| exit code | meaning |", "|---|---|"]
    return "\n".join([*lines, *(f"| {code} | {_cell(text)} |" for code, text in exitcodes.MEANINGS.items())])


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
