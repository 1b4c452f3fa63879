"""An import as a whole: new runs once, labels tied to their runs, bad records told, nothing lost."""

import gzip
import io
import json
import logging
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from masthead.clock import FixedClock
from masthead.ingest.importers import registry
from masthead.ingest.importers.family import Family, Imported, Record
from masthead.ingest.importing import Importer, Report, import_stream
from masthead.ingest.otlp_write import traces_json
from masthead.ingest.sources import document_of, documents
from masthead.model.errors import InvalidInput, StoreFull
from masthead.model.ids import RunId, SpanId
from masthead.model.span import Span
from masthead.testing.import_door import MemoryImportDoor

pytestmark = pytest.mark.unit

CHAT = [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "hello"}]
BLAMED = {
    "question": "how many?",
    "question_ID": "w-1",
    "history": [{"content": "two", "role": "user", "name": "Counter"}],
    "mistake_agent": "counter",
    "mistake_step": "0",
    "mistake_reason": "three",
}


def imported(door: MemoryImportDoor, given: Any, name: str = "log.json", **options: Any) -> Report:
    data = given if isinstance(given, bytes) else json.dumps(given).encode()
    *_, last = import_stream(name, io.BytesIO(data), door, clock=FixedClock(), **options)
    return last.report


def folder(tmp_path: Path, files: dict[str, Any]) -> str:
    for name, given in files.items():
        path = tmp_path / "data" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(given if isinstance(given, bytes) else json.dumps(given).encode())
    return str(tmp_path / "data")


def import_folder(door: MemoryImportDoor, path: str, **options: Any) -> Report:
    importer = Importer(door, clock=FixedClock(), **options)
    for _ in importer.run(documents([path])):
        pass
    return importer.report


def test_importing_twice_adds_nothing() -> None:
    door = MemoryImportDoor()
    first = imported(door, [BLAMED, {**BLAMED, "question_ID": "w-2"}])
    spans, scores = dict(door.spans), dict(door.scores)
    second = imported(door, [BLAMED, {**BLAMED, "question_ID": "w-2"}], name="elsewhere.json")
    assert (first.runs_added, first.scores_added, first.turns_added) == (2, 2, 2)
    assert (second.runs_added, second.runs_there, second.scores_added, second.scores_there) == (0, 2, 0, 2)
    assert (door.spans, door.scores) == (spans, scores)


class BreaksOff(MemoryImportDoor):
    """Takes some of the spans, then fails as a full disk does; remembers for which runs it was asked everything."""

    def __init__(self, takes: slice) -> None:
        super().__init__()
        self.takes = takes
        self.is_full = True
        self.asked: list[RunId] = []

    def span_starts(self, run_id: RunId) -> dict[SpanId, int]:
        self.asked.append(run_id)
        return super().span_starts(run_id)

    def accept(self, spans: Sequence[Span]) -> None:
        super().accept(spans[self.takes] if self.is_full else spans)
        if self.is_full:
            raise StoreFull("no space is left")


UNDATED = json.dumps([*CHAT, {"role": "user", "content": "bye"}]).encode()
DATED = b"".join(b"[2026-03-01 10:0%d:00] %s: hi\n" % (minute, b"Ann" if minute % 2 else b"Bob") for minute in range(3))


@pytest.mark.parametrize("takes", [slice(0, 2), slice(2, 4)], ids=["the first", "the last"])
@pytest.mark.parametrize("log", [UNDATED, DATED], ids=["undated", "dated"])
def test_what_an_import_that_broke_off_left_out_is_added_by_the_next(log: bytes, takes: slice) -> None:
    whole, door = MemoryImportDoor(), BreaksOff(takes)
    assert imported(whole, log).spans_added == 4
    with pytest.raises(StoreFull):
        imported(door, log)
    door.is_full = False
    later = FixedClock(1_800_000_000_000_000_000)
    *_, last = import_stream("log.json", io.BytesIO(log), door, clock=later)
    assert (last.report.runs_added, last.report.runs_there, last.report.spans_added) == (0, 1, 2)
    assert last.report.turns_added == (2 if takes.start == 0 else 1)
    assert door.spans == whole.spans
    assert (imported(door, log).spans_added, len(door.asked)) == (0, 1)


