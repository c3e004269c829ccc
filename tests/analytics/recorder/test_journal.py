"""What the journal promises: whole lines under one lock, segments that go when they are settled, no word of bodies."""

from __future__ import annotations

import errno
import fcntl
import os
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from analytics.recorder import journal as module
from analytics.recorder.journal import Journal, hold, homes, remove, segments
from llm.call import new_id


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    made = Journal(tmp_path)
    yield made
    made.abandon()


def written(folder: Path) -> list[bytes]:
    return [line for home in homes(folder) for path in segments(home) for line in path.read_bytes().splitlines()]


class Disk:
    """Stands before `os.write`: fails, or writes only so many bytes."""

    def __init__(self) -> None:
        self.full = False
        self.takes: int | None = None

    def write(self, descriptor: int, data: bytes) -> int:
        if self.full:
            raise OSError(errno.ENOSPC, "No space left on device")
        return os_write(descriptor, data[: self.takes])


os_write = os.write


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    made = Disk()
    monkeypatch.setattr(os, "write", made.write)
    return made


def test_each_call_is_a_line_when_it_leaves_and_one_when_it_ends(journal: Journal, tmp_path: Path) -> None:
    identity = new_id()
    assert journal.depart(identity, b"{1}")
    assert journal.in_flight == 1
    assert journal.finish(identity, b"{2}")
    assert journal.in_flight == 0
    assert written(tmp_path) == [b"D{1}", b"F{2}"]


def test_only_the_owner_may_read_it(journal: Journal, tmp_path: Path) -> None:
    journal.open()
    (home,) = homes(tmp_path)
    assert {stat.S_IMODE(path.stat().st_mode) for path in home.iterdir()} == {0o600}
    assert stat.S_IMODE(home.stat().st_mode) == 0o700


def test_its_lock_is_held_for_life(journal: Journal, tmp_path: Path) -> None:
    journal.open()
    (home,) = homes(tmp_path)
    assert hold(home / "lock") is None
    journal.abandon()
    lock = hold(home / "lock")
    assert lock is not None
    os.close(lock)


def test_two_journals_of_one_process_have_two_names(journal: Journal, tmp_path: Path) -> None:
    other = Journal(tmp_path)
    assert journal.open()
    assert other.open()
    assert len(homes(tmp_path)) == 2
    other.abandon()


def test_a_segment_goes_when_all_it_speaks_of_is_settled(tmp_path: Path) -> None:
    journal = Journal(tmp_path, segment_bytes=10)
    first, second = new_id(), new_id()
    journal.depart(first, b"{first call}")
    journal.depart(second, b"{second call}")
    journal.finish(second, b"{second end}")
    assert len(written(tmp_path)) == 3
    journal.settle([second])
    assert written(tmp_path) == [b"D{first call}", b"F{second end}"]
    journal.finish(first, b"{first end}")
    journal.settle([first])
    assert written(tmp_path) == [b"F{first end}"]
    journal.abandon()


def test_nothing_is_left_behind_by_a_process_that_settled_everything(journal: Journal, tmp_path: Path) -> None:
    identity = new_id()
    journal.finish(identity, b"{}")
    journal.settle([identity])
    assert journal.close()
    assert homes(tmp_path) == []


def test_a_journal_that_was_never_opened_closes_cleanly(journal: Journal, tmp_path: Path) -> None:
    assert journal.close()
    assert journal.close()
    assert homes(tmp_path) == []


@pytest.mark.parametrize("leave", [Journal.depart, Journal.finish, Journal.gather])
def test_what_is_not_settled_stays_for_recovery(journal: Journal, tmp_path: Path, leave: Callable[..., bool]) -> None:
    leave(journal, new_id(), b"{}")
    assert not journal.close()
    assert len(written(tmp_path)) == 1


def test_a_closed_journal_takes_nothing_more_and_says_so(journal: Journal) -> None:
    journal.close()
    assert not journal.finish(new_id(), b"{}")
    assert not journal.writable
    assert journal.failures.count == 1


def test_a_late_commit_disturbs_nothing(journal: Journal, tmp_path: Path) -> None:
    identity = new_id()
    journal.finish(identity, b"{}")
    journal.close()
    journal.settle([identity])
    assert len(written(tmp_path)) == 1


def test_spilled_rows_hold_their_segment_until_they_are_read_back(journal: Journal, tmp_path: Path) -> None:
    identity = new_id()
    journal.depart(identity, b"{1}")
    journal.finish(identity, b"{2}", spill=True)
    (segment,) = journal.spilled()
    assert journal.spilled() == [segment]
    assert segment.path.read_bytes() == b"D{1}\nF{2}\n"
    journal.read_back(segment)
    assert written(tmp_path) == []
    assert journal.spilled() == []
    assert journal.close()


def test_spilled_rows_are_left_for_recovery(journal: Journal, tmp_path: Path) -> None:
    journal.finish(new_id(), b"{}", spill=True)
    assert not journal.close()


def test_nothing_is_read_back_from_a_journal_without_lines(journal: Journal) -> None:
    assert journal.spilled() == []


