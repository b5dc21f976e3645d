"""What a picture looks like, in 64 bits: pictures that look alike have hashes that differ in few. Runs in a decoder.

The hash is imagehash's `phash`: which of the 64 lowest frequencies of the grey picture, made 32 by 32 pixels small
and upright, are stronger than their median. A picture without features has no such frequencies, only noise: its hash
is one of its very pixels, and it says so.
"""

from __future__ import annotations

from typing import BinaryIO

import imagehash
import numpy as np
from xxhash import xxh3_64_intdigest

from core.facts.pixels import opened

_SMALL = (32, 32)
_DECODED = (64, 64)
_FLAT = 3.0
"""Standard deviation of the small picture, of 255, below which there is nothing to tell it by."""

Answer = dict[str, str | int | None]


def read(file: BinaryIO, format: str, extension: str) -> Answer:
    """Return `picture_hash` (`phash:` or `flat:`, and 16 hexadecimal digits) and `width` and `height`, upright."""
    found = opened(file, format, extension, _DECODED, "L")
    small = found.shrunk(_SMALL, "L")
    if float(np.asarray(small).std()) < _FLAT:
        text = f"flat:{xxh3_64_intdigest(small.tobytes()):016x}"
    else:
        text = f"phash:{imagehash.phash(small)}"
    return {"picture_hash": text, "width": found.width, "height": found.height}
