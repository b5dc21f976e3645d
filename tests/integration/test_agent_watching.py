"""However files come, each ends up where its rule says: heard by watchfiles, or by the kernel where a name is odd."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.agents import AgentUnderTest, until
from tests.trees import build

ODD = b"\xff is not UTF-8.unknown"

pytestmark = [pytest.mark.heavy, pytest.mark.timeout(600)]

both_ways = pytest.mark.parametrize("is_odd", [False, True], ids=["by watchfiles", "by the kernel"])


@pytest.fixture
def watched(agent: AgentUnderTest) -> Path:
    """A folder whose files are organized wherever they lie."""
    path = agent.home / "dl"
    path.mkdir()
    agent.folder("dl", path, 'mode = "auto"', "subfolders = true")
    return path


@contextmanager
def keeping(agent: AgentUnderTest, folder: Path, *, is_odd: bool) -> Iterator[None]:
    """Run the agent, once it watches; with a name in the folder that watchfiles dies of, or without."""
    with agent.running():
        agent.passed("dl")
        if is_odd:
            build(folder, {ODD: b"\0\1\2"})
            until(lambda: _is_heard(folder), "it is watched anew")
        yield
        assert agent.folder_status("dl")["state"] == "watching"


def _is_heard(folder: Path) -> bool:
    """Tell whether a file that appears now is organized soon: whoever watches, watches."""
    build(folder, {"probe.json": "{}"})
    return not until_or(lambda: not (folder / "probe.json").exists(), 5)


def until_or(condition: Callable[[], object], seconds: float) -> bool:
    """Wait until something holds; tell whether that took too long."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return True
        time.sleep(0.02)
    return False


def organized(folder: Path, pattern: str) -> int:
    """Count the files that are where they belong."""
    return sum(1 for _ in (folder / "Data").glob(pattern))


@both_ways
def test_a_thousand_folders_that_appear_with_a_file_each(agent: AgentUnderTest, watched: Path, is_odd: bool) -> None:
    with keeping(agent, watched, is_odd=is_odd):
        for number in range(1000):
            (watched / f"new{number}").mkdir()
            (watched / f"new{number}" / f"{number}.json").write_text("{}")
        assert not until_or(lambda: organized(watched, "[0-9]*.json") == 1000, 120)


@both_ways
def test_a_flood(agent: AgentUnderTest, watched: Path, is_odd: bool) -> None:
    count = 100_000
    with keeping(agent, watched, is_odd=is_odd):
        (watched / "in").mkdir()
        for number in range(count):
            os.close(os.open(watched / f"in/{number}.json", os.O_CREAT | os.O_WRONLY))
        assert not until_or(lambda: organized(watched, "[0-9]*.json") == count, 400), organized(watched, "*")


@both_ways
def test_a_folder_that_is_moved_in(agent: AgentUnderTest, watched: Path, is_odd: bool) -> None:
    away = agent.home / "away"
    build(away, {"a.json": "{}", "deep": {"deeper": {"b.json": "{}"}}})
    with keeping(agent, watched, is_odd=is_odd):
        away.rename(watched / "moved in")
        assert not until_or(lambda: organized(watched, "[ab].json") == 2, 60)
        build(watched, {"moved in": {"deep": {"c.json": "{}"}}})
        assert not until_or(lambda: organized(watched, "c.json") == 1, 60)


@both_ways
def test_a_folder_that_is_removed_and_made_again(agent: AgentUnderTest, watched: Path, is_odd: bool) -> None:
    with keeping(agent, watched, is_odd=is_odd):
        for name in ("a", "b"):
            build(watched, {"there": {f"{name}.json": "{}"}})
            assert not until_or(lambda name=name: organized(watched, f"{name}.json") == 1, 60)  # type: ignore[misc]
            until(lambda: not (watched / "there").exists(), "the empty folder goes")


@both_ways
def test_a_slow_download_is_moved_once_and_whole(agent: AgentUnderTest, watched: Path, is_odd: bool) -> None:
    agent.head('settle = "1s"')
    with keeping(agent, watched, is_odd=is_odd):
        with (watched / "slow.json").open("wb") as file:
            for number in range(30):
                file.write(b"%07d\n" % number)
                file.flush()
                until_or(lambda: False, 0.2)  # a network's pace
                assert (watched / "slow.json").exists()
        assert not until_or(lambda: organized(watched, "slow.json") == 1, 60)
        moved = next((watched / "Data").glob("slow.json"))
        assert moved.read_bytes() == b"".join(b"%07d\n" % number for number in range(30))
        passages = until(lambda: agent.get("/api/v1/history?q=slow.json").body["results"], "it is remembered")
        assert len(passages) == 1
