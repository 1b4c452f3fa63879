"""Where `diagnose`, `report` and `compare` take their runs from: files read on the spot, or the store."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Final, NamedTuple

import httpx
import msgspec
from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress, SpinnerColumn, TextColumn

from masthead.cli.client import check, pages
from masthead.cli.conversations import conversation_from, conversation_of_run, score_from
from masthead.conversation import conversation_of
from masthead.detect.registry import suite
from masthead.diagnose.attribution import NO_REPEATS, Repeats
from masthead.diagnose.case import prepare
from masthead.diagnose.known import NOTHING, Known, known_of
from masthead.diagnose.observe import observe
from masthead.diagnose.run import diagnose
from masthead.ingest.importers.family import ImportedRun, ImportedSpans, Record
from masthead.ingest.importers.registry import family_of
from masthead.ingest.records import records
from masthead.ingest.sources import documents
from masthead.model.conversation import Conversation
from masthead.model.diagnosis import Diagnosis
from masthead.model.errors import InvalidInput, NotFound
from masthead.model.ids import RunId
from masthead.model.observation import Observation
from masthead.model.span import Span

_MOST_SCORES: Final = 10_000


class Diagnosed(NamedTuple):
    """A run with its diagnosis, and what had been said of it before."""

    conversation: Conversation
    diagnosis: Diagnosis
    known: Known = NOTHING


def from_files(paths: Sequence[str]) -> Iterator[Conversation]:
    """Read runs straight from logs, each once; what is no log is passed over.

    Raises:
        InvalidInput: a path names nothing, or nothing could be read, and why.
        NotFound: no run of a known format stands in them.
    """
    problem: InvalidInput | None = None
    seen: set[RunId] = set()
    spans: dict[RunId, list[Span]] = {}
    for document in documents(paths):
        if document.problem is not None:
            raise InvalidInput(document.problem, where=document.name)
        for record in records(document):
            if isinstance(record, InvalidInput):
                problem = problem or record
                continue
            for conversation in _read(record, spans):
                if conversation.run_id not in seen:
                    seen.add(conversation.run_id)
                    yield conversation
    for run_id, own in spans.items():
        if run_id not in seen:
            seen.add(run_id)
            yield conversation_of(own)
    if paths and not seen:
        known = "docs/reference/log-formats.md lists what is read"
        raise problem or NotFound(f"no run of a known format stands in {', '.join(paths)}; {known}")
    if problem is not None:
        Console(stderr=True).print(f"passed over: {problem}", style="dim", markup=False)


def _read(record: Record, spans: dict[RunId, list[Span]]) -> Iterator[Conversation]:
    family = family_of(record)
    if family is None:
        return
    for imported in family.read(record):
        if isinstance(imported, ImportedRun):
            yield imported.conversation
        elif isinstance(imported, ImportedSpans):
            for span in imported.spans:
                spans.setdefault(span.trace_id, []).append(span)


class Stored(NamedTuple):
    """A run of the store, with what judges and people said of it."""

    conversation: Conversation
    known: Known


def from_store(client: httpx.Client, filters: Mapping[str, Any], limit: int | None = None) -> Iterator[Stored]:
    """Stream the chosen runs of the project, the latest first.

    Raises:
        MastheadError: what the server's answer stands for.
    """
    params = {"format": "jsonl", **filters}
    with client.stream("GET", "/api/v1/export", params=params, timeout=None) as response:
        check(response)
        for line in islice(response.iter_lines(), limit):
            window: dict[str, Any] = msgspec.json.decode(line)
            yield Stored(conversation_from([window]), known_of(map(score_from, window["scores"])))


def one_of_store(client: httpx.Client, run_id: str) -> Stored:
    """Fetch one run.

    Raises:
        NotFound: the project has no such run.
    """
    scores = list(pages(client, "/api/v1/scores", {"run_id": run_id}, limit=_MOST_SCORES))
    return Stored(conversation_of_run(client, run_id), known_of(map(score_from, scores)))


def repeats_of(runs: Iterable[Conversation]) -> Repeats:
    """Return other runs of a task, prepared to be compared with: those that passed, and those that failed."""
    told = list(runs)
    return Repeats(
        passing=tuple(prepare(run) for run in told if run.is_success is True),
        failing=tuple(prepare(run) for run in told if run.is_success is False),
    )


def diagnosed(runs: Iterable[Conversation | Stored], repeats: Repeats = NO_REPEATS) -> Iterator[Diagnosed]:
    """Diagnose one run after the other, with the detectors that are on by default; no language model is asked."""
    detectors = [suite()]
    for run in runs:
        conversation, known = run if isinstance(run, Stored) else (run, NOTHING)
        found = diagnose(conversation, detectors, repeats=repeats, findings=known.findings, judged=known.judged)
        yield Diagnosed(conversation, found, known)


def observed(runs: Iterable[Diagnosed]) -> list[Observation]:
    """Return the narrow rows of diagnosed runs, with a counter on a terminal.

    Raises:
        NotFound: there is no run.
    """
    rows: list[Observation] = []
    columns = (SpinnerColumn(), TextColumn("diagnosing"), MofNCompleteColumn())
    out = Console(stderr=True)
    with Progress(*columns, console=out, transient=True, disable=not out.is_terminal) as progress:
        counter = progress.add_task("diagnosing", total=None)
        for run in runs:
            rows.append(observe(run.conversation, run.diagnosis))
            progress.update(counter, completed=len(rows))
    if not rows:
        raise NotFound("no run to look at; `masthead import PATH` brings some in, `masthead runs` lists them")
    return rows