def test_the_segment_in_use_is_read_back_later_where_no_new_one_can_be_begun(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal.finish(new_id(), b"{}", spill=True)
    with monkeypatch.context() as patched:
        patched.setattr(os, "open", no_room)
        assert journal.spilled() == []
    assert len(journal.spilled()) == 1


def no_room(*_: object, **__: object) -> int:
    raise OSError(errno.EMFILE, "Too many open files")


def test_a_full_disk_is_told_and_the_next_line_tries_again(journal: Journal, disk: Disk, tmp_path: Path) -> None:
    writable = []
    for disk.full in (True, False):
        journal.depart(new_id(), b"{%d}" % disk.full)
        writable.append(journal.writable)
    assert writable == [False, True]
    assert journal.failures.count == 1
    assert written(tmp_path) == [b"D{0}"]


def test_a_disk_with_room_again_is_noticed_though_nobody_calls(journal: Journal, disk: Disk, tmp_path: Path) -> None:
    disk.full = True
    journal.depart(new_id(), b"{}")
    assert not journal.probe()
    disk.full = False
    assert journal.probe()
    assert journal.writable
    assert written(tmp_path) == [b""]


def test_a_line_cut_short_spoils_no_other(journal: Journal, disk: Disk, tmp_path: Path) -> None:
    disk.takes = 3
    assert not journal.depart(new_id(), b"{long}")
    disk.takes = None
    assert journal.depart(new_id(), b"{whole}")
    assert written(tmp_path) == [b"D{l", b"D{whole}"]


def test_a_segment_grows_on_where_no_new_one_can_be_begun(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = Journal(tmp_path, segment_bytes=1)
    journal.depart(new_id(), b"{1}")
    with monkeypatch.context() as patched:
        patched.setattr(os, "open", no_room)
        assert journal.depart(new_id(), b"{2}")
    assert journal.writable
    (home,) = homes(tmp_path)
    assert len(segments(home)) == 1
    journal.abandon()


def test_a_folder_that_cannot_be_made_is_told_and_tried_again(tmp_path: Path) -> None:
    folder = tmp_path / "journal"
    folder.write_text("in the way")
    journal = Journal(folder)
    assert not journal.open()
    folder.unlink()
    assert journal.open()
    assert journal.close()


def test_a_lock_that_cannot_be_made_leaves_no_folder_behind(
    journal: Journal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "open", no_room)
    assert not journal.open()
    assert homes(tmp_path) == []


def test_a_name_that_another_process_has_just_taken_is_left_to_it(
    journal: Journal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refusals = iter([None])
    monkeypatch.setattr(module, "hold", lambda path: next(refusals, hold(path)))
    assert journal.open()
    assert len(homes(tmp_path)) == 2


def test_a_journal_whose_folder_was_taken_away_begins_another(journal: Journal, tmp_path: Path) -> None:
    journal.depart(new_id(), b"{1}")
    (home,) = homes(tmp_path)
    journal.verify()
    remove(home)
    journal.verify()
    journal.depart(new_id(), b"{2}")
    assert written(tmp_path) == [b"D{2}"]


def test_a_lock_that_was_done_away_with_meanwhile_is_nobodys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "lock"

    def flock_late(descriptor: int, operation: int) -> None:
        path.unlink()

    monkeypatch.setattr(fcntl, "flock", flock_late)
    assert hold(path) is None
    assert hold(tmp_path / "no" / "lock") is None


def test_a_lock_that_was_made_anew_meanwhile_is_another_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "lock"

    def flock_late(descriptor: int, operation: int) -> None:
        path.rename(tmp_path / "old")
        path.touch()

    monkeypatch.setattr(fcntl, "flock", flock_late)
    assert hold(path) is None


def test_a_forked_child_neither_keeps_nor_spoils_its_parents_lock(journal: Journal, tmp_path: Path) -> None:
    journal.depart(new_id(), b"{1}")
    (home,) = homes(tmp_path)
    ready, says_ready = os.pipe()
    stays, lets_go = os.pipe()
    child = os.fork()
    if not child:
        os.close(lets_go)
        journal.depart(new_id(), b"{child}")
        journal.close()
        os.write(says_ready, b".")
        os.read(stays, 1)
        os._exit(0)
    os.read(ready, 1)
    still_held = hold(home / "lock") is None
    journal.abandon()
    lock = hold(home / "lock")
    os.close(lets_go)
    os.waitpid(child, 0)
    assert still_held
    assert lock is not None
    for descriptor in (lock, ready, says_ready, stays):
        os.close(descriptor)
    assert written(tmp_path) == [b"D{1}"]


def test_after_a_fork_every_open_journal_is_let_go_of(
    journal: Journal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal.open()
    monkeypatch.setattr(module, "_open_journals", {journal, Journal(tmp_path)})
    module._abandon_all()
    assert not journal.open()


def test_a_program_started_by_the_process_does_not_keep_the_lock(journal: Journal, tmp_path: Path) -> None:
    journal.open()
    (home,) = homes(tmp_path)
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    journal.abandon()
    lock = hold(home / "lock")
    child.communicate()
    assert lock is not None
    os.close(lock)
