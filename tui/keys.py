"""Keys that can be a person's own: a binding is rebound by its description, the name that `?` shows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from textual.binding import Binding, BindingType


class Named:
    """Gives each binding of a class its description for an id, by which it can be rebound."""

    def __init_subclass__(cls, **more: Any) -> None:
        bindings: Iterable[BindingType] | None = vars(cls).get("BINDINGS")
        if bindings is not None:
            named = [replace(one, id=one.description or None) for one in Binding.make_bindings(bindings)]
            setattr(cls, "BINDINGS", named)  # noqa: B010  (Textual declares it, further up)
        super().__init_subclass__(**more)
