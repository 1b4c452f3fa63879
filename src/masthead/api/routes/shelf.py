"""What a project's people keep for each other: saved views, lists of runs, and tags."""

from typing import Annotated

from fastapi import APIRouter, Query

from masthead.api.routes.taken import Annotator, Editor, ListIdPath, Viewer, ViewIdPath, With
from masthead.api.schema import shelf as s
from masthead.govern.shelf import Counted
from masthead.model.ids import RunId

router = APIRouter(tags=["views, lists and tags"])


@router.get("/views")
def list_views(services: With, caller: Viewer) -> s.SavedViews:
    """List the project's saved views."""
    return s.SavedViews(items=[s.SavedView.of(view) for view in services.shelf.views(caller)])


@router.post("/views", status_code=201)
def save_view(services: With, caller: Annotator, new: s.NewView) -> s.SavedView:
    """Keep a query on the list of runs under a name, for everybody in the project."""
    view = services.shelf.save_view(caller, name=new.name, query=new.query, since=new.since, until=new.until)
    return s.SavedView.of(view)


@router.delete("/views/{view_id}", status_code=204)
def delete_view(services: With, caller: Annotator, view_id: ViewIdPath) -> None:
    """Forget a saved view."""
    services.shelf.remove_view(caller, view_id)


@router.get("/lists")
def list_lists(services: With, caller: Viewer) -> s.RunLists:
    """List the project's datasets and annotation queues, and how far each is labelled."""
    return s.RunLists(items=[s.RunList.of(counted) for counted in services.shelf.lists(caller)])


@router.post("/lists", status_code=201)
def create_list(services: With, caller: Annotator, new: s.NewList) -> s.RunList:
    """Make a list of runs."""
    return s.RunList.of(Counted(services.shelf.make_list(caller, name=new.name, kind=new.kind), 0, 0))


@router.get("/lists/{list_id}")
def get_list(services: With, caller: Viewer, list_id: ListIdPath) -> s.RunList:
    """Show a list of runs and how far it is labelled."""
    return s.RunList.of(services.shelf.one_list(caller, list_id))


@router.delete("/lists/{list_id}", status_code=204)
def delete_list(services: With, caller: Editor, list_id: ListIdPath) -> None:
    """Remove a list; its runs stay."""
    services.shelf.remove_list(caller, list_id)


@router.get("/lists/{list_id}/runs")
def list_listed_runs(
    services: With, caller: Viewer, list_id: ListIdPath, query: Annotated[s.ListedRunsQuery, Query()]
) -> s.ListedRuns:
    """List the runs of a list in its order."""
    entries, last = services.shelf.entries(caller, list_id, limit=query.limit, after=query.after())
    cursor = None if last is None else str(last)
    return s.ListedRuns.trusted(items=[s.ListedRun.of(entry) for entry in entries], cursor=cursor)


@router.post("/lists/{list_id}/runs")
def change_listed_runs(services: With, caller: Annotator, list_id: ListIdPath, change: s.ListChange) -> s.ListChanged:
    """Put runs into a list, and take others out."""
    add, remove = ([RunId(run_id) for run_id in run_ids] for run_ids in (change.add, change.remove))
    came, went = services.shelf.change_runs(caller, list_id, add=add, remove=remove)
    return s.ListChanged(added=came, removed=went, list=s.RunList.of(services.shelf.one_list(caller, list_id)))


@router.get("/lists/{list_id}/next")
def get_next_run(
    services: With, caller: Viewer, list_id: ListIdPath, query: Annotated[s.NextQuery, Query()]
) -> s.NextRun:
    """Say which run of a list is the next to be labelled."""
    step = services.shelf.next_unlabelled(caller, list_id, after=query.run())
    return s.NextRun(run_id=step.run_id, runs=step.runs, labelled=step.labelled)


@router.post("/lists/{list_id}/done")
def mark_run(services: With, caller: Annotator, list_id: ListIdPath, given: s.DoneInput) -> s.NextRun:
    """Note whether a run of a list needs no more labels, and say which one is next."""
    run_id = RunId(given.run_id)
    services.shelf.mark(caller, list_id, run_id, is_done=given.is_done)
    step = services.shelf.next_unlabelled(caller, list_id, after=run_id)
    return s.NextRun(run_id=step.run_id, runs=step.runs, labelled=step.labelled)


@router.post("/tags")
def tag_runs(services: With, caller: Annotator, change: s.TagChange) -> s.Tagged:
    """Put tags on runs and take tags off them; filters, facets and figures see them like those of the spans."""
    run_ids = sorted(services.store.existing(caller.project_id, [RunId(run_id) for run_id in change.run_ids]))
    services.store.tag(caller.project_id, run_ids, change.changes(), time_ns=services.clock.now_ns())
    return s.Tagged(runs=len(run_ids))
