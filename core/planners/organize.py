"""Organize: where each file of a folder belongs by its rules, and how all of them get there.

It looks, asks the rules about each family of files, settles every name, and writes the steps down in an order that
works. Nothing is changed. A folder that was organized plans nothing a second time.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing

from msgspec import structs

from core import trash
from core.config import Folder
from core.errors import SourceInUse, StorageError, UsageError
from core.model import Plan, Request
from core.names import collision_key, is_beneath, numbered, shown
from core.planners import Ground
from core.planners.distant import among_objects
from core.planners.followers import Followers
from core.planners.groups import is_sidecar, number_of, renamed, without_number
from core.planners.naming import Disk, Errand, ErrandKind, Place, Places
from core.planners.ordering import StepWriter
from core.planners.paths import folder_of, name_of
from core.planners.plain import PlainFiles
from core.planners.roots import Roots
from core.planners.scope import Scope
from core.planners.strays import Strays
from core.planners.survey import Sight, Survey
from core.rules import NOTHING, RuleSet, Ruling
from core.rules.conditions import Facts, Renamed
from core.storage import Entry
from core.storage.s3.listing import Listing
from core.storage.s3.objects import Objects
from core.toml.sections import meant

_BATCH = 256
_RECENT_SECONDS = 300.0
"""Of a file that was written within this time it is asked whether somebody still does; the executor asks of each."""
_ROUNDS = 8
_KIND_ALONE = frozenset({"kind"})


def plan(request: Request, ground: Ground) -> Plan:
    """Return the plan that brings a folder's files where its rules want them.

    Raises UnknownFolder, UsageError (unknown rules, a folder that is away or never organized), Cancelled, errors of
    StorageError where the folder itself cannot be read.
    """
    folder = ground.config.folder(request.folder)
    if not folder.is_local:
        return plan_bucket(request, ground, folder)
    if not os.path.isdir(folder.path):
        raise UsageError(f"{shown(folder.path)} is not there; is its disk mounted?")
    with ExitStack() as open_roots:
        return _Organizer(request, ground, folder, Roots(folder, ground.config, open_roots)).plan()


def plan_bucket(request: Request, ground: Ground, folder: Folder) -> Plan:
    """Return the plan that brings the objects beneath a prefix where the rules want them. Raises StorageError, …"""
    bucket = ground.open_root(folder.path)
    assert isinstance(bucket, Objects)
    with closing(Listing(bucket)) as listing:
        return plan_listed(request, ground, folder, listing)


def plan_listed(request: Request, ground: Ground, folder: Folder, listing: Listing) -> Plan:
    """Return the same plan of a bucket that is listed already. Raises StorageError, …"""
    with ExitStack() as open_roots:
        planned = _Organizer(request, ground, folder, Roots(folder, ground.config, open_roots, listing)).plan()
        are_dated = "modified" in folder.rules.needs
        return among_objects(planned, listing, are_dated=are_dated, told=not request.automatic)


class _Organizer:
    def __init__(self, request: Request, ground: Ground, folder: Folder, roots: Roots) -> None:
        self._request, self._ground, self._folder, self._roots = request, ground, folder, roots
        self._disk = Disk(roots.storage)
        self._rules = _chosen_rules(folder, request.rules)
        self._followers = Followers(ground.history, roots)
        self._strays = Strays(ground.history, folder, roots)
        self._facts: dict[bytes, Facts] = {}
        self._recently = (time.time() - _RECENT_SECONDS) * 1e9
        self._settled = 0
        """How many files need no more deciding, for they are plain."""
        self._plain_places = Places(self._disk, ())
        self._writer = StepWriter(self._disk, self._plain_places)
        self._plain = PlainFiles(self._rules, folder, roots, self._plain_places, self._writer, self._recently)

    def plan(self) -> Plan:
        families = self._look()
        errands = [errand for number in range(0, len(families), _BATCH) for errand in self._batch(families, number)]
        errands = [errand for errand in self._heard(errands) if not self._must_wait(errand)]
        writer = self._writer
        writer.write(errands, self._settle(errands))
        writer.remove_emptied(self._stays)
        if not self._request.automatic:  # a person is told, the agent would tell it again and again
            writer.tell_unreadable(self._roots.storage(0).unreadable)
        return Plan(self._request.id, self._roots.paths, writer.steps, self._folder.rules.hash)

    def _look(self) -> list[list[Entry]]:
        """Return the families to decide about. Those of plain files are decided about, and not among them."""
        folder, request = self._folder, self._request
        within, file = named_part(request.folder, folder)
        subfolders = folder.subfolders if request.subfolders is None else request.subfolders
        mark = self._roots.project_mark
        scope = Scope(folder, self._ground.config, subfolders=subfolders, within=within, mark=mark)
        scope.check_root()
        survey = Survey(self._roots.storage(0), scope, [file] if file else request.paths)
        sights = survey.sights(lambda seen: self._ground.report("scanning", seen, 0))
        return [family for sight in sights for family in self._not_plain(sight, survey.seen)]

    def _not_plain(self, sight: Sight, total: int) -> list[list[Entry]]:
        """Return the families in a directory that are to be decided about; plain files are on their way then."""
        lone, others = sight.lone, []
        for family in sight.families:
            if self._is_alone(family):
                lone.append(family[0])
            else:
                others.append(family)
        if self._request.automatic:
            lone = [file for file in lone if not self._is_blocked([file])]
        if not self._brings_strays:
            lone = self._without_plain(sight.directory, lone, total)
        return [[file] for file in lone] + others

    def _without_plain(self, directory: bytes, files: Sequence[Entry], total: int) -> list[Entry]:
        rest: list[Entry] = []
        for start in range(0, len(files), _BATCH):
            self._ground.report("planning", self._settled, total)
            batch = files[start : start + _BATCH]
            others = self._plain.take(directory, batch)
            self._settled += len(batch) - len(others)
            rest += others
        return rest

    def _is_alone(self, family: Sequence[Entry]) -> bool:
        """Tell whether a file belongs to no other, not even to one that went before."""
        if len(family) > 1:
            return False
        return not is_sidecar(family[0].path) or self._request.rules is not None or self._ground.history.is_empty

    @property
    def _brings_strays(self) -> bool:
        """Whether files that just arrived may bring sidecars along that went before."""
        return self._request.automatic and self._request.paths is not None

    # -- deciding

    def _batch(self, families: Sequence[list[Entry]], start: int) -> Iterator[Errand]:
        self._ground.report("planning", self._settled + start, self._settled + len(families))
        batch = families[start : start + _BATCH]
        self._prefetch(batch)
        for family in batch:
            yield from self._errands(family)

    def _prefetch(self, batch: Sequence[list[Entry]]) -> None:
        """Let the facts of many files be read side by side; most rules need none of it."""
        reader = self._ground.facts
        facts = {file.path: reader.of(self._folder.path, file) for family in batch for file in family}
        self._facts = dict(facts)
        leaders = (family[0].path for family in batch)
        undecided = [facts[path] for path in leaders if self._rules.needs_of(path)] if self._rules.needs else []
        if undecided:
            reader.prefetch(undecided, self._rules.needs)

    def _errands(self, family: list[Entry]) -> Iterator[Errand]:
        if self._is_plain_by_kind(family) or self._is_blocked(family):
            return
        follow = self._followed(family)
        if follow is not None:
            yield follow
            return
        leader, ruling = self._ruling(family)
        if self._brings_strays:
            family = [*family, *(stray for stray in self._strays.of(leader) if not self._is_blocked([stray]))]
        files = family if leader is family[0] else [leader, *(file for file in family if file is not leader)]
        if ruling.trouble:
            errand = self._errand("move", files, self._folder.absolute(leader.path), ruling.trouble)
            errand.refused = ruling.trouble
            yield errand
            return
        if ruling.copies:
            yield from self._copies(files, ruling)
        if ruling.rule is None:
            return
        if ruling.action == "trash":
            place = trash.place(self._folder.path, leader.path, self._request.id)
            yield self._errand("trash", files, self._folder.absolute(place), ruling.rule)
        elif ruling.action == "move" and ruling.destination and not self._is_numbered_there(leader, ruling):
            errand = self._errand("move", files, ruling.destination, ruling.rule)
            errand.on_conflict = ruling.on_conflict
            yield errand

    def _is_plain_by_kind(self, family: Sequence[Entry]) -> bool:
        """Tell whether a file is plain now that its kind is known, where rules ask no more; it is on its way then.

        None that is alone is blocked any more, nor does it follow another.
        """
        file = family[0]
        if self._rules.needs_of(file.path) != _KIND_ALONE or self._brings_strays or not self._is_alone(family):
            return False
        return self._plain.takes(file, self._facts[file.path].get("kind"))

    def _is_blocked(self, family: Sequence[Entry]) -> bool:
        if not self._request.automatic:
            return False
        blocks, root, rules = self._ground.decisions.blocks, self._folder.path, self._folder.rules.hash
        return any(blocks(root, file, rules) for file in family)

    def _followed(self, family: Sequence[Entry]) -> Errand | None:
        """Return the errand of a lonely sidecar whose leader went before."""
        if len(family) > 1 or self._request.rules is not None or not is_sidecar(family[0].path):
            return None
        found = self._followers.destination(self._folder.absolute(family[0].path))
        return None if found is None else self._errand("move", family, found[1], f"follows {shown(found[0])}")

    def _ruling(self, family: Sequence[Entry]) -> tuple[Entry, Ruling]:
        """Return what the rules say about the first of a family that any of them takes.

        A sidecar never decides for what it belongs to.
        """
        for file in family:
            if file is family[0] or not is_sidecar(file.path):
                ruling = self._rules.decide(self._facts[file.path], self._folder)
                if ruling is not NOTHING:
                    return file, ruling
        return family[0], NOTHING

    def _is_numbered_there(self, file: Entry, ruling: Ruling) -> bool:
        """Tell whether a file lies where its rule wants it, but for the number that it had to take there.

        A destination made from the name would else run away from each new number.
        """
        if self._rules.rule(ruling.rule or "").keeps_place:
            return False
        directory, name = os.path.split(file.path)
        number = number_of(name)
        if not number:
            return False
        renamed_file = structs.replace(file, path=os.path.join(directory, without_number(name)))
        wanted = self._rules.decide(Renamed(self._facts[file.path], renamed_file), self._folder)
        if wanted.rule != ruling.rule or not wanted.destination:
            return False
        place, wanted_name = os.path.split(wanted.destination)
        there = os.path.join(place, numbered(wanted_name, number))
        return collision_key(there) == collision_key(self._folder.absolute(file.path))

    def _copies(self, files: Sequence[Entry], ruling: Ruling) -> Iterator[Errand]:
        leader = files[0]
        path = self._folder.absolute(leader.path)
        for rule, destination in ruling.copies:
            if not self._ground.decisions.copied(path, leader, rule):
                errand = self._errand("copy", files, destination, rule)
                errand.on_conflict = self._rules.rule(rule).on_conflict
                yield errand

    def _errand(self, kind: ErrandKind, files: Sequence[Entry], destination: bytes, why: str) -> Errand:
        directory, _, name = destination.rpartition(b"/")
        leader = name_of(files[0].path)
        names = [name] if len(files) == 1 else [renamed(name_of(file.path), leader, name) for file in files]
        located = self._roots.locate(directory or b"/")
        if located is not None:
            return Errand(kind, files, *located, names, why)
        refused = f"{shown(directory)} is not there, or lies in no configured folder"
        return Errand(kind, files, 0, folder_of(files[0].path), names, why, refused=refused)

    # -- settling

    def _must_wait(self, errand: Errand) -> bool:
        """Tell whether a file is open in another program: the agent waits, a person is told."""
        if errand.refused:
            return False
        for file in errand.files:
            if file.mtime_ns > self._recently:
                try:
                    self._roots.storage(0).check_unused(file.path)
                except SourceInUse as error:
                    errand.refused = str(error)
                    return self._request.automatic
                except StorageError as error:
                    errand.refused = str(error)
        return False

    def _settle(self, errands: Sequence[Errand]) -> Places:
        """Give every errand its names. One that does not move keeps its own: what counted on those is settled anew."""
        willing = [errand for errand in errands if not errand.refused]
        moving = [errand for errand in willing if errand.kind != "copy"]
        at_first = Places(self._disk, {source for errand in moving for source in errand.sources}, self._plain_places)
        leaving = {source for errand in moving if not at_first.is_home(errand) for source in errand.sources}
        for number in range(_ROUNDS + 1):
            places = Places(self._disk, leaving, self._plain_places)
            for errand in self._heard(willing):
                places.claim(errand)
            staying = {source for errand in moving if not errand.acts for source in errand.sources} & leaving
            if not staying or not staying & _given(willing):
                break
            leaving = leaving - staying if number < _ROUNDS - 1 else set()
        return places

    def _heard(self, errands: Sequence[Errand]) -> Iterator[Errand]:
        """Yield the errands, and let whoever waits be heard now and then: he may want to cancel."""
        for number, errand in enumerate(errands):
            if number % _BATCH == 0:
                self._ground.report("planning", len(errands), len(errands))
            yield errand

    def _stays(self, directory: bytes) -> bool:
        path = self._folder.absolute(directory)
        config = self._ground.config
        return path in config.agent.destinations or any(folder.path == path for folder in config.folders)


def _given(errands: Sequence[Errand]) -> set[Place]:
    """Return the names that errands take."""
    return {(errand.root, place) for errand in errands if errand.acts for place in errand.destinations}


def named_part(text: str, folder: Folder) -> tuple[bytes, bytes]:
    """Return which part of a folder a person named: a directory beneath it (empty: all), and a file (empty: none)."""
    if text == folder.name:
        return b"", b""
    path = os.path.abspath(os.path.expanduser(os.fsencode(text)))
    if not is_beneath(path, folder.path):
        path = os.path.realpath(path)
    if path == folder.path or not is_beneath(path, folder.path):
        return b"", b""
    part = path[len(folder.path.rstrip(b"/")) + 1 :]
    return (part, b"") if os.path.isdir(path) else (os.path.dirname(part), part)


def _chosen_rules(folder: Folder, names: Sequence[str] | None) -> RuleSet:
    """Return the folder's rules, or those a person named. Raises UsageError."""
    if names is None:
        return folder.rules.renewed()
    known = [rule.name for rule in folder.rules.rules]
    for name in names:
        if name not in known:
            hint = meant(name, known)
            raise UsageError(f"folder {shown(folder.name)} has no rule {shown(name)}{'; ' if hint else ''}{hint}")
    return folder.rules.named(names)