def test_the_same_run_twice_in_one_import_counts_once() -> None:
    report = imported(MemoryImportDoor(), [BLAMED, BLAMED])
    assert (report.runs_added, report.runs_there) == (1, 1)


def test_a_label_becomes_a_score_on_its_turn() -> None:
    door = MemoryImportDoor()
    imported(door, BLAMED)
    (score,) = door.scores.values()
    (spans,) = door.spans.values()
    assert (score.name, score.label, score.source, score.evaluator) == ("origin", "counter", "human", "human:whowhen")
    assert (score.subject.kind, score.subject.turn, score.subject.agent) == ("turn", 0, "Counter")
    assert score.subject.span_id in spans
    assert (score.reason, score.evidence) == ("three", (0,))


def test_a_label_that_points_past_the_end_is_told() -> None:
    report = imported(MemoryImportDoor(), {**BLAMED, "mistake_step": "7"})
    assert (report.scores_added, report.labels_unmatched) == (0, 1)
    assert report.unmatched[0].reason == "'origin' points at step 7, but the run has 1 turns"


def test_labels_beside_the_runs_find_them(tmp_path: Path) -> None:
    door = MemoryImportDoor()
    chat = {"instance_id": "q", "trajectory": [{"content": ["a"], "role": "user", "name": "x"}]}
    other = {"instance_id": "q", "trajectory": [{"content": ["b"], "role": "user", "name": "x"}]}
    label = {"framework": "AG2", "task_id": "q", "trace": "old/place/two/q.json", "mast14": ["1.3"]}
    lost = {"framework": "AG2", "task_id": "absent", "trace": "absent.json", "mast14": ["1.1"]}
    lines = "\n".join(json.dumps(row) for row in (label, lost)).encode()
    path = folder(tmp_path, {"one/q.json": chat, "two/q.json": other, "labels.jsonl": lines})
    report = import_folder(door, path)
    assert (report.runs_added, report.scores_added, report.labels_unmatched) == (2, 1, 1)
    (score,) = door.scores.values()
    (turn,) = [span for span in door.spans[score.subject.run_id].values() if span.parent_span_id]
    assert turn.attributes["masthead.turn.text"] == "b"
    assert report.unmatched[0].where == "data/labels.jsonl:2"
    assert "'absent.json', is not in this import" in report.unmatched[0].reason


def test_a_label_by_file_is_not_taken_by_another_collections_task(tmp_path: Path) -> None:
    door = MemoryImportDoor()
    trajectory = "0a65cb96-cb6e-4a6a-8aae-c1084f613456"
    files = {
        "a/1.json": {**BLAMED, "question_ID": trajectory},
        f"b/{trajectory}.json": [
            {"role": "human", "content": "q"},
            {"role": "Orchestrator (-> X)", "content": "do"},
        ],
        "b/labels.json": [
            {
                "trajectory_id": trajectory,
                "failures": [{"failure_id": 1, "step_number": 2, "failure_category": "Plan"}],
                "root_cause": {"failure_id": 1},
            }
        ],
    }
    report = import_folder(door, folder(tmp_path, files))
    assert (report.runs_added, report.labels_unmatched) == (2, 0)
    by_evaluator = {str(score.evaluator): score.subject for score in door.scores.values()}
    assert by_evaluator["human:agentrx"].run_id != by_evaluator["human:whowhen"].run_id
    assert by_evaluator["human:agentrx"].turn == 1


def test_a_bad_record_is_told_and_the_rest_goes_on() -> None:
    door = MemoryImportDoor()
    report = imported(door, b'[{"history": 1, "mistake_agent": 2},\n' + json.dumps(BLAMED).encode() + b',\n{"a": }]')
    assert (report.runs_added, report.malformed) == (1, 2)
    assert [problem.where for problem in report.problems] == ["log.json:1", "log.json:3"]


def test_strict_stops_at_the_first_bad_record_and_keeps_what_came_before() -> None:
    door = MemoryImportDoor()
    with pytest.raises(InvalidInput, match=r"log\.json:2: this is not JSON"):
        imported(door, b"[" + json.dumps(BLAMED).encode() + b',\n{"a": }, {}]', is_strict=True)
    assert (len(door.spans), len(door.scores)) == (1, 1)


