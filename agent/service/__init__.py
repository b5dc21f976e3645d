"""The systemd units: templates beside this file, and what fills them in.

`python -P -m agent.service user` or `… system --user NAME --config FILE` prints a unit.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path

from core.config import Config
from core.errors import UsageError
from core.names import shown

UNIT = "shelver.service"
"""The unit's name, for a user and for the system alike."""

_HIDDEN = (".ssh", ".gnupg", ".aws", ".config/rclone", ".mozilla", ".password-store")
_SAFE = re.compile(r"[A-Za-z0-9_@:,.+/-]+")


def user_unit(python: str) -> str:
    """Return the unit of one user's agent, run by a Python interpreter (an absolute path)."""
    return _filled("shelver-user.service", {"PYTHON": quoted(python)})


def system_unit(python: str, user: str, home: Path, config: Path, root: bytes) -> str:
    """Return the unit of an agent that the machine starts, as a user; it may write beneath `root` only.

    `root` lies above all folders and destinations: see `common_root`. Raises UsageError.
    """
    if not re.fullmatch(r"[A-Za-z0-9_.-]+\$?", user):
        raise UsageError(f"{shown(user)} is no user's name")
    text_root = os.fsdecode(root)
    hidden = [str(home / name) for name in _HIDDEN]
    return _filled(
        "shelver-system.service",
        {
            "PYTHON": quoted(python),
            "USER": user,
            "CONFIG": quoted(str(config)),
            "ROOT": quoted(text_root),
            "HIDDEN": " ".join(quoted(f"-{path}") for path in hidden),
            "PRIVATE_TMP": "no" if text_root == "/" or text_root.startswith(("/tmp", "/var/tmp")) else "yes",  # noqa: S108
        },
    )


def common_root(config: Config) -> bytes:
    """Return the one directory that all folders and destinations of a config lie in. Raises UsageError."""
    places = [folder.path for folder in config.folders if folder.is_local] + list(config.agent.destinations)
    if not places:
        raise UsageError("the config names no folder yet")
    return os.path.commonpath(places)


def quoted(text: str) -> str:
    """Return a text as one word of a unit file. Raises UsageError for what no unit file can hold."""
    if not text.isprintable():
        raise UsageError(f"no unit can name {shown(text)}")
    text = text.replace("%", "%%")
    if _SAFE.fullmatch(text):
        return text
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("$", "$$") + '"'


def _filled(template: str, values: Mapping[str, str]) -> str:
    text = files(__name__).joinpath(template).read_text(encoding="utf-8")
    return re.sub(r"@([A-Z_]+)@", lambda match: values[match[1]], text)
