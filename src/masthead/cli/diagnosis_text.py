"""One run's diagnosis on a terminal."""

from typing import Final

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from masthead.model.conversation import Conversation
from masthead.model.diagnosis import Attribution, Diagnosis, FailureCost, Hypothesis

_SHOWN_CHARS: Final = 300


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
        said = Text.assemble(
            (finding.code, "cyan"), f"  {_shown(finding.reason)}  ", (f"{sure}, {finding.evaluator}", "dim")
        )
        out.print(Padding(said, (0, 0, 0, 2)))
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
    for rank, item in enumerate(attribution.hypotheses, start=1):
        _print_hypothesis(out, conversation, rank, item)
    out.print(Padding(Text(belief_note(attribution), style="dim"), (0, 2)))


def _print_hypothesis(out: Console, conversation: Conversation, rank: int, item: Hypothesis) -> None:
    agents = conversation.by_id()
    agent = agents[item.agent].name if item.agent in agents else item.agent
    sure = f"{item.confidence:.0%}"
    style = "bold" if rank == 1 else ""
    out.print(
        Text.assemble(
            (f"  {rank}. turn {item.turn}, {agent}", style), f"  {sure} {item.basis} ", (f"by {item.method}", "dim")
        )
    )
    out.print(Padding(Text(_shown(item.reason)), (0, 0, 0, 5)))
    if rank == 1:
        out.print(Padding(Text(f"[{item.turn}] {_quote(conversation, item.turn)}", style="dim"), (0, 0, 0, 5)))


def belief_note(attribution: Attribution) -> str:
    """Return what the beliefs are worth, in one sentence."""
    if attribution.is_calibrated:
        return "The beliefs were measured on labelled runs of this system: see docs/reference/attribution.md."
    methods = {part for item in attribution.hypotheses for part in item.method.split("+")}
    unmeasured = sorted(methods & {"first-divergence", "spectrum"} | {part for part in methods if ":" in part})
    if unmeasured:
        return f"The beliefs are not measured: how much {' and '.join(unmeasured)} should count, no label says."
    return "The beliefs were not measured on this system: see docs/reference/attribution.md."


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
