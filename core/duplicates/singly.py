"""A few groups of duplicates, made one by one: of these no arrays are needed, nor what they are computed with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import overload

from core.duplicates import ExactGroup, Groups


class FoundSingly(Groups):
    """A few groups, made already."""

    def __init__(self, groups: Sequence[ExactGroup], left_out: Mapping[str, int]) -> None:
        self.left_out = left_out
        self._groups = groups

    def __len__(self) -> int:
        return len(self._groups)

    @overload
    def __getitem__(self, number: int, /) -> ExactGroup: ...

    @overload
    def __getitem__(self, numbers: slice, /) -> Sequence[ExactGroup]: ...

    def __getitem__(self, number: int | slice, /) -> ExactGroup | Sequence[ExactGroup]:
        return self._groups[number]
