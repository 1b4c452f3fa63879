"""`masthead compare`: does one design, model or system fail less than another, and by which failure modes."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from masthead.cli.client import connect
from masthead.cli.diagnosing import diagnosed, from_files, from_store, observed
from masthead.cli.options import AsJson, Project, Since, System, Until, console, given, print_json, settings_of
from masthead.model.errors import InvalidInput
from masthead.report.cells import CODE_HEADERS, COMPARISON_HEADERS, RATE_HEADERS, code_rows, comparison_rows, rate_row
from masthead.report.compare import Comparison, compared
from masthead.report.observation import selector
from masthead.report.page import comparison_page
from masthead.report.plain import plain
from masthead.report.rates import Rate


def compare(
    context: typer.Context,
    groups: Annotated[list[str] | None, typer.Argument(help="Groups, as `key=value[,key=value]`; two or more.")] = None,
    by: Annotated[str | None, typer.Option(help="Compare all values of this key in place of named groups.")] = None,
    within: Annotated[str | None, typer.Option(help="Compare within each value of this key.")] = None,
    where: Annotated[str, typer.Option(help="Look only at runs with `key=value[,key=value]`.")] = "",
    source: Annotated[
        list[str] | None, typer.Option("--from", help="Logs to read in place of the stored runs.")
    ] = None,
    project: Project = None,
    since: Since = None,
    until: Until = None,
    system: System = None,
    html: Annotated[Path | None, typer.Option(help="Write one HTML file that needs no network.")] = None,
    as_json: AsJson = False,
) -> None:
    """Compare how often groups of runs succeed, and which failure modes one of them adds or removes.

    Runs are paired by task and seed where they can be. For example:

        masthead compare design=baseline design=topology --where model=gpt-4o

        masthead compare --by design --within model --html designs.html
    """
    if bool(by) == bool(groups) or (groups and len(groups) < 2):
        raise InvalidInput("name two or more groups, or give --by KEY", where="GROUPS")
    if source:
        rows = observed(diagnosed(from_files(source)))
    else:
        filters = given(since=since, until=until, system=system)
        with connect(settings_of(context), project) as client:
            rows = observed(diagnosed(from_store(client, filters)))
    chosen = selector(where)
    comparisons = compared([row for row in rows if chosen.matches(row)], groups or [], by, within)
    if html is not None:
        html.write_text(comparison_page(_title(groups or [], by), comparisons), encoding="utf-8")
    if as_json:
        print_json(plain(comparisons))
    else:
        print_comparisons(console(), comparisons)


def print_comparisons(out: Console, comparisons: list[Comparison]) -> None:
    """Print the rates, the tests and the failure modes that differ."""
    rates: dict[tuple[str | None, str], Rate] = {}
    for comparison in comparisons:
        for rate in (comparison.first, comparison.second):
            rates[comparison.stratum, rate.group] = rate
    rows = [[stratum or "", *rate_row(rate)] for (stratum, _), rate in rates.items()]
    out.print(_table("Success; a missing run counts as wrong “of attempted”", ("within", *RATE_HEADERS), rows))
    tests = [row for comparison in comparisons for row in comparison_rows(comparison)]
    out.print(_table("Which one fails less", COMPARISON_HEADERS, tests))
    codes = [row for comparison in comparisons for row in code_rows(comparison)]
    if codes:
        out.print(_table("Failure modes that it removes or adds", CODE_HEADERS, codes))
    else:
        out.print(Text("\nNo failure mode occurs differently often.", style="dim"))


def _title(groups: list[str], by: str | None) -> str:
    return f"Comparison by {by}" if by else " against ".join(groups)


def _table(title: str, headers: tuple[str, ...], rows: list[list[str]]) -> Table:
    table = Table(
        title=f"\n{title}", title_justify="left", title_style="bold", box=None, pad_edge=False, header_style="dim"
    )
    for place, header in enumerate(headers):
        table.add_column(header, justify="left" if place < 2 else "right", overflow="fold")
    for row in rows:
        table.add_row(*row)
    return table
