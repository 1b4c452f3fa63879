"""`masthead runs`: the list of runs."""

from decimal import Decimal
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text as Styled

from masthead.cli.client import connect, pages
from masthead.cli.options import (
    Agent,
    AsJson,
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
    print_json,
    settings_of,
)
from masthead.model.money import dollars

OUTCOME_STYLES = {"success": "green", "failure": "red", "error": "bold red"}


def runs(
    context: typer.Context,
    project: Project = None,
    since: Since = None,
    until: Until = None,
    agent: Agent = None,
    model: Model = None,
    system: System = None,
    outcome: Outcome = None,
    text: Text = None,
    tag: Tag = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="How many runs at most.")] = 20,
    as_json: AsJson = False,
) -> None:
    """List runs, the latest first.

    For example:

        masthead runs --outcome failure

        masthead runs --agent Planner --text "quota exceeded" -n 100

        masthead runs --json | jq -r '.[].run_id'
    """
    filters = given(
        since=since, until=until, agent=agent, model=model, system=system, outcome=outcome, text=text, tag=tag
    )
    with connect(settings_of(context), project) as client:
        found = list(pages(client, "/api/v1/runs", filters, limit=limit))
    if as_json:
        print_json(found)
    elif not found:
        console().print("No runs" + (" match." if filters else " yet: see `masthead import --help` or `masthead up`."))
    else:
        out = console()
        out.print(_table(found, out))


def _table(found: list[dict[str, Any]], out: Console) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim", expand=out.is_terminal)
    table.add_column("RUN", no_wrap=True, style="cyan", min_width=8)
    table.add_column("STARTED (UTC)", no_wrap=True, min_width=16)
    table.add_column("OUTCOME", no_wrap=True, min_width=7)
    is_wide = out.width >= 110
    if is_wide:
        table.add_column("SYSTEM", no_wrap=True, overflow="ellipsis", max_width=30)
    table.add_column("TASK", ratio=1, no_wrap=True, overflow="ellipsis")
    for name in ("AGENTS", "SPANS", "TIME", "TOKENS", "COST") if is_wide else ("SPANS", "COST"):
        table.add_column(name, justify="right", no_wrap=True, min_width=5)
    for run in found:
        numbers = [
            str(len(run["agents"])),
            f"{run['spans']:,}",
            duration(run),
            tokens(run["input_tokens"], run["output_tokens"]),
            money(run["cost_usd"]),
        ]
        table.add_row(
            run["run_id"][:8],
            run["start"][:16].replace("T", " "),
            Styled(run["outcome"] or "–", style=OUTCOME_STYLES.get(run["outcome"], "dim")),
            *([run["system"] or "–"] if is_wide else []),
            " ".join((run["task"] or run["name"]).split()),
            *(numbers if is_wide else [numbers[1], numbers[4]]),
        )
    return table


def duration(run: dict[str, Any]) -> str:
    """Return how long a run took, readable at a glance, or a dash where its log has no times."""
    seconds: float | None = run["duration_s"]
    if seconds is None:
        return "–"
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 120:
        return f"{seconds:.1f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


def tokens(input_tokens: int | None, output_tokens: int | None) -> str:
    """Return a number of tokens, or a dash where none is known."""
    if input_tokens is None and output_tokens is None:
        return "–"
    return f"{(input_tokens or 0) + (output_tokens or 0):,}"


def money(usd: str | None) -> str:
    """Return an amount of US dollars, or a dash where it is unknown."""
    return "–" if usd is None else dollars(Decimal(usd))
