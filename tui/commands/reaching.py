"""Where operations are reached: over the agent's socket when an agent runs, else in this process."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path

from core.errors import ConfigError, Locked, NotAllowed
from core.names import shown
from tui.commands.desk import Desk
from tui.commands.frame import Settings

SYSTEM_SOCKET = Path("/run/shelver/agent.sock")
AGENT_STARTS_SECONDS = 3.0
"""How long a lock without a socket may be an agent that is just starting."""


@contextmanager
def open_desk(settings: Settings, *, to_act: bool) -> Iterator[Desk]:
    """Reach the agent if one answers, else do it here; `to_act` then holds the state directory's lock.

    Raises Locked when another one-shot command holds it, NotAllowed when the agent is somebody else's.
    """
    give_up = time.monotonic() + AGENT_STARTS_SECONDS
    with ExitStack() as opened:
        while True:
            try:
                desk = opened.enter_context(_way(settings, to_act=to_act))
                break
            except Locked:  # an agent takes the lock before it opens its socket
                if time.monotonic() > give_up:
                    raise
                time.sleep(0.1)
        yield desk


def _way(settings: Settings, *, to_act: bool) -> AbstractContextManager[Desk]:
    answering = find_agent(settings)
    if answering is not None:
        from tui.commands.desk_agent import AgentDesk

        return AgentDesk(answering)
    from tui.commands.desk_here import hold_desk, read_desk

    return hold_desk(settings) if to_act else read_desk(settings)


def find_agent(settings: Settings) -> Path | None:
    """Return the socket of the agent that answers, or None. Raises NotAllowed for somebody else's.

    It is the user's own (or that of `--state`); the system's serves those who have neither agent nor config.
    """
    own = agent_socket(settings)
    if answers(own):
        return own
    if settings.chosen_state() is None and not settings.config_path().exists() and answers(SYSTEM_SOCKET):
        return SYSTEM_SOCKET
    return None


def agent_socket(settings: Settings) -> Path:
    """Return where the agent of these settings listens.

    That is `[agent] socket`, but a separate Shelver (`--state`) has its own.
    """
    places = settings.places()
    if places.socket.parent == places.state:
        return places.socket
    try:
        return settings.load_config().agent.socket or places.socket
    except ConfigError:  # a running agent goes on with the config it read
        return places.socket


def answers(path: Path) -> bool:
    """Tell whether somebody listens on a socket. Raises NotAllowed."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(5)
        try:
            probe.connect(str(path))
        except PermissionError:
            raise NotAllowed(f"the agent's socket {shown(str(path))} belongs to another user") from None
        except (OSError, ValueError):  # ValueError: a path too long for a socket, so that nobody listens there
            return False
        return True
