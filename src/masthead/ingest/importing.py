"""Import logs: walk the documents, read their records, and hand new runs and labels to the door.

Importing twice adds nothing: a run's id is made of what it is, and so is a score's. What an import that broke off left
out of a run is added by the next. What cannot be read is reported with its place and reason, and the rest goes on;
`is_strict` stops there instead. Memory holds one batch and one record.
"""

import logging
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import IO, Final, NamedTuple, Protocol

from masthead.clock import Clock
from masthead.conversation.written import span_id_of, spans_of
from masthead.ingest.importers.family import (
    Family,
    Imported,
    ImportedRun,
    ImportedSpans,
    Label,
    Record,
    RunLabels,
)
from masthead.ingest.importers.registry import family_named, family_of, read
from masthead.ingest.records import records
from masthead.ingest.sources import BROKEN, Document, document_of
from masthead.model.conversation import Conversation
from masthead.model.errors import InvalidInput, MastheadError
from masthead.model.ids import AgentId, EvaluatorId, RunId, SpanId
from masthead.model.score import Score, Subject
from masthead.model.span import Span

_log = logging.getLogger(__name__)
_BATCH_RUNS: Final = 250
_BATCH_SPANS: Final = 4_000
_BATCH_CHARS: Final = 8 << 20
_BATCH_SCORES: Final = 2_000
_KEPT_REPORTS: Final = 1_000
_MAX_NAME_CHARS: Final = 200


class ImportDoor(Protocol):
    """What importing needs of the project that it imports into."""

    def span_counts(self, run_ids: Sequence[RunId]) -> dict[RunId, int]:
        """Return which of these runs are stored, and how many spans each has."""
        ...

    def span_starts(self, run_id: RunId) -> dict[SpanId, int]:
        """Return the ids of a stored run's spans, and when each starts."""
        ...

    def existing_scores(self, run_ids: Sequence[RunId]) -> set[str]:
        """Return the ids of the scores on these runs."""
        ...

    def accept(self, spans: Sequence[Span]) -> None:
        """Take the spans for good, or raise."""
        ...

    def add_scores(self, scores: Sequence[Score]) -> None:
        """Take the scores for good, or raise."""
        ...

    def flush(self) -> None:
        """Return once what was accepted can be found."""
        ...


class Problem(NamedTuple):
    """Something that was not imported: where it stood and why."""

    where: str
    reason: str


@dataclass(kw_only=True, slots=True)
class Report:
    """What an import did. Lists of problems keep the first 1,000; the counts count all."""

    runs_added: int = 0
    runs_there: int = 0
    """Runs that were stored before, some of which may have been completed: their new turns and spans are counted."""
    turns_added: int = 0
    spans_added: int = 0
    scores_added: int = 0
    scores_there: int = 0
    malformed: int = 0
    problems: list[Problem] = field(default_factory=list[Problem])
    passed_over: int = 0
    unrecognised: list[Problem] = field(default_factory=list[Problem])
    """Files in a folder or archive that look like no log; they are no error."""
    labels_unmatched: int = 0
    unmatched: list[Problem] = field(default_factory=list[Problem])
    """Labels whose run is not in this import."""
    added: Counter[tuple[str, str]] = field(default_factory=Counter[tuple[str, str]])
    """Runs by format and system."""
    there: Counter[tuple[str, str]] = field(default_factory=Counter[tuple[str, str]])
    seconds: float = 0.0


class Progress(NamedTuple):
    """How far an import is: the document in hand, and the report so far (the same object every time)."""

    name: str
    report: Report


class _Seen(NamedTuple):
    """A run of this import, as labels in other files look for it."""

    name: str
    task_id: str | None
    run_id: RunId
    turns: int
    agents: tuple[AgentId, ...]


def import_stream(
    name: str,
    stream: IO[bytes],
    door: ImportDoor,
    *,
    clock: Clock,
    format_id: str | None = None,
    is_strict: bool = False,
    is_dry_run: bool = False,
) -> Iterator[Progress]:
    """Import one file, log or archive, from a stream; the last progress carries the finished report.

    Raises:
        InvalidInput: `is_strict` and a record is malformed, or there is no such format.
    """
    importer = Importer(door, clock=clock, format_id=format_id, is_strict=is_strict, is_dry_run=is_dry_run)
    yield from importer.run(document_of(name, stream, is_named=True))


