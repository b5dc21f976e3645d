"""Which facts are read together from inside a file, and by which formats they are carried.

A family is one look by one decoder. Its readers live in modules that only decoders import.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, eq=False)
class Family:
    """Facts read in one look. `reader`: the module whose `read(file, format, extension)` gives them.

    A new `version` makes known facts be read anew. `libraries`: what its decoders load before they begin; families
    with the same ones share decoders.
    """

    name: str
    version: int
    facts: tuple[str, ...]
    readers: dict[str, str]
    """Module by format."""
    libraries: tuple[str, ...] = ()


def _readers(module: str, formats: str) -> dict[str, str]:
    return dict.fromkeys(formats.split(), f"core.facts.{module}")


CAPTURE = Family(
    "capture",
    1,
    ("taken", "taken_source", "camera"),
    _readers("pictures", "jpeg png webp avif heif tiff psd jxl jp2 gif rw2 orf raf cr3 crw mrw")
    | _readers("video", "isom mp4 avi riff"),
)
TAGS = Family(
    "tags",
    1,
    ("artist", "album", "title"),
    _readers("audio", "mp3 flac ogg opus oggflac m4a wav aiff wavpack ape tta musepack optimfrog dsf dff asf tak ac3"),
)
TEXT = Family(
    "text",
    1,
    ("text",),
    _readers("text", "text html xml json script mail rtf pdf docx xlsx pptx odt ods odp epub fb2 svg"),
)
_PICTURES = "jpeg png webp avif heif tiff psd jp2 gif bmp pnm tga qoi rw2 orf raf cr3 crw x3f"

LIKENESS = Family(
    "likeness",
    1,
    ("picture_hash", "width", "height"),
    _readers("hashes", _PICTURES),
    ("core.facts.hashes", "scipy.fftpack"),  # which imagehash would load with the first picture
)
THUMBNAIL = Family(
    "thumbnail",
    1,
    ("thumbnail", "thumbnail_width", "thumbnail_height", "width", "height"),
    _readers("thumbnails", _PICTURES),
)
"""A picture made small for one look: no fact, and never kept."""

FAMILIES: dict[str, Family] = {family.name: family for family in (CAPTURE, TAGS, TEXT, LIKENESS, THUMBNAIL)}
FAMILY_OF: dict[str, Family] = {
    fact: family for family in FAMILIES.values() if family is not THUMBNAIL for fact in family.facts
}
"""The family that a fact is read with."""
