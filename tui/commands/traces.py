"""Where files went, from the history of this state: read directly while no agent runs."""

from __future__ import annotations

from contextlib import closing

from core.errors import ShelverError
from core.journal import OperationFiles, existing
from core.names import wire_path
from core.state import StateDirectory
from core.stores.history import History, Passage
from tui.wire import Trace


def search_history(places: StateDirectory, text: str) -> list[Trace]:
    """Return what happened to files whose name, then or now, holds the text, newest first.

    The history is a cache: what it misses is taken in from the journals first.
    """
    if not places.cache.exists():
        return []
    with closing(History(places.history)) as history:
        for files in existing(sorted(places.operations.iterdir())):
            if not history.knows(files.directory.name):
                _remember(history, files)
        return [_trace(passage) for passage in history.search(text)]


def _remember(history: History, files: OperationFiles) -> None:
    try:
        outcomes = files.outcomes()
        if outcomes.sealed is not None and files.has_plan():
            history.record(files.request(), files.plan(), outcomes)
    except ShelverError:
        pass  # damaged; `shelver doctor` says so


def _trace(passage: Passage) -> Trace:
    source, source_exact = wire_path(passage.source)
    destination, destination_exact = wire_path(passage.destination)
    return Trace(
        operation=passage.operation,
        kind=passage.kind,
        source=source,
        destination=destination,
        when=passage.when,
        source_b64=source_exact,
        destination_b64=destination_exact,
    )
