"""`masthead models`: which models there are, what they can do and what they cost."""

from decimal import Decimal
from typing import Annotated, Any

import httpx
import typer
from rich.table import Table

from masthead.cli.options import AsJson, console, print_json, settings_of
from masthead.clock import SystemClock
from masthead.model.errors import NotFound
from masthead.providers.cards import Capability, ModelCard
from masthead.providers.catalogue import Catalogue
from masthead.providers.rates import Rate
from masthead.providers.refresh import forget, refresh
from masthead.providers.vendors import vendor

_MILLION = Decimal(1_000_000)
_FETCH_S = 60.0


def models(
    context: typer.Context,
    query: Annotated[str, typer.Argument(help="A part of the model's or the vendor's name, any case.")] = "",
    provider: Annotated[str | None, typer.Option(help="A vendor's id, such as `anthropic`.")] = None,
    can: Annotated[str | None, typer.Option(help="tools, vision, documents, audio, reasoning, …")] = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="How many at most.")] = 100,
    as_json: AsJson = False,
    is_refreshed: Annotated[
        bool, typer.Option("--refresh", help="Fetch prices and limits anew first (needs the internet).")
    ] = False,
    is_reset: Annotated[
        bool, typer.Option("--packaged", help="Go back to the installed packages' prices first.")
    ] = False,
) -> None:
    """List models with their context window, capabilities and prices.

    What is not known is shown as –. Your own prices and limits stand in `models.toml` in the data folder and win. A
    running server or gateway reads both anew when they change. Ends with exit code 1 where no model fits.

    For example:

        masthead models sonnet --provider anthropic

        masthead models --can embeddings --json
    """
    folder = settings_of(context).data_dir
    if is_reset:
        forget(folder)
    if is_refreshed:
        with httpx.Client(timeout=_FETCH_S, follow_redirects=True) as client:
            for path in refresh(folder, client):
                console().print(f"Fetched {path}")
    wanted = vendor(provider).id if provider else None
    known: Capability | None = _capability(can)
    cards = Catalogue(folder=folder).cards(at_ns=SystemClock().now_ns(), provider=wanted, query=query, capability=known)
    listed = [card for card, _ in zip(cards, range(limit), strict=False)]
    if as_json:
        print_json([as_json_data(card) for card in listed])
    else:
        _print(listed, limit)
    if not listed:
        raise typer.Exit(1)


def _capability(name: str | None) -> Capability | None:
    match name:
        case None | "tools" | "vision" | "documents" | "audio" | "reasoning" | "structured_output" | "embeddings":
            return name
        case _:
            raise NotFound(f"no capability {name!r} is known: ask for tools, vision, documents, audio, reasoning, …")


def as_json_data(card: ModelCard) -> dict[str, Any]:
    """Return the card as scripts get it: prices in USD for a million tokens, as strings."""
    rates = card.rates
    return {
        "provider": card.provider,
        "model": card.model,
        "name": card.name,
        "context_tokens": card.context_tokens,
        "max_output_tokens": card.max_output_tokens,
        "capabilities": None if card.capabilities is None else sorted(card.capabilities),
        "released": card.released,
        "usd_per_million": None
        if rates is None
        else {
            "input": usd_per_million(rates.input),
            "output": usd_per_million(rates.output),
            "cache_read": usd_per_million(rates.cache_read),
            "cache_write": usd_per_million(rates.cache_write),
        },
    }


def usd_per_million(rate: Rate | None) -> str | None:
    """Return a rate in USD for a million tokens; the one of short prompts, where there are tiers."""
    return None if rate is None else f"{(rate.base * _MILLION).normalize():f}"


def _print(cards: list[ModelCard], limit: int) -> None:
    out = console()
    if not cards:
        out.print("No model fits.")
        return
    table = Table(box=None, pad_edge=False)
    for heading in ("provider", "model"):
        table.add_column(heading, overflow="fold")
    for heading in ("context", "output", "in", "out", "cache read", "cache write"):
        table.add_column(heading, justify="right")
    table.add_column("can", overflow="fold")
    for card in cards:
        row = as_json_data(card)
        prices: dict[str, str | None] = row["usd_per_million"] or {}
        table.add_row(
            card.provider,
            card.model,
            _count(card.context_tokens),
            _count(card.max_output_tokens),
            *(prices.get(name) or "–" for name in ("input", "output", "cache_read", "cache_write")),
            ", ".join(row["capabilities"] or ()) or "–",
        )
    out.print(table)
    more = f" The first {limit}; --limit shows more." if len(cards) == limit else ""
    out.print(f"Prices are USD for a million tokens.{more}")


def _count(tokens: int | None) -> str:
    return "–" if tokens is None else f"{tokens:,}"
