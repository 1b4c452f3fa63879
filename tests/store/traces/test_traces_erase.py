"""What is erased is gone from every table and from the disk; retention follows a changed number of days."""

import threading
import time
from collections.abc import Callable, Sequence

import pytest

from masthead.model.errors import StoreError
from masthead.model.ids import EvaluatorId, ProjectId
from masthead.model.run import Removed, RunFilter
from masthead.model.score import Score, ScoreFilter, Subject
from masthead.store.traces.append import Appender, SpanRow
from masthead.store.traces.bind import Params
from masthead.store.traces.erase import purge
from masthead.store.traces.store import TraceStore
from masthead.testing.disk import files_holding
from masthead.testing.span_rows import EPOCH_NS, run_id, span_row

pytestmark = pytest.mark.store

Append = Callable[[Sequence[SpanRow]], None]


def _score(number: int) -> Score:
    return Score(
        id=f"s{number}",
        name="n",
        subject=Subject(kind="run", run_id=run_id(number)),
        flag=True,
        source="code",
        evaluator=EvaluatorId("e"),
        evaluator_version="1",
        time_ns=time.time_ns(),
    )


@pytest.fixture
def three(store: TraceStore, append: Append, project: ProjectId) -> ProjectId:
    """Three runs of two spans and a score each; the user `u` spoke in the first two."""
    append([span_row(project, run=run, span=run * 10 + n, parent=None if n == 0 else run * 10,
                     user_id="u" if run < 3 and n else None) for run in (1, 2, 3) for n in (0, 1)])  # fmt: skip
    store.add_scores(project, [_score(run) for run in (1, 2, 3)])
    return project


def _left(store: TraceStore, project: ProjectId) -> list[str]:
    runs = [row.run_id for row in store.runs(project, RunFilter(), limit=9).items]
    assert sorted(score.subject.run_id for score in store.scores(project, ScoreFilter(), limit=9).items) == sorted(runs)
    assert [run for run in (run_id(1), run_id(2), run_id(3)) if store.spans(project, run)] == sorted(runs)
    return sorted(run.lstrip("0") for run in runs)


def test_a_run_is_removed(store: TraceStore, three: ProjectId) -> None:
    assert store.delete_runs(three, [run_id(2)]) == Removed(1, 2, 1)
    assert _left(store, three) == ["1", "3"]
    assert store.delete_runs(three, [run_id(2)]) == Removed(0, 0, 0)


def test_all_runs_of_a_user_are_removed(store: TraceStore, three: ProjectId) -> None:
    assert store.delete_runs(three, store.runs_of_user(three, "u")) == Removed(2, 4, 2)
    assert _left(store, three) == ["3"]


def test_a_project_is_removed(store: TraceStore, three: ProjectId) -> None:
    assert store.delete_project(three) == Removed(3, 6, 3)
    assert _left(store, three) == []


def test_a_run_that_comes_again_after_its_erasure_counts_only_what_came(
    store: TraceStore, append: Append, three: ProjectId
) -> None:
    store.delete_runs(three, [run_id(1)])
    append([span_row(three, run=1, span=99, parent=10)])
    row = store.run(three, run_id(1))
    assert row is not None
    assert row.spans == 1


@pytest.mark.parametrize("table", ["runs", "spans", "scores"])
def test_a_span_that_arrives_during_an_erasure_is_all_that_its_run_counts(
    store: TraceStore, append: Append, three: ProjectId, monkeypatch: pytest.MonkeyPatch, table: str
) -> None:
    arriving = threading.Thread(target=append, args=([span_row(three, run=1, span=99, parent=10)],))
    ask = store.engine.query

    def query(sql: str, params: Params, *, output: str = "JSONCompactEachRow") -> bytes:
        if sql.startswith(f"ALTER TABLE {table} UPDATE _row_exists"):
            arriving.start()
            arriving.join(timeout=1)
        return ask(sql, params, output=output)

    monkeypatch.setattr(store.engine, "query", query)
    assert store.delete_runs(three, [run_id(1)]) == Removed(1, 2, 1)
    arriving.join()
    row = store.run(three, run_id(1))
    assert row is not None
    assert (row.spans, row.task) == (1, None)
    assert len(store.spans(three, run_id(1))) == 1


