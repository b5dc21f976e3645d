"""What this version has no part for yet: said clearly, and never half done."""

from __future__ import annotations

from core.errors import UsageError


def absent(what: str) -> UsageError:
    """Return the error for a verb whose part of Shelver does not exist yet."""
    return UsageError(f"this version of Shelver cannot do that yet: {what}. Nothing was changed.")
