"""What holds for every test: heavy ones run in CI or when asked for, and CI takes no skip for an answer."""

from __future__ import annotations

import os
import signal
from collections.abc import Generator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

IN_CI = os.environ.get("CI") == "true"


# How long an example takes says how busy the machine is, not whether it is right: each test has its timeout.
# CI tries the same examples each time; everybody else tries new ones.
settings.register_profile(
    "shelver", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True, derandomize=IN_CI
)
settings.load_profile("shelver")


def pytest_configure() -> None:
    """Let Ctrl-C interrupt what tests start, also where a shell in the background has it ignored for all it starts."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def tmp_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory of the test's own, as pytest's, but of a short name: a socket's path has 107 bytes."""
    return tmp_path_factory.mktemp("t")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the heavy tests out of an everyday run; `-m heavy` asks for them."""
    if IN_CI or "heavy" in config.getoption("markexpr"):
        return
    heavy = [item for item in items if item.get_closest_marker("heavy")]
    if heavy:
        config.hook.pytest_deselected(items=heavy)
        items[:] = [item for item in items if not item.get_closest_marker("heavy")]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Fail what was skipped in CI: there everything is installed, so a skip hides a hole."""
    report = yield
    if IN_CI and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped in CI, where nothing may be: {report.longrepr}"
    return report
