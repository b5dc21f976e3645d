"""What the agent tells systemd: ready, alive, stopping, and a line for `systemctl status`."""

from __future__ import annotations

import os
import socket

PATIENCE_SECONDS = 2.0
"""How long a service manager may be too busy to take a message."""


def notify(*messages: str) -> None:
    """Send messages (`READY=1`, `STATUS=…`) to the service manager, if one started this process.

    Waits while it has too many to read: call it in a thread where something must not wait.
    """
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")):
        return
    if address.startswith("@"):
        address = "\0" + address[1:]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel:
        channel.settimeout(PATIENCE_SECONDS)
        try:
            channel.connect(address)
            channel.sendall("\n".join(messages).encode("utf-8", "backslashreplace"))
        except OSError:
            pass  # a service manager that does not listen must not end the agent


def watchdog_pause() -> float | None:
    """Return how many seconds may pass between two signs of life (half of what is allowed), or None: not wanted."""
    microseconds = os.environ.get("WATCHDOG_USEC", "")
    if not microseconds.isdigit() or os.environ.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return None
    return int(microseconds) / 2_000_000
