"""Runs as a file: conversations with their scores, spans as OTLP JSON, or spans as Parquet, streamed."""

from collections.abc import Iterator
from typing import Annotated, Literal

import orjson
from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse

from masthead.api.routes.taken import Viewer, With
from masthead.api.schema.base import Input
from masthead.api.schema.conversation import ConversationWindow
from masthead.api.schema.filters import RunFilterQuery
from masthead.api.schema.run import ManyRuns
from masthead.api.schema.score import Score
from masthead.api.services import Services
from masthead.govern.exporting import note_export
from masthead.ingest.otlp_write import traces_json
from masthead.model.access import Caller
from masthead.model.ids import ProjectId
from masthead.model.run import RunFilter
from masthead.report.export import exported_runs, exported_spans

router = APIRouter(tags=["export"])

Format = Literal["jsonl", "otlp", "parquet"]
_MEDIA_TYPES: dict[Format, str] = {
    "jsonl": "application/x-ndjson",
    "otlp": "application/x-ndjson",
    "parquet": "application/vnd.apache.parquet",
}


class ExportQuery(RunFilterQuery, Input):
    """Which runs, and in which form."""

    project: str | None = None
    """The project, for callers without a key (the header `X-Masthead-Project` says the same)."""
    format: Format = "jsonl"
    """`jsonl`: a conversation with its scores a line; `otlp`: a run's spans a line; `parquet`: a row a span."""


class ChosenExport(ManyRuns):
    """Which runs, and in which form."""

    format: Format = "jsonl"
    """`jsonl`: a conversation with its scores a line; `otlp`: a run's spans a line; `parquet`: a row a span."""


@router.get("/export", response_class=StreamingResponse)
def export_runs(services: With, caller: Viewer, query: Annotated[ExportQuery, Query()]) -> StreamingResponse:
    """Write the chosen runs out, the latest first, and say so in the audit log."""
    return _file(services, caller, query.format, query.filter())


@router.post("/export", response_class=StreamingResponse)
def export_chosen_runs(services: With, caller: Viewer, asked: ChosenExport) -> StreamingResponse:
    """Write some runs out, the latest first, and say so in the audit log."""
    return _file(services, caller, asked.format, RunFilter(run_ids=tuple(asked.ids())))


def _file(services: Services, caller: Caller, form: Format, chosen: RunFilter) -> StreamingResponse:
    project = caller.project_id
    note_export(services.database, services.store, services.clock, caller, chosen, form=form)
    blocks = {"jsonl": _conversations, "otlp": _spans, "parquet": _parquet}[form]
    name = f"masthead-{project}.{'json' if form == 'otlp' else form}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return StreamingResponse(blocks(services, project, chosen), media_type=_MEDIA_TYPES[form], headers=headers)


def _conversations(services: Services, project: ProjectId, chosen: RunFilter) -> Iterator[bytes]:
    for _row, conversation, scores in exported_runs(services.store, project, chosen):
        whole = ConversationWindow.of(conversation, first=0, limit=len(conversation.turns))
        line = whole.model_dump(mode="json") | {"scores": [Score.of(score).model_dump(mode="json") for score in scores]}
        yield orjson.dumps(line) + b"\n"


def _spans(services: Services, project: ProjectId, chosen: RunFilter) -> Iterator[bytes]:
    for spans in exported_spans(services.store, project, chosen):
        yield traces_json(spans) + b"\n"


def _parquet(services: Services, project: ProjectId, chosen: RunFilter) -> Iterator[bytes]:
    return services.store.parquet(project, chosen)
