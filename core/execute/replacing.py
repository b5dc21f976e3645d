"""Steps that take an occupied name: what takes it and what has it change places in one go.

What takes the name of a duplicate (a hard link to the copy that stays, a clone of it) is made in the trash, right where
the duplicate is to go; then the two names are exchanged. So there are only two moments to tell apart, before and after,
the name is never empty, and the duplicate is never anywhere but under its own name or safe in the trash. Whatever came
out is looked at; if it is not what was planned, it goes back the same way.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

from msgspec.structs import replace

from core.errors import CannotStandIn, DestinationTaken, NotTheSame, SourceChanged, StorageError, SurvivorLost
from core.execute.run import Run, expected, occupant
from core.journal import Finished
from core.model import Fingerprint, Step
from core.names import shown
from core.storage.local import LocalStorage
from core.storage.standing_in import clone, exchange, link
from core.storage.twins import Twins
from core.trash import is_trash


class Replacing:
    """Carries out `replace`, one step after the other, and works out what a crash left of one."""

    def __init__(self, run: Run) -> None:
        self._run = run

    def replace(self, step: Step) -> None:
        """Do it, and record it as done, skipped or failed. Raises Cancelled."""
        try:
            if step.means == "move":
                self._bring_back(step)
            else:
                self._stand_in(step)
        except StorageError as error:
            self._run.refuse(step, error)

    # -- a link or a clone in the place of a duplicate

    def _stand_in(self, step: Step) -> None:
        run, target = self._run, self._run.target(step)
        progress = run.copy_progress(step)
        with run.twins(step) as twins:
            try:
                twins.compare(progress)
            finally:
                progress.take_back()
            try:
                place, made = self._made(step, twins)
            except (CannotStandIn, NotTheSame):
                self._leave_no_folders(step)
                raise
            try:
                twins.duplicate.check_in_place()
                twins.duplicate.check_untouched()
                exchange(target, place, target, step.destination)
            except StorageError:
                self._remove_stand_in(step, place, made)
                raise
            try:
                target.check_unchanged(place, occupant(step))
            except StorageError as error:
                self._exchange_back(step, place, made, error)
                raise
        self._record(step, place, made)

    def _record(self, step: Step, place: bytes, made: Fingerprint) -> None:
        own = made if step.means == "clone" else None
        self._run.done(step, None if place == step.trash else place, own)

    def _made(self, step: Step, twins: Twins) -> tuple[bytes, Fingerprint]:
        """Make what will stand in, where the duplicate will go; return the place and what it is."""
        make = self._cloned if step.means == "clone" else self._linked
        for place in self._places(step):
            with suppress(DestinationTaken):
                return place, make(step, twins, place)
        raise DestinationTaken  # never: numbers do not end

    def _leave_no_folders(self, step: Step) -> None:
        """Remove the folders in the trash that were made for nothing."""
        folder = step.trash.rpartition(b"/")[0]
        with suppress(StorageError):
            while is_trash(folder):
                self._run.target(step).remove_directory(folder)
                folder = folder.rpartition(b"/")[0]

    def _places(self, step: Step) -> Iterator[bytes]:
        yield self._run.place_in_trash(step)
        for (place,) in self._run.free_places([replace(step, kind="trash", destination=step.trash)]):
            yield place

    def _linked(self, step: Step, twins: Twins, place: bytes) -> Fingerprint:
        target = self._run.target(step)
        link(self._run.source(step), step.source, target, place)
        entry = target.entry(place)
        if entry is None or (entry.device, entry.inode) != twins.survivor.identity:
            self._remove_stand_in(step, place, made=expected(step))
            raise SurvivorLost("another file has its name")
        return entry.fingerprint

    def _cloned(self, step: Step, twins: Twins, place: bytes) -> Fingerprint:
        target = self._run.target(step)
        copy = clone(twins.survivor, twins.duplicate, target, self._run.temporary(step, place))
        try:
            twins.check_survivor()
            self._run.record_copy(step, copy)
            self._run.journal.sync()
            target.publish(copy, place)
        except StorageError:
            target.discard(copy.temporary)
            raise
        return copy.fingerprint

    def _exchange_back(self, step: Step, place: bytes, made: Fingerprint, why: StorageError) -> None:
        """Give the name back to what had it; raise StorageError that says where it is if that cannot be."""
        target = self._run.target(step)
        try:
            if target.exists(step.destination):
                exchange(target, place, target, step.destination)
                self._remove_stand_in(step, place, made)
            else:
                target.move(place, target, step.destination)
        except StorageError:
            raise StorageError(f"{why}; what was there waits in the trash as {shown(place)}") from None

    def _remove_stand_in(self, step: Step, place: bytes, made: Fingerprint) -> None:
        """Remove what was to stand in; what is anything else by now is somebody's, and stays in the trash."""
        target = self._run.target(step)
        with suppress(StorageError):
            if self._is_untouched_stand_in(step, target, place, made):
                self._remove(step, target, place, made)

    def _remove(self, step: Step, storage: LocalStorage, place: bytes, made: Fingerprint | None) -> bool:
        """Remove a stand-in from the trash, under a name that nobody else uses; tell whether it still was one."""
        out = self._run.out(step, place)
        storage.move(place, storage, out)
        if self._is_untouched_stand_in(step, storage, out, made):
            storage.discard(out)
            return True
        storage.move(out, storage, place)  # somebody put something else there in the last moment
        return False

    def _is_untouched_stand_in(self, step: Step, storage: LocalStorage, path: bytes, made: Fingerprint | None) -> bool:
        """Tell whether nothing is lost without it: one more name of the copy that stays, or a clone as it was made."""
        if step.means == "clone":
            return made is not None and storage.fingerprint(path) == made
        return self._is_name_of_survivor(step, storage, path)

    def _is_name_of_survivor(self, step: Step, storage: LocalStorage, path: bytes) -> bool:
        if step.survivor is None:
            return False
        entry, kept = storage.entry(path), self._run.storages[step.survivor.root].entry(step.survivor.path)
        return entry is not None and kept is not None and (entry.device, entry.inode) == (kept.device, kept.inode)

    # -- what was replaced, back in its place

    def _bring_back(self, step: Step) -> None:
        source, target = self._run.source(step), self._run.target(step)
        source.check_unchanged(step.source, expected(step))
        target.check_unchanged(step.destination, occupant(step))
        exchange(source, step.source, target, step.destination)
        try:
            target.check_unchanged(step.destination, expected(step))
            source.check_unchanged(step.source, occupant(step))
        except StorageError as error:
            self._exchange_again(step, error)
            raise
        self._run.done(step, self._put_away(step))

    def _exchange_again(self, step: Step, why: StorageError) -> None:
        try:
            exchange(self._run.source(step), step.source, self._run.target(step), step.destination)
        except StorageError:
            raise StorageError(f"{why}; what was there waits in the trash as {shown(step.source)}") from None

    def _put_away(self, step: Step) -> bytes | None:
        """See to what stood in: one more name of the copy that stays goes, all else is kept in the trash.

        Returns where it is kept, if not where that was planned.
        """
        source, target = self._run.source(step), self._run.target(step)
        try:
            if self._is_name_of_survivor(step, source, step.source) and self._remove(step, source, step.source, None):
                return None
            for place in self._places(step):
                with suppress(DestinationTaken):
                    source.move(step.source, target, place)
                    return None if place == step.trash else place
        except StorageError:  # then it stays where it is: in the trash of what is taken back
            return step.source
        return None

    # -- after a crash

    def recover(self, step: Step) -> None:
        """Bring a step without a record to its end, or back to its beginning."""
        try:
            if step.means == "move":
                self._recover_bringing_back(step)
            else:
                self._recover_standing_in(step)
        except StorageError as error:
            self._run.leave(step, "failed", str(error))

    def _recover_standing_in(self, step: Step) -> None:
        run, target, place, was = self._run, self._run.target(step), self._run.place_in_trash(step), occupant(step)
        copy = run.copied(step)
        made = copy.fingerprint if copy else None
        target.discard(run.temporary(step, place))  # a clone that got no name yet
        self._return_out(step, target, place, made)
        in_trash = target.fingerprint(place)
        if in_trash is None:
            return
        if in_trash == was:
            self._record(step, place, made or expected(step))
        elif self._is_untouched_stand_in(step, target, place, made):  # also after the names were exchanged back
            self._remove(step, target, place, made)
        elif in_trash.inode == was.inode or self._is_untouched_stand_in(step, target, step.destination, made):
            self._recover_what_came_out(step, place, made)

    def _recover_what_came_out(self, step: Step, place: bytes, made: Fingerprint | None) -> None:
        """Give the name back to a file that changed, or came, amid the exchange."""
        changed, target = SourceChanged(), self._run.target(step)
        is_free = not target.exists(step.destination)
        if not (is_free or self._is_untouched_stand_in(step, target, step.destination, made)):
            raise StorageError(f"{changed}; what was there waits in the trash as {shown(place)}")
        self._exchange_back(step, place, made or expected(step), changed)
        self._run.refuse(step, changed)

    def _return_out(self, step: Step, storage: LocalStorage, place: bytes, made: Fingerprint | None) -> None:
        """Give a stand-in its place in the trash back that was being removed."""
        out = self._run.out(step, place)
        if not storage.exists(out):
            return
        if not storage.exists(place):
            storage.move(out, storage, place)
        elif self._is_untouched_stand_in(step, storage, out, made):
            storage.discard(out)

    def _recover_bringing_back(self, step: Step) -> None:
        source, target = self._run.source(step), self._run.target(step)
        self._return_out(step, source, step.source, None)
        named = target.fingerprint(step.destination)
        if named is None or named.inode != expected(step).inode:
            return
        left = source.fingerprint(step.source)
        if left is None:
            place = self._run.place_in_trash(step)
            target.touch(place)  # what stood in may have gone there, and that is to be durable, too
            self._run.done(step, None if place == step.trash else place)
        elif left == occupant(step):
            self._run.done(step, self._put_away(step))
        else:
            self._exchange_again(step, SourceChanged())
            self._run.refuse(step, SourceChanged())

    def was_lost(self, step: Step, record: Finished) -> bool:
        """Tell whether a power cut undid, wholly or in part, what the journal says was done. Raises StorageError."""
        source, target = self._run.source(step), self._run.target(step)
        named = target.fingerprint(step.destination)
        if step.means != "move":
            return named == occupant(step)
        left = source.fingerprint(step.source)
        is_back = named is not None and named.inode == expected(step).inode
        return left == step.fingerprint or (is_back and left is not None and record.destination != step.source)
