"""`masthead samples`: the real runs that ship with Masthead."""

import msgspec
import typer

from masthead.cli.client import call, connect, pages, wait_until_found
from masthead.cli.options import Project, console, settings_of
from masthead.ingest.samples import SAMPLE_TAG, sample_bodies

samples = typer.Typer(no_args_is_help=True, help="Add or remove the sample runs that ship with Masthead.")
_EVERY = 10_000


@samples.command()
def add(context: typer.Context, project: Project = None) -> None:
    """Add the sample runs; those that are there already stay as they are."""
    with connect(settings_of(context), project) as client:
        spans: dict[str, int] = {}
        for body in sample_bodies():
            call(client, "POST", "/v1/traces", content=body, headers={"Content-Type": "application/json"})
            spans[_run_id(body)] = 1
        wait_until_found(client, spans)
    console().print(f"The sample runs are in; they carry the tag {SAMPLE_TAG!r}.")


def _run_id(body: bytes) -> str:
    return msgspec.json.decode(body)["resourceSpans"][0]["scopeSpans"][0]["spans"][0]["traceId"]


@samples.command()
def remove(context: typer.Context, project: Project = None) -> None:
    """Remove the sample runs."""
    with connect(settings_of(context), project) as client:
        found = [run["run_id"] for run in pages(client, "/api/v1/runs", {"tag": SAMPLE_TAG}, limit=_EVERY)]
        for run_id in found:
            call(client, "DELETE", f"/api/v1/runs/{run_id}")
    console().print(f"Removed {len(found)} sample runs.")
