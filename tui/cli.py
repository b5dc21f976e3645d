"""The `shelver` command: finds the verb, runs it, and turns what went wrong into one line and an exit code.

A verb is a module of `tui.commands` that holds a click command named `command`; it is imported only when it
is used, so that `shelver --version` and completion answer at once.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any

import click

from core.errors import ShelverError
from core.names import shown
from tui.commands.frame import Look, Settings, look_options, shared_options

VERBS = {
    "Start": ("up", "demo", "agent", "worker"),
    "Look": ("status", "ops", "show", "where", "explain"),
    "Act": ("organize", "dedupe", "sync", "undo", "approve", "reject", "cancel", "pause", "resume"),
    "Set up": ("config", "service", "trash", "doctor", "completion"),
}
"""Every verb, as `shelver --help` groups them."""


class ReaderLeftError(Exception):
    """Nobody reads standard output any more (`| head`): there is nobody left to be told."""


class Shelver(click.Group):
    """The group of all verbs, each loaded when it is asked for."""

    def invoke(self, context: click.Context) -> Any:
        """Run the verb; a broken pipe is kept from click, which would make it a failure."""
        try:
            return super().invoke(context)
        except BrokenPipeError:
            raise ReaderLeftError from None

    def list_commands(self, context: click.Context) -> list[str]:
        """Return the verbs in the order of the help."""
        return [name for names in VERBS.values() for name in names]

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        """Import a verb's module and return its command; None for what is no verb."""
        if name not in self.list_commands(context):
            return None
        command: click.Command = import_module(f"tui.commands.{name}").command
        return command

    def format_commands(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the verbs, grouped by what one wants."""
        for title, names in VERBS.items():
            commands = [(name, self.get_command(context, name)) for name in names]
            with formatter.section(title):
                formatter.write_dl([(name, command.get_short_help_str(70)) for name, command in commands if command])


def _print_version(context: click.Context, parameter: click.Parameter, wanted: bool) -> None:
    if wanted and not context.resilient_parsing:
        from core import __version__

        click.echo(f"shelver {__version__}")
        context.exit()


@click.command(
    cls=Shelver,
    params=[
        *shared_options(),
        click.Option(
            ["--version"], is_flag=True, is_eager=True, expose_value=False, callback=_print_version, help="Which one."
        ),
    ],
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Nothing is ever lost and everything can be undone: `shelver undo last`.",
)
@look_options
@click.pass_context
def shelver(context: click.Context, look: Look) -> int:
    """Keeps folders in order. Without a verb it opens the screens of the running agent.

    \b
    Example:
      shelver demo                          see it work on a folder of samples
      shelver organize ~/Downloads          show the plan, ask, do it
      shelver undo last                     take it back
    """
    if context.invoked_subcommand is not None:
        return 0
    from tui.commands.open import open_screens

    return open_screens(context.find_object(Settings) or Settings(), look)


def run(arguments: Sequence[str]) -> int:
    """Run one command line and return its exit code. Whatever goes wrong is one line on stderr.

    Raises ReaderLeftError.
    """
    try:
        return int(shelver.main(list(arguments), prog_name="shelver", standalone_mode=False, obj=Settings()) or 0)
    except click.UsageError as error:
        _complain(error.format_message())
        if error.ctx is not None:
            _say(f"see: {error.ctx.command_path} --help")
        return 2
    except click.ClickException as error:
        _complain(error.format_message())
        return 2
    except click.Abort:
        return 130
    except ShelverError as error:
        _complain(str(error))
        return error.exit_code
    except ReaderLeftError:
        raise
    except OSError as error:
        place = error.filename if isinstance(error.filename, str | bytes) else ""
        _complain(f"{error.strerror or error}" + (f": {shown(place)}" if place else ""))
        return 1
    except Exception as error:
        if os.environ.get("SHELVER_DEBUG"):
            raise
        _complain(f"{type(error).__name__}: {error} (SHELVER_DEBUG=1 shows where)")
        return 1


def _complain(message: str) -> None:
    _say("shelver: " + message.strip())


def _say(message: str) -> None:
    for line in message.splitlines():
        print(shown(line), file=sys.stderr)


def main() -> Any:
    """Be the `shelver` command."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # a terminal without UTF-8 gets every name, too
    try:
        code = run(sys.argv[1:])
        sys.stdout.flush()
    except (ReaderLeftError, BrokenPipeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 0
    sys.exit(code)


if __name__ == "__main__":
    main()
