"""What other rooms see of the span store. Every method takes the project first; none lets a row cross it.

Calls block; asynchronous callers run them in worker threads. Times are Unix nanoseconds, ids lower-case hexadecimal.
A cursor that was not returned by the same method raises `InvalidInput`.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Literal, NamedTuple, Protocol

from masthead.model.ids import ProjectId, RunId, SpanId
from masthead.model.observation import Coverage, Observation, StoredObservation
from masthead.model.run import Facets, Page, Removed, RunFilter, RunRow, SearchHit, SpanSummary, StatRow, UnpricedModel
from masthead.model.score import EvaluatorRow, Score, ScoreFilter
from masthead.model.span import Span
from masthead.model.usage import UsageBy, UsageRow

Bucket = Literal["minute", "hour", "day", "week", "total"]
StatGroup = Literal["agent", "model", "system", "outcome", "tag"]


class TableSize(NamedTuple):
    """A table as `doctor` shows it."""

    table: str
    rows: int
    disk_bytes: int
    raw_bytes: int
    parts: int


class SpanStore(Protocol):
    """Runs, spans and scores: read, scored and erased. Appending spans is `append.Appender`'s, for `ingest` alone."""

    def runs(self, project: ProjectId, chosen: RunFilter, *, limit: int, cursor: str | None = None) -> Page[RunRow]:
        """Return the chosen runs, the latest started first."""
        ...

    def run(self, project: ProjectId, run_id: RunId) -> RunRow | None:
        """Return one run's row, or None where this project has no such run."""
        ...

    def spans(self, project: ProjectId, run_id: RunId) -> list[Span]:
        """Return the run's spans in order of start, each once; empty where there is no such run."""
        ...

    def spans_of_runs(self, project: ProjectId, run_ids: Sequence[RunId]) -> dict[RunId, list[Span]]:
        """Return the spans of several runs in one query; runs that are not there are left out."""
        ...

    def span(self, project: ProjectId, run_id: RunId, span_id: SpanId) -> Span | None:
        """Return one span of a run, or None."""
        ...

    def span_page(self, project: ProjectId, run_id: RunId, *, limit: int, cursor: str | None = None) -> Page[Span]:
        """Return the run's spans a page at a time, in order of start."""
        ...

    def span_summaries(
        self, project: ProjectId, run_id: RunId, *, limit: int, cursor: str | None = None
    ) -> Page[SpanSummary]:
        """Return the run's spans in order of start, without their bodies."""
        ...

    def existing(self, project: ProjectId, run_ids: Sequence[RunId]) -> set[RunId]:
        """Return those of the ids that are runs of this project."""
        ...

    def span_counts(self, project: ProjectId, run_ids: Sequence[RunId]) -> dict[RunId, int]:
        """Return how many spans each of those of the ids has that are runs of this project."""
        ...

    def search(
        self,
        project: ProjectId,
        text: str,
        *,
        since_ns: int | None = None,
        until_ns: int | None = None,
        limit: int,
        cursor: str | None = None,
    ) -> Page[SearchHit]:
        """Return spans whose attributes or events contain `text`, whatever its case, the latest first."""
        ...

    def stats(
        self, project: ProjectId, chosen: RunFilter, *, bucket: Bucket, group_by: StatGroup | None = None
    ) -> list[StatRow]:
        """Return figures of the chosen runs by time of start (and group), oldest first."""
        ...

    def facets(self, project: ProjectId, chosen: RunFilter, *, limit: int = 50) -> Facets:
        """Return the values that occur among the chosen runs, the commonest first."""
        ...

    def unpriced(
        self, project: ProjectId, *, since_ns: int | None = None, until_ns: int | None = None
    ) -> list[UnpricedModel]:
        """Return models whose calls have tokens but no cost, the most called first."""
        ...

    def usage(
        self,
        project: ProjectId,
        *,
        since_ns: int | None = None,
        until_ns: int | None = None,
        by: UsageBy | None = None,
        bucket: Bucket = "total",
        limit: int = 100,
        of_shadows: bool = False,
    ) -> list[UsageRow]:
        """Return what the calls that began in this time have used, oldest first, in a bucket the dearest first.

        Shadow calls, whose answers nobody got, are looked at by themselves.
        """
        ...

    def scores(self, project: ProjectId, chosen: ScoreFilter, *, limit: int, cursor: str | None = None) -> Page[Score]:
        """Return scores, the latest first."""
        ...

    def evaluators(self, project: ProjectId) -> list[EvaluatorRow]:
        """Return who scored anything in the project, and what, in order of name."""
        ...

    def add_scores(self, project: ProjectId, new: Sequence[Score]) -> None:
        """Write scores durably; the same score (by id) again changes nothing."""
        ...

    def labelled(self, project: ProjectId, run_ids: Sequence[RunId]) -> set[RunId]:
        """Return those of the runs on which a person has written a score."""
        ...

    def tag(self, project: ProjectId, run_ids: Sequence[RunId], changes: Mapping[str, bool], *, time_ns: int) -> None:
        """Put tags on these runs (True) or take them off (False), over what their spans say; the later word counts."""
        ...

    def observations(self, project: ProjectId, chosen: RunFilter, *, limit: int) -> list[Observation]:
        """Return those of the chosen runs that are diagnosed, in narrow rows, the latest started first."""
        ...

    def observations_of(self, project: ProjectId, run_ids: Sequence[RunId]) -> dict[RunId, Observation]:
        """Return those of the named runs that are diagnosed, in narrow rows."""
        ...

    def add_observations(self, project: ProjectId, new: Sequence[StoredObservation]) -> None:
        """Write diagnosed runs durably; each takes the place of the run's row before."""
        ...

    def coverage(self, project: ProjectId, chosen: RunFilter, *, version: str) -> Coverage:
        """Count the chosen runs, those with a diagnosis, and those whose diagnosis by this version still holds."""
        ...

    def undiagnosed(self, project: ProjectId, chosen: RunFilter, *, version: str, limit: int) -> list[RunId]:
        """Return those of the chosen runs that have no diagnosis that still holds, the latest started first."""
        ...

    def delete_runs(self, project: ProjectId, run_ids: Collection[RunId]) -> Removed:
        """Remove all of these runs for good, from every answer now and from the disk soon, at the cost of one."""
        ...

    def delete_project(self, project: ProjectId) -> Removed:
        """Remove everything of a project for good."""
        ...

    def runs_of_user(self, project: ProjectId, user_id: str) -> set[RunId]:
        """Return every run in which this end user took part."""
        ...

    def set_retention(self, project: ProjectId, days: int | None) -> None:
        """Keep rows for `days` after they were stored (None: for ever); rows stored before follow at once."""
        ...

    def parquet(self, project: ProjectId, chosen: RunFilter) -> Iterator[bytes]:
        """Yield a Parquet file of the chosen runs' spans, one row a span, all columns."""
        ...

    def sizes(self) -> list[TableSize]:
        """Return each table's rows and size on disk."""
        ...

    def ping(self) -> None:
        """Answer, or raise `StoreError`."""
        ...

    def version(self) -> str:
        """Name the engine and its version, such as `chdb 26.5.1.1`."""
        ...

    def close(self) -> None:
        """Let go of the store; every later call fails."""
        ...
