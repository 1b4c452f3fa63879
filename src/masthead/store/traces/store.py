"""The `SpanStore` over one engine: each method is one function of this package."""

from collections.abc import Collection, Iterator, Mapping, Sequence

from masthead.model.ids import ProjectId, RunId, SpanId
from masthead.model.observation import Coverage, Observation, StoredObservation
from masthead.model.run import Facets, Page, Removed, RunFilter, RunRow, SearchHit, SpanSummary, StatRow, UnpricedModel
from masthead.model.score import EvaluatorRow, Score, ScoreFilter
from masthead.model.span import Span
from masthead.model.usage import UsageBy, UsageRow
from masthead.store.traces import (
    erase,
    export,
    observations,
    retention,
    runs,
    scores,
    search,
    sizes,
    spans,
    stats,
    tags,
    usage,
)
from masthead.store.traces.engine import Engine
from masthead.store.traces.port import Bucket, StatGroup, TableSize


class TraceStore:
    """Reads, scores and erases; `port.SpanStore` says what each method promises."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        """For `append.Appender` and the tests alone."""

    def runs(self, project: ProjectId, chosen: RunFilter, *, limit: int, cursor: str | None = None) -> Page[RunRow]:
        """Return the chosen runs, the latest started first."""
        return runs.page(self.engine, project, chosen, limit=limit, cursor=cursor)

    def run(self, project: ProjectId, run_id: RunId) -> RunRow | None:
        """Return one run's row, or None."""
        return runs.one(self.engine, project, run_id)

    def existing(self, project: ProjectId, run_ids: Sequence[RunId]) -> set[RunId]:
        """Return those of the ids that are runs of this project."""
        return runs.existing(self.engine, project, run_ids)

    def span_counts(self, project: ProjectId, run_ids: Sequence[RunId]) -> dict[RunId, int]:
        """Return how many spans each of those of the ids has that are runs of this project."""
        return runs.span_counts(self.engine, project, run_ids)

    def spans(self, project: ProjectId, run_id: RunId) -> list[Span]:
        """Return the run's spans in order of start, each once."""
        return spans.all_of(self.engine, project, run_id)

    def spans_of_runs(self, project: ProjectId, run_ids: Sequence[RunId]) -> dict[RunId, list[Span]]:
        """Return the spans of several runs in one query."""
        return spans.all_of_runs(self.engine, project, run_ids)

    def span(self, project: ProjectId, run_id: RunId, span_id: SpanId) -> Span | None:
        """Return one span of a run, or None."""
        return spans.one(self.engine, project, run_id, span_id)

    def span_page(self, project: ProjectId, run_id: RunId, *, limit: int, cursor: str | None = None) -> Page[Span]:
        """Return the run's spans a page at a time."""
        return spans.page(self.engine, project, run_id, limit=limit, cursor=cursor)

    def span_summaries(
        self, project: ProjectId, run_id: RunId, *, limit: int, cursor: str | None = None
    ) -> Page[SpanSummary]:
        """Return the run's spans without their bodies."""
        return spans.summaries(self.engine, project, run_id, limit=limit, cursor=cursor)

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
        """Return spans that contain `text`, the latest first."""
        return search.search(
            self.engine, project, text, since_ns=since_ns, until_ns=until_ns, limit=limit, cursor=cursor
        )

    def stats(
        self, project: ProjectId, chosen: RunFilter, *, bucket: Bucket, group_by: StatGroup | None = None
    ) -> list[StatRow]:
        """Return figures of the chosen runs by time and group."""
        return stats.stats(self.engine, project, chosen, bucket=bucket, group_by=group_by)

    def facets(self, project: ProjectId, chosen: RunFilter, *, limit: int = 50) -> Facets:
        """Return the commonest values among the chosen runs."""
        return stats.facets(self.engine, project, chosen, limit=limit)

    def unpriced(
        self, project: ProjectId, *, since_ns: int | None = None, until_ns: int | None = None
    ) -> list[UnpricedModel]:
        """Return models whose calls have tokens but no cost."""
        return stats.unpriced(self.engine, project, since_ns=since_ns, until_ns=until_ns)

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
        """Return what the calls that began in this time have used."""
        return usage.usage(
            self.engine,
            project,
            since_ns=since_ns,
            until_ns=until_ns,
            by=by,
            bucket=bucket,
            limit=limit,
            of_shadows=of_shadows,
        )

    def scores(self, project: ProjectId, chosen: ScoreFilter, *, limit: int, cursor: str | None = None) -> Page[Score]:
        """Return the scores that count, the latest first."""
        return scores.page(self.engine, project, chosen, limit=limit, cursor=cursor)

    def evaluators(self, project: ProjectId) -> list[EvaluatorRow]:
        """Return who scored anything in the project, and what."""
        return scores.evaluators(self.engine, project)

    def add_scores(self, project: ProjectId, new: Sequence[Score]) -> None:
        """Write scores durably."""
        scores.add(self.engine, project, new)

    def labelled(self, project: ProjectId, run_ids: Sequence[RunId]) -> set[RunId]:
        """Return those of the runs on which a person has written a score."""
        return scores.labelled(self.engine, project, run_ids)

    def tag(self, project: ProjectId, run_ids: Sequence[RunId], changes: Mapping[str, bool], *, time_ns: int) -> None:
        """Put tags on these runs or take them off."""
        tags.put(self.engine, project, run_ids, changes, time_ns=time_ns)

    def observations(self, project: ProjectId, chosen: RunFilter, *, limit: int) -> list[Observation]:
        """Return those of the chosen runs that are diagnosed, the latest started first."""
        return observations.listed(self.engine, project, chosen, limit=limit)

    def observations_of(self, project: ProjectId, run_ids: Sequence[RunId]) -> dict[RunId, Observation]:
        """Return those of the named runs that are diagnosed."""
        return observations.of_runs(self.engine, project, run_ids)

    def add_observations(self, project: ProjectId, new: Sequence[StoredObservation]) -> None:
        """Write diagnosed runs durably."""
        observations.add(self.engine, project, new)

    def coverage(self, project: ProjectId, chosen: RunFilter, *, version: str) -> Coverage:
        """Count the chosen runs, those with a diagnosis, and those whose diagnosis still holds."""
        return observations.coverage(self.engine, project, chosen, version=version)

    def undiagnosed(self, project: ProjectId, chosen: RunFilter, *, version: str, limit: int) -> list[RunId]:
        """Return those of the chosen runs that have no diagnosis that still holds."""
        return observations.due(self.engine, project, chosen, version=version, limit=limit)

    def delete_runs(self, project: ProjectId, run_ids: Collection[RunId]) -> Removed:
        """Remove runs for good."""
        return erase.runs(self.engine, project, sorted(run_ids))

    def delete_project(self, project: ProjectId) -> Removed:
        """Remove everything of a project for good."""
        return erase.everything(self.engine, project)

    def runs_of_user(self, project: ProjectId, user_id: str) -> set[RunId]:
        """Return every run in which this end user took part."""
        return erase.runs_of_user(self.engine, project, user_id)

    def set_retention(self, project: ProjectId, days: int | None) -> None:
        """Keep rows for `days` after they were stored."""
        retention.keep(self.engine, project, days)

    def parquet(self, project: ProjectId, chosen: RunFilter) -> Iterator[bytes]:
        """Yield a Parquet file of the chosen runs' spans."""
        return export.parquet(self.engine, project, chosen)

    def sizes(self) -> list[TableSize]:
        """Return each table's rows and size on disk."""
        return sizes.sizes(self.engine)

    def ping(self) -> None:
        """Answer, or raise `StoreError`."""
        self.engine.query("SELECT 1", {})

    def version(self) -> str:
        """Name the engine and its version."""
        return sizes.version(self.engine)

    def close(self) -> None:
        """Let go of the store."""
        self.engine.close()
