"""What many runs show together, and comparisons of groups of them, from the narrow rows of diagnosed runs."""

from typing import Annotated, Final

from fastapi import APIRouter, Query

from masthead.api.routes.taken import Viewer, With
from masthead.api.schema.comparison import CompareQuery, Comparisons
from masthead.api.schema.report import Report, ReportQuery
from masthead.codebook.load import mast
from masthead.diagnose.advice import advise, weigh_rows
from masthead.diagnose.stored import version
from masthead.model.errors import InvalidInput
from masthead.report.compare import compared
from masthead.report.observation import keys_of
from masthead.report.summary import summarise

router = APIRouter(tags=["report"])
MOST_RUNS: Final = 50_000
"""How many runs are looked at together, the latest ones."""


@router.get("/report")
def get_report(services: With, caller: Viewer, query: Annotated[ReportQuery, Query()]) -> Report:
    """Show where runs fail: rates, failure modes, trends, who begins it, what it costs, what to change."""
    chosen = query.filter()
    rows = services.store.observations(caller.project_id, chosen, limit=MOST_RUNS)
    summary = summarise(rows, query.by, advise(mast(), weigh_rows(rows), len(rows)))
    return Report.of(
        summary,
        coverage=services.store.coverage(caller.project_id, chosen, version=version()),
        keys=keys_of(rows),
        is_cut=len(rows) == MOST_RUNS,
    )


@router.get("/compare")
def compare_groups(services: With, caller: Viewer, query: Annotated[CompareQuery, Query()]) -> Comparisons:
    """Compare how often groups of runs succeed, and which failure modes one of them adds or removes."""
    if bool(query.by) == bool(query.group) or len(query.group) == 1:
        raise InvalidInput("name two or more groups, or a key whose values to compare", where="group")
    chosen = query.filter()
    rows = services.store.observations(caller.project_id, chosen, limit=MOST_RUNS)
    return Comparisons.of(
        compared(rows, query.group, query.by, query.within),
        coverage=services.store.coverage(caller.project_id, chosen, version=version()),
        keys=keys_of(rows),
        is_cut=len(rows) == MOST_RUNS,
    )
