"""Diagnose runs of the store and keep what is found: the findings and origins as scores, the run in one narrow row.

No language model is asked. A run's scores are written before its row, and both carry ids of their own: whoever is cut
off in between finds the run undiagnosed, and diagnosing it again changes nothing that was written.
"""

from collections.abc import Callable, Sequence
from hashlib import blake2b
from typing import Final

from masthead.clock import Clock
from masthead.conversation import conversation_of
from masthead.detect.registry import entries, suite
from masthead.diagnose.known import Known, known_of
from masthead.diagnose.observe import observe
from masthead.diagnose.run import VERSION, diagnose, scores_of
from masthead.model.ids import ProjectId, RunId
from masthead.model.observation import StoredObservation
from masthead.model.score import Score
from masthead.store.traces.every import scores_by_run
from masthead.store.traces.port import SpanStore

BATCH: Final = 50
"""Runs read and written together: small, so that little is lost when a job is stopped."""
_SPANS_AT_ONCE: Final = 4_000


def version() -> str:
    """Name the evaluators that are on and their versions: under another name a diagnosis may come out otherwise."""
    parts = [f"{entry.id}@{entry.version}" for entry in entries() if entry.is_on]
    return blake2b("\n".join([*parts, f"origin@{VERSION}"]).encode(), digest_size=8).hexdigest()


def diagnose_stored(
    store: SpanStore,
    project: ProjectId,
    run_ids: Sequence[RunId],
    clock: Clock,
    *,
    went_on: Callable[[int], bool] = lambda _: True,
) -> int:
    """Diagnose these runs and keep what is found; return how many were.

    `went_on` is told how many runs are done after each batch, and ends the work by returning False. Runs that the
    project does not have are passed over.
    """
    counts = store.span_counts(project, run_ids)
    done = 0
    for batch in _batches([run_id for run_id in run_ids if run_id in counts], counts):
        _diagnose(store, project, batch, clock)
        done += len(batch)
        if not went_on(done):
            break
    return done


def _batches(run_ids: Sequence[RunId], counts: dict[RunId, int]) -> list[list[RunId]]:
    batches: list[list[RunId]] = []
    spans = _SPANS_AT_ONCE
    for run_id in run_ids:
        spans += counts[run_id]
        if not batches or len(batches[-1]) >= BATCH or spans > _SPANS_AT_ONCE:
            batches.append([])
            spans = counts[run_id]
        batches[-1].append(run_id)
    return batches


def _diagnose(store: SpanStore, project: ProjectId, run_ids: Sequence[RunId], clock: Clock) -> None:
    detectors, name = [suite()], version()
    verdicts = scores_by_run(store, project, run_ids)
    scores: list[Score] = []
    rows: list[StoredObservation] = []
    for run_id, spans in store.spans_of_runs(project, run_ids).items():
        conversation = conversation_of(spans)
        told = known_of(verdicts[run_id])
        diagnosis = diagnose(conversation, detectors, findings=told.findings, judged=told.judged)
        now_ns = clock.now_ns()
        scores += scores_of(diagnosis, time_ns=now_ns, stored=told.findings, before=told.before)
        rows.append(
            StoredObservation(
                run=observe(conversation, diagnosis),
                version=name,
                spans=len(spans),
                verdict_ns=max((score.time_ns for score in verdicts[run_id] if score.source != "code"), default=0),
                time_ns=now_ns,
            )
        )
    store.add_scores(project, scores)
    store.add_observations(project, rows)
    there = store.existing(project, run_ids)
    for run_id in run_ids:
        if run_id not in there:
            store.delete_runs(project, [run_id])  # it was erased meanwhile: nothing of it may come back


def known(store: SpanStore, project: ProjectId, run_id: RunId) -> Known:
    """Return what judges and people said of one run."""
    return known_of(scores_by_run(store, project, [run_id])[run_id])
