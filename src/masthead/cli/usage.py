"""`masthead usage`: what calls through the gateway used, and how much of each limit is used up."""

from collections.abc import Sequence
from typing import Annotated, Any, Final

import typer
from rich.console import Console
from rich.table import Table

from masthead.cli.client import call, connect
from masthead.cli.options import AsJson, Project, console, given, print_json, settings_of
from masthead.cli.runs import money
from masthead.model.errors import InvalidInput
from masthead.model.usage import USAGE_BY

_HEADERS: Final = (
    "CALLS", "FAILED", "CACHE HITS", "TOKENS IN", "CACHED", "OUT", "COST", "UNPRICED", "P50", "P95", "FIRST CHUNK",
)  # fmt: skip
_NOBODY: Final = {"key": "without a key", "connection": "sent nowhere"}


def usage(
    context: typer.Context,
    by: Annotated[str, typer.Option(help="Add up by: key, model, agent, user, run or connection.")] = "model",
    project: Project = None,
    since: Annotated[
        str | None, typer.Option(help="Calls that began at or after this time: a date, RFC 3339, or `7d`, `24h` ago.")
    ] = None,
    until: Annotated[str | None, typer.Option(help="Calls that began before this time.")] = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=5000, help="How many rows at most.")] = 20,
    as_json: AsJson = False,
) -> None:
    """Show what calls through the gateway used: calls, tokens, cost, errors, latency; and the limits.

    The dearest comes first. For example:

        masthead usage

        masthead usage --by key --since 24h

        masthead usage --by agent --since 2026-11-01

        masthead usage --by run -n 5 --json
    """
    if by not in USAGE_BY:
        raise InvalidInput(f"use is not added up by {by!r}: choose one of {', '.join(USAGE_BY)}", where="--by")
    window = given(since=since, until=until)
    with connect(settings_of(context), project) as client:
        whole = call(client, "GET", "/api/v1/gateway/usage", params=window)
        split = call(client, "GET", "/api/v1/gateway/usage", params={**window, "by": by, "limit": limit})
        limits = call(client, "GET", "/api/v1/gateway/limits")["items"]
    total = next(iter(whole["items"]), None)
    if as_json:
        print_json({"total": total, "by": by, **split, "shadows": whole["shadows"], "limits": limits})
        return
    out = console()
    if total is None:
        out.print("No calls through the gateway in this time.")
        out.print("A gateway alone hands over what it recorded once a server runs: `masthead up`.", style="dim")
    else:
        _print_usage(out, by, split["items"], total)
        if split["is_cut"]:
            out.print(f"The {limit} dearest only; -n shows more.", style="dim")
        if whole["shadows"] is not None:
            shadows = whole["shadows"]
            out.print(
                f"Beside these, {shadows['calls']:,} shadow calls cost {money(shadows['cost_usd'])}.", style="dim"
            )
    if limits:
        _print_limits(out, limits)


def _print_usage(out: Console, by: str, rows: Sequence[dict[str, Any]], total: dict[str, Any]) -> None:
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column(by.upper(), overflow="fold")
    for header in _HEADERS:
        table.add_column(header, justify="right", no_wrap=True)
    for row in rows:
        named = row["label"] or row["group"] or _NOBODY.get(by, f"no {by} named")
        table.add_row(named, *_cells(row))
    table.add_row("all", *_cells(total), style="bold")
    out.print(table)


def _cells(row: dict[str, Any]) -> list[str]:
    return [
        f"{row['calls']:,}",
        f"{row['errors']:,}",
        f"{row['cache_hits']:,}",
        _count(row["input_tokens"]),
        _count(row["cache_read_tokens"]),
        _count(row["output_tokens"]),
        money(row["cost_usd"]),
        f"{row['unpriced']:,}",
        _seconds(row["latency_p50_s"]),
        _seconds(row["latency_p95_s"]),
        _seconds(row["first_chunk_p50_s"]),
    ]


def _print_limits(out: Console, limits: Sequence[dict[str, Any]]) -> None:
    table = Table(box=None, pad_edge=False, header_style="dim", title="\nLimits", title_justify="left")
    for header in ("WHOSE", "USED UP", "OF WHAT", "BEGINS ANEW (UTC)"):
        table.add_column(header, justify="right" if header == "USED UP" else "left", overflow="fold")
    for one in limits:
        style = "bold red" if one["share"] >= 1 else "yellow" if one["share"] >= 0.8 else ""
        whose = f"{one['per']} {one['label'] or one['subject'] or '(nobody yet)'}"
        until = "never" if one["until"] is None else one["until"][:19].replace("T", " ")
        table.add_row(whose, f"{one['share']:.0%}", _bounds(one), until, style=style)
    out.print(table)


def _bounds(one: dict[str, Any]) -> str:
    parts: list[str] = []
    if one["requests"] is not None:
        parts.append(f"{one['requests_used']:,} of {one['requests']:,} calls")
    if one["tokens"] is not None:
        parts.append(f"{one['tokens_used']:,} of {one['tokens']:,} tokens")
    if one["usd"] is not None:
        parts.append(f"{money(one['usd_used'])} of {money(one['usd'])}")
    return ", ".join(parts)


def _count(number: int | None) -> str:
    return "–" if number is None else f"{number:,}"


def _seconds(seconds: float | None) -> str:
    if seconds is None:
        return "–"
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.1f} s"
