"""Places for tests that touch files."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

_CANDIDATES = ("/dev/shm", f"/run/user/{os.getuid()}", "/var/tmp", str(Path.home()))


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[Path]:
    """Return a directory on another file system than `tmp_path`."""
    device = os.stat(tmp_path).st_dev
    for candidate in _CANDIDATES:
        if os.path.isdir(candidate) and os.access(candidate, os.W_OK) and os.stat(candidate).st_dev != device:
            break
    else:
        pytest.skip("no second file system that can be written to")
    directory = Path(tempfile.mkdtemp(prefix="shelver-test-", dir=candidate))
    try:
        yield directory
    finally:
        shutil.rmtree(directory)


@pytest.fixture(scope="session")
def fresh() -> Iterator[Callable[[], Path]]:
    """Return what makes fresh directories for who tries a hundred trees: in memory, where no disk is waited for."""
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="shelver-test-", dir=memory) as directory:
        yield lambda: Path(tempfile.mkdtemp(dir=directory))
