import errno
import gzip
import os
import resource
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from masthead.model.errors import StoreBusy, StoreDamaged, StoreError, StoreFull
from masthead.model.ids import ProjectId
from masthead.store.wal import Wal
from masthead.store.wal_record import HEADER_BYTES, Damage, Frame, Kind, Record, encode, mark, payload_of, scan

pytestmark = pytest.mark.store

MARKER = b"12345678"


def record(number: int, payload: bytes = b"", project: str = "default") -> Record:
    return Record(
        kind=Kind.PROTOBUF,
        project=ProjectId(project),
        digest=number.to_bytes(16, "little"),
        payload=payload or f"body {number}".encode(),
    )


def only_segment(folder: Path) -> Path:
    (path,) = (one for one in folder.glob("*.wal") if one.stat().st_size > 16)
    return path


def payloads(wal: Wal) -> list[bytes]:
    return [wal.read(entry) for entry in wal.recovery.entries]


@contextmanager
def file_size_limit(limit: int) -> Generator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_what_was_written_comes_back_in_order_after_reopening(tmp_path: Path):
    wal = Wal(tmp_path)
    wal.write([record(1), record(2, b"x" * 100_000)])
    wal.write([record(3, project="other")])
    wal.close()

    again = Wal(tmp_path)
    assert payloads(again) == [b"body 1", b"x" * 100_000, b"body 3"]
    assert [entry.project for entry in again.recovery.entries] == ["default", "default", "other"]
    assert again.recovery.lost == ()
    again.close()


def test_gzip_body_is_kept_as_it_came_and_read_back_unpacked(tmp_path: Path):
    payload = b"hello world " * 1000
    wal = Wal(tmp_path)
    (entry,) = wal.write(
        [Record(kind=Kind.JSON, project=ProjectId("p"), digest=bytes(16), payload=payload, gzip=gzip.compress(payload))]
    )
    assert wal.read(entry) == payload
    assert gzip.compress(payload, mtime=0)[10:] in only_segment(tmp_path).read_bytes()
    wal.close()


def test_a_log_cut_anywhere_gives_back_every_record_before_the_cut_and_says_so(tmp_path: Path):
    origin = tmp_path / "origin"
    wal = Wal(origin)
    for number in range(1, 5):
        wal.write([record(number, b"payload of some length %d" % number)])
    wal.close()
    segment = only_segment(origin)
    data = segment.read_bytes()
    ends = [16]
    for _ in range(4):
        ends.append(ends[-1] + HEADER_BYTES + len("default") + len(b"payload of some length 1"))
    assert ends[-1] == len(data)

    for cut in range(16, len(data) + 1):
        folder = tmp_path / f"cut-{cut}"
        folder.mkdir()
        (folder / segment.name).write_bytes(data[:cut])
        reopened = Wal(folder)
        whole = sum(1 for end in ends[1:] if end <= cut)
        assert len(payloads(reopened)) == whole, cut
        assert bool(reopened.recovery.lost) == (cut not in ends), cut
        reopened.close()


def test_a_flipped_byte_costs_only_the_record_that_holds_it(tmp_path: Path):
    origin = tmp_path / "origin"
    wal = Wal(origin)
    for number in range(1, 4):
        wal.write([record(number, b"abcdefgh%d" % number)])
    wal.close()
    segment = only_segment(origin)
    data = segment.read_bytes()
    length = (len(data) - 16) // 3
    for place in range(16, len(data)):
        folder = tmp_path / f"flip-{place}"
        folder.mkdir()
        changed = bytearray(data)
        changed[place] ^= 0x41
        (folder / segment.name).write_bytes(changed)
        reopened = Wal(folder)
        hit = (place - 16) // length + 1
        assert payloads(reopened) == [b"abcdefgh%d" % number for number in range(1, 4) if number != hit], place
        assert len(reopened.recovery.lost) == 1
        reopened.close()


def test_what_is_finished_does_not_come_back_but_its_digest_is_remembered(tmp_path: Path):
    wal = Wal(tmp_path)
    entries = wal.write([record(1), record(2), record(3)])
    wal.finish(entries[1].sequence)
    wal.close()

    again = Wal(tmp_path)
    assert payloads(again) == [b"body 3"]
    assert again.recovery.digests == tuple(number.to_bytes(16, "little") for number in (1, 2, 3))
    again.close()


def test_a_noted_batch_comes_back_with_its_token_until_it_is_finished(tmp_path: Path):
    wal = Wal(tmp_path)
    entries = wal.write([record(1), record(2)])
    wal.write([mark(Kind.BATCH, entries[0].sequence, b"t" * 16)])
    wal.write([mark(Kind.BATCH, entries[1].sequence, b"u" * 16)])
    wal.finish(entries[0].sequence)
    wal.close()

    again = Wal(tmp_path)
    assert [(batch.through, batch.token) for batch in again.recovery.batches] == [(entries[1].sequence, b"u" * 16)]
    again.close()


