"""The config: `config.toml` as frozen, checked models.

    load_config   reads the file, or raises ConfigError with every mistake in it
    ad_hoc        makes the config of `shelver up FOLDER`: built-in rules, nothing configured

The first value that `config.example.toml` shows is the default.
"""

from __future__ import annotations

import grp
import os
import pwd
import stat
import tomllib
from collections.abc import Sequence
from pathlib import Path

from core.config.check import check
from core.config.models import (
    AgentSettings,
    Config,
    DuplicateSettings,
    Folder,
    HistorySettings,
    Mode,
    NotifySettings,
    QueueSettings,
    Remote,
    TrashSettings,
    unconfigured,
)
from core.config.tables import read_config
from core.errors import ConfigError, Mistake, UnknownFolder
from core.names import shown
from core.toml.places import places
from core.toml.sections import Mistakes, Section

__all__ = [
    "AgentSettings", "Config", "ConfigError", "DuplicateSettings", "Folder", "HistorySettings", "Mistake",
    "NotifySettings", "QueueSettings", "Remote", "TrashSettings", "ad_hoc", "default_config_path", "load_config",
    "parse_config",
]  # fmt: skip


def default_config_path() -> Path:
    """Return where the user's config lies: `$SHELVER_CONFIG`, else beneath the XDG config home."""
    if given := os.environ.get("SHELVER_CONFIG"):
        return Path(given)
    home = os.environ.get("XDG_CONFIG_HOME")
    return (Path(home) if home else Path.home() / ".config") / "shelver/config.toml"


def load_config(path: Path | None = None) -> Config:
    """Read the config. None is the user's default place, where a missing file means that nothing is configured.

    Raises ConfigError with every mistake, and for a file that others could write.
    """
    chosen = path or default_config_path()
    try:
        text = _read_private(chosen)
    except FileNotFoundError:
        if path is None and "SHELVER_CONFIG" not in os.environ:
            return Config()
        raise ConfigError(f"there is no {shown(str(chosen))}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"cannot read {shown(str(chosen))}: {shown(str(error))}") from None
    return parse_config(text, chosen)


def parse_config(text: str, path: Path | None = None) -> Config:
    """Read a config from its text. Raises ConfigError with every mistake."""
    name = str(path) if path else "the config"
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        message, _, place = str(error).partition(" (at ")
        line = "".join(c for c in place.partition(",")[0] if c.isdigit())
        mistakes = Mistakes({("toml",): int(line)} if line else {})
        mistakes.note(("toml",), "TOML", message[:1].lower() + message[1:])
        mistakes.raise_any(name)
        raise AssertionError from error
    lines = places(text)
    mistakes = Mistakes(lines)
    config = read_config(Section(table, (), "config", mistakes), path)
    check(config, mistakes)
    mistakes.raise_any(name)
    return config


def ad_hoc(paths: Sequence[Path], mode: Mode = "review") -> Config:
    """Return the config of `shelver up FOLDER…`: these folders, with the built-in rules. Raises UnknownFolder."""
    agent = AgentSettings(mode=mode)
    folders: list[Folder] = []
    for path in paths:
        absolute = os.fsencode(os.path.abspath(path.expanduser()))
        if not os.path.isdir(absolute):
            raise UnknownFolder(shown(absolute))
        if all(folder.path != absolute for folder in folders):
            name = _free_name(shown(os.path.basename(absolute)) or "/", [folder.name for folder in folders])
            folders.append(unconfigured(absolute, name, agent))
    return Config(agent=agent, folders=tuple(folders))


def _free_name(name: str, taken: Sequence[str]) -> str:
    number, free = 1, name
    while free in taken:
        number += 1
        free = f"{name} {number}"
    return free


# -- the file ---------------------------------------------------------------------------------------


def _read_private(path: Path) -> str:
    """Read a file that nobody but its owner and root can change. Raises ConfigError, OSError."""
    real = path.resolve()
    with real.open("rb") as file:
        _refuse_open(os.fstat(file.fileno()), path)
        _refuse_open(real.parent.stat(), path.parent)
        return file.read().decode("utf-8")


def _refuse_open(found: os.stat_result, path: Path) -> None:
    name = shown(str(path))
    if found.st_uid not in {os.geteuid(), 0}:
        raise ConfigError(f"{name} belongs to another user, who could make Shelver do anything")
    sticky = stat.S_ISDIR(found.st_mode) and found.st_mode & stat.S_ISVTX
    if found.st_mode & stat.S_IWOTH and not sticky:
        raise ConfigError(f"others can write {name}: chmod o-w it")
    if found.st_mode & stat.S_IWGRP and not _is_private_group(found.st_gid, found.st_uid):
        raise ConfigError(f"a group can write {name}: chmod g-w it")


def _is_private_group(gid: int, uid: int) -> bool:
    """Tell whether a group holds its user alone, as many systems make one for each user."""
    try:
        user, group = pwd.getpwuid(uid), grp.getgrgid(gid)
    except KeyError:
        return False
    return user.pw_gid == gid and user.pw_name == group.gr_name and set(group.gr_mem) <= {user.pw_name}
