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
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from core.config_check import check
from core.config_reader import Mistake, Mistakes, Section, absolute_path, file_path, meant
from core.errors import ConfigError, UnknownFolder
from core.globs import PathGlob, fits_any, ignore_glob
from core.names import is_beneath, normalized, shown
from core.rules import Rule, RuleSet, built_in_rules, read_rule
from core.toml_places import places

__all__ = [
    "AgentSettings",
    "Config",
    "ConfigError",
    "Folder",
    "Mistake",
    "ad_hoc",
    "default_config_path",
    "load_config",
]

Mode = Literal["review", "auto"]
Duplicates = Literal["report", "off", "trash", "hardlink", "reflink"]
Direction = Literal["both", "push", "pull"]

MODES = ("review", "auto")
DUPLICATES = ("report", "off", "trash", "hardlink", "reflink")
DIRECTIONS = ("both", "push", "pull")
NOTICES = ("failed", "halted", "proposed", "completed", "partial")
KEEPERS = ("oldest", "newest", "shortest", "longest")


@dataclass(frozen=True)
class AgentSettings:
    """`[agent]`. `settle` and `rescan` in seconds; `destinations` are absolute."""

    mode: Mode = "review"
    settle: float = 5.0
    rescan: float = 600.0
    socket: Path | None = None
    destinations: tuple[bytes, ...] = ()
    admins: tuple[str, ...] = ()
    viewers: tuple[str, ...] = ()


@dataclass(frozen=True)
class QueueSettings:
    """`[queue]`."""

    url: str = "sqlite:"
    workers: int = 4


@dataclass(frozen=True)
class HistorySettings:
    """`[history]`: how long plans and journals are kept, in seconds."""

    keep: float = 365 * 86400.0


@dataclass(frozen=True)
class TrashSettings:
    """`[trash]`: how long what was trashed is kept, in seconds."""

    keep: float = 30 * 86400.0


@dataclass(frozen=True)
class DuplicateSettings:
    """`[duplicates]`. `min_size` in bytes, `similar_distance` in bits of a picture's hash."""

    keep: tuple[str, ...] = ("oldest", "shortest")
    min_size: int = 1
    similar_distance: int = 8


@dataclass(frozen=True)
class NotifySettings:
    """`[notify]`: a program and its arguments, and the news it is started for."""

    command: tuple[str, ...] = ()
    on: tuple[str, ...] = ("failed", "halted", "proposed")


@dataclass(frozen=True)
class Remote:
    """One `[[remote]]`: an S3 endpoint. Keys and secrets never stand here."""

    name: str
    endpoint: str = ""
    region: str = ""
    profile: str = ""
    path_style: bool = False
    requests_per_month: int = 100_000


@dataclass(frozen=True)
class Folder:
    """One `[[folder]]`. `path` is absolute, or an `s3://` URI; `settle` and `rescan` in seconds."""

    name: str
    path: bytes
    mode: Mode = "review"
    settle: float = 5.0
    rescan: float = 600.0
    subfolders: bool = False
    rules: RuleSet = field(default_factory=built_in_rules, compare=False)
    duplicates: Duplicates = "report"
    ignore: tuple[str, ...] = ()
    sync: str = ""
    direction: Direction = "both"
    remote: str = ""
    configured: bool = True
    """False for a folder that only a command named."""

    @property
    def is_local(self) -> bool:
        """Whether it is a directory of this machine."""
        return not self.path.startswith(b"s3://")

    def absolute(self, path: bytes) -> bytes:
        """Return where a path lies that is relative to the folder; an absolute one is returned as it is."""
        return path if path.startswith(b"/") else (self.path if self.path != b"/" else b"") + b"/" + path

    @cached_property
    def _ignored(self) -> tuple[PathGlob, ...]:
        return tuple(ignore_glob(pattern) for pattern in self.ignore)

    def ignores(self, path: bytes) -> bool:
        """Tell whether `ignore` names a file, by its path beneath the folder."""
        return bool(self._ignored) and fits_any(self._ignored, normalized(path))


