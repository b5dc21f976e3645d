"""`shelver worker`: not in this version."""

from __future__ import annotations

from tui.commands.absent import absent
from tui.commands.frame import Settings, verb


@verb("worker", example="shelver worker --config /etc/shelver/config.toml", prints_data=False)
def command(settings: Settings) -> int:
    """Be one more worker for a Redis queue (not in this version yet)."""
    raise absent("it has no Redis queue; the agent starts its own worker")
