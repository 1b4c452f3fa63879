"""Runs: lists, facets, one run as its head, spans, conversation and flow, and its removal."""

from typing import Annotated

from fastapi import APIRouter, Query

from masthead.api.routes.taken import Editor, Owner, RunIdPath, SpanIdPath, UserIdPath, Viewer, With
from masthead.api.schema import conversation as c
from masthead.api.schema import run as r
from masthead.api.schema import span as s
from masthead.conversation import flow_of
from masthead.model.errors import NotFound
from masthead.model.ids import RunId, SpanId

router = APIRouter(tags=["runs"])


@router.get("/runs")
def list_runs(services: With, caller: Viewer, query: Annotated[r.RunsQuery, Query()]) -> r.RunPage:
    """List the project's runs, latest first, narrowed by the filter."""
    page = services.store.runs(caller.project_id, query.filter(), limit=query.limit, cursor=query.cursor)
    return r.RunPage.trusted(items=[r.Run.of(row) for row in page.items], cursor=page.cursor)


@router.post("/runs/exists")
def find_existing_runs(services: With, caller: Viewer, asked: r.RunIds) -> r.ExistingRuns:
    """Say which of the runs are in the project already, and how many spans each has."""
    found = services.store.span_counts(caller.project_id, [RunId(run_id) for run_id in asked.run_ids])
    return r.ExistingRuns(run_ids=sorted(found), spans={str(run_id): spans for run_id, spans in found.items()})


@router.post("/runs/briefs")
def list_briefs(services: With, caller: Viewer, asked: r.BriefsInput) -> r.Briefs:
    """Say of some runs how many turns they have, what was found in them, and with whom it began."""
    found = services.briefs.of_runs(caller.project_id, [RunId(run_id) for run_id in asked.run_ids])
    return r.Briefs.trusted(items=[r.Brief.of(brief) for brief in found])


@router.post("/runs/delete")
def delete_runs(services: With, caller: Editor, asked: r.ManyRuns) -> r.Removed:
    """Remove several runs' spans and scores from the disk, and say so in the audit log."""
    return r.Removed.of(services.eraser.runs(caller, asked.ids()))


@router.get("/facets")
def list_facets(services: With, caller: Viewer, query: Annotated[r.FacetsQuery, Query()]) -> r.Facets:
    """List the commonest agents, models, systems, outcomes and tags among the runs that the filter leaves."""
    return r.Facets.of(services.store.facets(caller.project_id, query.filter(), limit=query.limit))


@router.get("/runs/{run_id}")
def get_run(services: With, caller: Viewer, run_id: RunIdPath) -> c.RunDetail:
    """Show a run's head: its row, its agents, how it ended and how many turns it has."""
    row, conversation = services.conversations.get(caller.project_id, RunId(run_id))
    return c.RunDetail.of(row, conversation)


@router.delete("/runs/{run_id}")
def delete_run(services: With, caller: Editor, run_id: RunIdPath) -> r.Removed:
    """Remove a run's spans and scores from the disk, and say so in the audit log."""
    return r.Removed.of(services.eraser.run(caller, RunId(run_id)))


@router.get("/runs/{run_id}/conversation")
def get_conversation(
    services: With, caller: Viewer, run_id: RunIdPath, query: Annotated[c.WindowQuery, Query()]
) -> c.ConversationWindow:
    """Show a window of the run's turns, and how many there are."""
    _, conversation = services.conversations.get(caller.project_id, RunId(run_id))
    return c.ConversationWindow.of(conversation, first=query.from_, limit=query.limit)


@router.get("/runs/{run_id}/conversation/search")
def search_conversation(
    services: With, caller: Viewer, run_id: RunIdPath, query: Annotated[c.TurnSearchQuery, Query()]
) -> c.TurnHits:
    """Find the turns in which a text occurs."""
    _, conversation = services.conversations.get(caller.project_id, RunId(run_id))
    return c.TurnHits.of(conversation, query.text)


@router.get("/runs/{run_id}/outline")
def get_outline(services: With, caller: Viewer, run_id: RunIdPath) -> c.Outline:
    """Show all turns of a run in columns, without their texts."""
    _, conversation = services.conversations.get(caller.project_id, RunId(run_id))
    return c.Outline.of(conversation)


@router.get("/runs/{run_id}/flow")
def get_flow(services: With, caller: Viewer, run_id: RunIdPath) -> c.Flow:
    """Show who took part in a run and who passed what to whom."""
    _, conversation = services.conversations.get(caller.project_id, RunId(run_id))
    return c.Flow.of(flow_of(conversation))


@router.get("/runs/{run_id}/spans")
def list_spans(
    services: With, caller: Viewer, run_id: RunIdPath, query: Annotated[s.SpansQuery, Query()]
) -> s.SpanSummaryPage:
    """List a run's spans in order of start, without their attributes."""
    project, run = caller.project_id, RunId(run_id)
    page = services.store.span_summaries(project, run, limit=query.limit, cursor=query.cursor)
    if not page.items:
        services.conversations.row(project, run)
    return s.SpanSummaryPage.trusted(items=[s.SpanSummary.of(row) for row in page.items], cursor=page.cursor)


@router.get("/runs/{run_id}/spans/{span_id}")
def get_span(services: With, caller: Viewer, run_id: RunIdPath, span_id: SpanIdPath) -> s.Span:
    """Show one span with everything that was recorded."""
    span = services.store.span(caller.project_id, RunId(run_id), SpanId(span_id))
    if span is None:
        raise NotFound(f"no span {span_id!r} of run {run_id!r} in project {caller.project_id!r}")
    return s.Span.of(span)


@router.delete("/users/{user_id:path}")
def erase_user(services: With, caller: Owner, user_id: UserIdPath) -> r.Removed:
    """Erase every run of one end user from the disk, and say so in the audit log."""
    return r.Removed.of(services.eraser.user(caller, user_id))
