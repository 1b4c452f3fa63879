"""`masthead diagnose`: why runs failed, who began it, how it spread, what it cost, what to change."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from masthead.cli.client import call, connect
from masthead.cli.conversations import score_json
from masthead.cli.diagnosing import (
    Diagnosed,
    Stored,
    diagnosed,
    from_files,
    from_store,
    observed,
    one_of_store,
    repeats_of,
)
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
from masthead.cli.report import print_summary
from masthead.cli.show import resolve
from masthead.clock import SystemClock
from masthead.codebook.load import mast
from masthead.diagnose.advice import advise, weigh
from masthead.diagnose.run import scores_of
from masthead.model.conversation import Conversation
from masthead.model.diagnosis import Diagnosis, FailureCost
from masthead.model.errors import InvalidInput
from masthead.report.diagnosis_page import diagnosis_page
from masthead.report.page import report_page
from masthead.report.plain import plain
from masthead.report.summary import summarise

_SCORES_A_REQUEST = 500
_SHOWN_CHARS = 300

Html = Annotated[Path | None, typer.Option(help="Write one HTML file that needs no network.")]


def diagnose(
    context: typer.Context,
    runs: Annotated[
        list[str] | None, typer.Argument(help="Run ids or their first characters, `last`, or logs.")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="All stored runs that the filters leave.")] = False,
    project: Project = None,
    since: Since = None,
    until: Until = None,
    agent: Agent = None,
    model: Model = None,
    system: System = None,
    outcome: Outcome = None,
    tag: Tag = None,
    limit: Annotated[int | None, typer.Option("--limit", "-n", min=1, help="How many runs at most.")] = None,
    beside: Annotated[
        list[str] | None, typer.Option(help="Another run of the same task, or a log of some; passing ones help most.")
    ] = None,
    store: Annotated[bool, typer.Option(help="Keep what is found as scores on the stored runs.")] = True,
    html: Html = None,
    as_json: AsJson = False,
) -> None:
    """Say why runs failed, where it began, how it spread, what it cost and what to change. No language model is asked.

    For example:

        masthead diagnose last

        masthead diagnose --all --outcome failure --html failures.html

        masthead diagnose 3fa9c1 --beside 77ab02

        masthead diagnose logs/*.json --json
    """
    filters = given(since=since, until=until, agent=agent, model=model, system=system, outcome=outcome, tag=tag)
    files = [name for name in runs or [] if _is_file(name)]
    logs = [name for name in beside or [] if _is_file(name)]
    if files:
        if len(files) != len(runs or []):
            raise InvalidInput(f"{runs!r} names both logs and stored runs; give one or the other", where="RUNS")
        if len(logs) != len(beside or []):
            raise InvalidInput(f"{beside!r} names stored runs, but a log is diagnosed", where="--beside")
        _show(diagnosed(from_files(files), repeats_of(from_files(logs))), html=html, as_json=as_json, is_one=False)
        return
    if not runs and not everything:
        raise InvalidInput("nothing to diagnose; name runs or logs, or give --all", where="RUNS")
    with connect(settings_of(context), project) as client:
        others = [run.conversation for run in _named(client, [name for name in beside or [] if name not in logs])]
        chosen = _named(client, runs) if runs else from_store(client, filters, limit)
        found = diagnosed(chosen, repeats_of([*others, *from_files(logs)]))
        kept = _kept(client, found) if store else found
        _show(kept, html=html, as_json=as_json, is_one=not everything and len(runs or []) == 1)


def _is_file(name: str) -> bool:
    return Path(name).exists() or name == "-" or any(mark in name for mark in "*?[")


def _named(client: httpx.Client, runs: list[str]) -> Iterator[Stored]:
    for run in runs:
        yield one_of_store(client, resolve(client, run)["run_id"])


def _kept(client: httpx.Client, found: Iterator[Diagnosed]) -> Iterator[Diagnosed]:
    """Pass the runs on, and write their scores to the store in batches."""
    waiting: list[dict[str, Any]] = []
    for run in found:
        scores = scores_of(run.diagnosis, time_ns=SystemClock().now_ns(), stored=run.stored)
        waiting += [score_json(score) for score in scores]
        if len(waiting) >= _SCORES_A_REQUEST:
            call(client, "POST", "/api/v1/scores", json={"scores": waiting})
            waiting = []
        yield run
    if waiting:
        call(client, "POST", "/api/v1/scores", json={"scores": waiting})


def _show(found: Iterator[Diagnosed], *, html: Path | None, as_json: bool, is_one: bool) -> None:
    first = next(found, None)
    second = None if first is None or is_one else next(found, None)
    if first is not None and second is None:
        for _ in found:
            pass  # so that its scores are kept
        if html is not None:
            html.write_text(diagnosis_page(first.conversation, first.diagnosis), encoding="utf-8")
        if as_json:
            print_json([plain(first.diagnosis)])
        else:
            print_diagnosis(console(), first.conversation, first.diagnosis)
        return
    many = [] if first is None or second is None else [first, second]
    diagnoses: list[Diagnosis] = []

    def noted() -> Iterator[Diagnosed]:
        for run in (run for part in (many, found) for run in part):
            diagnoses.append(run.diagnosis)
            yield run

    rows = observed(noted())
    summary = summarise(rows, ["system"], advise(mast(), weigh(diagnoses), len(diagnoses)))
    if html is not None:
        html.write_text(report_page("Diagnosis", summary), encoding="utf-8")
    if as_json:
        print_json([plain(diagnosis) for diagnosis in diagnoses])
    else:
        print_summary(console(), summary)


def print_diagnosis(out: Console, conversation: Conversation, diagnosis: Diagnosis) -> None:
    """Print one run's diagnosis with the words that it rests on."""
    verdict = {True: ("succeeded", "green"), False: ("failed", "red"), None: ("no verdict recorded", "dim")}
    said, style = verdict[diagnosis.is_success]
    out.print(Text.assemble((conversation.system or "run", "bold"), f"  {diagnosis.run_id}  ", (said, style)))
    if conversation.task:
        out.print(Padding(Text(_shown(conversation.task), style="dim"), (0, 2)))
    _print_findings(out, conversation, diagnosis)
    _print_origin(out, conversation, diagnosis)
    _print_spread(out, diagnosis)
    if diagnosis.cost is not None:
        out.print(Text.assemble(("\nIt cost  ", "bold"), cost_line(diagnosis.cost)))
    if diagnosis.advice:
        out.print(Text("\nWhat to change", style="bold"))
        for advice in diagnosis.advice:
            out.print(Text.assemble(("  " + advice.code, "cyan"), f" {advice.name}"))
            for change in advice.changes:
                out.print(Padding(Text(f"• {change}"), (0, 0, 0, 4)))


def _print_findings(out: Console, conversation: Conversation, diagnosis: Diagnosis) -> None:
    out.print(Text("\nWhat went wrong", style="bold"))
    if not diagnosis.findings:
        out.print(Padding(Text("No detector that is on found a failure mode.", style="dim"), (0, 2)))
    for finding in diagnosis.findings:
        sure = f"{finding.confidence:.0%}" + ("" if finding.is_calibrated else " uncalibrated")
        out.print(
            Text.assemble(
                ("  " + finding.code, "cyan"), f"  {finding.reason}  ", (f"{sure}, {finding.evaluator}", "dim")
            )
        )
        for turn in finding.evidence[:3]:
            if 0 <= turn < len(conversation.turns):
                out.print(Padding(Text(f"[{turn}] {_quote(conversation, turn)}", style="dim"), (0, 0, 0, 6)))


def _print_origin(out: Console, conversation: Conversation, diagnosis: Diagnosis) -> None:
    attribution = diagnosis.attribution
    if attribution is None:
        return
    out.print(Text("\nWhere it began", style="bold"))
    if not attribution.hypotheses:
        out.print(Padding(Text(f"Unknown: {attribution.unknown_because}.", style="dim"), (0, 2)))
        return
    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 2))
    for name in ("TURN", "AGENT", "BELIEF", "BASIS", "WHY"):
        table.add_column(name)
    for item in attribution.hypotheses:
        table.add_row(str(item.turn), item.agent, f"{item.confidence:.0%}", item.basis, item.reason)
    out.print(table)
    note = (
        ""
        if attribution.is_calibrated
        else "  The beliefs were not measured on this system: see docs/reference/attribution.md."
    )
    out.print(
        Padding(
            Text(f"[{attribution.hypotheses[0].turn}] {_quote(conversation, attribution.hypotheses[0].turn)}"), (0, 2)
        )
    )
    if note:
        out.print(Text(note, style="dim"))


def _print_spread(out: Console, diagnosis: Diagnosis) -> None:
    spread = diagnosis.spread
    if spread is None or not spread.standing:
        return
    out.print(Text("\nHow it spread", style="bold"))
    end = "it reached the end" if spread.reaches_end else "it did not reach the last turn"
    out.print(Padding(Text(f"{len(spread.standing)} later turns stand on it; {end}."), (0, 2)))
    carried = {(edge.source, edge.target): edge.carried for edge in spread.edges}
    for source, target in zip(spread.path, spread.path[1:], strict=False):
        what = ", ".join(f"{item.kind} {item.text!r}" for item in carried.get((source, target), ())[:2])
        out.print(Padding(Text(f"{source} → {target}  {what}", style="dim"), (0, 0, 0, 4)))
    for check in spread.missed_checks[:5]:
        out.print(Padding(Text(f"could have been caught at {check.turn} by {check.agent}: {check.reason}"), (0, 2)))


def cost_line(cost: FailureCost) -> str:
    """Return what was spent after the origin, in one line."""
    after, total = cost.after, cost.total
    parts = [f"{after.turns} of {total.turns} turns"]
    if total.input_tokens is not None or total.output_tokens is not None:
        spent = (after.input_tokens or 0) + (after.output_tokens or 0)
        parts.append(f"{spent:,} of {(total.input_tokens or 0) + (total.output_tokens or 0):,} tokens")
    if total.cost_usd is not None:
        parts.append(f"${after.cost_usd or 0} of ${total.cost_usd}")
    if total.seconds is not None and after.seconds is not None:
        parts.append(f"{after.seconds:.0f} of {total.seconds:.0f} s")
    share = "" if cost.avoidable_share is None else f" — {cost.avoidable_share:.0%} of the run came after it began"
    return "; ".join(parts) + share


def _quote(conversation: Conversation, turn: int) -> str:
    said = conversation.turns[turn]
    return f"{said.speaker}: {_shown(said.text or said.tool_arguments or '')}"


def _shown(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= _SHOWN_CHARS else flat[: _SHOWN_CHARS - 1] + "…"
