"""Texts out of files, made fit for people and for paths: one line, no control characters, not too long."""

from __future__ import annotations

import re
import unicodedata

_LONGEST = 200
_GAPS = re.compile(r"[\s\x00-\x1f\x7f-\x9f]+")
_COMPANY = re.compile(
    r"[,.\s]+(?:corporation|corp|company|co|ltd|limited|inc|imaging|electric|optical|camera|ag|gmbh|techno?logies"
    r"|electronics|mobile|communications?|digital|cameras?)\b\.?",
    re.IGNORECASE,
)


def one_line(text: object) -> str:
    """Return a text in NFC on one line, at most 200 characters."""
    return _GAPS.sub(" ", unicodedata.normalize("NFC", str(text)[: 4 * _LONGEST])).strip()[:_LONGEST].strip()


def camera_name(make: str, model: str) -> str | None:
    """Return `Canon EOS 5D`, `Nikon D90`, `Apple iPhone 12`: the maker once, as people write it.

    None if neither is known.
    """
    make, model = one_line(make), one_line(model)
    maker = _COMPANY.sub("", make).strip(" ,.") or make
    maker = " ".join(map(_capitalized, maker.split()))
    if not model:
        return maker or None
    first, _, rest = model.partition(" ")
    if maker and first.casefold() == maker.casefold():
        return f"{maker} {rest}".strip()
    if not maker or model.casefold().startswith(maker.casefold()):
        return model
    return f"{maker} {model}"


def _capitalized(word: str) -> str:
    shouted = len(word) > 3 and word.isupper()
    return word.capitalize() if word.isalpha() and word.isascii() and (shouted or word.islower()) else word
