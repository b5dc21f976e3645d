"""Writing into config.toml: a first config, and one more folder. What stands there stays as it is, comments too."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path

from msgspec import Struct

from core.config import Config, Folder, load_config, parse_config
from core.config.models import Mode
from core.errors import ConfigError, Refused, UsageError
from core.names import shown
from core.state import sync_directory

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


class NewFolder(Struct, frozen=True, kw_only=True):
    """A folder that the config shall watch. `path` is absolute; `mode` None: as in `[agent]`."""

    name: str
    path: bytes
    mode: Mode | None = None

    @property
    def table(self) -> str:
        """The lines to write. Raises UsageError for a path that TOML cannot hold."""
        try:
            path = self.path.decode()
        except UnicodeDecodeError:
            raise UsageError(f"{shown(self.path)} is not UTF-8, which a config cannot hold", field="path") from None
        lines = ["[[folder]]", f"name = {toml_text(self.name)}", f"path = {toml_text(home_short(path))}"]
        return "\n".join([*lines, f"mode = {toml_text(self.mode)}"] if self.mode else lines) + "\n"


def starter(folders: Iterable[str]) -> str:
    """Return the text of a first config for these folders. Raises UsageError for a path that TOML cannot hold."""
    tables: list[str] = []
    names: set[str] = set()
    for folder in folders:
        path = os.path.abspath(os.path.expanduser(folder))
        name = name_for(path, names)
        names.add(name)
        tables.append("\n" + NewFolder(name=name, path=os.fsencode(path)).table)
    return STARTER.format(folders="".join(tables))


class Proposal(Struct, frozen=True, kw_only=True):
    """A config with one more folder: its text, checked, and what stood there before (None: there was no file)."""

    text: str
    before: str | None
    config: Config
    folder: Folder


def proposed(path: Path, new: NewFolder) -> Proposal:
    """Return the config at a path as it would be with a folder added.

    Raises UsageError (field `path` or `name`) where the config would have mistakes thereby, ConfigError where it has
    some already.
    """
    before = _text(path)
    text = STARTER.format(folders="\n" + new.table) if before is None else _appended(before, new.table)
    try:
        config = parse_config(text, path)
    except ConfigError as error:
        mistakes = "; ".join(f"{mistake.where}: {mistake.message}" for mistake in error.mistakes)
        raise UsageError(mistakes or str(error), field="path") from None
    return Proposal(text=text, before=before, config=config, folder=config.folder(new.name, allow_path=False))


def _text(path: Path) -> str | None:
    try:
        path.stat()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ConfigError(f"cannot read {shown(str(path))}: {error.strerror}") from None
    load_config(path)  # a config with mistakes is mended by hand first
    return path.read_text(encoding="utf-8")


def _appended(text: str, table: str) -> str:
    gap = "" if not text or text.endswith("\n\n") else "\n" if text.endswith("\n") else "\n\n"
    return f"{text}{gap}{table}"


def write(path: Path, proposal: Proposal) -> None:
    """Write a proposal: after a crash the file is the old one or the new one, whole. A symlink stays one.

    Raises Refused where it cannot be written, or was changed since it was read.
    """
    real = path.resolve()
    try:
        if _text(path) != proposal.before:
            raise Refused(f"{shown(str(path))} was changed meanwhile")
        real.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        mode = real.stat().st_mode & 0o777 if proposal.before is not None else 0o600
        _replace(real, proposal.text.encode(), mode)
    except OSError as error:
        raise Refused(f"{shown(str(path))} cannot be written: {error.strerror}") from None


def _replace(path: Path, data: bytes, mode: int) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}.new")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            os.fchmod(file.fileno(), mode)
            file.flush()
            os.fsync(file.fileno())
        os.rename(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    sync_directory(path.parent)


def obstacle(path: Path) -> str:
    """Say why this process cannot write a config, or nothing."""
    real = path.resolve()
    place = real if real.exists() else next(parent for parent in real.parents if parent.exists())
    if not os.access(place, os.W_OK):
        return f"{shown(str(place))} cannot be written by the agent"
    if place == real and not os.access(real.parent, os.W_OK):
        return f"{shown(str(real.parent))} cannot be written by the agent"
    return ""


def name_for(path: str, taken: Iterable[str]) -> str:
    """Return a name for a folder by its path, one that no other folder has."""
    names = set(taken)
    name = shown(os.path.basename(path.rstrip("/")).lower()) or "root"
    number, free = 1, name
    while free in names:
        number += 1
        free = f"{name}-{number}"
    return free


def home_short(path: str) -> str:
    """Return an absolute path as people write it: `~` for the home."""
    home = os.path.expanduser("~")
    return "~" + path[len(home) :] if path.startswith(home + "/") else path


def toml_text(text: str) -> str:
    """Return a text as a TOML basic string."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
