"""What looking at a bucket costs a month: computed from what a round really asks, and shown where people look."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.config import load_config
from core.polling import PROBE_REQUESTS, requests_a_round
from core.storage.s3.objects import Objects
from tests.commands import Home
from tests.s3.faults import FaultProxy
from tests.s3.servers import Server
from tests.s3.stage import Stage


def home_of(tmp_path: Path, server: Server, folder: str) -> Home:
    home = Home(tmp_path / "home")
    home.write_config(f'{server.table}\nrequests_per_month = 50000\n[[folder]]\nname = "scans"\n{folder}\n')
    return home


@pytest.mark.parametrize("kind", ["sync", "organize"])
def test_a_round_that_finds_nothing_asks_as_often_as_is_counted(
    tmp_path: Path, shaky: Objects, proxy: FaultProxy, kind: str
) -> None:
    root = shaky.root.decode()
    pair = f'path = "~/Downloads"\nsync = "{root}"'
    home = home_of(tmp_path, Server("ministack", proxy.port), pair if kind == "sync" else f'path = "{root}"')
    stage = Stage(home.path, shaky)
    stage.put({f"{number}.nothing": b"x" for number in range(20)})
    for _ in range(2):
        assert home.run(kind, "scans").code == 0
    before = len(proxy.lines)

    assert home.run(kind, "scans").code == 0

    folder = load_config(home.config).folders[0]
    assert len(proxy.lines) - before == requests_a_round(folder, 20)
    tried = sum("probe-" in line or "?delete" in line or "?versioning" in line for line in proxy.lines)
    assert 0 <= PROBE_REQUESTS - tried < 10
