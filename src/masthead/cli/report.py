"""`masthead report`: what many runs show together."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from masthead.cli.client import connect
from masthead.cli.diagnosing import Diagnosed, diagnosed, from_files, from_store, observed
from masthead.cli.options import (
    Agent,
    AsJson,
    Model,
    Outcome,
    Project,
    Since,
    System,
    Tag,
    Until,
    console,
    given,
    print_json,
    settings_of,
)
from masthead.codebook.load import mast
from masthead.diagnose.advice import advise, weigh
from masthead.model.diagnosis import Diagnosis
from masthead.report.cells import RATE_HEADERS, percent, rate_row, span
from masthead.report.page import report_page
from masthead.report.plain import plain
from masthead.report.summary import Summary, Worst, summarise

By = Annotated[
    list[str] | None,
    typer.Option("--by", help="Group by a key (system, model, agent, tag, day, or one of the metadata); a+b is both."),
]


def report(
    context: typer.Context,
    logs: Annotated[list[str] | None, typer.Argument(help="Logs to read in place of the stored runs.")] = None,
    by: By = None,
    project: Project = None,
    since: Since = None,
    until: Until = None,
    agent: Agent = None,
    model: Model = None,
    system: System = None,
    outcome: Outcome = None,
    tag: Tag = None,
    html: Annotated[Path | None, typer.Option(help="Write one HTML file that needs no network.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show where a system fails most: rates, failure modes, who begins it, what it costs, failures that are alike.

    For example:

        masthead report --by system --by model

        masthead report AG2_experiments.tar.xz --by model+design --html report.html
    """
    diagnoses: list[Diagnosis] = []
    if logs:
        rows = observed(_noted(diagnosed(from_files(logs)), diagnoses))
    else:
        filters = given(since=since, until=until, agent=agent, model=model, system=system, outcome=outcome, tag=tag)
        with connect(settings_of(context), project) as client:
            rows = observed(_noted(diagnosed(from_store(client, filters)), diagnoses))
    summary = summarise(rows, by or ["system", "model"], advise(mast(), weigh(diagnoses), len(diagnoses)))
    if html is not None:
        html.write_text(report_page("What the runs show", summary), encoding="utf-8")
    if as_json:
        print_json(plain(summary))
    else:
        print_summary(console(), summary)


def _noted(found: Iterator[Diagnosed], diagnoses: list[Diagnosis]) -> Iterator[Diagnosed]:
    for run in found:
        diagnoses.append(run.diagnosis)
        yield run


def print_summary(out: Console, summary: Summary) -> None:
    """Print a report's tables."""
    out.print(_table("Success", RATE_HEADERS, [rate_row(summary.overall)]))
    for key, rates in summary.by:
        out.print(_table(f"Success by {key.replace('+', ' and ')}", RATE_HEADERS, [rate_row(rate) for rate in rates]))
    codes = [
        [row.code, f"{row.runs:,}", percent(row.share), span(row.interval), percent(row.of_failed),
         percent(row.of_succeeded), percent(row.mean_share_lost)]
        for row in summary.codes
    ]  # fmt: skip
    headers = ("code", "runs", "share", "95 %", "of failed", "of succeeded", "lost after it began")
    out.print(_table("Failure modes", headers, codes))
    if len(summary.code_map) > 1 and summary.codes:
        names = [row.code for row in summary.codes]
        rows = [[group, *map(str, counts)] for group, counts in summary.code_map[:20]]
        out.print(_table("Runs with each failure mode", ("group", *names), rows))
    if summary.pairs:
        pairs = [
            [f"{row.first} with {row.second}", f"{row.runs:,}", f"{row.lift:.1f}", f"{row.first_leads / row.runs:.0%}"]
            for row in summary.pairs[:10]
        ]
        out.print(_table("Together", ("codes", "runs", "times chance", "first began earlier"), pairs))
    agents = [[share.name, f"{share.runs:,}", percent(share.share)] for share in summary.first_agents]
    out.print(_table("Where failures began", ("agent", "failed runs", "share"), agents))
    clusters = [
        [alike.label, f"{alike.runs:,}", percent(alike.share), alike.example[:12]] for alike in summary.clusters
    ]
    out.print(_table("Failures that are alike", ("what they share", "runs", "of failed", "example"), clusters))
    worst = [
        [run.run_id[:12], _origin(run), f"{run.turns_after:,}", percent(run.share_lost), " ".join(run.codes)]
        for run in summary.worst[:5]
    ]
    if worst:
        headers = ("run", "where it began", "turns after", "of the run", "failure modes")
        out.print(_table("Runs that lost most", headers, worst))
    _print_cost(out, summary)
    if summary.advice:
        out.print(Text("\nWhat to change first", style="bold"))
        for advice in summary.advice[:5]:
            out.print(Text.assemble((f"  {advice.code}", "cyan"), f" {advice.name}: {advice.reason}"))
            for change in advice.changes[:2]:
                out.print(Text(f"    • {change}"))


def _origin(run: Worst) -> str:
    return "unknown" if run.origin_turn is None else f"turn {run.origin_turn}, {run.origin_agent}"


def _print_cost(out: Console, summary: Summary) -> None:
    lost = summary.lost
    spent = [f"{lost.turns_after:,} of {lost.turns:,} turns"]
    if lost.tokens is not None:
        spent.append(f"{lost.tokens_after or 0:,} of {lost.tokens:,} tokens")
    if lost.usd is not None:
        spent.append(f"${lost.usd_after or 0:.2f} of ${lost.usd:.2f}")
    mean = "" if lost.mean_share is None else f"; on average {lost.mean_share:.0%} of a failed run"
    out.print(Text.assemble(("\nAfter failures began  ", "bold"), "; ".join(spent) + mean))


def _table(title: str, headers: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    table = Table(
        title=f"\n{title}", title_justify="left", title_style="bold", box=None, pad_edge=False, header_style="dim"
    )
    for place, header in enumerate(headers):
        table.add_column(header, justify="left" if place == 0 else "right", overflow="fold")
    for row in rows:
        table.add_row(*row)
    return table