def test_segments_are_deleted_once_finished_and_their_digests_survive(tmp_path: Path):
    wal = Wal(tmp_path, segment_bytes=2000)
    sequences = [wal.write([record(number, os.urandom(300))])[0].sequence for number in range(1, 41)]
    assert len(list(tmp_path.glob("*.wal"))) > 3
    before = wal.size_bytes
    wal.finish(sequences[-1])
    assert wal.size_bytes < before / 4
    assert len(list(tmp_path.glob("*.wal"))) <= 2
    wal.close()

    again = Wal(tmp_path)
    assert again.recovery.entries == ()
    assert set(again.recovery.digests) == {number.to_bytes(16, "little") for number in range(1, 41)}
    again.close()


def test_remembered_digests_are_bounded(tmp_path: Path):
    wal = Wal(tmp_path, segment_bytes=500, remembered=10)
    for number in range(1, 101):
        (entry,) = wal.write([record(number, os.urandom(200))])
        wal.finish(entry.sequence)
    wal.close()
    again = Wal(tmp_path, remembered=10)
    assert again.recovery.digests == tuple(number.to_bytes(16, "little") for number in range(91, 101))
    assert len(list(tmp_path.glob("*.digests"))) < 20
    again.close()


def test_sequence_goes_on_after_reopening(tmp_path: Path):
    wal = Wal(tmp_path)
    (first,) = wal.write([record(1)])
    wal.close()
    again = Wal(tmp_path)
    (second,) = again.write([record(2)])
    assert second.sequence > first.sequence
    again.close()


def test_full_disk_refuses_and_takes_nothing_then_recovers(tmp_path: Path):
    wal = Wal(tmp_path)
    wal.write([record(1)])
    with file_size_limit(4096), pytest.raises(StoreFull, match=r"free space"):
        wal.write([record(2), record(3, os.urandom(20_000))])
    wal.write([record(4)])
    wal.close()
    again = Wal(tmp_path)
    assert payloads(again) == [b"body 1", b"body 4"]
    assert again.recovery.lost == ()
    again.close()


@pytest.mark.parametrize("reason", [errno.EROFS, errno.EACCES])
def test_folder_that_cannot_be_written_is_store_full_with_the_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reason: int
):
    real = os.open

    def read_only(path: str | Path, flags: int, *more: int) -> int:
        if flags & os.O_CREAT:
            raise OSError(reason, os.strerror(reason))
        return real(path, flags, *more)

    monkeypatch.setattr(os, "open", read_only)
    with pytest.raises(StoreFull, match="make it writable"):
        Wal(tmp_path / "wal")


def test_second_process_is_told_who_owns_the_folder(tmp_path: Path):
    wal = Wal(tmp_path)
    code = (
        "import sys; from pathlib import Path; from masthead.store.wal import Wal\n"
        "try: Wal(Path(sys.argv[1]))\nexcept Exception as error: print(type(error).__name__, error)"
    )
    told = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True)
    assert told.stdout.startswith("StoreBusy")
    assert str(os.getpid()) in told.stdout
    assert "MASTHEAD_DATA_DIR" in told.stdout
    with pytest.raises(StoreBusy):
        Wal(tmp_path)
    wal.close()
    Wal(tmp_path).close()


def test_a_foreign_file_is_refused_and_left_alone(tmp_path: Path):
    foreign = tmp_path / "000000000001.wal"
    foreign.write_bytes(b"something else entirely, of some length")
    with pytest.raises(StoreDamaged, match="move it out"):
        Wal(tmp_path)
    assert foreign.exists()
    foreign.unlink()
    Wal(tmp_path).close()


def test_record_damaged_on_disk_after_writing_is_noticed_when_read(tmp_path: Path):
    wal = Wal(tmp_path)
    (entry,) = wal.write([record(1)])
    path = only_segment(tmp_path)
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    with pytest.raises(StoreDamaged, match="checksum"):
        wal.read(entry)
    wal.close()


def test_a_sender_cannot_forge_a_record_inside_a_payload(tmp_path: Path):
    forged = encode(record(99, project="victim"), sequence=99, marker=MARKER)
    wal = Wal(tmp_path)
    wal.write([record(1, os.urandom(30) + forged)])
    wal.close()
    path = only_segment(tmp_path)
    path.write_bytes(path.read_bytes()[:-1])
    again = Wal(tmp_path)
    assert again.recovery.entries == ()
    again.close()


