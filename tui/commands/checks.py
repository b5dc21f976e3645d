"""What `shelver doctor` looks at: all that `core.checks` does, and what only this user's own process can tell."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from core import checks
from core.checks import Check, Finding, Site
from core.errors import NotAllowed
from core.names import shown
from tui.commands.reaching import answers


def agent(site: Site) -> Iterator[Finding]:
    """Whether an agent answers, and whether something stands in the way of one."""
    socket = site.places.socket
    name = shown(str(socket))
    try:
        running = answers(socket)
    except NotAllowed as error:
        yield Finding("agent", "problem", str(error))
        return
    if running:
        yield Finding("agent", "ok", f"answers on {name}")
        return
    if socket.exists():
        yield Finding("agent", "note", f"nobody listens on {name}: left behind", "the next agent replaces it")
    else:
        yield Finding("agent", "note", "none is running", "shelver up, or shelver service install")
    if _is_held(site.places.state / "lock"):
        yield Finding("agent", "note", "another shelver command holds the state right now", "it ends with its work")


def _is_held(lock: Path) -> bool:
    """Tell whether a process holds a lock, by what the kernel lists: looking takes no lock."""
    try:
        wanted = f":{lock.stat().st_ino} "
        with open("/proc/locks", encoding="ascii") as locks:
            return any("FLOCK" in line and wanted in line for line in locks)
    except OSError:
        return False


def systemd(site: Site) -> Iterator[Finding]:
    """Whether the agent starts by itself, also while nobody is logged in."""
    from tui.commands.units import is_lingering, systemd_is_here, unit_path

    if not systemd_is_here():
        yield Finding("systemd", "note", "it does not run this machine", "start `shelver agent` by what does")
        return
    for system in (False, True):
        path = unit_path(system=system)
        if path.exists():
            yield Finding("systemd", "ok", f"{shown(str(path))} is installed")
            if not system and not is_lingering():
                hint = "loginctl enable-linger"
                yield Finding("systemd", "note", "the user's services end when the user logs out", hint)
            return
    yield Finding("systemd", "note", "no unit is installed", "shelver service install")


CHECKS: tuple[Check, ...] = (
    checks.versions,
    checks.config,
    checks.permissions,
    agent,
    checks.journals,
    checks.catalog,
    checks.inotify,
    checks.buckets,
    systemd,
)
