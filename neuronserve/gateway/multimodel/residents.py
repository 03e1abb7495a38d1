"""Which models are loaded, for the requests that want one: nothing is taken from under an admitted request.

A request holds its model's column on the board, and only then looks whether the model is still in the state.
Who unloads takes it out of the state, and only then waits until nobody holds the column (``board.py``). So a
request either is refused, or is waited for.
"""

from __future__ import annotations

from neuronserve.gateway.multimodel import names
from neuronserve.modelserver.board import Board
from neuronserve.state import Reader, State


class Residents:
    """Shared by a worker's threads."""

    def __init__(self, state: Reader, board: Board) -> None:
        self._state = state
        self._board = board

    def hold(self, name: str) -> tuple[int, State]:
        """The column, to be given to ``release`` in the end, and a state that has the model.

        Raises UnknownTarget when it is not loaded, or is being unloaded.
        """
        while True:
            model = self._state.current().by_name.get(name)
            if model is None:
                raise names.not_loaded(name)
            self._board.hold(model.slot)
            try:
                state = self._state.current()
                now = state.by_name.get(name)
                if now is not None and now.slot == model.slot:
                    return model.slot, state
            except BaseException:
                self._board.release(model.slot)
                raise
            self._board.release(model.slot)

    def release(self, column: int) -> None:
        self._board.release(column)
