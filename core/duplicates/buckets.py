"""Objects of one bucket with the same content, found by what the bucket tells of them; little is fetched.

Of objects of one size those with the same ETag are nominated. Where an ETag may be no digest of the content (an upload
by parts), a few bytes of each are read, then a digest noted beside the objects is asked for, and only where there is
none for all of them they are read as a whole. Whoever removes one compares it byte by byte with the one that stays.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import TypeVar

from xxhash import xxh3_128

from core.duplicates import ExactGroup, Groups, Member, Report
from core.duplicates.singly import FoundSingly
from core.errors import REMOTE_AWAY, StorageError
from core.storage import Entry
from core.storage.s3.objects import Objects

SAMPLE_BYTES = 64 * 1024
"""What is read at the beginning and at the end of an object of which nothing else is known."""

_AT_ONCE = 64
_MD5 = re.compile("[0-9a-f]{32}")

Key = TypeVar("Key", bound=Hashable)
Kinds = dict[Entry, list[Entry]]
"""Objects of one ETag, by the first of them, which speaks for all."""


def find_among_objects(bucket: Objects, entries: Iterable[Entry], report: Report) -> Groups:
    """Return the groups of objects with the same content, the largest first.

    What cannot be read, or changes meanwhile, is left out. Raises RemoteRefused, RemoteUnreachable, and whatever
    `report` does.
    """
    return _Search(bucket, report).groups(entries)


class _Search:
    def __init__(self, bucket: Objects, report: Report) -> None:
        self._bucket = bucket
        self._report = report
        self._left_out: Counter[str] = Counter()

    def groups(self, entries: Iterable[Entry]) -> Groups:
        alike = [same for _, same in sorted(_by(entries, lambda entry: entry.size).items(), reverse=True)]
        alike = [same for same in alike if len(same) > 1]
        found: list[ExactGroup] = []
        for number, same in enumerate(alike):
            if number % _AT_ONCE == 0:
                self._report("planning", number, len(alike))
            found += self._of_one_size(same)
        return FoundSingly(found, self._left_out)

    def _of_one_size(self, same: Sequence[Entry]) -> list[ExactGroup]:
        kinds: Kinds = {first: [first, *rest] for first, *rest in _by(same, lambda entry: entry.version).values()}
        merged = self._merged(list(kinds))
        groups = ([entry for first in firsts for entry in kinds[first]] for firsts in merged)
        return [self._group(group) for group in groups if len(group) > 1]

    def _group(self, entries: Sequence[Entry]) -> ExactGroup:
        members = sorted(entries, key=lambda entry: entry.path)
        digest = xxh3_128(members[0].version.encode()).digest()
        return ExactGroup(digest, members[0].size, tuple(Member(self._bucket.root, entry) for entry in members))

    # -- objects of different ETags: their content may be the same yet

    def _merged(self, firsts: list[Entry]) -> list[list[Entry]]:
        """Return which of some objects have the same content."""
        if all(map(self._tells_content, firsts)):
            return [[first] for first in firsts]
        sampled = self._alike(firsts, self._bucket.each(self._attempt(self._sample), firsts))
        return [same for some in sampled for same in self._merged_by_digest(some)]

    def _merged_by_digest(self, firsts: list[Entry]) -> list[list[Entry]]:
        if len(firsts) < 2 or all(map(self._tells_content, firsts)):
            return [[first] for first in firsts]
        noted = dict(zip(firsts, self._bucket.each(self._noted, firsts), strict=True))
        common = set.intersection(*(set(digests) for digests in noted.values()))
        if common:
            return list(_by(firsts, lambda first: noted[first][min(common)]).values())
        return self._alike(firsts, list(map(self._attempt(self._whole), firsts)))

    def _alike(self, firsts: Sequence[Entry], digests: Sequence[bytes | str]) -> list[list[Entry]]:
        """Return objects by their digests; those of which there is a reason instead are left out."""
        found = dict(zip(firsts, digests, strict=True))
        self._left_out.update(digest for digest in digests if isinstance(digest, str))
        return list(_by((each for each in firsts if isinstance(found[each], bytes)), found.__getitem__).values())

    @staticmethod
    def _attempt(digest: Callable[[Entry], bytes]) -> Callable[[Entry], bytes | str]:
        """Return what answers with the reason where an object cannot be read."""

        def attempt(entry: Entry) -> bytes | str:
            try:
                return digest(entry)
            except REMOTE_AWAY:
                raise
            except StorageError as error:
                return str(error)

        return attempt

    def _tells_content(self, entry: Entry) -> bool:
        """Tell whether an object's ETag is the MD5 of its content: other ETags, other contents."""
        return self._bucket.can.etag_is_md5 and _MD5.fullmatch(entry.version) is not None

    def _sample(self, entry: Entry) -> bytes:
        start = self._bucket.read(entry.path, 0, SAMPLE_BYTES, entry.fingerprint)
        end = max(len(start), entry.size - SAMPLE_BYTES)
        return xxh3_128(start + self._bucket.read(entry.path, end, SAMPLE_BYTES, entry.fingerprint)).digest()

    def _noted(self, entry: Entry) -> Mapping[str, str]:
        try:
            return self._bucket.digests(entry.path, entry.fingerprint)
        except REMOTE_AWAY:
            raise
        except StorageError:  # whoever reads it will see
            return {}

    def _whole(self, entry: Entry) -> bytes:
        digest = xxh3_128()
        for chunk in self._bucket.chunks(entry.path, entry.fingerprint):
            self._report("planning", 0, 0)
            digest.update(chunk)
        return digest.digest()


def _by(entries: Iterable[Entry], key: Callable[[Entry], Key]) -> dict[Key, list[Entry]]:
    found: dict[Key, list[Entry]] = defaultdict(list)
    for entry in entries:
        found[key(entry)].append(entry)
    return found
