"""`shelver config`: check it, show what holds, start one."""

from __future__ import annotations

import json
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


STARTER = """\
# Shelver's config. `shelver config check` finds every mistake with its place.
# A running agent reads it anew on SIGHUP (`systemctl --user reload shelver`).

[agent]
mode = "review"          # the agent proposes, you approve; "auto": new files are moved by themselves
{folders}
# Without any [[rule]] the built-in rules hold: pictures and videos to Pictures/<year>/<month>/, audio to
# Music/<artist>/<album>/, documents to Documents/<year>/, archives, code and the like to a folder of their kind.
# Your own rules replace them; the first that matches decides. `shelver explain FILE` says what and why.
#
# [[rule]]
# name = "invoices"
# match = {{ ext = "pdf", name = ["*invoice*", "*rechnung*"] }}
# to = "Documents/Invoices/{{modified:%Y}}/"
"""

FOLDER = """
[[folder]]
name = {name}
path = {path}
"""


@verb("init", example="shelver config init ~/Downloads")
@click.argument("folders", metavar="[FOLDER…]", nargs=-1, type=click.Path(exists=True, file_okay=False))
def init(settings: Settings, folders: tuple[str, ...]) -> int:
    """Start a config that watches FOLDERs (~/Downloads if there is none named). Never overwrites one."""
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


def starter(folders: tuple[str, ...]) -> str:
    """Return the text of a first config for these folders. Raises UsageError for a path that TOML cannot hold."""
    tables: list[str] = []
    names: set[str] = set()
    for folder in folders:
        path = folder if folder.startswith("~") else os.path.abspath(folder)
        try:
            path.encode()
        except UnicodeEncodeError:
            raise UsageError(f"{shown(path)} is not UTF-8, which a config cannot hold") from None
        name = _free_name(os.path.basename(path.rstrip("/")).lower() or "root", names)
        tables.append(FOLDER.format(name=toml_text(name), path=toml_text(_home_short(path))))
    return STARTER.format(folders="".join(tables))


def _free_name(name: str, taken: set[str]) -> str:
    candidate, number = name, 2
    while candidate in taken:
        candidate, number = f"{name}-{number}", number + 1
    taken.add(candidate)
    return candidate


def _home_short(path: str) -> str:
    home = os.path.expanduser("~")
    return "~" + path[len(home) :] if path.startswith(home + "/") else path


def toml_text(text: str) -> str:
    """Return a text as a TOML basic string."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


for verb_of_config in (check, show, init):
    command.add_command(verb_of_config)
