"""A board that is only read: there is nothing behind its rows."""

from __future__ import annotations

from tui.widgets.board import Board


class StillBoard(Board):
    """Rows with a cursor to read along, and nothing to open."""

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer to open nothing."""
        return False if action == "open" else super().check_action(action, parameters)
