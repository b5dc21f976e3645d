"""Files that belong together: checked first, moved together, and if one cannot, those that did come back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass

from core.errors import CrossesDevices, DestinationTaken, StorageError
from core.execute.run import Run, expected
from core.execute.transfers import Transfer, Transfers
from core.model import Attributes, Fingerprint, Step
from core.names import shown
from core.storage.twins import Twins


@dataclass(slots=True)
class Placed:
    """A file of a group that is at its new place. `fingerprint`: what it has there; `lost`: as of a Copy."""

    step: Step
    destination: bytes
    fingerprint: Fingerprint
    lost: Attributes | None = None


class Held(Exception):
    """One file of a group cannot be moved, and so none can. `stuck`: files that could not be put back, either."""

    def __init__(self, step: Step, error: StorageError, stuck: Sequence[Placed] = ()) -> None:
        super().__init__(step, error)
        self.step = step
        self.error = error
        self.stuck = list(stuck)


Across = Callable[[list[Step], list[bytes]], list[Placed]]
"""How files get to where a rename does not take them: returns what is placed by then. Raises Held, Cancelled."""


class Groups:
    """Carries out groups of files that are moved, trashed or copied."""

    def __init__(self, run: Run, transfers: Transfers) -> None:
        self._run = run
        self._transfers = transfers

    def carry_out(self, steps: Sequence[Step]) -> None:
        """Put all files of a group where they go, or none, and record what became of each. Raises Cancelled.

        One that has to be copied is finished with the batch under way.
        """
        is_beside_survivors = any(step.survivor is not None for step in steps)
        self._complete(steps, [], self._transfer if is_beside_survivors else self._put_off)

    def complete(self, steps: Sequence[Step], placed: list[Placed]) -> None:
        """Put the rest of a group where it goes, or put back what was placed of it. Raises Cancelled."""
        self._complete(steps, placed, self._transfer)

    def _complete(self, steps: Sequence[Step], placed: list[Placed], across: Across) -> None:
        try:
            self._check(steps)
            with ExitStack() as stack:
                held = self._hold_survivors(steps, stack)
                placed = placed + self._place_beside(held, list(steps), across)
        except Held as held:
            self.give_up([*steps, *(file.step for file in placed)], placed, held)
        else:
            for file in placed:
                self._record(file)

    def give_up(self, steps: Sequence[Step], placed: Sequence[Placed], held: Held) -> None:
        """Put files back to where they were, and record of all why; one that is stuck is recorded where it is."""
        stuck = held.stuck + self._put_back(placed)
        for file in stuck:
            self._record(file)
        numbers = {file.step.seq for file in stuck}
        self._leave([step for step in steps if step.seq not in numbers], held)

    # -- going

    def _check(self, steps: Sequence[Step]) -> None:
        for step in steps:
            with _held_by(step):
                self._run.source(step).check_unchanged(step.source, expected(step))

    def _hold_survivors(self, steps: Sequence[Step], stack: ExitStack) -> list[tuple[Step, Twins]]:
        """Compare those that are duplicates with the copies that stay, and hold all. Raises Held, Cancelled."""
        held = []
        for step in steps:
            if step.kind == "trash" and step.survivor is not None:
                progress = self._run.copy_progress(step)
                try:
                    with _held_by(step):
                        twins = stack.enter_context(self._run.twins(step))
                        twins.compare(progress)
                finally:
                    progress.take_back()
                held.append((step, twins))
        return held

    def _place_beside(self, held: Sequence[tuple[Step, Twins]], steps: list[Step], across: Across) -> list[Placed]:
        """Return the files at their places, the copies that stay looked at right before and after. Raises Held."""
        for step, twins in held:
            with _held_by(step):
                twins.check()
        placed = self._place(steps, across)
        for step, twins in held:
            try:
                twins.check_survivor()
            except StorageError as error:
                raise Held(step, error, self._put_back(placed)) from None
        return placed

    def _place(self, steps: list[Step], across: Across) -> list[Placed]:
        """Return the files at their own places, or all under one number. Raises Held, having moved none."""
        taken = self._first_taken(steps)
        if taken is None:
            try:
                return self._place_at(steps, [self._run.destination(step) for step in steps], across)
            except Held as held:
                if not isinstance(held.error, DestinationTaken) or held.stuck:
                    raise
                taken = held.step
        if not all(self._run.may_number(step) for step in steps):
            raise Held(taken, DestinationTaken())
        for places in self._run.free_places(steps):
            try:
                return self._place_at(steps, places, across)
            except Held as held:
                if not isinstance(held.error, DestinationTaken) or held.stuck:
                    raise
        raise Held(taken, DestinationTaken())

    def _first_taken(self, steps: list[Step]) -> Step | None:
        leaving = {(step.source_root, step.source) for step in steps if step.kind != "copy"}
        for step in steps:
            destination = self._run.destination(step)
            with _held_by(step):
                if (step.destination_root, destination) not in leaving and self._run.target(step).exists(destination):
                    return step
        return None

    def _place_at(self, steps: list[Step], places: list[bytes], across: Across) -> list[Placed]:
        if any(step.kind == "copy" for step in steps):
            return across(steps, places)
        renamed: list[Placed] = []
        for step, place in zip(steps, places, strict=True):
            try:
                self._run.source(step).move(step.source, self._run.target(step), place)
            except StorageError as error:
                stuck = self._put_back(renamed)
                if isinstance(error, CrossesDevices) and not stuck:
                    return across(steps, places)
                raise Held(step, error, stuck) from None
            renamed.append(Placed(step, place, expected(step)))
        return renamed

    def _put_off(self, steps: list[Step], places: list[bytes]) -> list[Placed]:
        """Copy all; the batch does the rest. None is placed yet."""
        self._transfers.join(_Family(self, steps, self._copied(steps, places)))
        return []

    def _copied(self, steps: list[Step], places: list[bytes]) -> list[Transfer]:
        copied: list[Transfer] = []
        try:
            for step, place in zip(steps, places, strict=True):
                with _held_by(step):
                    copied.append(self._transfers.copied(step, place))
        except BaseException:
            self.remove(copied)
            raise
        return copied

    def _transfer(self, steps: list[Step], places: list[bytes]) -> list[Placed]:
        """Copy all, publish all, and only then take the first source away."""
        copied = self._copied(steps, places)
        try:
            for transfer in copied:
                with _held_by(transfer.step):
                    self._transfers.confirm(transfer)
                self._run.record_copy(transfer.step, transfer.copy)
            self._run.journal.sync()
            for transfer in copied:
                with _held_by(transfer.step):
                    self._transfers.publish(transfer)
            for transfer in copied:
                with _held_by(transfer.step):
                    self._transfers.make_durable(transfer)
        except BaseException:
            self.remove(copied)
            raise
        return self._take_sources(copied)

    def remove(self, transfers: Sequence[Transfer]) -> None:
        """Remove copies whose sources stay."""
        for transfer in transfers:
            with suppress(StorageError):
                self._transfers.remove(transfer)

    def _take_sources(self, transfers: list[Transfer]) -> list[Placed]:
        placed: list[Placed] = []
        for number, transfer in enumerate(transfers):
            try:
                self._transfers.take_source(transfer)
            except StorageError as error:
                self.remove(transfers[number:])
                raise Held(transfer.step, error, self._put_back(placed)) from None
            placed.append(Placed(transfer.step, transfer.destination, transfer.copy.fingerprint, transfer.copy.lost))
        return placed

    def end(self, steps: Sequence[Step], transfers: list[Transfer]) -> None:
        """Take the sources of a group away whose copies are safe, and record what became of its steps."""
        try:
            placed = self._take_sources(transfers)
        except Held as held:
            self.give_up(steps, [], held)
        else:
            for file in placed:
                self._record(file)

    def stop(self, steps: Sequence[Step], transfers: Sequence[Transfer], held: Held) -> None:
        """Remove copies of a group; where only a place was taken meanwhile, it goes again, by itself, to another."""
        self.remove(transfers)
        if isinstance(held.error, DestinationTaken):
            self._transfers.do_again(lambda: self.complete(steps, []))
        else:
            self.give_up(steps, [], held)

    # -- coming back

    def _put_back(self, placed: Sequence[Placed]) -> list[Placed]:
        """Put files back, the last first; return those for which that failed."""
        stuck = []
        for file in reversed(placed):
            try:
                self._put_one_back(file)
            except StorageError:
                stuck.append(file)
        return stuck

    def _put_one_back(self, file: Placed) -> None:
        source, target = self._run.source(file.step), self._run.target(file.step)
        if file.step.kind == "copy":
            target.take_away(file.destination, file.fingerprint, self._run.temporary(file.step, file.destination))
            return
        try:
            target.move(file.destination, source, file.step.source)
        except CrossesDevices:
            copy = target.copy(
                file.destination, source, self._run.back(file.step), file.fingerprint, lambda count: None, file.lost
            )
            source.confirm(copy)
            source.publish(copy, file.step.source)
            source.sync_folder_of(file.step.source)
            temporary = self._run.temporary(file.step, file.destination)
            target.take_away(file.destination, file.fingerprint, temporary)

    # -- recording

    def _record(self, file: Placed) -> None:
        moved = None if file.fingerprint == file.step.fingerprint else file.fingerprint
        self._run.done(file.step, file.destination, moved, file.lost)

    def _leave(self, steps: Sequence[Step], held: Held) -> None:
        for step in steps:
            if step is held.step:
                self._run.refuse(step, held.error)
            else:
                name = shown(held.step.source.rpartition(b"/")[2])
                self._run.leave(step, "skipped", f"it belongs with {name}: {held.error}")


class _Family:
    """A group whose files were copied, as a part of the batch."""

    def __init__(self, groups: Groups, steps: list[Step], transfers: list[Transfer]) -> None:
        self.transfers = transfers
        self._groups = groups
        self._steps = steps

    def give_up(self, transfer: Transfer, error: StorageError) -> None:
        self._groups.stop(self._steps, self.transfers, Held(transfer.step, error))

    def take_sources(self) -> None:
        self._groups.end(self._steps, self.transfers)


class _held_by:  # noqa: N801 - reads as a statement
    """Turns what goes wrong with one file into what holds its group."""

    def __init__(self, step: Step) -> None:
        self._step = step

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, StorageError):
            raise Held(self._step, error) from None
