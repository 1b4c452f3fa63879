"""`masthead judge --origin`: ask a language model where runs first went wrong."""

import asyncio
from collections.abc import Sequence

import httpx
from rich.table import Table

from masthead.cli.client import call
from masthead.cli.conversations import score_json
from masthead.cli.judge_model import asker_of, print_estimates, progress_bar, told
from masthead.cli.options import console, print_json
from masthead.clock import SystemClock
from masthead.judge.asking import Budget, OverBudgetError
from masthead.judge.origin_judge import OriginSettings, OriginVerdict, estimate, judge_origin, origin_scores
from masthead.judge.verdict import Spent
from masthead.model.conversation import Conversation
from masthead.providers.http import TIMEOUT
from masthead.settings import Settings


def estimate_origins(conversations: Sequence[Conversation], origin: OriginSettings, *, as_json: bool) -> None:
    """Print the most that asking will take."""
    parts = [estimate(conversation, origin) for conversation in conversations]
    print_estimates({origin.model: parts}, as_json=as_json)


def judge_origins(
    client: httpx.Client,
    conversations: Sequence[Conversation],
    origin: OriginSettings,
    *,
    settings: Settings,
    budget: Budget,
    as_json: bool,
) -> bool:
    """Ask, store what is said as scores named `origin`, and print it; return whether every run was judged."""
    verdicts, spent, stopped = asyncio.run(_judge_all(conversations, origin, settings, budget, is_quiet=as_json))
    now_ns = SystemClock().now_ns()
    scores = [score_json(score) for verdict in verdicts for score in origin_scores(verdict, time_ns=now_ns)]
    for start in range(0, len(scores), 500):
        call(client, "POST", "/api/v1/scores", json={"scores": scores[start : start + 500]})
    if as_json:
        print_json({"origins": verdicts, "spent": spent, "stopped": stopped})
    else:
        _print({conversation.run_id: conversation for conversation in conversations}, verdicts, spent, stopped)
    return stopped is None and not any(verdict.failure for verdict in verdicts)


async def _judge_all(
    conversations: Sequence[Conversation], origin: OriginSettings, settings: Settings, budget: Budget, *, is_quiet: bool
) -> tuple[list[OriginVerdict], Spent, str | None]:
    verdicts: list[OriginVerdict] = []
    async with httpx.AsyncClient(timeout=TIMEOUT) as http:
        asker = asker_of(settings, http, budget)
        with progress_bar(is_quiet=is_quiet) as progress:
            for conversation in progress.track(conversations):
                try:
                    verdicts.append(await judge_origin(conversation, asker, origin))
                except OverBudgetError as error:
                    return verdicts, asker.spent, str(error)
    return verdicts, asker.spent, None


def _print(
    conversations: dict[str, Conversation], verdicts: Sequence[OriginVerdict], spent: Spent, stopped: str | None
) -> None:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for name in ("RUN", "RANK", "TURN", "AGENT", "SURE", "REASON"):
        table.add_column(name, overflow="fold")
    for verdict in verdicts:
        agents = conversations[verdict.run_id].by_id()
        hypotheses = verdict.attribution.hypotheses
        if not hypotheses:
            table.add_row(verdict.run_id[:8], "–", "", "", "", verdict.attribution.unknown_because or "unknown")
        for rank, item in enumerate(hypotheses, start=1):
            agent = agents[item.agent].name if item.agent in agents else item.agent
            place = (verdict.run_id[:8], str(rank), str(item.turn), agent)
            table.add_row(*place, f"{item.confidence:.0%}", item.reason)
    out = console()
    out.print(table)
    failures = sum(verdict.failure is not None for verdict in verdicts)
    unknown = sum(not verdict.attribution.hypotheses for verdict in verdicts) - failures
    out.print(f"{len(verdicts)} runs, {unknown} unknown, {failures} not judged; {told(spent)}.")
    out.print("How sure it is are the model's own words, not measured.")
    if stopped:
        out.print(f"Stopped: {stopped}")
