"""Groups of pictures that look alike: all that brute force finds, the same in whatever order, around the best."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.duplicates import ExactGroup, Member, similar
from core.duplicates.bands import pairs_within
from core.duplicates.pictures import Picture
from core.duplicates.similar import SimilarGroup, find_similar, without_copies
from core.storage import Entry

BITS = st.lists(st.integers(0, 63), max_size=10).map(lambda bits: sum(1 << bit for bit in set(bits)))
HASHES = st.lists(
    st.tuples(st.sampled_from([0, (1 << 64) - 1, 0x0123_4567_89AB_CDEF, 0xF0F0 << 21]), BITS).map(
        lambda pair: pair[0] ^ pair[1]
    ),
    max_size=40,
)


def picture(
    number: int, hash: int, width: int = 400, height: int = 300, *, size: int = 1000, flat: bool = False
) -> Picture:
    return Picture(b"/photos", Entry(b"%05d.jpg" % number, number + 10, size, 0, 0, 1), hash, width, height, flat=flat)


def names(group: SimilarGroup) -> list[bytes]:
    return [member.entry.path for member in group.members]


def brute_force(pictures: list[Picture], distance: int) -> dict[bytes, list[tuple[bytes, int]]]:
    """Each leader with those it leads, by the words of the description alone."""
    ranked = sorted(pictures, key=lambda p: (-p.width * p.height, -p.entry.size, p.root, p.entry.path))
    led: dict[bytes, list[tuple[bytes, int]]] = {}
    leaders: list[Picture] = []
    for each in ranked:
        for leader in leaders:
            if (apart := (leader.hash ^ each.hash).bit_count()) <= distance:
                led[leader.entry.path].append((each.entry.path, apart))
                break
        else:
            leaders.append(each)
            led[each.entry.path] = []
    return {leader: others for leader, others in led.items() if others}


def found(groups: list[SimilarGroup]) -> dict[bytes, list[tuple[bytes, int]]]:
    return {names(group)[0]: list(zip(names(group)[1:], group.distances[1:], strict=True)) for group in groups}


@given(HASHES, st.integers(0, 16), st.randoms(use_true_random=False))
def test_groups_are_those_of_brute_force(hashes: list[int], distance: int, random: Random) -> None:
    pictures = [
        picture(n, hash, random.choice([400, 800]), size=random.choice([1, 2])) for n, hash in enumerate(hashes)
    ]
    groups = find_similar(pictures, distance)
    assert found(groups) == brute_force(pictures, distance)
    random.shuffle(pictures)
    assert find_similar(pictures, distance) == groups


def neighbourhoods(count: int, spread: int, seed: int = 5) -> np.ndarray[tuple[int], np.dtype[np.uint64]]:
    """Hashes of which many are near others: each a few flips away from one of a tenth as many."""
    random = np.random.default_rng(seed)
    hashes = random.integers(0, 1 << 64, count // 10, np.uint64)[random.integers(0, count // 10, count)]
    for _ in range(spread):
        hashes ^= np.uint64(1) << random.integers(0, 64, count).astype(np.uint64)
    return hashes


@pytest.mark.parametrize("distance", [*range(17), 24])
@pytest.mark.parametrize("leading", [0, 1, 37, 2000])
def test_pairs_by_bands_are_all_pairs(distance: int, leading: int, monkeypatch: pytest.MonkeyPatch) -> None:
    from core.duplicates import bands

    hashes = neighbourhoods(2000, max(1, distance // 2))
    near = np.bitwise_count(hashes[:leading, np.newaxis] ^ hashes) <= distance
    first, second = np.nonzero(near & (np.arange(leading)[:, np.newaxis] < np.arange(len(hashes))))
    for cost_of_all in (0.0, float("inf")):
        if cost_of_all and distance > 10:
            continue  # so many keys are near then that nobody would search by them
        monkeypatch.setattr(bands, "_cost_of_all", lambda *_, cost=cost_of_all: cost)
        pairs = pairs_within(hashes, leading, distance, 10_000_000)
        assert pairs is not None
        assert pairs[0].tolist() == first.tolist()
        assert pairs[1].tolist() == second.tolist()


def test_portions_of_one_large_bucket(monkeypatch: pytest.MonkeyPatch) -> None:
    from core.duplicates import bands

    monkeypatch.setattr(bands, "_AT_ONCE", 1000)
    monkeypatch.setattr(bands, "_cost_of_all", lambda *_: float("inf"))
    random = np.random.default_rng(1)
    hashes = random.integers(0, 1 << 22, 600, np.uint64) << np.uint64(42)  # two bands of one key
    near = np.bitwise_count(hashes[:, np.newaxis] ^ hashes) <= 8
    pairs = pairs_within(hashes, 600, 8, 10_000_000)
    assert pairs is not None
    assert list(zip(*map(np.ndarray.tolist, pairs), strict=True)) == list(
        zip(*np.nonzero(np.triu(near, 1)), strict=True)
    )


@pytest.mark.parametrize("most", [0, 1, 500, 100_000])
def test_too_many_pairs_to_keep_give_the_same_groups(most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    hashes = neighbourhoods(400, 2).tolist() + [hash ^ 5 for hash in range(200)]
    pictures = [picture(n, hash) for n, hash in enumerate(hashes)]
    expected = brute_force(pictures, 6)
    monkeypatch.setattr(similar, "_MOST_PAIRS", most)
    assert found(find_similar(pictures, 6)) == expected


def test_the_best_leads_by_pixels_then_bytes_then_path() -> None:
    pictures = [
        picture(1, 0b0, 400),
        picture(2, 0b1, 800),
        picture(3, 0b11, 800, size=2000),
        picture(4, 0b111, 800, size=2000),
    ]
    (group,) = find_similar(pictures, 8)
    assert names(group) == [b"00003.jpg", b"00004.jpg", b"00002.jpg", b"00001.jpg"]
    assert group.distances == (0, 1, 1, 2)


def test_a_chain_of_shots_is_not_one_group() -> None:
    chain = [picture(n, (1 << 4 * n) - 1) for n in range(10)]  # each four bits from the last
    groups = find_similar(chain, 8)
    assert [names(group) for group in groups] == [
        [b"%05d.jpg" % n for n in range(start, start + 3)] for start in (0, 3, 6)
    ]
    assert all(max(group.distances) <= 8 for group in groups)


def test_flat_pictures_are_alike_only_when_the_same() -> None:
    pages = [picture(n, 77, 210, 297, flat=True) for n in range(3)]
    others = [
        picture(3, 77, 297, 210, flat=True),  # turned
        picture(4, 76, 210, 297, flat=True),  # another pixel
        picture(5, 77, 210, 297),  # of features that happen to have this hash
    ]
    groups = find_similar(pages + others, 8)
    assert [names(group) for group in groups] == [[b"00000.jpg", b"00001.jpg", b"00002.jpg"]]


def test_copies_are_not_shown_again_as_near() -> None:
    pictures = [picture(n, 0) for n in range(4)]
    members = tuple(Member(each.root, each.entry) for each in pictures[:3])
    copies = [ExactGroup(b"digest", 1000, members)]
    assert without_copies(pictures, copies) == [pictures[0], pictures[3]]
    assert without_copies(pictures, copies, kept=[pictures[2].entry]) == [pictures[2], pictures[3]]
    assert without_copies(pictures, []) == pictures


def test_nothing_and_one_are_no_group() -> None:
    assert find_similar([], 8) == []
    assert find_similar([picture(1, 1)], 8) == []
    assert find_similar([picture(1, 1, flat=True)], 8) == []
