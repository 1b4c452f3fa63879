"""One run's diagnosis as one HTML file that needs nothing beside it."""

from html import escape

from masthead.model.conversation import Conversation
from masthead.model.diagnosis import Diagnosis, Spread
from masthead.report.page import page, table

_ROW = 18
_SHOWN_CHARS = 240


def diagnosis_page(conversation: Conversation, diagnosis: Diagnosis) -> str:
    """Return the diagnosis: what went wrong, where it began, how it spread, what it cost, what to change."""
    verdict = {True: "succeeded", False: "failed", None: "has no recorded verdict"}[diagnosis.is_success]
    parts = [f'<p class="dim">Run <code>{escape(diagnosis.run_id)}</code> {verdict}.</p>']
    if conversation.task:
        parts.append(f"<p>{escape(_shown(conversation.task))}</p>")
    parts += _findings(conversation, diagnosis)
    parts += _origin(conversation, diagnosis)
    if diagnosis.spread is not None and diagnosis.spread.standing:
        parts += _spread(conversation, diagnosis.spread)
    if diagnosis.cost is not None:
        after, total = diagnosis.cost.after, diagnosis.cost.total
        share = diagnosis.cost.avoidable_share
        said = "" if share is None else f", {share:.0%} of the run in {diagnosis.cost.avoidable_unit}"
        parts.append(f"<h2>What it cost</h2><p>{after.turns} of {total.turns} turns came after it began{said}.</p>")
    for advice in diagnosis.advice:
        changes = "".join(f"<li>{escape(change)}</li>" for change in advice.changes)
        parts.append(f"<h2>Against {escape(advice.code)}, {escape(advice.name)}</h2><ul>{changes}</ul>")
    return page(f"Diagnosis of a run of {conversation.system or 'an agent system'}", parts)


def _findings(conversation: Conversation, diagnosis: Diagnosis) -> list[str]:
    if not diagnosis.findings:
        return ["<h2>What went wrong</h2><p>No detector that is on found a failure mode.</p>"]
    rows = [
        [
            finding.code,
            finding.reason,
            " ".join(f"[{turn}] {_quote(conversation, turn)}" for turn in finding.evidence[:2]),
            f"{finding.confidence:.0%}" + ("" if finding.is_calibrated else " (uncalibrated)"),
        ]
        for finding in diagnosis.findings
    ]
    return ["<h2>What went wrong</h2>", table(("code", "why", "evidence", "confidence"), rows, 1)]


def _origin(conversation: Conversation, diagnosis: Diagnosis) -> list[str]:
    attribution = diagnosis.attribution
    if attribution is None:
        return []
    if not attribution.hypotheses:
        return [f"<h2>Where it began</h2><p>Unknown: {escape(attribution.unknown_because or '')}.</p>"]
    rows = [
        [item.agent, item.basis, item.reason, _quote(conversation, item.turn), str(item.turn), f"{item.confidence:.0%}"]
        for item in attribution.hypotheses
    ]
    note = (
        ""
        if attribution.is_calibrated
        else "<p>The beliefs were not measured on this system: see docs/reference/attribution.md.</p>"
    )
    headers = ("agent", "basis", "why", "what it said", "turn", "belief")
    return ["<h2>Where it began</h2>", table(headers, rows, 2), note]


def _spread(conversation: Conversation, spread: Spread) -> list[str]:
    carried = {(edge.source, edge.target): edge.carried for edge in spread.edges}
    steps = [
        [
            f"{source} → {target}",
            ", ".join(f"{item.kind} “{item.text}”" for item in carried.get((source, target), ())[:3]),
            _quote(conversation, target),
        ]
        for source, target in zip(spread.path, spread.path[1:], strict=False)
    ]
    end = "It reached the end." if spread.reaches_end else "It did not reach the last turn."
    parts = [
        f"<h2>How it spread</h2><p>{len(spread.standing)} later turns stand on it. {end}</p>",
        _lanes(conversation, spread),
        table(("from → to", "what was carried", "what was said"), steps),
    ]
    if spread.missed_checks:
        rows = [[str(check.turn), check.agent, check.reason] for check in spread.missed_checks]
        parts += ["<h3>Where it could have been caught</h3>", table(("turn", "agent", "why"), rows)]
    return parts


def _lanes(conversation: Conversation, spread: Spread) -> str:
    """Draw a lane for each speaker, the turns that stand on the origin filled, and the path between them."""
    turns = conversation.turns
    speakers = list(dict.fromkeys(turn.speaker for turn in turns))
    left, width = 180, 560
    step = width / max(1, len(turns) - 1)
    standing = {spread.origin, *spread.standing}

    def at(turn: int) -> tuple[float, float]:
        return left + turn * step, 14 + speakers.index(turns[turn].speaker) * _ROW

    parts = [
        f'<text x="{left - 12}" y="{18 + lane * _ROW}" text-anchor="end">{escape(name[:24])}</text>'
        for lane, name in enumerate(speakers)
    ]
    for source, target in zip(spread.path, spread.path[1:], strict=False):
        (x1, y1), (x2, y2) = at(source), at(target)
        parts.append(f'<line x1="{x1:.1f}" y1="{y1}" x2="{x2:.1f}" y2="{y2}" class="mark"/>')
    for turn in turns:
        x, y = at(turn.index)
        style = "sure" if turn.index == spread.origin else "unsure" if turn.index in standing else "faint"
        parts.append(f'<circle cx="{x:.1f}" cy="{y}" r="3.5" class="{style}"><title>turn {turn.index}</title></circle>')
    height = 14 + len(speakers) * _ROW
    words = f"From turn {spread.origin}: " + ", ".join(map(str, spread.path))
    return (
        f'<svg viewBox="0 0 {left + width + 20} {height}" width="{left + width + 20}" height="{height}" role="img"'
        f' aria-label="The path of the error"><title>{escape(words)}</title>{"".join(parts)}</svg>'
    )


def _quote(conversation: Conversation, turn: int) -> str:
    if not 0 <= turn < len(conversation.turns):
        return ""
    said = conversation.turns[turn]
    return f"{said.speaker}: {_shown(said.text or said.tool_arguments or '')}"


def _shown(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= _SHOWN_CHARS else flat[: _SHOWN_CHARS - 1] + "…"
