import errno
import os
import shutil
import threading
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from masthead.ingest.door import Door, Receipt
from masthead.model.errors import InvalidInput, Overloaded, StoreError, StoreFull, StoreRefused, TooLarge
from masthead.model.ids import ProjectId, RunId, SpanId
from masthead.model.span import Span
from masthead.model.tenancy import Redaction
from masthead.store.wal_record import Kind
from masthead.testing.memory_rows import START_NS, MemoryRows, otlp_body

pytestmark = pytest.mark.integration

OpenDoor = Callable[..., Door]
PROJECT = ProjectId("default")


def send(door: Door, body: bytes, project: str = "default") -> Receipt:
    return door.receive(ProjectId(project), body, Kind.PROTOBUF).result(10)


def span(number: int, **changed: Any) -> Span:
    made: dict[str, Any] = {
        "trace_id": RunId("ab" * 16),
        "span_id": SpanId(f"{number:016x}"),
        "name": f"span {number}",
        "start_ns": START_NS + number,
        "end_ns": START_NS + number + 1,
    }
    return Span(**(made | changed))


def eventually(is_so: Callable[[], bool]) -> None:
    for _ in range(400):
        if is_so():
            return
        time.sleep(0.01)
    raise AssertionError("it did not become so within 4 s")


def on_disk(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


def test_what_was_acknowledged_is_stored_once_flushed(open_door: OpenDoor, rows: MemoryRows):
    door = open_door()
    assert send(door, otlp_body(range(1, 11))) == Receipt(10)
    door.flush()
    assert rows.numbers == list(range(1, 11))
    assert door.counters().accepted_spans == door.counters().inserted_spans == 10
    eventually(lambda: door.counters().queue_bytes == 0)


def test_exact_retry_is_acknowledged_again_and_stored_once(open_door: OpenDoor, rows: MemoryRows):
    door = open_door()
    for _ in range(3):
        assert send(door, otlp_body([1, 2])) == Receipt(2)
    assert send(door, otlp_body([1, 2]), project="other") == Receipt(2)
    door.flush()
    assert rows.numbers == [1, 1, 2, 2]
    assert {row.project for row in rows.rows} == {"default", "other"}
    assert door.counters().repeated_bodies == 2


def test_retry_after_a_restart_is_stored_once(open_door: OpenDoor, rows: MemoryRows):
    door = open_door()
    send(door, otlp_body([1, 2]))
    door.close()
    door = open_door()
    assert send(door, otlp_body([1, 2])) == Receipt(2)
    door.flush()
    assert rows.numbers == [1, 2]


def test_what_was_acknowledged_survives_a_kill_before_the_insert(open_door: OpenDoor, rows: MemoryRows, tmp_path: Path):
    door = open_door()
    rows.gate.clear()
    send(door, otlp_body([1, 2]))
    send(door, otlp_body([3]))
    shutil.copytree(tmp_path / "wal", tmp_path / "killed")

    survivor = MemoryRows()
    again = open_door(folder=tmp_path / "killed", append=survivor)
    again.flush()
    assert survivor.numbers == [1, 2, 3]
    again.close()
    third = open_door(folder=tmp_path / "killed", append=survivor)
    third.flush()
    assert survivor.numbers == [1, 2, 3]


def test_killed_between_insert_and_note_offers_the_same_batches_under_the_same_tokens(
    open_door: OpenDoor, rows: MemoryRows, tmp_path: Path
):
    door = open_door()
    inserted = threading.Event()

    class Slow(MemoryRows):
        def __call__(self, *args: Any, **kwargs: Any) -> None:
            super().__call__(*args, **kwargs)
            if self.calls == 2:
                shutil.copytree(tmp_path / "slow", tmp_path / "killed")
                inserted.set()

    store = Slow()
    door = open_door(folder=tmp_path / "slow", append=store)
    send(door, otlp_body([1, 2]))
    door.flush()
    send(door, otlp_body([3, 4]))
    assert inserted.wait(10)
    before = dict(store.batches)
    again = open_door(folder=tmp_path / "killed", append=store)
    again.flush()
    eventually(lambda: store.calls >= 3)
    assert store.batches == before
    assert store.numbers == [1, 2, 3, 4]
    assert rows.rows == []


def test_single_bad_spans_are_refused_with_reasons_and_the_rest_is_taken(open_door: OpenDoor, rows: MemoryRows):
    door = open_door()
    receipt = send(door, otlp_body([0, 1, 2]))
    assert (receipt.accepted, receipt.rejected) == (2, 1)
    assert receipt.reason is not None
    assert "span_id '0000000000000000'" in receipt.reason
    assert send(door, otlp_body([0])).accepted == 0
    door.flush()
    assert rows.numbers == [1, 2]
    assert door.counters().rejected_spans == {"span_id": 2}


def test_body_that_is_no_otlp_is_refused_and_leaves_no_trace(open_door: OpenDoor, tmp_path: Path):
    door = open_door()
    before = on_disk(tmp_path / "wal")
    with pytest.raises(InvalidInput):
        send(door, b"\xff\xff\xff")
    assert on_disk(tmp_path / "wal") == before


def test_full_queue_refuses_and_recovers_when_the_store_does(open_door: OpenDoor, rows: MemoryRows):
    door = open_door(queue_bytes=30_000)
    rows.failure = StoreError("the store is down")
    sent = 5
    for number in range(1, sent + 1):
        send(door, otlp_body([number], text="x" * 5000))
    with pytest.raises(Overloaded, match="queue_bytes") as refused:
        send(door, otlp_body([sent + 1], text="x" * 5000))
    assert refused.value.retry_after_s > 0
    eventually(lambda: door.counters().is_store_down)
    assert door.counters().last_error == "the store is down"
    assert door.counters().queue_bytes <= 30_000
    with pytest.raises(StoreError, match="safe in the write-ahead log"):
        door.flush(timeout_s=0.05)
    rows.failure = None
    door.flush()
    assert rows.numbers == list(range(1, sent + 1))
    assert not door.counters().is_store_down
    send(door, otlp_body([99]))


def test_memory_holds_little_of_a_long_queue_and_nothing_is_lost(open_door: OpenDoor, rows: MemoryRows):
    door = open_door()
    rows.gate.clear()
    for number in range(1, 41):
        send(door, otlp_body([number], text="y" * 1_000_000))
    rows.gate.set()
    door.flush()
    assert rows.numbers == list(range(1, 41))


def test_row_that_the_store_cannot_hold_is_set_aside_and_the_others_go_in(
    open_door: OpenDoor, rows: MemoryRows, tmp_path: Path
):
    door = open_door(insert_interval_ms=200)
    rows.refuses = lambda row: row.name == "span 2"
    for number in (1, 2, 3):
        send(door, otlp_body([number]))
    door.flush()
    assert rows.numbers == [1, 3]
    assert door.counters().set_aside_bodies == 1
    (kept,) = (tmp_path / "wal" / "set_aside" / "default").iterdir()
    assert kept.read_bytes() == otlp_body([2])
    door.clear_set_aside(PROJECT)
    assert not kept.exists()


def test_body_that_a_working_store_refuses_does_not_stop_the_others(
    open_door: OpenDoor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("masthead.ingest.insert._FIRST_DELAY_S", 0.001)

    class Small(MemoryRows):
        def __call__(self, rows: Any, **more: Any) -> None:
            if any(row.name == "span 2" for row in rows):
                raise StoreRefused("Code: 241. memory limit exceeded")
            super().__call__(rows, **more)

    store = Small()
    door = open_door(append=store, insert_interval_ms=200)
    for number in (1, 2, 3):
        send(door, otlp_body([number]))
    door.flush(timeout_s=10)
    assert store.numbers == [1, 3]
    assert door.counters().set_aside_bodies == 1
    assert door.counters().inserted_spans == 2
    assert not door.counters().is_store_down
    (kept,) = (tmp_path / "wal" / "set_aside" / "default").iterdir()
    assert kept.read_bytes() == otlp_body([2])


def test_refusal_that_passes_sets_nothing_aside(open_door: OpenDoor, rows: MemoryRows, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("masthead.ingest.insert._FIRST_DELAY_S", 0.3)
    door = open_door()
    rows.failure = StoreRefused("memory limit exceeded, for now")
    send(door, otlp_body([1]))
    eventually(lambda: rows.calls >= 1)
    rows.failure = None
    door.flush()
    assert rows.numbers == [1]
    assert door.counters().set_aside_bodies == 0


def test_body_of_many_spans_goes_in_by_slices_that_are_the_same_after_a_crash(
    open_door: OpenDoor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("masthead.ingest.insert._MAX_ROWS", 10)

    class Killed(MemoryRows):
        def __call__(self, *args: Any, **kwargs: Any) -> None:
            super().__call__(*args, **kwargs)
            if self.calls == 3:
                shutil.copytree(tmp_path / "wal", tmp_path / "killed")

    store = Killed()
    door = open_door(append=store)
    for part in (range(1, 5), range(5, 48), range(48, 50)):
        send(door, otlp_body(part))
    door.flush()
    assert max(len(batch) for batch in store.batches.values()) == 10
    assert store.numbers == list(range(1, 50))
    eventually(lambda: door.counters().queue_bytes == 0)
    before = dict(store.batches)
    again = open_door(folder=tmp_path / "killed", append=store)
    again.flush()
    assert store.calls > len(before)
    doubled = {number for number in store.numbers if store.numbers.count(number) > 1}
    assert all(store.batches[token] == before[token] for token in before)
    assert not doubled & set(range(1, 48))


def test_rows_that_are_large_go_in_by_slices_of_bytes(
    open_door: OpenDoor, rows: MemoryRows, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("masthead.ingest.insert._MAX_JSON_BYTES", 50_000)
    door = open_door()
    send(door, otlp_body(range(1, 21), text="\x01" * 5000))
    door.flush()
    assert rows.numbers == list(range(1, 21))
    assert {len(batch) for batch in rows.batches.values()} == {2}


def test_span_too_large_for_the_store_is_refused_and_the_rest_of_its_body_taken(open_door: OpenDoor, rows: MemoryRows):
    door = open_door(max_body_bytes=64 * 1024 * 1024)
    large = otlp_body([2], text="\x01" * 6_000_000)
    receipt = send(door, otlp_body([1]) + large)
    assert (receipt.accepted, receipt.rejected) == (1, 1)
    assert receipt.reason is not None
    assert "over 33554432: shorten its texts" in receipt.reason
    assert send(door, otlp_body([3], text="x" * 6_000_000)) == Receipt(1)
    door.flush()
    assert rows.numbers == [1, 3]
    assert door.counters().rejected_spans == {"too_large": 1}


def test_flush_that_the_end_of_the_server_cuts_short_does_not_pass_for_done(open_door: OpenDoor, rows: MemoryRows):
    door = open_door()
    rows.failure = StoreError("the store is down")
    send(door, otlp_body([1]))
    failures: list[Exception] = []

    def flush() -> None:
        try:
            door.flush()
        except StoreError as error:
            failures.append(error)

    waiting = threading.Thread(target=flush)
    waiting.start()
    door.close(timeout_s=0.01)
    waiting.join(10)
    assert len(failures) == 1


def test_full_disk_refuses_new_spans_and_keeps_the_old_ones(
    open_door: OpenDoor, rows: MemoryRows, monkeypatch: pytest.MonkeyPatch
):
    door = open_door()
    send(door, otlp_body([1]))
    real = os.pwrite

    def full(*_args: Any) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "pwrite", full)
    with pytest.raises(StoreFull, match="No space left"):
        send(door, otlp_body([2]))
    monkeypatch.setattr(os, "pwrite", real)
    assert send(door, otlp_body([2])) == Receipt(1)
    door.flush()
    assert rows.numbers == [1, 2]
    assert door.counters().refused_bodies == 1


def test_spans_from_inside_are_durable_and_stored_as_given(open_door: OpenDoor, rows: MemoryRows):
    door = open_door()
    odd = {"half": "\ud800", "huge": 1 << 80, "list": [1, None, {"a": True}]}
    door.accept(
        PROJECT,
        [
            span(1, attributes=odd),
            span(2, parent_span_id=SpanId("00000000000000aa"), status="error", status_message="no"),
            span(3, attributes={"gen_ai.operation.name": "chat"}, cost_usd=Decimal("0.5"), price_version="recorded"),
        ],
    )
    door.flush()
    first, second, third = sorted(rows.rows, key=lambda row: row.span_id)
    assert first.attributes == b'{"half":"?","huge":"1208925819614629174706176","list":[1,null,{"a":true}]}'
    assert (second.parent_span_id.hex(), second.status, second.status_message) == ("00000000000000aa", 2, "no")
    assert (third.cost_usd, third.price_version) == (Decimal("0.5"), "recorded")
    door.accept(PROJECT, [span(4), span(5)])
    door.accept(PROJECT, [span(4), span(5)])
    door.flush()
    assert rows.numbers == [1, 2, 3, 4, 5]


def test_long_run_from_inside_is_split_and_complete(open_door: OpenDoor, rows: MemoryRows):
    door = open_door()
    door.accept(PROJECT, [span(number) for number in range(1, 5001)])
    door.flush()
    assert rows.numbers == list(range(1, 5001))


def test_span_from_inside_that_cannot_be_stored_says_which(open_door: OpenDoor):
    door = open_door()
    with pytest.raises(InvalidInput, match=r"span 'xyz' of run"):
        door.accept(PROJECT, [span(1), span(2, span_id=SpanId("xyz"))])
    with pytest.raises(TooLarge, match="MASTHEAD_MAX_BODY_BYTES"):
        door.accept(PROJECT, [span(1, attributes={"a": "x" * 5_000_000})])
    assert door.counters().accepted_spans == 0


def test_redaction_reaches_log_and_store_before_anything_is_written(
    open_door: OpenDoor, rows: MemoryRows, tmp_path: Path
):
    door = open_door(redaction=Redaction(is_on=True))
    rows.gate.clear()
    send(door, otlp_body([1], text="write to bob@example.com, card 4111 1111 1111 1111"))
    door.accept(PROJECT, [span(2, attributes={"input.value": "ghp_a1B2c3D4e5F6g7H8i9J0k1L2"})])
    assert b"example.com" not in on_disk(tmp_path)
    assert b"ghp_" not in on_disk(tmp_path)
    rows.gate.set()
    door.flush()
    texts = b" ".join(row.attributes for row in rows.rows)
    assert b"[redacted:email], card [redacted:card]" in texts
    assert b"[redacted:secret]" in texts
    assert door.counters().redacted == {"email": 1, "card": 1, "secret": 1}
    assert send(door, otlp_body([1], text="write to bob@example.com, card 4111 1111 1111 1111")) == Receipt(1)
    assert rows.numbers == [1, 2]


def test_content_that_is_not_to_be_recorded_is_nowhere(open_door: OpenDoor, rows: MemoryRows, tmp_path: Path):
    door = open_door(records_content=False)
    send(door, otlp_body([1], text="what was said"))
    door.flush()
    assert b"what was said" not in on_disk(tmp_path)
    assert rows.rows[0].attributes == b"{}"


def test_open_folder_that_was_cut_says_so_and_goes_on(open_door: OpenDoor, rows: MemoryRows, tmp_path: Path):
    door = open_door()
    rows.gate.clear()
    send(door, otlp_body([1]))
    send(door, otlp_body([2], text=os.urandom(1000).hex()))
    shutil.copytree(tmp_path / "wal", tmp_path / "cut")
    (segment,) = (tmp_path / "cut").glob("*.wal")
    segment.write_bytes(segment.read_bytes()[:-300])
    survivor = MemoryRows()
    again = open_door(folder=tmp_path / "cut", append=survivor)
    again.flush()
    assert survivor.numbers == [1]
    assert "cut off" in again.counters().lost[0]


def test_door_that_closes_takes_no_more(open_door: OpenDoor, rows: MemoryRows):
    door = open_door()
    send(door, otlp_body([1]))
    door.close()
    assert rows.numbers == [1]
    with pytest.raises(StoreError, match="shutting down"):
        send(door, otlp_body([2]))


def test_many_threads_at_once_lose_and_double_nothing(open_door: OpenDoor, rows: MemoryRows):
    door = open_door()

    def work(start: int) -> None:
        for number in range(start, start + 50):
            send(door, otlp_body([number]))

    threads = [threading.Thread(target=work, args=(1 + 50 * index,)) for index in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    door.flush()
    assert rows.numbers == list(range(1, 401))


def test_flush_leaves_nothing_of_what_was_said_in_the_log_but_retries_are_still_known(
    open_door: OpenDoor, rows: MemoryRows, tmp_path: Path
):
    door = open_door()
    body = otlp_body([1], text="a very particular sentence")
    send(door, body)
    assert b"very particular" in on_disk(tmp_path)
    door.flush()
    assert b"very particular" not in on_disk(tmp_path)
    send(door, body)
    door.close()
    door = open_door()
    send(door, body)
    door.flush()
    assert rows.numbers == [1]


def test_what_was_deleted_can_be_sent_again_even_after_a_restart(open_door: OpenDoor, rows: MemoryRows):
    door = open_door()
    for _ in range(2):
        send(door, otlp_body([1]))
        door.flush()
        assert rows.numbers == [1]
        rows.batches.clear()  # what deleting the run does
        door.forget()
    door.close()
    door = open_door()
    send(door, otlp_body([1]))
    door.flush()
    assert rows.numbers == [1]


def test_what_was_deleted_under_load_can_be_sent_again_after_a_restart(open_door: OpenDoor, rows: MemoryRows):
    door = open_door()
    send(door, otlp_body([1]))
    door.flush()
    rows.gate.clear()
    send(door, otlp_body([2]))
    rows.batches.clear()  # what deleting the run does
    door.forget()
    rows.gate.set()
    door.flush()
    door.close()
    door = open_door()
    send(door, otlp_body([1]))
    door.flush()
    assert rows.numbers == [1, 2]


def test_odd_but_possible_spans_are_kept_as_they_came(open_door: OpenDoor, rows: MemoryRows):
    door = open_door()
    odd = [
        span(1, parent_span_id=SpanId(f"{2:016x}")),
        span(2, parent_span_id=SpanId(f"{1:016x}")),
        span(3, parent_span_id=SpanId(f"{3:016x}")),
        span(4, parent_span_id=SpanId("00000000000000ff")),
        span(5, end_ns=START_NS - 10**18),
        span(6, start_ns=1, end_ns=(1 << 63) - 1),
        span(6, start_ns=1, end_ns=(1 << 63) - 1),
        span(7, name="", attributes={"": ""}, status_message="\x00\u202e"),
    ]
    door.accept(PROJECT, odd)
    door.flush()
    assert rows.numbers == [1, 2, 3, 4, 5, 6, 6, 7]
    assert rows.rows[4].end_ns < rows.rows[4].start_ns
