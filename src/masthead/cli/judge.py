"""`masthead judge`: ask a language model which failure modes occurred, with evidence that is checked."""

import asyncio
from collections.abc import Sequence
from decimal import Decimal
from typing import Annotated, NamedTuple

import httpx
import typer
from rich.table import Table

from masthead.cli.client import call, connect, pages
from masthead.cli.conversations import conversation_of_run, score_json
from masthead.cli.exit_codes import FAILED
from masthead.cli.judge_model import asker_of, joined, models_named, print_estimates, progress_bar, spent_between, told
from masthead.cli.judge_origin import estimate_origins, judge_origins
from masthead.cli.options import AsJson, Project, console, print_json, settings_of
from masthead.cli.show import resolve
from masthead.clock import SystemClock
from masthead.codebook.book import CodeEntry
from masthead.codebook.load import mast
from masthead.judge.asking import Asker, Budget, OverBudgetError
from masthead.judge.jury import flip_rate, sit, vote
from masthead.judge.mode_judge import JudgeSettings, Variant, estimate
from masthead.judge.mode_judge import judge as judge_run
from masthead.judge.origin_judge import OriginMethod, OriginSettings
from masthead.judge.verdict import Judgement, Verdict, score_of
from masthead.model.conversation import Conversation
from masthead.model.errors import InvalidInput
from masthead.model.ids import Code, EvaluatorId
from masthead.providers.http import TIMEOUT
from masthead.settings import Settings

_JURY = 3


class _Asked(NamedTuple):
    """How the runs are to be judged."""

    settings: Settings
    models: list[str]
    variant: Variant
    entries: Sequence[CodeEntry]
    repeats: int
    budget: Budget


def judge(
    context: typer.Context,
    runs: Annotated[list[str] | None, typer.Argument(help="Run ids, their first characters, or `last`.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Judge all runs of the project, the latest first.")] = False,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="With --all: how many runs at most.")] = 100,
    code: Annotated[list[str] | None, typer.Option(help="Only these modes, such as FM-2.3; may be repeated.")] = None,
    model: Annotated[str | None, typer.Option(help="The model to ask; several, by commas, make a jury.")] = None,
    variant: Annotated[Variant, typer.Option(help="One question a mode (each), or all modes in one (all).")] = "each",
    origin: Annotated[
        OriginMethod | None, typer.Option(help="Ask where the runs first went wrong instead, in this way.")
    ] = None,
    repeats: Annotated[int, typer.Option(min=1, max=9, help="Ask this often and take the majority.")] = 1,
    estimate_only: Annotated[bool, typer.Option("--estimate", help="Say what it will take, and stop.")] = False,
    max_usd: Annotated[float | None, typer.Option(min=0, help="Stop when this much is spent.")] = None,
    max_calls: Annotated[int | None, typer.Option(min=1, help="Stop after this many calls.")] = None,
    project: Project = None,
    as_json: AsJson = False,
) -> None:
    """Ask a language model which failure modes occurred in runs, or where they first went wrong.

    Costs what the endpoint charges that MASTHEAD_JUDGE_URL, MASTHEAD_JUDGE_KEY and MASTHEAD_JUDGE_MODEL set. Every
    claim must name turns that exist and quote one word for word, else it is refused. Answers are kept: an interrupted
    judging goes on where it was. How well a judge agrees with people: `masthead calibrate`.

    For example:

        masthead judge last --code FM-2.3 --code FM-3.2

        masthead judge --all -n 50 --variant all --estimate

        masthead judge --all --max-usd 2.50 --repeats 3

        masthead judge last --origin binary-search
    """
    settings = settings_of(context)
    asked = _Asked(settings, models_named(settings, model), variant, _entries(code or []), repeats, Budget(
        usd=None if max_usd is None else Decimal(str(max_usd)), calls=max_calls))  # fmt: skip
    with connect(settings, project) as client:
        run_ids = _run_ids(client, runs or ["last"], every=every, limit=limit)
        conversations = [conversation_of_run(client, run_id) for run_id in run_ids]
        if origin is not None:
            _judge_origins(client, conversations, asked, origin, estimate_only=estimate_only, as_json=as_json)
            return
        if estimate_only:
            _print_estimate(conversations, asked, as_json=as_json)
            return
        judgements, stopped, flips = asyncio.run(_judge_all(conversations, asked, is_quiet=as_json))
        now_ns = SystemClock().now_ns()
        scores = [score_json(score_of(v, j.run_id, time_ns=now_ns)) for j in judgements for v in j.verdicts]
        for start in range(0, len(scores), 500):
            call(client, "POST", "/api/v1/scores", json={"scores": scores[start : start + 500]})
    _print(judgements, stopped, flips, as_json=as_json)
    if stopped or any(judgement.failures for judgement in judgements):
        raise typer.Exit(FAILED)


