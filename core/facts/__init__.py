"""What a file is: asked lazily, by whoever needs it, and only if a rule asks.

To add a fact: one from the name or `lstat` joins `_CHEAP` in `reader.py`; one from inside a file joins a family in
`families.py`, with a reader that only decoders run.
"""

from __future__ import annotations

from core.facts.extensions import Kind, extension_of, kind_of_name
from core.facts.reader import Fact, FactReader, FileFacts

__all__ = ["Fact", "FactReader", "FileFacts", "Kind", "extension_of", "kind_of_name"]
