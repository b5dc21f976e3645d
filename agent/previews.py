"""`GET /api/v1/files/preview?path=…`: a file at a glance, for the screens.

The answer (`core.views.previews.FilePreview`): `path`, `kind`, `size`, `modified`, `facts`, and one of

    picture   {"width", "height", "rgb"}: rows of pixels, three bytes each, in base64; it fits into `columns` times
              `2 * rows` pixels, for a cell shows two of them, one above the other. Its true dimensions are
              `facts["width"]` and `facts["height"]`, upright.
    text      how it begins; show it only with control characters made visible
    why_not   why neither, in words

Looks take as long as decoders may; an answer is at most 256 KiB. What lies in no folder of the config, or is no
regular file there, is refused with 422.
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from agent.asked_paths import asked_path
from agent.bodies import Refusal
from agent.routes import Asked, looks
from agent.serving import Agent
from core.errors import StorageError, UsageError
from core.names import shown
from core.views.previews import FilePreview, preview

Cells = Annotated[int, Meta(ge=1, le=1000)]


class PreviewQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """A file, by its absolute path (`path_b64` where that is not UTF-8), and the cells that a picture may fill."""

    path: str | None = None
    path_b64: bytes | None = None
    columns: Cells = 80
    rows: Cells = 40


async def preview_file(agent: Agent, asked: Asked) -> FilePreview:
    """Return a file at a glance."""
    query: PreviewQuery = asked.query
    folder, path = asked_path(agent.config, query.path, query.path_b64)
    try:
        return await agent.readers.use(lambda facts: preview(facts, folder.path, path, query.columns, 2 * query.rows))
    except StorageError as error:
        raise UsageError(f"{shown(folder.absolute(path))}: {error}", field="path") from None


ROUTES = (
    looks(
        "/api/v1/files/preview",
        preview_file,
        FilePreview,
        "A file at a glance",
        query=PreviewQuery,
        answers={422: Refusal},
    ),
)
