"""Scores: written in bulk, read by filters."""

import secrets
from typing import Annotated

from fastapi import APIRouter, Query

from masthead.api.routes.taken import Annotator, Viewer, With
from masthead.api.schema import score as s
from masthead.model.errors import InvalidInput
from masthead.model.ids import RunId
from masthead.model.times import parse_rfc3339

router = APIRouter(tags=["scores"])


@router.get("/scores")
def list_scores(services: With, caller: Viewer, query: Annotated[s.ScoresQuery, Query()]) -> s.ScorePage:
    """List the project's scores, latest first."""
    page = services.store.scores(caller.project_id, query.filter(), limit=query.limit, cursor=query.cursor)
    return s.ScorePage.trusted(items=[s.Score.of(score) for score in page.items], cursor=page.cursor)


@router.post("/scores")
def add_scores(services: With, caller: Annotator, taken: s.ScoresInput) -> s.ScoresTaken:
    """Write scores on runs of the project; all of them, or none where one is at fault."""
    now_ns = services.clock.now_ns()
    scores = [
        given.noun(
            id=given.id or secrets.token_hex(16),
            time_ns=now_ns if given.time is None else parse_rfc3339(given.time, where=f"scores.{place}.time"),
        )
        for place, given in enumerate(taken.scores)
    ]
    run_ids = list(dict.fromkeys(RunId(score.subject.run_id) for score in scores))
    _check_known(run_ids, services.store.existing(caller.project_id, run_ids))
    services.store.add_scores(caller.project_id, scores)
    return s.ScoresTaken(ids=[score.id for score in scores])


def _check_known(run_ids: list[RunId], known: set[RunId]) -> None:
    for run_id in run_ids:
        if run_id not in known:
            raise InvalidInput(f"no run {run_id!r} in this project; send its spans first", where="subject.run_id")
