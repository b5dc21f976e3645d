"""`python -m tests.bench [NAME…]`: figures as ratios against a floor or a peer in the same run, medians of a few.

Nothing here passes or fails. These are for people who change something about speed: run before and after.
"""

from __future__ import annotations

import importlib
import pkgutil
import sys

import tests.bench


def main(names: list[str]) -> int:
    """Run the benches named, or all. Returns 2 for a name that is none."""
    there = [module.name for module in pkgutil.iter_modules(tests.bench.__path__) if module.name.startswith("bench_")]
    wanted = [f"bench_{name}" for name in names] or there
    if unknown := [name for name in wanted if name not in there]:
        print(f"no such bench: {', '.join(unknown)}; there are {', '.join(there)}", file=sys.stderr)
        return 2
    del sys.argv[1:]  # a bench that runs by itself takes numbers there
    for name in wanted:
        print(f"── {name}", flush=True)
        importlib.import_module(f"tests.bench.{name}").main()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
