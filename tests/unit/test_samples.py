from __future__ import annotations

import os
from pathlib import Path

import pytest

from core.facts.kind import sniff
from tests import trees
from tui.demo.samples import Sample, make_messy_folder, samples


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("messy") / "folder"
    make_messy_folder(folder)
    return folder


def test_the_same_seed_makes_the_same_folder(folder: Path, tmp_path: Path) -> None:
    count = make_messy_folder(tmp_path / "again", seed=1)
    first = trees.read(folder)
    assert trees.read(tmp_path / "again") == first
    assert count == sum(found.kind == "file" for found in first.values())
    assert 150 <= count <= 200
    assert {sample.content for sample in samples(2)} != {sample.content for sample in samples(1)}


def test_it_holds_what_makes_a_mess(folder: Path) -> None:
    found = trees.read(folder)
    assert found[b"IMG_0005.JPG"].links == (b"IMG_0005 hard link.JPG",)
    assert found[b"shortcut to pictures"].kind == found[b"broken shortcut.lnk"].kind == "symlink"
    assert found[b"New folder"].kind == found[b"weekend project/.git"].kind == "folder"
    assert found[b"IMG_0001.JPG"].content == found[b"IMG_0001 (1).JPG"].content
    assert {b"Twin.txt", b"twin.TXT", b"new\nline.txt", b"latin1 caf\xe9 \xff.txt", b"-rf.txt", b"[/].txt"} <= set(
        found
    )
    assert max(len(os.path.basename(path)) for path in found) == 255


@pytest.mark.parametrize("sample", samples(1), ids=lambda sample: ascii(sample.path))
def test_each_sample_is_of_its_kind(sample: Sample) -> None:
    name = sample.path.rpartition(b"/")[2]
    found = sniff(name, len(sample.content), lambda offset, size: sample.content[offset : offset + size])
    assert found.kind == sample.kind
