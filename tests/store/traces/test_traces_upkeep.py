"""What the store does while nobody waits: erased rows leave the disk, words are collected."""

import time

import pytest

from masthead.model.errors import StoreError
from masthead.model.ids import ProjectId
from masthead.store.traces.append import Appender
from masthead.store.traces.bind import Params
from masthead.store.traces.engine import fetch
from masthead.store.traces.erase import purge
from masthead.store.traces.store import TraceStore
from masthead.store.traces.upkeep import Upkeep
from masthead.store.traces.words import Words
from masthead.testing.span_rows import EPOCH_NS, run_id, span_row

pytestmark = pytest.mark.store


def _fill(appender: Appender, project: ProjectId, spans: int) -> None:
    rows = [span_row(project, run=1 + n // 100, span=n + 1, attributes=b'{"text":"words"}') for n in range(spans)]
    appender.append(rows, token=f"{project} {spans}", received_ns=EPOCH_NS)


def test_what_was_erased_is_off_the_disk_when_the_store_is_closed(store: TraceStore, project: ProjectId) -> None:
    words = Words(store.engine)
    upkeep = Upkeep(store.engine, words)
    upkeep.start()
    _fill(Appender(store.engine, words), project, 200)
    store.delete_runs(project, [run_id(1)])
    upkeep.close()
    assert not purge(store.engine)
    assert len(store.spans(project, run_id(2))) == 100


def test_words_are_collected_and_erased_rows_purged_in_the_background(
    store: TraceStore, project: ProjectId, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask, failures = store.engine.query, [StoreError("busy")]

    def query(sql: str, params: Params, *, output: str = "JSONCompactEachRow") -> bytes:
        if sql.lstrip().startswith("INSERT INTO words") and failures:
            raise failures.pop()
        return ask(sql, params, output=output)

    monkeypatch.setattr(store.engine, "query", query)
    words = Words(store.engine)
    upkeep = Upkeep(store.engine, words)
    upkeep.start()
    _fill(Appender(store.engine, words), project, 4_096)
    store.delete_runs(project, [run_id(1)])
    covered = "SELECT sum(spans) FROM words WHERE project_id = {project:String}"
    deadline = time.monotonic() + 60
    is_done = False
    while not is_done and time.monotonic() < deadline:
        time.sleep(0.1)
        marked = fetch(
            store.engine, tuple[int], "SELECT countIf(has_lightweight_delete) FROM system.parts WHERE active", {}
        )
        is_done = marked == [(0,)] and fetch(store.engine, tuple[int], covered, {"project": project}) >= [(2_048,)]
    upkeep.close()
    assert is_done
    assert failures == []


def test_small_parts_are_joined_after_a_pause_unless_they_are_a_small_share(
    store: TraceStore, project: ProjectId, monkeypatch: pytest.MonkeyPatch
) -> None:
    if store.engine.is_shared:
        pytest.skip("a server of its own joins parts by itself")
    words = Words(store.engine)
    appender = Appender(store.engine, words)
    upkeep = Upkeep(store.engine, words)
    module = "masthead.store.traces.upkeep"
    monkeypatch.setattr(f"{module}._JOINED_AFTER", 1)
    monkeypatch.setattr(f"{module}._JOINED_SHARE", 1e-9)
    most = (
        "SELECT max(parts) FROM (SELECT count() AS parts FROM system.parts WHERE active AND table = 'spans' "
        "AND database = currentDatabase() GROUP BY partition_id)"
    )
    for number in range(1, 4):
        rows = [span_row(project, run=number, span=n + 1) for n in range(50)]
        appender.append(rows, token=f"{project} {number}", received_ns=EPOCH_NS)
    before = fetch(store.engine, tuple[int], most, {})
    upkeep.start()
    deadline = time.monotonic() + 60
    while fetch(store.engine, tuple[int], most, {}) > [(1,)] and time.monotonic() < deadline:
        time.sleep(0.1)
    joined = fetch(store.engine, tuple[int], most, {})
    monkeypatch.setattr(f"{module}._JOINED_SHARE", 0.2)
    appender.append([span_row(project, run=9, span=1)], token=f"{project} 9", received_ns=EPOCH_NS)
    time.sleep(4)
    left = fetch(store.engine, tuple[int], most, {})
    upkeep.close()
    assert before > [(1,)]
    assert joined == [(1,)]
    assert left == [(2,)]
    assert len(store.spans(project, run_id(2))) == 50