@dataclass(frozen=True)
class Config:
    """All of it. `path`: the file it came from."""

    agent: AgentSettings = AgentSettings()
    queue: QueueSettings = QueueSettings()
    history: HistorySettings = HistorySettings()
    trash: TrashSettings = TrashSettings()
    duplicates: DuplicateSettings = DuplicateSettings()
    notify: NotifySettings = NotifySettings()
    remotes: tuple[Remote, ...] = ()
    folders: tuple[Folder, ...] = ()
    rules: tuple[Rule, ...] = ()
    path: Path | None = None

    def folder(self, text: str, *, allow_path: bool = True) -> Folder:
        """Return the folder with a name, or the one that owns a path: the innermost configured one that it is or
        lies beneath; else, for any other directory, that directory with the built-in rules. Raises UnknownFolder.
        """  # fmt: skip
        for folder in self.folders:
            if folder.name == text:
                return folder
        if allow_path and ("/" in text or text in {".", "..", "~"} or Path(text).is_dir()):
            path = os.fsencode(os.path.abspath(os.path.expanduser(text)))
            for candidate in {path: None, os.path.realpath(path): None}:
                owner = self.owner(candidate)
                if owner is not None:
                    return owner
            if os.path.isdir(path):
                return _unconfigured(path, os.fsdecode(path), self.agent)
        raise UnknownFolder(shown(text))

    def owner(self, path: bytes) -> Folder | None:
        """Return the innermost configured folder that an absolute path is or lies beneath."""
        return owner_of(path, self.folders)

    def nested_in(self, folder: Folder) -> tuple[bytes, ...]:
        """Return the configured folders strictly beneath another: those own their files themselves."""
        return tuple(f.path for f in self.folders if f.path != folder.path and is_beneath(f.path, folder.path))


def owner_of(path: bytes, folders: Iterable[Folder]) -> Folder | None:
    """Return the innermost of some folders that an absolute path is or lies beneath."""
    owners = [folder for folder in folders if is_beneath(path, folder.path)]
    return max(owners, key=lambda folder: len(folder.path), default=None)


# -- loading ----------------------------------------------------------------------------------------


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
    config = _read_config(Section(table, (), "config", mistakes), path)
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
            folders.append(_unconfigured(absolute, name, agent))
    return Config(agent=agent, folders=tuple(folders))


def _unconfigured(path: bytes, name: str, agent: AgentSettings) -> Folder:
    return Folder(name, path, agent.mode, agent.settle, agent.rescan, configured=False)


def _free_name(name: str, taken: Sequence[str]) -> str:
    number, free = 1, name
    while free in taken:
        number += 1
        free = f"{name} {number}"
    return free


# -- the tables -------------------------------------------------------------------------------------

_NO_SECRETS = "keys and secrets never stand in the config: name a `profile`, or use the environment"
_REMOTE_HINTS = dict.fromkeys(("key", "secret", "access_key", "secret_key", "token", "password"), _NO_SECRETS)


def _read_config(top: Section, path: Path | None) -> Config:
    agent = _agent(top.section("agent", "[agent]"))
    rules = tuple(read_rule(each) for each in top.sections("rule", "rule"))
    _tell_doubles("rule", [rule.name for rule in rules], top.mistakes)
    remotes = tuple(_remote(each) for each in top.sections("remote", "remote"))
    config = Config(
        agent=agent,
        queue=_queue(top.section("queue", "[queue]")),
        history=HistorySettings(_keep(top.section("history", "[history]"), "1y")),
        trash=TrashSettings(_keep(top.section("trash", "[trash]"), "30d")),
        duplicates=_duplicates(top.section("duplicates", "[duplicates]")),
        notify=_notify(top.section("notify", "[notify]")),
        remotes=remotes,
        folders=tuple(_folder(each, agent, rules, remotes) for each in top.sections("folder", "folder")),
        rules=rules,
        path=path,
    )
    _tell_doubles("folder", [folder.name for folder in config.folders], top.mistakes)
    _tell_doubles("folder", [folder.path for folder in config.folders], top.mistakes, key="path")
    top.finish({"folders": "write [[folder]]", "rules": "write [[rule]]", "remotes": "write [[remote]]"})
    return config


def _agent(section: Section) -> AgentSettings:
    settings = AgentSettings(
        mode=section.choice("mode", MODES, "review"),
        settle=section.duration("settle", "5s"),
        rescan=section.duration("rescan", "10m"),
        socket=section.parsed("socket", "/", file_path) if "socket" in section else None,
        destinations=section.each_parsed("destinations", absolute_path),
        admins=section.texts("admins"),
        viewers=section.texts("viewers"),
    )
    section.finish()
    return settings