def test_an_unchanged_retention_rewrites_nothing(
    store: TraceStore, append: Append, project: ProjectId, monkeypatch: pytest.MonkeyPatch
) -> None:
    append([span_row(project, span=1)])
    store.set_retention(project, 20_000)
    ask, changes = store.engine.query, list[str]()

    def query(sql: str, params: Params, *, output: str = "JSONCompactEachRow") -> bytes:
        changes.extend([sql] if sql.lstrip().startswith(("ALTER", "INSERT")) else [])
        return ask(sql, params, output=output)

    monkeypatch.setattr(store.engine, "query", query)
    store.set_retention(project, 20_000)
    assert changes == []
    store.set_retention(project, 10_000)
    assert any("UPDATE" in change for change in changes)


def test_a_retention_that_was_carried_out_in_part_can_be_taken_back(
    store: TraceStore, append: Append, project: ProjectId, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask = store.engine.query

    def query(sql: str, params: Params, *, output: str = "JSONCompactEachRow") -> bytes:
        if sql.lstrip().startswith("ALTER TABLE runs UPDATE"):
            raise StoreError("no room")
        return ask(sql, params, output=output)

    def kept_until() -> int:
        sql = "SELECT max(toUnixTimestamp(kept_until)) FROM spans WHERE project_id = {project:String}"
        return int(ask(sql, {"project": project}).strip(b"[]\n"))

    store.set_retention(project, 20_000)
    append([span_row(project, span=1)])
    with monkeypatch.context() as patch:
        patch.setattr(store.engine, "query", query)
        with pytest.raises(StoreError, match="no room"):
            store.set_retention(project, 10_000)
    assert kept_until() < EPOCH_NS // 10**9 + 10_001 * 86_400
    store.set_retention(project, 20_000)
    assert kept_until() > EPOCH_NS // 10**9 + 19_999 * 86_400


def test_retention_reaches_rows_stored_before(store: TraceStore, appender: Appender, project: ProjectId) -> None:
    days_ago_ns = time.time_ns() - 10 * 86_400 * 10**9
    appender.append([span_row(project, run=1, span=1)], token=f"{project} old", received_ns=days_ago_ns)
    appender.append([span_row(project, run=2, span=2)], token=f"{project} new", received_ns=time.time_ns())
    store.set_retention(project, 30)
    assert len(store.runs(project, RunFilter(), limit=9).items) == 2
    store.set_retention(project, 7)
    assert [row.run_id for row in store.runs(project, RunFilter(), limit=9).items] == [run_id(2)]
    assert store.spans(project, run_id(1)) == []


def test_what_is_kept_for_days_carries_the_second_of_its_removal(
    store: TraceStore, append: Append, project: ProjectId
) -> None:
    def kept_until(table: str) -> int:
        sql = f"SELECT max(toUnixTimestamp(kept_until)) FROM {table} WHERE project_id = {{project:String}}"
        return int(store.engine.query(sql, {"project": project}).strip(b"[]\n"))

    append([span_row(project, span=1)])
    assert kept_until("spans") == kept_until("runs") == 4_294_967_295
    store.set_retention(project, 2)
    append([span_row(project, run=2, span=2)])
    store.add_scores(project, [_score(2)])
    in_two_days = time.time() + 2 * 86_400
    for table in ("spans", "runs", "scores"):
        assert abs(kept_until(table) - in_two_days) < 600
    store.set_retention(project, None)
    for table in ("spans", "runs", "scores"):
        assert kept_until(table) == 4_294_967_295


def test_erased_text_leaves_the_disk(
    store: TraceStore, append: Append, project: ProjectId, tmp_path_factory: pytest.TempPathFactory
) -> None:
    secret = "unmistakable-" + project
    append([span_row(project, span=1, name=secret, status_message=secret)])
    folder = tmp_path_factory.getbasetemp()
    assert files_holding(folder, secret.encode(), ending=".bin")
    store.delete_runs(project, [run_id(1)])
    assert purge(store.engine)
    assert not purge(store.engine)
    deadline = time.monotonic() + 60
    while files_holding(folder, secret.encode(), ending=".bin") and time.monotonic() < deadline:
        time.sleep(0.2)
    assert not files_holding(folder, secret.encode(), ending=".bin")


def test_a_time_of_reception_is_what_retention_counts_from(
    store: TraceStore, appender: Appender, project: ProjectId
) -> None:
    store.set_retention(project, 1)
    appender.append(
        [span_row(project, span=1, at_s=-1_000_000_000)], token=f"{project} import", received_ns=time.time_ns()
    )
    assert store.runs(project, RunFilter(), limit=9).items[0].start_ns < EPOCH_NS
