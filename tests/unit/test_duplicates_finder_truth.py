"""Folders of which it is known what is a copy of what: all of it is found, and nothing else; a bench does it larger."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from core.duplicates.verified import verified
from tests.bench.copies import Truth, change, files_beneath, make_large, make_small
from tests.copies import Searcher, names, truth


def found_each_way(searcher: Searcher) -> list[Truth]:
    """Return what a first search finds, what a second does, and what holds byte by byte."""
    groups = searcher.search()
    ways = [names(groups), names(searcher.search()), names(verified(groups, searcher.report))]
    assert not groups.left_out
    return ways


@pytest.mark.parametrize(
    "files",
    [
        pytest.param(1500),
        pytest.param(60_000, marks=pytest.mark.heavy),
    ],
)
def test_small_files(tmp_path: Path, files: int) -> None:
    there = make_small(tmp_path / "root", files)
    searcher = Searcher(tmp_path / "contents.db", tmp_path / "root")
    assert found_each_way(searcher) == [there] * 3
    chance = random.Random(5)
    change(chance.sample(sorted(files_beneath(tmp_path / "root")), files // 100), chance)
    assert names(searcher.search()) == truth([tmp_path / "root"])
    assert searcher.read <= files // 100


@pytest.mark.parametrize(
    "gigabytes",
    [
        pytest.param(0.1),
        pytest.param(1.5, marks=pytest.mark.heavy),
    ],
)
def test_long_files(tmp_path: Path, gigabytes: float) -> None:
    there = make_large(tmp_path / "root", gigabytes)
    searcher = Searcher(tmp_path / "contents.db", tmp_path / "root")
    assert found_each_way(searcher) == [there] * 3
