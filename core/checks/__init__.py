"""What is looked at to find what is wrong: config, limits, permissions, journals, catalog. Every check only reads."""

from __future__ import annotations

import os
import platform
import stat
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

import msgspec
from msgspec import Struct

from core import __version__
from core.config import Config, default_config_path, load_config
from core.errors import ConfigError, JournalDamaged, ShelverError
from core.journal import OperationFiles, existing
from core.model import FINAL_STATES
from core.names import shown
from core.state import RESERVE_BYTES, StateDirectory

Level = Literal["ok", "note", "problem"]

MAX_WATCHES = Path("/proc/sys/fs/inotify/max_user_watches")
MAX_INSTANCES = Path("/proc/sys/fs/inotify/max_user_instances")
FEW_INSTANCES = 128
REMOTE_FILE_SYSTEMS = ("nfs", "nfs4", "cifs", "smb3", "9p", "afs", "ceph", "glusterfs", "fuse")


class Finding(Struct, frozen=True):
    """One thing that was looked at. A `problem` wants something done, a `note` is good to know."""

    check: str
    level: Level
    message: str
    hint: str = ""


class Site(Struct, frozen=True, kw_only=True):
    """The Shelver that is looked at: its places, and its config (None: the user's default place)."""

    state: str
    cache: str
    socket: str
    config: str | None = None

    @classmethod
    def of(cls, places: StateDirectory, config: Path | None) -> Site:
        """Return the site with these places and this config."""
        path = None if config is None else str(config)
        return cls(state=str(places.state), cache=str(places.cache), socket=str(places.socket), config=path)

    @property
    def places(self) -> StateDirectory:
        """Its state directory, cache and socket."""
        return StateDirectory(Path(self.state), Path(self.cache), Path(self.socket))

    def config_path(self) -> Path:
        """Return where its config lies, or would."""
        return Path(self.config) if self.config else default_config_path()

    def load_config(self) -> Config:
        """Read its config. Raises ConfigError."""
        return load_config(Path(self.config) if self.config else None)


def versions(site: Site) -> Iterator[Finding]:
    """Which Shelver, Python and kernel."""
    python = ".".join(map(str, sys.version_info[:3]))
    yield Finding("versions", "ok", f"Shelver {__version__}, Python {python}, Linux {platform.release()}")


def config(site: Site) -> Iterator[Finding]:
    """Whether the config has mistakes."""
    path = shown(str(site.config_path()))
    try:
        known = site.load_config()
    except ConfigError as error:
        yield Finding("config", "problem", str(error).splitlines()[0], "shelver config check")
        return
    if known.path is None:
        yield Finding(
            "config", "note", f"there is no {path}: the built-in rules hold, nothing is watched", "shelver config init"
        )
    else:
        yield Finding("config", "ok", f"{path}; folders: {len(known.folders)}, rules: {len(known.rules)}")
    for folder in known.folders:
        if folder.is_local:
            yield from _folder(folder.name, folder.path)


def _folder(name: str, path: bytes) -> Iterator[Finding]:
    where = f"folder {shown(name)}"
    if not os.path.isdir(path):
        yield Finding(
            where, "problem", f"{shown(path)} is not there", "mount or make it; until then the agent halts it"
        )
        return
    if not os.access(path, os.R_OK | os.W_OK | os.X_OK):
        yield Finding(where, "problem", f"{shown(path)} cannot be read and written by this user")
    kind = file_system_of(path)
    if kind.split(".")[0] in REMOTE_FILE_SYSTEMS:
        yield Finding(
            where, "note", f"{kind}: changes from elsewhere are only found by the rescan", "see `rescan` in the config"
        )


def file_system_of(path: bytes) -> str:
    """Return the type of the file system that a path lies on, as the kernel names it."""
    best, kind = b"", "unknown"
    real = os.path.realpath(path)
    with open("/proc/self/mountinfo", "rb") as mounts:
        for line in mounts:
            left, _, right = line.partition(b" - ")
            point = left.split()[4].decode("unicode_escape").encode("latin-1")
            inside = point in (b"/", real) or real.startswith(point + b"/")
            if inside and len(point) >= len(best):
                best, kind = point, right.split()[0].decode("ascii", "replace")
    return kind


def inotify(site: Site) -> Iterator[Finding]:
    """Whether the kernel lets the agent watch as many directories as there are."""
    try:
        watches, instances = int(MAX_WATCHES.read_text()), int(MAX_INSTANCES.read_text())
        folders = site.load_config().folders
    except (OSError, ValueError, ConfigError):
        return
    directories = sum(_count_directories(folder.path) for folder in folders if folder.is_local)
    message = f"{directories:,} directories to watch, {watches:,} allowed"
    if directories > watches * 0.9:
        more = 1 << (directories * 2).bit_length()
        yield Finding("inotify", "problem", message, f"sysctl fs.inotify.max_user_watches={more}")
    else:
        yield Finding("inotify", "ok", message)
    if instances < FEW_INSTANCES:
        hint = f"sysctl fs.inotify.max_user_instances={FEW_INSTANCES}"
        yield Finding("inotify", "note", f"only {instances} watchers allowed for this user", hint)