class Importer:
    """Imports documents. One object a run of the command; it remembers what it has seen."""

    def __init__(
        self,
        door: ImportDoor,
        *,
        clock: Clock,
        format_id: str | None = None,
        is_strict: bool = False,
        is_dry_run: bool = False,
    ) -> None:
        self.report = Report()
        self._door = door
        self._clock = clock
        self._family = family_named(format_id) if format_id else None
        self._is_strict = is_strict
        self._is_dry_run = is_dry_run
        self._batch = _Batch()
        self._by_file: dict[str, list[_Seen]] = {}
        self._by_task: dict[str, list[_Seen]] = {}
        self._run_ids: set[RunId] = set()
        self._known_before: dict[RunId, bool] = {}
        self._waiting: list[tuple[str, RunLabels]] = []
        self._scores: list[Score] = []

    def run(self, documents: Iterable[Document]) -> Iterator[Progress]:
        """Import the documents; yield after each, and every few hundred runs within one."""
        began_s = self._clock.monotonic_s()
        name = ""
        for document in documents:
            name = document.name
            for _ in self._document(document):
                self.report.seconds = self._clock.monotonic_s() - began_s
                yield Progress(name, self.report)
        self._store()
        self._match_labels()
        self._store_scores()
        if not self._is_dry_run:
            self._door.flush()
        self.report.seconds = self._clock.monotonic_s() - began_s
        yield Progress(name, self.report)

    def _document(self, document: Document) -> Iterator[None]:
        if document.problem is not None:
            self._refuse(InvalidInput(document.problem, where=document.name))
            yield
            return
        try:
            for record in records(document, kind=self._family.kind if self._family else None):
                if isinstance(record, InvalidInput):
                    self._refuse(record)
                elif not self._record(record, document):
                    break
                if self._batch.is_full:
                    self._store()
                    yield
        except InvalidInput as error:
            self._refuse(error)
        except BROKEN as error:
            # What decompressors raise in the middle of a stream; a bug in a reader is caught in `_read`.
            self._refuse(InvalidInput(f"it breaks off: {error or type(error).__name__}", where=document.name))
        yield

    def _record(self, record: Record, document: Document) -> bool:
        """Read one record; say whether the document's other records are worth trying."""
        family = self._family or family_of(record)
        if family is None:
            reason = "it looks like no known format; `masthead import --formats` lists them, `--format` names one"
            if document.is_named or record.number > 1:
                self._refuse(InvalidInput(reason, where=record.where))
                return True
            self.report.passed_over += 1
            _keep(self.report.unrecognised, Problem(record.where, "it looks like no known format"))
            return False
        try:
            for imported in self._read(family, record):
                self._take(family, record, imported)
        except InvalidInput as error:
            self._refuse(error)
        return True

    def _read(self, family: Family, record: Record) -> Iterator[Imported]:
        try:
            yield from read(family, record)
        except MastheadError:
            raise
        except Exception as error:
            # The edge of the job: one record that a reader stumbles over must not end the import.
            _log.exception("the %s reader failed on %s", family.id, record.where)
            reason = f"the {family.id} reader failed ({type(error).__name__}: {error}); please report this"
            raise record.malformed(reason) from error

    def _refuse(self, error: InvalidInput) -> None:
        if self._is_strict:
            self._store()
            self._store_scores()
            raise error
        self.report.malformed += 1
        where = error.where or "?"
        _keep(self.report.problems, Problem(where, str(error).removeprefix(f"{where}: ")))

    def _take(self, family: Family, record: Record, imported: Imported) -> None:
        if isinstance(imported, ImportedRun):
            self._batch.add(family.id, record.name, imported)
        elif isinstance(imported, RunLabels):
            self._waiting.append((record.where, imported))
        else:
            self._store_spans(family.id, imported)

    def _store(self) -> None:
        """Store the batch's new runs and labels."""
        runs, self._batch = self._batch.runs, _Batch()
        fresh = [run for _, _, run in runs if run.conversation.run_id not in self._run_ids]
        stored = self._door.span_counts([run.conversation.run_id for run in fresh]) if fresh else dict[RunId, int]()
        spans: list[Span] = []
        for family_id, name, run in runs:
            conversation = run.conversation
            key = (family_id, conversation.system or "")
            if conversation.run_id in stored or conversation.run_id in self._run_ids:
                self.report.runs_there += 1
                self.report.there[key] += 1
                if conversation.run_id not in self._run_ids:
                    spans += self._missing(conversation, stored[conversation.run_id])
            else:
                self.report.runs_added += 1
                self.report.added[key] += 1
                self.report.turns_added += len(conversation.turns)
                spans += spans_of(conversation, start_ns=self._clock.now_ns())
            self._run_ids.add(conversation.run_id)
            self._remember(name, run)
        self._accept(spans)
        for _, _, run in runs:
            self._score(run)
        if len(self._scores) >= _BATCH_SCORES:
            self._store_scores()

    def _missing(self, conversation: Conversation, stored: int) -> list[Span]:
        """Return the spans that an import which broke off left out, dated as those that it stored."""
        if stored > len(conversation.turns):  # the root's span and one a turn
            return []
        starts = self._door.span_starts(conversation.run_id)
        now_ns = self._clock.now_ns()
        spans = spans_of(conversation, start_ns=now_ns)
        later_ns = next((span.start_ns - starts[span.span_id] for span in spans if span.span_id in starts), 0)
        missing = [span for span in spans_of(conversation, start_ns=now_ns - later_ns) if span.span_id not in starts]
        self.report.turns_added += sum(span.parent_span_id is not None for span in missing)
        return missing

    def _accept(self, spans: list[Span]) -> None:
        self.report.spans_added += len(spans)
        if spans and not self._is_dry_run:
            self._door.accept(spans)

    def _store_spans(self, family_id: str, imported: ImportedSpans) -> None:
        """Store spans that came as spans; those of runs that were there before the import only where they are new."""
        self._store()
        by_run: dict[RunId, list[Span]] = {}
        for span in imported.spans:
            by_run.setdefault(span.trace_id, []).append(span)
        unknown = [run_id for run_id in by_run if run_id not in self._known_before]
        existing = self._door.span_counts(unknown) if unknown else dict[RunId, int]()
        new: list[Span] = []
        for run_id, spans in by_run.items():
            if run_id not in self._known_before:
                was_there = self._known_before[run_id] = run_id in existing
                system = str(spans[0].resource.get("service.name") or "")
                counted = self.report.there if was_there else self.report.added
                counted[family_id, system] += 1
                self.report.runs_there += was_there
                self.report.runs_added += not was_there
            stored = self._door.span_starts(run_id) if self._known_before[run_id] else dict[SpanId, int]()
            new += [span for span in spans if span.span_id not in stored]
        self._accept(new)

    def _remember(self, name: str, run: ImportedRun) -> None:
        conversation = run.conversation
        agents = tuple(agent.id for agent in conversation.agents)
        seen = _Seen(name, conversation.task_id, conversation.run_id, len(conversation.turns), agents)
        self._by_file.setdefault(_stem(name), []).append(seen)
        if conversation.task_id:
            self._by_task.setdefault(conversation.task_id, []).append(seen)

    def _score(self, run: ImportedRun) -> None:
        """Keep the labels that came with a run, until its spans can be found."""
        conversation = run.conversation
        agents = tuple(agent.id for agent in conversation.agents)
        seen = _Seen("", None, conversation.run_id, len(conversation.turns), agents)
        self._scores += [score for label in run.labels if (score := self._scored(label, seen)) is not None]

    def _store_scores(self) -> None:
        scores, self._scores = {score.id: score for score in self._scores}, []
        if not scores:
            return
        if not self._is_dry_run:
            self._door.flush()
        stored = self._door.existing_scores(list(dict.fromkeys(score.subject.run_id for score in scores.values())))
        new = [score for score in scores.values() if score.id not in stored]
        self.report.scores_added += len(new)
        self.report.scores_there += len(scores) - len(new)
        if new and not self._is_dry_run:
            self._door.add_scores(new)

    def _match_labels(self) -> None:
        """Tie the labels that stood in files of their own to the runs of this import, and store them."""
        for where, labels in self._waiting:
            seen = self._labelled(labels)
            if seen is None:
                self.report.labels_unmatched += len(labels.labels)
                wanted = labels.file or labels.task_id
                _keep(self.report.unmatched, Problem(where, f"its run, {wanted!r}, is not in this import"))
                continue
            scores = [self._scored(label, seen, where) for label in labels.labels]
            self._scores += [score for score in scores if score is not None]
        self._waiting = []

    def _labelled(self, labels: RunLabels) -> _Seen | None:
        """Return the run that the labels speak of: the file whose path ends most alike, else the one of the task."""
        if labels.file:
            found = self._by_file.get(_stem(labels.file), [])
            if found:
                return max(found, key=lambda seen: _common_tail(seen.name, labels.file or ""))
        found = self._by_task.get(labels.task_id or "", [])
        return found[0] if len({seen.run_id for seen in found}) == 1 else None

    def _scored(self, label: Label, seen: _Seen, where: str = "") -> Score | None:
        turn = label.turn
        if turn is not None and turn >= seen.turns:
            self.report.labels_unmatched += 1
            reason = f"{label.name!r} points at step {turn}, but the run has {seen.turns} turns"
            _keep(self.report.unmatched, Problem(where or seen.run_id, reason))
            return None
        agent = _agent_of(label.agent, seen.agents)
        subject = Subject(
            kind="turn" if turn is not None else "agent" if agent else "run",
            run_id=seen.run_id,
            span_id=span_id_of(seen.run_id, turn) if turn is not None else None,
            turn=turn,
            agent=agent,
        )
        is_label = label.number is None and label.flag is None
        return Score(
            id=_score_id(seen.run_id, label),
            name=label.name[:_MAX_NAME_CHARS],
            subject=subject,
            number=label.number,
            label=label.label[:_MAX_NAME_CHARS] if label.label and is_label else None,
            flag=label.flag,
            reason=label.reason,
            evidence=(turn,) if turn is not None else (),
            source=label.source,
            evaluator=EvaluatorId(label.evaluator),
            evaluator_version=label.version,
            time_ns=self._clock.now_ns(),
        )


