"""The engine of the config that holds. One of an older config is closed once nobody runs anything with it any more."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

from core.engine import Engine


class Engines:
    """Lends engines to threads."""

    def __init__(self, first: Engine) -> None:
        self._current = first
        self._borrowers: Counter[Engine] = Counter()
        self._lock = Lock()

    @contextmanager
    def lent(self) -> Iterator[Engine]:
        """Lend the engine that is current now; it stays open until it is given back."""
        with self._lock:
            engine = self._current
            self._borrowers[engine] += 1
        try:
            yield engine
        finally:
            with self._lock:
                self._borrowers[engine] -= 1
                is_done_with = engine is not self._current and self._is_free(engine)
            if is_done_with:
                engine.close()

    def replace(self, engine: Engine) -> None:
        """Lend another one from now on."""
        with self._lock:
            before, self._current = self._current, engine
            is_done_with = self._is_free(before)
        if is_done_with:
            before.close()

    def _is_free(self, engine: Engine) -> bool:
        if self._borrowers[engine]:
            return False
        del self._borrowers[engine]
        return True