def _count_directories(root: bytes) -> int:
    count, waiting = 0, [root]
    while waiting:
        try:
            with os.scandir(waiting.pop()) as listing:
                count += 1
                waiting += [entry.path for entry in listing if entry.is_dir(follow_symlinks=False)]
        except OSError:
            continue  # what this user cannot read, the agent does not watch
    return count


def permissions(site: Site) -> Iterator[Finding]:
    """Whether state, cache and socket are private."""
    places = site.places
    if not places.state.exists():
        yield Finding("state", "note", f"{shown(str(places.state))} is not there yet: nothing happened so far")
        return
    sound = True
    for path in (places.state, places.cache, places.operations, places.catalog, places.decisions, places.queue):
        for problem in _not_private(path):
            sound = False
            yield problem
    reserve = places.state / "reserve"
    if not reserve.exists() or reserve.stat().st_size < RESERVE_BYTES:
        sound = False
        yield Finding("state", "note", "the reserve for a full disk is missing", "the next command that acts makes it")
    if sound:
        yield Finding("state", "ok", f"{shown(str(places.state))} is private")


def _not_private(path: Path) -> Iterator[Finding]:
    try:
        status = path.lstat()
    except OSError:
        return
    name = shown(str(path))
    if status.st_uid != os.geteuid():
        yield Finding("state", "problem", f"{name} belongs to another user", f"chown it to user {os.geteuid()}")
    is_directory = stat.S_ISDIR(status.st_mode)
    reading = 0o066 if is_directory else 0o077  # an agent that serves others lets them pass to its socket
    if stat.S_IMODE(status.st_mode) & reading:
        right = "0700" if is_directory else "0600"
        yield Finding("state", "problem", f"{name} can be read by others", f"chmod {right} {name}")


def journals(site: Site) -> Iterator[Finding]:
    """Whether every plan and journal can be read whole."""
    found, damaged = 0, 0
    for files in _operations(site.places):
        found += 1
        name = f"operation {files.directory.name}"
        try:
            files.request()
            if files.has_plan():
                files.plan()
            torn = files.torn_bytes()
            outcomes = files.outcomes()
        except JournalDamaged as error:
            damaged += 1
            yield Finding(name, "problem", str(error), "keep the directory; nothing of it will be touched")
            continue
        if torn:
            yield Finding(name, "note", f"a crash tore the last {torn} bytes of its journal", "resuming it mends that")
        elif outcomes.attempts and outcomes.sealed is None:
            hint = f"if nothing runs it: shelver approve {files.directory.name}"
            yield Finding(name, "note", "began and has no end yet", hint)
    if found and not damaged:
        yield Finding("journals", "ok", f"{found:,} operations can be read")


def _operations(places: StateDirectory) -> Iterator[OperationFiles]:
    try:
        directories = sorted(places.operations.iterdir())
    except OSError:
        return
    yield from existing(directories)


def catalog(site: Site) -> Iterator[Finding]:
    """Whether the catalog says what plans and journals say."""
    places = site.places
    rebuild = "shelver doctor --rebuild"
    on_disk = {files.directory.name: files for files in _operations(places)}
    try:
        tables = msgspec.json.decode(places.catalog.read_bytes(), type=dict[str, dict[str, dict[str, object]]])
    except FileNotFoundError:
        if on_disk:
            yield Finding("catalog", "problem", f"it is missing, but {len(on_disk):,} operations are there", rebuild)
        return
    except msgspec.MsgspecError as error:
        yield Finding("catalog", "problem", f"it is damaged: {error}", rebuild)
        return
    listed = {str(each["id"]): str(each["state"]) for each in tables.get("operations", {}).values()}
    sound = True
    for id in sorted(on_disk.keys() - listed.keys()):
        sound = False
        yield Finding("catalog", "problem", f"operation {id} is not in it", rebuild)
    for id in sorted(listed.keys() & on_disk.keys()):
        sealed = _sealed_state(on_disk[id])
        if sealed is not None and sealed != listed[id] and listed[id] in FINAL_STATES - {"rejected", "superseded"}:
            sound = False
            yield Finding("catalog", "problem", f"operation {id} is {listed[id]}, by its journal {sealed}", rebuild)
    if sound:
        yield Finding("catalog", "ok", f"{len(listed):,} operations, as the journals say")


def _sealed_state(files: OperationFiles) -> str | None:
    try:
        sealed = files.outcomes().sealed
    except ShelverError:
        return None  # told by `journals`
    return sealed.state if sealed is not None else None


def buckets(site: Site) -> Iterator[Finding]:
    """Whether what the endpoints of buckets honour is known, and what they cannot protect."""
    from core.checks.remotes import remotes  # noqa: PLC0415 - its words are of here

    return remotes(site)


Check = Callable[[Site], Iterator[Finding]]

CHECKS: tuple[Check, ...] = (versions, config, permissions, journals, catalog, inotify, buckets)
"""What can be looked at from anywhere."""


def findings(site: Site) -> list[Finding]:
    """Return what all of these checks find."""
    return [finding for check in CHECKS for finding in check(site)]
