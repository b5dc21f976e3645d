"""`shelver config`: check it, show what holds, start one."""

from __future__ import annotations

import os
from pathlib import Path

import click

from core.errors import ConfigError, UsageError
from core.names import shown
from tui.commands.frame import Settings, group, verb
from tui.commands.output import Output

command = group("config", "Check the config, show what holds, or start one.")


@verb("check", example="shelver config check")
def check(settings: Settings) -> int:
    """Find every mistake, each with its place and a hint. Ends with 2 if there is any."""
    out = settings.output()
    path = settings.config_path()
    try:
        config = settings.load_config()
    except ConfigError as error:
        _print_mistakes(out, path, error)
        return error.exit_code
    if config.path is None:
        out.line(f"There is no {path}; the built-in rules hold, and no folder is watched.")
    else:
        out.line(f"{path}: no mistake; folders: {len(config.folders)}, rules: {len(config.rules)}")
    return 0


def _print_mistakes(out: Output, path: Path, error: ConfigError) -> None:
    mistakes = getattr(error, "mistakes", ())
    if out.json:
        out.records(mistakes)
        return
    if not mistakes:
        out.note(str(error))
    for mistake in mistakes:
        place = f"{path}:{mistake.line}" if mistake.line else str(path)
        out.line((place, "strong"), f": {mistake.where}: ", (mistake.message, "bad"))
        if mistake.hint:
            out.line("    ", mistake.hint)


@verb("show", example="shelver config show --json")
def show(settings: Settings) -> int:
    """Show every setting that holds, the defaults too."""
    from tui.commands.config_view import print_config

    print_config(settings.output(), settings.load_config())
    return 0


@verb("init", example="shelver config init ~/Downloads")
@click.argument("folders", metavar="[FOLDER…]", nargs=-1, type=click.Path(exists=True, file_okay=False))
def init(settings: Settings, folders: tuple[str, ...]) -> int:
    """Start a config that watches FOLDERs (~/Downloads if there is none named). Never overwrites one."""
    from core.config.writing import starter

    out = settings.output()
    path = settings.config_path()
    text = starter(folders or ("~/Downloads",))
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        raise UsageError(f"{shown(str(path))} exists already; it was left as it is") from None
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    out.record({"path": str(path)})
    out.line("Wrote ", (str(path), "strong"))
    out.note("Next: shelver config check, then shelver up (or shelver service install)")
    return 0


for verb_of_config in (check, show, init):
    command.add_command(verb_of_config)