def _judge_origins(
    client: httpx.Client,
    conversations: Sequence[Conversation],
    asked: _Asked,
    method: OriginMethod,
    *,
    estimate_only: bool,
    as_json: bool,
) -> None:
    if len(asked.models) > 1 or asked.repeats > 1 or len(asked.entries) < len(mast().codes):
        raise InvalidInput("--origin asks one model once: leave out --repeats and --code, and name one --model")
    how = OriginSettings(model=asked.models[0], method=method)
    if estimate_only:
        estimate_origins(conversations, how, as_json=as_json)
    elif not judge_origins(client, conversations, how, settings=asked.settings, budget=asked.budget, as_json=as_json):
        raise typer.Exit(FAILED)


def _entries(codes: Sequence[str]) -> Sequence[CodeEntry]:
    book = mast()
    return [book.code(Code(code.upper())) for code in codes] or book.codes


def _run_ids(client: httpx.Client, named: Sequence[str], *, every: bool, limit: int) -> list[str]:
    if every:
        return [row["run_id"] for row in pages(client, "/api/v1/runs", {}, limit=limit)]
    return [resolve(client, name)["run_id"] for name in named]


async def _judge_all(
    conversations: Sequence[Conversation], asked: _Asked, *, is_quiet: bool
) -> tuple[list[Judgement], str | None, list[float]]:
    judgements: list[Judgement] = []
    flips: list[float] = []
    async with httpx.AsyncClient(timeout=TIMEOUT) as http:
        asker = asker_of(asked.settings, http, asked.budget)
        with progress_bar(is_quiet=is_quiet) as progress:
            for conversation in progress.track(conversations):
                before = asker.spent
                try:
                    verdicts, flipped = await _verdicts(conversation, asked, asker)
                except OverBudgetError as error:
                    return judgements, str(error), flips
                flips += [flipped] if flipped is not None else []
                spent = spent_between(before, asker.spent)
                judgements.append(Judgement(run_id=conversation.run_id, verdicts=tuple(verdicts), spent=spent))
    return judgements, None, flips


async def _verdicts(conversation: Conversation, asked: _Asked, asker: Asker) -> tuple[list[Verdict], float | None]:
    if len(asked.models) > 1:
        name = EvaluatorId(f"jury-{asked.variant}:{'+'.join(asked.models)}")
        members = [
            lambda model=model: judge_run(
                conversation, asked.entries, asker, JudgeSettings(model=model, variant=asked.variant)
            )
            for model in asked.models
        ]
        return await sit(members, size=min(_JURY, len(members)), evaluator=name), None
    settings = JudgeSettings(model=asked.models[0], variant=asked.variant)
    ballots = [
        await judge_run(conversation, asked.entries, asker, settings, repeat=repeat, is_swapped=repeat % 2 == 1)
        for repeat in range(asked.repeats)
    ]
    return (vote(ballots), flip_rate(ballots)) if len(ballots) > 1 else (ballots[0], None)


def _print_estimate(conversations: Sequence[Conversation], asked: _Asked, *, as_json: bool) -> None:
    parts = {
        model: [
            estimate(conversation, asked.entries, JudgeSettings(model=model, variant=asked.variant))
            for conversation in conversations
        ]
        for model in asked.models[:_JURY]
    }
    print_estimates(parts, times=asked.repeats if len(asked.models) == 1 else 1, as_json=as_json)


def _print(judgements: Sequence[Judgement], stopped: str | None, flips: Sequence[float], *, as_json: bool) -> None:
    spent = joined([judgement.spent for judgement in judgements])
    if as_json:
        print_json({"judgements": judgements, "spent": spent, "stopped": stopped, "flip_rates": flips})
        return
    table = Table(box=None, pad_edge=False, header_style="dim")
    for name in ("RUN", "CODE", "OCCURRED", "TURNS", "REASON"):
        table.add_column(name, overflow="fold")
    for judgement in judgements:
        for verdict in judgement.verdicts:
            if verdict.occurred is False:
                continue
            answer = "yes" if verdict.occurred else "not judged"
            turns = ", ".join(map(str, verdict.evidence))
            table.add_row(judgement.run_id[:8], verdict.code, answer, turns, verdict.reason or verdict.failure or "")
    out = console()
    out.print(table)
    failures = sum(judgement.failures for judgement in judgements)
    said = sum(len(judgement.verdicts) for judgement in judgements)
    out.print(
        f"{len(judgements)} runs, {said} verdicts, {failures} not judged; {told(spent)}. "
        "Agreement with people: see masthead calibrate."
    )
    if flips:
        out.print(f"Between repeats {sum(flips) / len(flips):.0%} of the verdicts changed.")
    if stopped:
        out.print(f"Stopped: {stopped}")
