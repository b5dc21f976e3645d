"""The domain of Shelver: plans, the journal, the executor, rules and rollback.

Imports neither the agent nor the TUI; knows no event loop, no server and no screen.
"""


def __getattr__(name: str) -> str:
    """Return `__version__`, looked up when somebody asks: what reads it takes longer to load than all of this."""
    if name != "__version__":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415

    try:
        return version("shelver")
    except PackageNotFoundError:  # a checkout that was never installed
        return "0+unknown"
