"""`masthead import`: logs of other systems into the store."""

import sys
from collections.abc import Generator
from contextlib import contextmanager
from typing import Annotated, Any, Protocol

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar
from rich.table import Table

from masthead.cli.client import connect
from masthead.cli.exit_codes import FAILED, USAGE
from masthead.cli.import_door import HttpDoor
from masthead.cli.options import AsJson, Project, console, print_json, settings_of
from masthead.clock import SystemClock
from masthead.ingest.importers.registry import family_named, formats
from masthead.ingest.importing import Importer, Problem, Report
from masthead.ingest.sources import STANDARD_INPUT, OnBytes, documents, sizes

_SHOWN = 20


def import_(
    context: typer.Context,
    paths: Annotated[
        list[str] | None,
        typer.Argument(help="Files, folders, globs or archives; `-` is standard input.", show_default=False),
    ] = None,
    project: Project = None,
    format_id: Annotated[
        str | None, typer.Option("--format", "-f", help="Read every file as this format instead of detecting it.")
    ] = None,
    labels: Annotated[
        list[str] | None, typer.Option(help="A file of labels for these runs that lies elsewhere; may be repeated.")
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Stop at the first malformed record.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Read and count, but store nothing.")] = False,
    list_formats: Annotated[bool, typer.Option("--formats", help="List the formats and exit.")] = False,
    as_json: AsJson = False,
) -> None:
    """Import logs: what is there already is not added again, and what cannot be read is reported.

    The format is detected by content. Labels that lie in the same folder are read with their runs. The exit status is
    1 where a record was malformed.

    For example:

        masthead import runs/ traces.tar.xz

        masthead import --dry-run 'logs/**/*.json'

        cat chat.jsonl | masthead import - --format openai-messages
    """
    if list_formats:
        _print_formats(as_json=as_json)
        return
    inputs = [*(labels or []), *(paths or _piped(context))]
    if format_id is not None:
        family_named(format_id)
    with connect(settings_of(context), project) as client:
        importer = Importer(
            HttpDoor(client), clock=SystemClock(), format_id=format_id, is_strict=strict, is_dry_run=dry_run
        )
        with _bar(sizes(inputs), quiet=as_json) as bar:
            found = documents(inputs, standard_input=sys.stdin.buffer, on_bytes=bar.advance)
            for progress in importer.run(found):
                bar.show(progress.name, progress.report)
    report = importer.report
    if as_json:
        print_json({**_summary(report), "dry_run": dry_run})
    else:
        _print_report(report, is_dry_run=dry_run)
    if report.malformed:
        raise typer.Exit(FAILED)


def _piped(context: typer.Context) -> list[str]:
    if sys.stdin.isatty():
        typer.echo(context.get_help())
        raise typer.Exit(USAGE)
    return [STANDARD_INPUT]


class _Shows(Protocol):
    advance: OnBytes

    def show(self, name: str, report: Report) -> None: ...


class _Silent:
    """Shows nothing: output goes to a pipe, or is JSON."""

    def advance(self, count: int) -> None:
        """Pass over."""

    def show(self, name: str, report: Report) -> None:
        """Pass over."""


class _Live:
    """Shows a bar over the bytes read."""

    def __init__(self, bar: Bar, total: int | None) -> None:
        self._bar = bar
        self._task = bar.add_task("", total=total, runs="", name="")

    def advance(self, count: int) -> None:
        """Count bytes read."""
        self._bar.advance(self._task, count)

    def show(self, name: str, report: Report) -> None:
        """Say what is being read and how many runs there are."""
        self._bar.update(self._task, name=name[-48:], runs=f"{report.runs_added + report.runs_there:,} runs")


@contextmanager
def _bar(total: int | None, *, quiet: bool) -> Generator[_Shows]:
    errors = Console(stderr=True)
    if quiet or not errors.is_terminal:
        yield _Silent()
        return
    columns = (
        BarColumn(),
        TextColumn("{task.percentage:>3.0f}%") if total else MofNCompleteColumn(),
        TextColumn("{task.fields[runs]}"),
        TimeElapsedColumn(),
        TextColumn("[dim]{task.fields[name]}"),
    )
    with Bar(*columns, console=errors, transient=True) as bar:
        yield _Live(bar, total)


def _print_formats(*, as_json: bool) -> None:
    if as_json:
        print_json([{"id": family.id, "title": family.title, "looks_like": family.looks_like} for family in formats()])
        return
    table = Table("format", "what", "looks like", box=None, header_style="bold")
    for family in formats():
        table.add_row(family.id, family.title, family.looks_like.replace("`", ""))
    console().print(table)


def _summary(report: Report) -> dict[str, Any]:
    by: dict[tuple[str, str], dict[str, Any]] = {}
    for key in sorted({*report.added, *report.there}):
        by[key] = {"format": key[0], "system": key[1], "added": report.added[key], "there": report.there[key]}
    return {
        "runs_added": report.runs_added,
        "runs_there": report.runs_there,
        "turns_added": report.turns_added,
        "spans_added": report.spans_added,
        "scores_added": report.scores_added,
        "scores_there": report.scores_there,
        "malformed": report.malformed,
        "problems": [problem._asdict() for problem in report.problems],
        "passed_over": report.passed_over,
        "unrecognised": [problem._asdict() for problem in report.unrecognised],
        "labels_unmatched": report.labels_unmatched,
        "unmatched": [problem._asdict() for problem in report.unmatched],
        "by": list(by.values()),
        "seconds": round(report.seconds, 3),
    }


def _print_report(report: Report, *, is_dry_run: bool) -> None:
    out = console()
    if report.added or report.there:
        table = Table("format", "system", box=None, header_style="bold")
        table.add_column("added", justify="right")
        table.add_column("already there", justify="right")
        for key in sorted({*report.added, *report.there}):
            table.add_row(key[0], key[1], f"{report.added[key]:,}", f"{report.there[key]:,}")
        out.print(table)
    verb = "would be added" if is_dry_run else "added"
    out.print(
        f"{report.runs_added:,} runs {verb} ({report.turns_added:,} turns), {report.runs_there:,} already there, "
        f"{report.scores_added:,} labels {verb}, {report.malformed:,} malformed, in {report.seconds:.1f} s"
    )
    _print_problems(out, "passed over, because they look like no known format", report.passed_over, report.unrecognised)
    _print_problems(out, "labels without a run in this import", report.labels_unmatched, report.unmatched)
    _print_problems(out, "malformed", report.malformed, report.problems)


def _print_problems(out: Console, what: str, count: int, problems: list[Problem]) -> None:
    if not count:
        return
    out.print(f"\n{count:,} {what}:", style="bold")
    for problem in problems[:_SHOWN]:
        out.print(f"  {problem.where}: {problem.reason}", markup=False)
    if count > _SHOWN:
        out.print(f"  … and {count - min(_SHOWN, len(problems)):,} more (--json lists up to 1,000)")
