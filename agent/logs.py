"""Log lines: text that the journal understands, or JSON, one object a line."""

from __future__ import annotations

import json
import logging
import os
import sys
from datetime import UTC, datetime
from typing import Any, Literal

from core.names import shown

LogFormat = Literal["auto", "text", "journal", "json"]

_PRIORITIES = {logging.CRITICAL: 2, logging.ERROR: 3, logging.WARNING: 4, logging.INFO: 6, logging.DEBUG: 7}


def set_up(log_format: LogFormat, process: str) -> None:
    """Send every log line of this process to standard error. `auto`: as the journal likes it, if it listens."""
    if log_format == "auto":
        log_format = "journal" if "JOURNAL_STREAM" in os.environ else "text"
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Json(process) if log_format == "json" else _Text(process, log_format == "journal"))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    for library in ("huey", "asyncio", "aiohttp.access", "watchfiles"):
        logging.getLogger(library).setLevel(logging.WARNING)


class _Text(logging.Formatter):
    def __init__(self, process: str, has_priority: bool) -> None:
        super().__init__()
        self._process = process
        self._has_priority = has_priority

    def format(self, record: logging.LogRecord) -> str:
        if self._has_priority:  # the journal adds the time; each line needs its own priority
            head = f"<{_PRIORITIES.get(record.levelno, 6)}>{self._process}: "
        else:
            time = datetime.fromtimestamp(record.created).astimezone().isoformat(timespec="milliseconds")
            head = f"{time} {record.levelname.lower():7} {self._process}: "
        lines = [shown(line) for line in _message(record).split("\n")]
        return "\n".join(head + line for line in lines)


class _Json(logging.Formatter):
    def __init__(self, process: str) -> None:
        super().__init__()
        self._process = process

    def format(self, record: logging.LogRecord) -> str:
        fields: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname.lower(),
            "process": self._process,
            "room": record.name,
            "message": _message(record),
        }
        return json.dumps(fields)


def _message(record: logging.LogRecord) -> str:
    message = record.getMessage()
    if record.exc_info:
        message += "\n" + logging.Formatter().formatException(record.exc_info)
    return message