def test_a_dry_run_stores_nothing() -> None:
    door = MemoryImportDoor()
    report = imported(door, BLAMED, is_dry_run=True)
    assert (report.runs_added, report.scores_added) == (1, 1)
    assert (door.spans, door.scores, door.flushes) == ({}, {}, 0)


def test_files_that_are_no_logs_are_passed_over_in_a_folder(tmp_path: Path) -> None:
    files = {"README.md": b"# Notes\n\nJust words.\n", "package.json": {"name": "x"}, "chat.json": CHAT}
    report = import_folder(MemoryImportDoor(), folder(tmp_path, files))
    assert (report.runs_added, report.passed_over, report.malformed) == (1, 2, 0)
    assert [problem.where for problem in report.unrecognised] == ["data/README.md:1", "data/package.json:1"]


def test_a_file_named_by_hand_must_be_a_log() -> None:
    report = imported(MemoryImportDoor(), {"name": "x"}, name="package.json")
    assert (report.malformed, report.passed_over) == (1, 0)
    assert "it looks like no known format" in report.problems[0].reason


def test_a_format_may_be_forced() -> None:
    door = MemoryImportDoor()
    log = b"Only: one speaker talks here\n"
    assert imported(door, log, name="a.txt").runs_added == 0
    assert imported(door, log, name="a.txt", format_id="transcript").runs_added == 1
    with pytest.raises(InvalidInput, match="there is no format 'word'"):
        imported(door, log, format_id="word")


def test_a_broken_archive_is_told(tmp_path: Path) -> None:
    report = import_folder(MemoryImportDoor(), folder(tmp_path, {"a.zip": b"PK\x03\x04 no", "chat.json": CHAT}))
    assert (report.runs_added, report.malformed) == (1, 1)
    assert "cannot be opened or unpacked" in report.problems[0].reason


@pytest.mark.parametrize("damage", [slice(60, None), slice(40, 44)])
def test_a_file_that_breaks_off_is_told(tmp_path: Path, damage: slice) -> None:
    packed = bytearray(gzip.compress(json.dumps([BLAMED] * 50).encode(), compresslevel=1))
    packed[damage] = b""
    report = import_folder(MemoryImportDoor(), folder(tmp_path, {"a.json.gz": bytes(packed), "chat.json": CHAT}))
    assert report.malformed >= 1
    assert report.added["openai-messages", ""] == 1


def test_a_reader_that_fails_is_told_and_logged(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(record: Record) -> Iterator[Imported]:
        raise KeyError(record.name)

    broken = Family(
        id="broken", title="", kind="json", looks_like="", matches=lambda _: True, read=fail, notes=""
    )  # fmt: skip
    monkeypatch.setattr(registry, "FAMILIES", (broken,))
    with caplog.at_level(logging.CRITICAL, logger="masthead.ingest.importing"):
        report = imported(MemoryImportDoor(), {"a": 1})
    assert report.malformed == 1
    assert "the broken reader failed (KeyError: 'log.json'); please report this" in report.problems[0].reason


def span(number: int) -> Span:
    start_ns = 1_700_000_000_000_000_000 + number
    return Span(
        trace_id=RunId("a" * 32), span_id=SpanId(f"{number:016x}"), name="s", start_ns=start_ns, end_ns=start_ns
    )


def test_spans_of_one_run_may_come_in_pieces_and_again() -> None:
    door = MemoryImportDoor()
    first = imported(door, traces_json([span(1)]) + b"\n" + traces_json([span(2)]) + b"\n")
    second = imported(door, traces_json([span(1), span(2), span(3)]))
    assert (first.runs_added, first.spans_added, second.runs_added, second.runs_there) == (1, 2, 0, 1)
    assert second.spans_added == 1
    assert len(door.spans[RunId("a" * 32)]) == 3


def test_a_log_of_many_runs_is_stored_in_batches() -> None:
    door = MemoryImportDoor()
    log = [{**BLAMED, "question_ID": f"w-{number}"} for number in range(600)]
    importer = Importer(door, clock=FixedClock())
    steps = [
        progress.report.runs_added
        for progress in importer.run(document_of("log.json", io.BytesIO(json.dumps(log).encode())))
    ]
    assert len(steps) > 2
    assert len(door.spans) == len(door.scores) == importer.report.runs_added == 600
    assert importer.report.added == {("whowhen", "CaptainAgent"): 600}
