"""The catalog is made from what lies on disk: what it misses is taken in, and all of it can be made anew."""

from __future__ import annotations

from contextlib import closing

from core.errors import ShelverError
from core.journal import existing
from core.model import Operation
from core.standing import standing
from core.state import StateDirectory
from core.stores.catalog import Catalog
from tui.commands.frame import Settings


def take_in_what_is_missing(places: StateDirectory, catalog: Catalog) -> None:
    """Record the operations that lie on disk and not in the catalog, oldest first."""
    known = {operation.id for operation in catalog.page(limit=len(catalog))}
    missing: list[Operation] = []
    for files in existing(sorted(places.operations.iterdir())):
        if files.directory.name not in known:
            try:
                missing.append(standing(files))
            except ShelverError:
                continue  # damaged; `shelver doctor` says so
    for operation in sorted(missing, key=lambda operation: operation.sequence):
        catalog.put(operation)


def rebuild_catalog(settings: Settings) -> int:
    """Make the catalog anew from plans and journals; the old one is kept beside it. Returns how many it holds."""
    places = settings.places()
    places.prepare()
    with places.lock():
        for path in (places.catalog, places.catalog.with_name(places.catalog.name + ".bak")):
            if path.exists():
                path.rename(path.with_name(path.name + ".before-rebuild"))
        with closing(Catalog(places.catalog)) as catalog:
            take_in_what_is_missing(places, catalog)
            return len(catalog)
