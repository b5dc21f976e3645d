"""Duplicates: which files of a folder are there more than once, which of them stays, and what becomes of the others.

The whole tree of the folder is looked through, and all other configured folders: a copy there may be the one that
stays. What was found is written down beside the plan (core.duplicates.pages), also where nothing is to be done.
Pictures that only look alike are reported; they go only if a person chose among them.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import ExitStack, closing
from itertools import chain, islice
from typing import TYPE_CHECKING, cast

from msgspec.structs import replace

from core.config import Folder
from core.duplicates import ExactGroup, Groups, Member, Place, find_copies, find_exact
from core.duplicates.buckets import find_among_objects
from core.duplicates.pages import FoundFile, FoundGroup, write_groups
from core.duplicates.singly import FoundSingly
from core.errors import UsageError
from core.model import Action, Plan, Request, absolute
from core.names import shown
from core.planners import Ground
from core.planners.copies import Copies
from core.planners.distant import project_mark_of
from core.planners.kin import Kin
from core.planners.removing import Removing
from core.planners.reported import keepers_of, reported
from core.planners.scope import Scope
from core.planners.whose import Whose
from core.storage import open_storage
from core.storage.local import LocalStorage
from core.storage.s3.bucket import Head
from core.storage.s3.listing import Listing
from core.storage.s3.objects import Objects

if TYPE_CHECKING:
    from core.duplicates.contents import Contents

_REPORT_EVERY = 256


def plan(request: Request, ground: Ground) -> Plan:
    """Return the plan that removes a folder's duplicates as the request wants it; no steps where it only reports.

    Raises UnknownFolder, UsageError (a folder that is away, an earlier report that is none), Cancelled, errors of
    StorageError where the folder itself cannot be read.
    """
    folder = ground.config.folder(request.folder)
    if not folder.is_local:
        return plan_bucket(request, ground, folder)
    if not os.path.isdir(folder.path):
        raise UsageError(f"{shown(folder.path)} is not there; is its disk mounted?")
    with ExitStack() as open_roots:
        return _Deduper(request, ground, folder, open_roots).plan()


def plan_bucket(request: Request, ground: Ground, folder: Folder) -> Plan:
    """Return the plan that removes duplicates among the objects beneath a prefix. Raises UsageError, StorageError, …"""
    check_possible(request, folder)
    bucket = ground.open_root(folder.path)
    assert isinstance(bucket, Objects)
    with ExitStack() as open_roots:
        listing = open_roots.enter_context(closing(Listing(bucket)))
        return _BucketDeduper(request, ground, folder, open_roots, bucket, listing).plan()


def check_possible(request: Request, folder: Folder) -> None:
    """Raise UsageError, telling the field, for what is asked of a folder that is a bucket and cannot be done there."""
    if folder.is_local:
        return
    if request.action in ("hardlink", "reflink"):
        raise UsageError("a bucket knows no links: its duplicates go to the trash, or stay", field="action")
    if request.similar:
        raise UsageError("pictures that look alike are looked for in local folders only", field="similar")
    if request.verify:
        raise UsageError("what lies in a bucket is compared when something is done to it", field="verify")


class _Deduper:
    def __init__(self, request: Request, ground: Ground, folder: Folder, open_roots: ExitStack) -> None:
        self._request, self._ground, self._folder = request, ground, folder
        self._open_roots = open_roots
        self._storages: dict[bytes, LocalStorage] = {}
        self._keepers = keepers_of(request, ground.config)
        self._kin = Kin(self._storage)
        self._whose = Whose(request, ground.config, folder, ground.decisions)

    def plan(self) -> Plan:
        others = [place.root for place in self._places()[1:]]
        removing = Removing(self._request.id, self._folder.path, others, self._keepers, self._kin)
        files = self._ground.operation(self._request.id)
        if self._request.of is not None:
            groups = reported(self._request, self._ground, self._keepers)
            write_groups(files, groups, {})
            removing.remove(groups, self._action, self._counted(len(groups)))
        else:
            found, left_out = self._found()
            going: list[FoundGroup] = []
            write_groups(files, self._noting(found, going), left_out)
            if self._action != "report":
                removing.remove(going, self._action, self._counted(len(going)))
        steps = removing.steps
        if self._request.automatic:  # a person is told what stays, the agent would tell it again and again
            steps = [replace(step, seq=seq) for seq, step in enumerate(step for step in steps if not step.refused)]
        return Plan(self._request.id, removing.roots, steps, self._folder.rules.hash)

    @property
    def _action(self) -> Action:
        """What is to be done: what a person said; by itself, the agent does what the folder is set to."""
        if self._request.action is not None:
            return self._request.action
        set_to = self._folder.duplicates
        return set_to if self._request.automatic and set_to != "off" else "report"

    def _noting(self, found: Iterable[FoundGroup], going: list[FoundGroup]) -> Iterator[FoundGroup]:
        """Pass the groups on, and note those about which something is to be done."""
        acts = self._action != "report"
        for group in found:
            if acts and not group.near and group.others:
                going.append(group)
            yield group

    # -- searching

    def _found(self) -> tuple[Iterator[FoundGroup], dict[str, int]]:
        """Return all groups of the request, and how many files could not be compared, by reason."""
        exact = self._search()
        copies = Copies(self._keepers, self._whose, self._kin)
        found = copies.decided(exact, self._counted(len(exact)))
        if not self._request.similar:
            return found, dict(exact.left_out)
        stays: set[bytes] = set()
        return chain(_noting_kept(found, stays), self._similar(exact, stays)), dict(exact.left_out)

    def _search(self) -> Groups:
        contents = self._ground.contents
        assert contents is not None
        found = self._nominated(contents)
        if not self._request.verify:
            return found
        from core.duplicates.verified import verified  # noqa: PLC0415 - numpy, only where needed

        return verified(found, self._ground.report)

    def _nominated(self, contents: Contents) -> Groups:
        places, paths = self._places(), self._request.paths
        if paths is None:
            return find_exact(places, contents, self._ground.config.duplicates.min_size, self._ground.report)
        least = self._ground.config.duplicates.min_size
        entries = [entry for entry in map(self._storage(self._folder.path).entry, paths) if entry is not None]
        arrived = [entry for entry in entries if entry.size >= least]
        return find_copies(self._folder.path, arrived, places, contents, self._ground.report)

    def _places(self) -> list[Place]:
        """Return the folder, then all others that are there."""
        folders = [self._folder, *self._ground.config.folders]
        found: dict[bytes, Place] = {}
        for folder in folders:
            if folder.is_local and folder.path not in found and os.path.isdir(folder.path):
                found[folder.path] = Place(folder.name, folder.path, folder.ignore)
        return list(found.values())

    def _similar(self, exact: Iterable[ExactGroup], stays: Collection[bytes]) -> Iterator[FoundGroup]:
        """Yield groups of pictures that look alike: the best is suggested, and nothing is done by itself.

        Of copies only the one that `stays` is compared, by its absolute path; it is asked about once all are known.
        """
        from core.duplicates.pictures import Picture, pictures_of, taken  # noqa: PLC0415 - numpy, only where needed
        from core.duplicates.similar import find_similar, without_copies  # noqa: PLC0415

        pictures = pictures_of(self._places(), self._ground.facts, self._ground.report)
        distance = self._ground.config.duplicates.similar_distance
        members_of = (member for group in exact for member in group.members)
        kept = [each.entry for each in members_of if absolute([each.root], 0, each.entry.path) in stays]
        for group in find_similar(without_copies(pictures, exact, kept), distance):
            members = [Member(picture.root, picture.entry) for picture in group.members]
            if not any(map(self._whose.concerns, members)):
                continue
            best: Picture = group.members[0]
            times = taken(group.members, self._ground.facts)
            files = tuple(
                FoundFile(
                    absolute([picture.root], 0, picture.entry.path),
                    picture.entry.fingerprint,
                    picture.entry.device,
                    self._whose.stays(member),
                    distance=bits,
                    width=picture.width,
                    height=picture.height,
                    taken=time,
                )
                for picture, member, bits, time in zip(group.members, members, group.distances, times, strict=True)
            )
            yield FoundGroup(True, best.entry.size, 0, f"the most pixels: {best.width} x {best.height}", files)

    # -- what is shared

    def _storage(self, root: bytes) -> LocalStorage:
        if root not in self._storages:
            self._storages[root] = self._open_roots.enter_context(closing(open_storage(root)))
        return self._storages[root]

    def _counted(self, total: int) -> Callable[[int], None]:
        def count(number: int) -> None:
            if number % _REPORT_EVERY == 0:
                self._ground.report("planning", number, total)

        return count


class _BucketDeduper(_Deduper):
    """The same among objects of one prefix: those of other folders are not compared with them."""

    def __init__(
        self,
        request: Request,
        ground: Ground,
        folder: Folder,
        open_roots: ExitStack,
        bucket: Objects,
        listing: Listing,
    ) -> None:
        super().__init__(request, ground, folder, open_roots)
        self._bucket = bucket
        self._listing = listing

    def _search(self) -> Groups:
        self._ground.report("scanning", 0, 0)
        scope = Scope(self._folder, self._ground.config, subfolders=True, mark=project_mark_of(self._listing))
        least = max(1, self._ground.config.duplicates.min_size)
        entries = [
            entry for path, entry in self._listing.files.items() if entry.size >= least and not scope.why_not(path)
        ]
        found = find_among_objects(self._bucket, entries, self._ground.report)
        left_out = Counter(found.left_out) + Counter(reason for _, reason in self._listing.untouched)
        asked = None if self._request.paths is None else frozenset(self._request.paths)
        concerned = [
            group for group in found if asked is None or any(member.entry.path in asked for member in group.members)
        ]
        return FoundSingly(self._dated(concerned), left_out)

    def _places(self) -> list[Place]:
        return [Place(self._folder.name, self._folder.path, self._folder.ignore)]

    def _storage(self, root: bytes) -> LocalStorage:
        return cast("LocalStorage", self._listing)  # it answers the same questions

    def _dated(self, groups: Sequence[ExactGroup]) -> list[ExactGroup]:
        """Return groups whose members have the times of the files that they were made from, where those are noted."""
        members = [member for group in groups for member in group.members]
        heads = self._bucket.each(self._bucket.head, [member.entry.path for member in members])
        dated = iter(map(_dated, members, heads))
        return [replace(group, members=tuple(islice(dated, len(group.members)))) for group in groups]


def _dated(member: Member, head: Head | None) -> Member:
    return replace(member, entry=replace(member.entry, mtime_ns=head.mtime_ns)) if head else member


def _noting_kept(groups: Iterable[FoundGroup], stays: set[bytes]) -> Iterator[FoundGroup]:
    """Pass groups on, and note what stays of each."""
    for group in groups:
        stays.add(group.files[group.keep].path)
        yield group
