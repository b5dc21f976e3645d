"""What came to rest since the agent began, counted for the metrics."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from core.model import FINAL_STATES, Operation


@dataclass
class Totals:
    """`operations`: those that came to rest, by kind and state. `files`, `bytes`: of those that ended, by outcome."""

    operations: Counter[tuple[str, str]] = field(default_factory=Counter)
    files: dict[str, int] = field(default_factory=lambda: {"done": 0, "skipped": 0, "failed": 0})
    bytes: int = 0

    def count(self, operation: Operation) -> None:
        """Count an operation that came to rest."""
        self.operations[operation.kind, operation.state] += 1
        if operation.state in FINAL_STATES:
            for name in self.files:
                self.files[name] += getattr(operation.counts, name)
            self.bytes += operation.counts.bytes
