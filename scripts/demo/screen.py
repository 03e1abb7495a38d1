"""What the person sees: bars on a terminal, plain lines in a log."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

console = Console(highlight=False, soft_wrap=True)


class Tell(Protocol):
    """Called with how far a step is: a text, and a share from 0 to 1 where one is known."""

    def __call__(self, text: str, share: float | None = None) -> None: ...


@contextmanager
def step(title: str) -> Iterator[Tell]:
    """One long step. Its bar moves, or its lines follow one another, as the body tells of it."""
    if not console.is_terminal:
        console.print(f"==> {title}")
        yield _lines()
        return
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(24),
        TextColumn("{task.fields[text]}"),
    )
    with Progress(*columns, TimeElapsedColumn(), console=console) as progress:
        task = progress.add_task(title, total=None, text="")

        def tell(text: str, share: float | None = None) -> None:
            if share is not None:
                progress.update(task, total=1.0, completed=share)
            progress.update(task, text=text)

        yield tell
        progress.update(task, total=1.0, completed=1.0)


def _lines() -> Tell:
    said: set[str] = set()

    def tell(text: str, share: float | None = None) -> None:  # noqa: ARG001  Tell's shape; a line needs no share
        if text not in said:
            said.add(text)
            console.print(f"    {text}")

    return tell
