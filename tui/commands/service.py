"""`shelver service`: the agent as a systemd service, the user's own by default."""

from __future__ import annotations

import os
from pathlib import Path

import click

from core.errors import NotAllowed, UsageError
from tui.commands.frame import Settings, group, verb
from tui.commands.units import (
    UNIT,
    is_lingering,
    must,
    need_systemd,
    systemctl,
    unit_path,
    unit_text,
    write_unit,
)

SYSTEM_CONFIG = Path("/etc/shelver/config.toml")
NOT_RUNNING = 3

command = group("service", "Run the agent as a systemd service, the user's own by default.")
system_option = click.option("--system", is_flag=True, help="A service of the machine; needs root.")


@verb("install", example="shelver service install")
@system_option
@click.option("--user", metavar="NAME", help="With --system: whose files it organizes (who called sudo).")
def install(settings: Settings, system: bool, user: str | None) -> int:
    """Write the unit, start it, and have it started from now on. The config must be right first."""
    need_systemd()
    out = settings.output()
    text = _system_text(settings, user) if system else _user_text(settings, user)
    path = write_unit(text, system=system)
    out.line("Wrote ", (str(path), "strong"))
    must("daemon-reload", system=system)
    must("enable", "--now", UNIT, system=system)
    out.record({"unit": str(path)})
    out.line("It runs, and starts by itself from now on.")
    if not system and not is_lingering():
        out.note("It ends when you log out; `loginctl enable-linger` keeps it running.")
    return 0


def _user_text(settings: Settings, user: str | None) -> str:
    if user is not None:
        raise UsageError("--user goes with --system")
    if settings.config is not None or settings.chosen_state() is not None:
        raise UsageError("a user's service has the user's own config and state: leave --config and --state out")
    settings.load_config()
    return unit_text("user")


def _system_text(settings: Settings, user: str | None) -> str:
    if os.geteuid() != 0:
        raise NotAllowed("a service of the machine needs root")
    name = user or os.environ.get("SUDO_USER")
    if name is None:
        raise UsageError("say whose files it organizes: --user NAME")
    return unit_text("system", "--user", name, "--config", str(settings.config or SYSTEM_CONFIG))


@verb("uninstall", example="shelver service uninstall")
@system_option
def uninstall(settings: Settings, system: bool) -> int:
    """Stop the service and remove its unit. Config, state and files stay."""
    need_systemd()
    out = settings.output()
    path = unit_path(system=system)
    if not path.exists():
        raise UsageError(f"there is no {path}")
    must("disable", "--now", UNIT, system=system)
    path.unlink()
    must("daemon-reload", system=system)
    out.record({"unit": str(path)})
    out.line("Removed ", (str(path), "strong"))
    return 0


@verb("status", example="shelver service status")
@system_option
def status(settings: Settings, system: bool) -> int:
    """Tell whether the service is installed and running. Ends with 3 if it does not run."""
    need_systemd()
    out = settings.output()
    path = unit_path(system=system)
    active = systemctl("is-active", UNIT, system=system).stdout.strip() or "unknown"
    enabled = systemctl("is-enabled", UNIT, system=system).stdout.strip() or "not installed"
    out.record({"unit": str(path), "installed": path.exists(), "active": active, "enabled": enabled})
    out.rows([("unit", str(path) if path.exists() else "not installed"), ("active", active), ("enabled", enabled)])
    return 0 if active == "active" else NOT_RUNNING


for verb_of_service in (install, uninstall, status):
    command.add_command(verb_of_service)
