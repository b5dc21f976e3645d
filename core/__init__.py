"""The domain of Shelver: plans, the journal, the executor, rules and rollback.

Imports neither the agent nor the TUI; knows no event loop, no server and no screen.
"""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("shelver")
except PackageNotFoundError:  # a checkout that was never installed
    __version__ = "0+unknown"
