"""`masthead export`: runs as files that other programs read."""

import sys
from pathlib import Path
from typing import Annotated, BinaryIO, Literal

import httpx
import typer
from rich.progress import DownloadColumn, Progress, SpinnerColumn, TextColumn, TransferSpeedColumn

from masthead.cli.client import check, connect
from masthead.cli.options import (
    Agent,
    Model,
    Outcome,
    Project,
    Since,
    System,
    Tag,
    Text,
    Until,
    console,
    given,
    settings_of,
)
from masthead.model.errors import InvalidInput


def export(
    context: typer.Context,
    to: Annotated[Path | None, typer.Argument(help="The file to write; standard output when left out.")] = None,
    format: Annotated[  # noqa: A002 - the option's name
        Literal["jsonl", "otlp", "parquet"] | None,
        typer.Option(help="jsonl, otlp or parquet; else by the file's name."),
    ] = None,
    project: Project = None,
    since: Since = None,
    until: Until = None,
    agent: Agent = None,
    model: Model = None,
    system: System = None,
    outcome: Outcome = None,
    text: Text = None,
    tag: Tag = None,
) -> None:
    """Write runs out: conversations with their scores (jsonl), spans as OTLP JSON, or spans as Parquet.

    OTLP comes back in with `masthead import`. For example:

        masthead export failures.jsonl --outcome failure

        masthead export spans.parquet --since 2026-11-01

        masthead export --format otlp | gzip > backup.json.gz
    """
    chosen = format or _format_of(to)
    filters = given(
        since=since, until=until, agent=agent, model=model, system=system, outcome=outcome, text=text, tag=tag
    )
    with connect(settings_of(context), project) as client:
        params = {"format": chosen, **filters}
        with client.stream("GET", "/api/v1/export", params=params, timeout=None) as response:
            check(response)
            if to is None:
                _copy(response, sys.stdout.buffer, is_quiet=True)
            else:
                _write(response, to)


def _format_of(to: Path | None) -> str:
    suffix = to.suffix.lstrip(".") if to else "jsonl"
    chosen = {"jsonl": "jsonl", "ndjson": "jsonl", "json": "otlp", "otlp": "otlp", "parquet": "parquet"}.get(suffix)
    if chosen is None:
        raise InvalidInput(f"{suffix!r} says no format; give --format jsonl, otlp or parquet", where=str(to))
    return chosen


def _write(response: httpx.Response, to: Path) -> None:
    part = to.with_name(f"{to.name}.part")
    try:
        with part.open("wb") as file:
            _copy(response, file, is_quiet=not sys.stderr.isatty())
        part.replace(to)
    except OSError as error:
        raise InvalidInput(f"cannot write it: {error.strerror or error}", where=str(to)) from error
    finally:
        part.unlink(missing_ok=True)
    console().print(f"Wrote {to} ({to.stat().st_size / 1e6:.1f} MB).")


def _copy(response: httpx.Response, file: BinaryIO, *, is_quiet: bool) -> None:
    columns = (SpinnerColumn(), TextColumn("exporting"), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, disable=is_quiet, transient=True) as progress:
        task = progress.add_task("export", total=None)
        for block in response.iter_bytes():
            file.write(block)
            progress.advance(task, len(block))
