"""The search for files with the same content: walk, sizes, first reads, whole reads, groups."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from core.duplicates import Groups, Place, Report
from core.duplicates.contents import Contents
from core.duplicates.equals import first_names, of_one_digest, of_one_size
from core.duplicates.files import SIZE, Digests, Numbers, are_there
from core.duplicates.found import Found
from core.duplicates.keeping import keep
from core.duplicates.reader import FIRST, WHOLES
from core.duplicates.readers import Readers
from core.duplicates.reads import Reads
from core.duplicates.walk import MARKS, Walk
from core.globs import fits_any
from core.names import normalized
from core.planners.paths import join


def search(places: Sequence[Place], contents: Contents, min_size: int, report: Report) -> Groups:
    """Return the groups of files with the same content; see `core.duplicates.find_exact`."""
    return _Search(places, contents, min_size, report).groups()


class _Search:
    def __init__(self, places: Sequence[Place], contents: Contents, min_size: int, report: Report) -> None:
        self._contents = contents
        self._min_size = max(1, min_size)  # empty files are nobody's duplicates
        self._report = report
        self._left_out: Counter[str] = Counter()
        places = list({place.root: place for place in reversed(places)}.values())[::-1]  # each once: the first
        self._walk = Walk(places, [place.root for place in places], contents, self._left_out)
        self._files = self._walk.files
        self._was_read: set[int] = set()

    def groups(self) -> Groups:
        files = self._files
        with ThreadPoolExecutor(1) as beside:
            with Readers(MARKS) as readers:
                self._walk.run(readers, lambda: self._report("scanning", len(files), 0))
                names = self._candidates()
                inodes = first_names(files, names)
                try:
                    compared = self._read(readers, of_one_size(files, names[inodes[names] == names]))
                finally:  # also when it is stopped: what was read is read
                    kept = beside.submit(keep, self._walk, self._contents, self._was_read)
            same = of_one_digest(files, compared, self._digests(compared))
            found = Found(files, names, inodes, same, self._digests(same.members), self._left_out)
            kept.result()
        return found

    def _candidates(self) -> Numbers:
        """Return the files that are large enough and that no pattern of their place names."""
        files = self._files
        candidates = files.rows[:, SIZE] >= self._min_size
        for part in files.parts:
            if ignored := self._walk.ignored[part.place]:
                for number, name in enumerate(part.names.split(b"\0"), part.start):
                    if fits_any(ignored, normalized(join(part.directory, name))):
                        candidates[number] = False
        return np.flatnonzero(candidates)

    def _read(self, readers: Readers, inodes: Numbers) -> Numbers:
        """Read as much as it takes to tell files of one size apart; return those whose content is known."""
        files = self._files
        self._read_missing(readers, inodes, FIRST)
        inodes = inodes[are_there(files.heads[inodes])]
        is_long = files.is_long(inodes)
        alike = np.sort(of_one_digest(files, inodes[is_long], files.heads[inodes[is_long]]).members)
        self._read_missing(readers, alike, WHOLES)
        return np.sort(np.concatenate((inodes[~is_long], alike[are_there(files.wholes[alike])])))

    def _read_missing(self, readers: Readers, inodes: Numbers, kind: bytes) -> None:
        files = self._files
        target = files.heads if kind == FIRST else files.wholes
        missing = inodes[~are_there(target[inodes])]
        if len(missing):
            self._was_read.update(np.unique(files.parts_of(missing)).tolist())
            total = len(missing)
            Reads(files, missing, kind, target, lambda n: self._report("planning", n, total), self._left_out).run(
                readers
            )

    def _digests(self, inodes: Numbers) -> Digests:
        files = self._files
        return np.where(files.is_long(inodes)[:, None], files.wholes[inodes], files.heads[inodes])
