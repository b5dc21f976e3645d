"""Buckets in the config: each mistake is told with its line, before anything is asked of a bucket."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.config import parse_config
from core.errors import ConfigError

REMOTES = """
[[remote]]
name = "nas"
endpoint = "http://nas:9000"

[[remote]]
name = "cloud"
"""


def mistakes(text: str) -> list[str]:
    with pytest.raises(ConfigError) as wrong:
        parse_config(text)
    return [f"{mistake.line}: {mistake.where}: {mistake.message}" for mistake in wrong.value.mistakes]


def folder(name: str, path: str, *more: str) -> str:
    return "\n".join(["[[folder]]", f'name = "{name}"', f'path = "{path}"', *more]) + "\n"


def test_a_bucket_at_one_of_several_remotes_says_which(tmp_path: Path) -> None:
    text = REMOTES + folder("scans", str(tmp_path), 'sync = "s3://scans"')

    assert mistakes(text) == ["11: folder scans: does not say at which remote its bucket lies"]
    parse_config(text + 'remote = "nas"')


@pytest.mark.parametrize(
    ("one", "other"), [("s3://b/photos", "s3://b"), ("s3://b", "s3://b/photos"), ("s3://b/x", "s3://b/x")]
)
def test_two_folders_never_share_a_prefix(tmp_path: Path, one: str, other: str) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    text = folder("a", str(tmp_path / "a"), f'sync = "{one}"') + folder("b", str(tmp_path / "b"), f'sync = "{other}"')

    assert mistakes(text)[0] == f"4: folder a: {one} and folder b's bucket overlap"


def test_prefixes_beside_each_other_are_fine(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    text = folder("a", str(tmp_path / "a"), 'sync = "s3://b/photos"') + folder("c", "s3://b/photos-old")
    assert len(parse_config(text).folders) == 2


def test_a_bucket_is_kept_in_step_with_nothing() -> None:
    text = folder("a", "s3://b/a", 'sync = "s3://b/c"')
    assert mistakes(text) == ["4: folder a: `sync` is for folders of this machine, and this one is a bucket"]


@pytest.mark.parametrize(
    ("endpoint", "message"),
    [
        ("nas:9000", "`endpoint` 'nas:9000' is no URL"),
        ("https://key:secret@nas", "`endpoint` holds a user or a password"),
    ],
)
def test_an_endpoint_is_a_url_without_a_secret(endpoint: str, message: str) -> None:
    found = mistakes(f'[[remote]]\nname = "nas"\nendpoint = "{endpoint}"\n')

    assert found == [f"3: remote nas: {message}"]
    assert "secret" not in found[0] or "password" in found[0]


def test_a_bucket_knows_no_links() -> None:
    text = folder("archive", "s3://archive", 'duplicates = "hardlink"')

    assert mistakes(text) == ["4: folder archive: 'hardlink' is for folders of this machine: a bucket knows no links"]
    parse_config(folder("archive", "s3://archive", 'duplicates = "trash"'))