@given(st.lists(st.binary(max_size=2000), max_size=6), st.integers(0, 5000))
def test_scan_finds_exactly_the_whole_records(bodies: list[bytes], cut: int):
    frames = [
        encode(
            Record(kind=Kind.SPANS, project=ProjectId("p"), digest=bytes(16), payload=body), sequence=i, marker=MARKER
        )
        for i, body in enumerate(bodies)
    ]
    data = b"".join(frames)[:cut]
    found = list(scan(data, 0, marker=MARKER))
    whole = [item for item in found if isinstance(item, Frame)]
    assert [payload_of(data[one.offset : one.offset + one.length], marker=MARKER) for one in whole] == bodies[
        : len(whole)
    ]
    assert sum(one.length for one in found) == len(data)
    assert all(isinstance(one, Frame) or one.is_tail for one in found)
    assert sum(isinstance(one, Damage) for one in found) <= 1


def test_what_was_forgotten_stays_forgotten_after_reopening_while_newer_bodies_wait(tmp_path: Path):
    wal = Wal(tmp_path)
    erased, _ = wal.write([record(1, b"a very particular sentence"), record(2)])
    wal.finish(erased.sequence)
    wal.empty()
    wal.forget()
    (newer,) = wal.write([record(3)])
    wal.close()

    again = Wal(tmp_path)
    assert payloads(again) == [b"body 2", b"body 3"]
    assert again.recovery.digests == ((3).to_bytes(16, "little"),)
    again.finish(newer.sequence)
    assert b"very particular" not in b"".join(path.read_bytes() for path in tmp_path.glob("*.wal"))
    again.close()
    third = Wal(tmp_path)
    assert (1).to_bytes(16, "little") not in third.recovery.digests
    third.close()


def test_erased_bytes_leave_the_log_as_soon_as_what_came_beside_them_is_stored(tmp_path: Path):
    wal = Wal(tmp_path)
    erased, beside = wal.write([record(1, b"a very particular sentence"), record(2)])
    wal.finish(erased.sequence)
    wal.empty()
    wal.write([record(3)])
    wal.finish(beside.sequence)
    assert b"very particular" not in b"".join(path.read_bytes() for path in tmp_path.glob("*.wal"))
    wal.close()


def test_forgetting_that_cannot_reach_the_disk_says_so(tmp_path: Path):
    wal = Wal(tmp_path)
    with file_size_limit(16), pytest.raises(StoreFull):
        wal.forget()
    wal.forget()
    wal.close()


def test_records_of_a_failed_write_that_stays_on_disk_share_no_number_with_later_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def fails(*_: object) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    wal = Wal(tmp_path)
    with monkeypatch.context() as broken:
        broken.setattr(os, "fdatasync", fails)
        broken.setattr(os, "ftruncate", fails)
        with pytest.raises(StoreError, match="check the disk"):
            wal.write([record(1), record(2)])
    later = wal.write([record(3), record(4)])
    wal.close()
    again = Wal(tmp_path)
    sequences = [entry.sequence for entry in again.recovery.entries]
    assert len(set(sequences)) == 4
    assert payloads(again)[-2:] == [b"body 3", b"body 4"]
    assert min(entry.sequence for entry in later) > max(sequences[:2])
    again.close()


def test_nothing_is_written_behind_a_failed_write_when_no_new_segment_can_be_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def fails(*_: object) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    wal = Wal(tmp_path)
    with monkeypatch.context() as broken:
        for name in ("fdatasync", "ftruncate", "fsync"):
            broken.setattr(os, name, fails)
        with pytest.raises(StoreError):
            wal.write([record(1), record(2)])
        with pytest.raises(StoreError):
            wal.write([record(3)])
    wal.write([record(4)])
    assert len(list(tmp_path.glob("*.wal"))) == 2
    wal.close()


def test_bodies_set_aside_are_forced_to_disk_and_cleared_by_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    wal = Wal(tmp_path)
    mine, other = wal.write([record(1, project="mine"), record(2, project="other")])
    synced: list[str] = []
    real = os.fsync

    def noted(fd: int) -> None:
        synced.append(str(Path(f"/proc/self/fd/{fd}").readlink()))
        real(fd)

    monkeypatch.setattr(os, "fsync", noted)
    wal.set_aside(mine)
    wal.set_aside(other)
    (kept,) = (tmp_path / "set_aside" / "mine").iterdir()
    assert kept.read_bytes() == b"body 1"
    assert {str(kept), str(kept.parent), str(kept.parent.parent)} <= set(synced)
    wal.clear_set_aside(ProjectId("mine"))
    wal.clear_set_aside(ProjectId("never heard of"))
    assert not kept.exists()
    assert len(list((tmp_path / "set_aside" / "other").iterdir())) == 1
    wal.close()
