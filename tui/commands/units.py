"""The systemd unit: where it lies, what it says (the agent's side prints it), and systemctl."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import sys
from pathlib import Path

from core.errors import ShelverError, UsageError
from core.names import shown
from core.state import write_durably

UNIT = "shelver.service"
SYSTEMD_RUNS = Path("/run/systemd/system")
SYSTEM_UNITS = Path("/etc/systemd/system")
LINGERING = Path("/var/lib/systemd/linger")


def systemd_is_here() -> bool:
    """Tell whether systemd runs this machine."""
    return SYSTEMD_RUNS.is_dir() and shutil.which("systemctl") is not None


def need_systemd() -> None:
    """Raise UsageError where there is no systemd."""
    if not systemd_is_here():
        raise UsageError("systemd does not run this machine; have what does start `shelver agent` (SIGTERM ends it)")


def is_lingering() -> bool:
    """Tell whether this user's services run while the user is logged out."""
    return (LINGERING / pwd.getpwuid(os.getuid()).pw_name).exists()


def unit_path(*, system: bool) -> Path:
    """Return where the unit lies, installed or not."""
    if system:
        return SYSTEM_UNITS / UNIT
    home = os.environ.get("XDG_CONFIG_HOME")
    return (Path(home) if home else Path.home() / ".config") / "systemd/user" / UNIT


def unit_text(*arguments: str) -> str:
    """Return the unit as the agent's side prints it. Raises UsageError with what it said."""
    printed = subprocess.run(
        [sys.executable, "-P", "-m", "agent.service", *arguments], capture_output=True, text=True, check=False
    )
    if printed.returncode != 0:
        raise UsageError(printed.stderr.strip() or "the unit could not be made")
    return printed.stdout


def write_unit(text: str, *, system: bool) -> Path:
    """Put a unit in its place, readable by all. Raises ShelverError where this user may not."""
    path = unit_path(system=system)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_durably(path, text.encode())
        path.chmod(0o644)
    except OSError as error:
        raise ShelverError(f"cannot write {shown(str(path))}: {error.strerror}") from None
    return path


def systemctl(*arguments: str, system: bool) -> subprocess.CompletedProcess[str]:
    """Run systemctl for the user's or the machine's services."""
    argv = ["systemctl", *(() if system else ("--user",)), *arguments]
    return subprocess.run(argv, capture_output=True, text=True, check=False)


def must(*arguments: str, system: bool) -> None:
    """Run systemctl. Raises ShelverError with what it said if it fails."""
    ran = systemctl(*arguments, system=system)
    if ran.returncode != 0:
        raise ShelverError(f"systemctl {' '.join(arguments)}: {shown(ran.stderr.strip().replace(chr(10), '; '))}")
