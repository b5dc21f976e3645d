from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from core.facts.dates import from_utc, plausible, spoken, written
from core.facts.names import date_in_name, extension_fact, name_fact, stem_fact
from core.facts.tidy import camera_name, one_line


@pytest.fixture
def berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2023:05:14 19:30:01", datetime(2023, 5, 14, 19, 30, 1)),
        ("2023:05:14 19:30:01\0", datetime(2023, 5, 14, 19, 30, 1)),
        ("2023-05-14T19:30:01.25+02:00", datetime(2023, 5, 14, 19, 30, 1, 250_000)),
        ("2023-05-14T19:30:01Z", datetime(2023, 5, 14, 19, 30, 1)),
        ("2023-05-14T19:30", datetime(2023, 5, 14, 19, 30)),
        ("2023-05-14", datetime(2023, 5, 14)),
        ("1921:07:03 12:00:00", datetime(1921, 7, 3, 12)),
        ("0000:00:00 00:00:00", None),
        ("    :  :     :  :  ", None),
        ("1970:01:01 00:00:00", None),
        ("1904-01-01T00:00:00Z", None),
        ("2000:01:01 00:00:09", None),
        ("2023:02:31 10:00:00", None),
        ("2023:13:01 10:00:00", None),
        ("9999:12:31 23:59:59", None),
        ("0001:02:03 10:00:00", None),
        ("2023:05:14 19:30:01; rm -rf", None),
        ("", None),
    ],
)
def test_written_dates(text: str, expected: datetime | None) -> None:
    assert written(text) == expected


def test_what_lies_ahead_is_no_date() -> None:
    assert plausible(datetime.now() + timedelta(hours=3)) is not None  # a clock in another zone
    assert plausible(datetime.now() + timedelta(days=2)) is None


def test_fractions_may_stand_elsewhere() -> None:
    assert written("2023:05:14 19:30:01", "08 ") == datetime(2023, 5, 14, 19, 30, 1, 80_000)
    assert written("2023:05:14 19:30:01", "\u0663") == datetime(2023, 5, 14, 19, 30, 1)


def test_spoken_dates() -> None:
    assert spoken("Wed Jan 05 02:03:55 2005") == datetime(2005, 1, 5, 2, 3, 55)
    assert spoken("Sun, 14 May 2023 19:30:01 +0200") == datetime(2023, 5, 14, 19, 30, 1)
    assert spoken("yesterday") is None


@pytest.mark.usefixtures("berlin")
def test_utc_becomes_local_wall_time() -> None:
    noon = (datetime(2023, 7, 1, 12) - datetime(1904, 1, 1)).total_seconds()
    assert from_utc(noon, datetime(1904, 1, 1)) == datetime(2023, 7, 1, 14)
    assert from_utc(0, datetime(1904, 1, 1)) is None
    assert from_utc(2.0**64, datetime(1904, 1, 1)) is None


@pytest.mark.usefixtures("berlin")
@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("IMG_20230514_193000.jpg", datetime(2023, 5, 14, 19, 30)),
        ("20230514_193000(1).mp4", datetime(2023, 5, 14, 19, 30)),
        ("PXL_20230514_193000123.jpg", datetime(2023, 5, 14, 21, 30)),
        ("2023-05-14 19.30.00.heic", datetime(2023, 5, 14, 19, 30)),
        ("Screenshot 2023-05-14 at 19.30.00.png", datetime(2023, 5, 14, 19, 30)),
        ("Screenshot_20230514-193000_Maps.png", datetime(2023, 5, 14, 19, 30)),
        ("IMG-20230514-WA0012.jpg", datetime(2023, 5, 14)),
        ("signal-2023-05-14-19-30-00-417.jpg", datetime(2023, 5, 14, 19, 30)),
        ("2023-05-14 Picnic.jpg", datetime(2023, 5, 14)),
        ("IMG_1234.JPG", None),
        ("scan 20230514.jpg", None),
        ("IMG_20230231_101010.jpg", None),
        ("12345678901234567890.jpg", None),
        ("IMG_20990101_101010.jpg", None),
        ("model 2023-05-14b.jpg", None),
    ],
)
def test_dates_in_names(name: str, expected: datetime | None) -> None:
    assert date_in_name(name.encode()) == expected


def test_names() -> None:
    assert name_fact("cafe\u0301.JPG".encode()) == "caf\u00e9.JPG"
    assert name_fact(b"\xff.txt") == "\udcff.txt"
    assert stem_fact(b"archive.tar.gz") == "archive.tar"
    assert (extension_fact(b"A.JPG"), extension_fact(b".bashrc"), extension_fact(b"a.")) == ("jpg", None, None)


@pytest.mark.parametrize(
    ("make", "model", "expected"),
    [
        ("Canon", "Canon EOS 5D Mark II", "Canon EOS 5D Mark II"),
        ("NIKON CORPORATION", "NIKON D90", "Nikon D90"),
        ("SONY", "ILCE-7M3", "Sony ILCE-7M3"),
        ("OLYMPUS IMAGING CORP.  ", "E-M10MarkII", "Olympus E-M10MarkII"),
        ("samsung", "Galaxy S24", "Samsung Galaxy S24"),
        ("Apple", "iPhone 12\0\0", "Apple iPhone 12"),
        ("", "DSC-RX100", "DSC-RX100"),
        ("Leica Camera AG", "", "Leica"),
        ("", "", None),
        ("../..", "/etc/\npasswd", "/etc/ passwd"),  # made safe for paths where a path is made
    ],
)
def test_cameras(make: str, model: str, expected: str | None) -> None:
    assert camera_name(make, model) == expected


def test_texts_are_one_short_line() -> None:
    assert one_line("a\r\n\tb\0c\x1b[31m") == "a b c [31m"
    assert len(one_line("word " * 500)) <= 200
