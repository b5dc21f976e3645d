"""`shelver agent`: the agent in the foreground, what systemd runs."""

from __future__ import annotations

import os

import click

from tui.commands.agent_process import agent_command
from tui.commands.frame import Settings, verb


@verb("agent", example="shelver agent --config ~/.config/shelver/config.toml", prints_data=False)
@click.option("--log-format", type=click.Choice(["auto", "text", "journal", "json"]), default="auto", show_default=True)
def command(settings: Settings, log_format: str) -> int:
    """Run the agent here. SIGTERM (or Ctrl-C) ends it cleanly, SIGHUP reloads the config."""
    argv = agent_command(settings, [])
    os.execv(argv[0], [*argv, "--log-format", log_format])
