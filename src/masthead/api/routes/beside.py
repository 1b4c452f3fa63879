"""What a reader asks beside a run itself: another run, a finding as a test, and where a turn led."""

from typing import Annotated

from fastapi import APIRouter, Path, Query

from masthead.api.routes.taken import RunIdPath, Viewer, With
from masthead.api.schema.beside import RunsBeside, TestCase, TestCaseQuery
from masthead.api.schema.diagnosis import Followed, FollowedQuery
from masthead.conversation.align import align
from masthead.diagnose.follow import followed_from
from masthead.model.ids import RunId
from masthead.report.test_case import copied_case

router = APIRouter(tags=["runs"])

OtherIdPath = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$", description="32 hexadecimal characters.")]


@router.get("/runs/{run_id}/beside/{other_id}")
def get_runs_beside(services: With, caller: Viewer, run_id: RunIdPath, other_id: OtherIdPath) -> RunsBeside:
    """Lay two runs beside each other, turn by turn, and say where they part."""
    _, left = services.conversations.get(caller.project_id, RunId(run_id))
    _, right = services.conversations.get(caller.project_id, RunId(other_id))
    return RunsBeside.of(run_id, other_id, align(left, right))


@router.get("/runs/{run_id}/test-case")
def get_test_case(
    services: With, caller: Viewer, run_id: RunIdPath, query: Annotated[TestCaseQuery, Query()]
) -> TestCase:
    """Write a finding down as a pytest file with the turns that show it. No language model is called."""
    _, conversation = services.conversations.get(caller.project_id, RunId(run_id))
    return TestCase.of(copied_case(conversation, query.claim()))


@router.get("/runs/{run_id}/followed")
def get_followed(
    services: With, caller: Viewer, run_id: RunIdPath, query: Annotated[FollowedQuery, Query()]
) -> Followed:
    """Follow a failure from a turn that somebody names: how it spread and what it cost."""
    _, conversation = services.conversations.get(caller.project_id, RunId(run_id))
    return Followed.model_validate(followed_from(conversation, query.turn))