def _queue(section: Section) -> QueueSettings:
    settings = QueueSettings(section.text("url", "sqlite:"), section.number("workers", 4))
    if not settings.url.startswith(("sqlite:", "redis://", "rediss://")):
        section.wrong("url", f"is no queue: {settings.url!r}", 'there are "sqlite:" and "redis://HOST:PORT/NUMBER"')
    section.finish()
    return settings


def _keep(section: Section, default: str) -> float:
    keep = section.duration("keep", default)
    section.finish()
    return keep


def _duplicates(section: Section) -> DuplicateSettings:
    settings = DuplicateSettings(
        keep=section.texts("keep", ("oldest", "shortest"), KEEPERS),
        min_size=section.size("min_size", "1B"),
        similar_distance=section.number("similar_distance", 8, least=0),
    )
    section.finish()
    return settings


def _notify(section: Section) -> NotifySettings:
    settings = NotifySettings(section.texts("command"), section.texts("on", ("failed", "halted", "proposed"), NOTICES))
    section.finish()
    return settings


def _remote(section: Section) -> Remote:
    remote = Remote(
        name=section.required_text("name"),
        endpoint=section.text("endpoint"),
        region=section.text("region"),
        profile=section.text("profile"),
        path_style=section.flag("path_style", False),
        requests_per_month=section.number("requests_per_month", 100_000, least=0),
    )
    section.finish(_REMOTE_HINTS)
    return remote


def _folder(section: Section, agent: AgentSettings, rules: Sequence[Rule], remotes: Sequence[Remote]) -> Folder:
    folder = Folder(
        name=section.required_text("name"),
        path=_folder_path(section),
        mode=section.choice("mode", MODES, agent.mode),
        settle=section.duration("settle", f"{agent.settle}s"),
        rescan=section.duration("rescan", f"{agent.rescan}s"),
        subfolders=section.flag("subfolders", False),
        rules=_rules_of(section, rules),
        duplicates=section.choice("duplicates", DUPLICATES, "report"),
        ignore=_ignore(section),
        sync=_bucket(section, "sync"),
        direction=section.choice("direction", DIRECTIONS, "both"),
        remote=section.text("remote"),
    )
    if folder.remote and folder.remote not in {remote.name for remote in remotes}:
        section.wrong("remote", f"knows no {folder.remote!r}", meant(folder.remote, [r.name for r in remotes]))
    section.finish()
    return folder


def _folder_path(section: Section) -> bytes:
    if section.required_text("path").startswith("s3://"):
        return os.fsencode(_bucket(section, "path"))
    return section.parsed("path", "/", absolute_path) if section.text("path") else b"/"


def _bucket(section: Section, key: str) -> str:
    uri = section.text(key)
    if uri and (not uri.startswith("s3://") or not uri.removeprefix("s3://").partition("/")[0]):
        section.wrong(key, f"{uri!r} names no bucket", 'write "s3://bucket/prefix"')
    return uri.rstrip("/")


def _ignore(section: Section) -> tuple[str, ...]:
    section.each_parsed("ignore", ignore_glob)  # a mistake is noted here, with its line
    return tuple(pattern for pattern in section.texts("ignore") if _compiles(pattern))


def _compiles(pattern: str) -> bool:
    try:
        ignore_glob(pattern)
    except ValueError:
        return False
    return True


def _rules_of(section: Section, rules: Sequence[Rule]) -> RuleSet:
    if "rules" not in section:
        return RuleSet(rules) if rules else built_in_rules()
    chosen = section.texts("rules", options=[rule.name for rule in rules])
    if not chosen and section.raw("rules") == []:
        section.wrong("rules", "must not be empty", "without `rules` every [[rule]] is used")
    by_name = {rule.name: rule for rule in rules}
    return RuleSet([by_name[name] for name in chosen])


def _tell_doubles(what: str, values: Sequence[Any], mistakes: Mistakes, key: str = "name") -> None:
    for number, value in enumerate(values):
        if value and value in values[:number]:
            text = shown(value)
            mistakes.note((what, number, key), f"{what} {text}", f"another {what} has this {key} already")


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