class _Batch:
    """Runs that wait to be stored together."""

    def __init__(self) -> None:
        self.runs: list[tuple[str, str, ImportedRun]] = []
        self._spans = 0
        self._chars = 0

    @property
    def is_full(self) -> bool:
        return len(self.runs) >= _BATCH_RUNS or self._spans >= _BATCH_SPANS or self._chars >= _BATCH_CHARS

    def add(self, family_id: str, name: str, run: ImportedRun) -> None:
        self.runs.append((family_id, name, run))
        self._spans += len(run.conversation.turns) + 1
        self._chars += sum(len(turn.text) + len(turn.tool_arguments or "") for turn in run.conversation.turns)


def _keep(problems: list[Problem], problem: Problem) -> None:
    if len(problems) < _KEPT_REPORTS:
        problems.append(problem)


def _stem(name: str) -> str:
    """Return a file's bare name, as labels give it."""
    base = name.replace("!", "/").rsplit("/", 1)[-1]
    return base.rsplit(".", 1)[0] if "." in base else base


def _common_tail(first: str, second: str) -> int:
    """Return how many trailing parts two paths share."""
    count = 0
    pairs = zip(
        reversed(first.replace("!", "/").split("/")), reversed(second.replace("!", "/").split("/")), strict=False
    )
    for one, other in pairs:
        if one != other:
            return count
        count += 1
    return count


def _agent_of(name: str | None, agents: Sequence[AgentId]) -> AgentId | None:
    """Return the agent that a label names as the run's roster spells it, or as the label does."""
    if not name:
        return None
    plain = "".join(character for character in name.lower() if character.isalnum())
    for agent in agents:
        if "".join(character for character in agent.lower() if character.isalnum()) == plain:
            return agent
    return AgentId(name[:_MAX_NAME_CHARS])


def _score_id(run_id: RunId, label: Label) -> str:
    parts = (run_id, label.evaluator, label.name, label.turn, label.agent, label.flag, label.label, label.number)
    text = "\x00".join(str(part) for part in parts)
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16, person=b"masthead-score").hexdigest()
