"""Places for tests that touch files."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
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
