"""What doctor says of a bucket: tried or not, and what its endpoint cannot protect."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.storage.s3.objects import Objects
from tests.commands import Home
from tests.s3.servers import Server


@pytest.fixture
def home(tmp_path: Path, server: Server, bucket: Objects) -> Home:
    home = Home(tmp_path / "home")
    home.write_config(
        server.table
        + f"""
        requests_per_month = 50000
        [[folder]]
        name = "scans"
        path = "~/Downloads"
        sync = "{bucket.root.decode()}"
        """
    )
    return home


def test_it_tells_what_a_bucket_cannot_protect(home: Home, server: Server) -> None:
    assert "was not tried out yet" in home.run("doctor").out

    assert home.run("sync", "scans").code == 0

    told = home.run("doctor").out
    assert "not protected: a file that another program uploads between the look and the copy is replaced" in told
    lost = "a file that another program changes between the look and the delete is lost"
    assert (lost in told) == (server.name == "rclone")
    assert "looked through every 10 min: about 17,665 requests a month of the 50,000 allowed (about $0.09" in told


def test_it_tells_where_the_months_requests_slow_the_looking_down(home: Home) -> None:
    home.write_config(home.config.read_text().replace("= 50000", "= 3000"))
    home.run("sync", "scans")

    (told,) = [line for line in home.run("doctor").lines if "looked through" in line]

    assert "note" in told and "every 1.1 h: about 3,000 requests a month of the 3,000 allowed" in told
    assert "a larger requests_per_month, or a longer rescan" in told
