"""`shelver completion`: the script that makes a shell complete verbs and options."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from core.errors import UsageError
from tui.commands.frame import Settings, verb

SHELLS = ("bash", "zsh", "fish")


@verb("completion", example='eval "$(shelver completion bash)"', prints_data=False)
@click.argument("shell", type=click.Choice(SHELLS))
def command(settings: Settings, shell: str) -> int:
    """Print the completion script of a shell."""
    from tui.cli import shelver

    kind = get_completion_class(shell)
    if kind is None:
        raise UsageError(f"no completion for {shell}")
    click.echo(kind(shelver, {}, "shelver", "_SHELVER_COMPLETE").source())
    return 0
