"""A finding as a test: a pytest file with the turns that show it, which holds wherever Masthead is installed."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeAlias, cast

from masthead.detect.registry import RULES, suite
from masthead.model.conversation import Agent, Conversation, Ending, Turn
from masthead.model.score import Finding

_Plain: TypeAlias = dict[str, object]
_SHORT: Final = 100
_TURN_FIELDS: Final = (
    "speaker", "addressees", "act", "text", "reasoning", "tool_name", "tool_arguments", "tool_call_id", "is_error",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class Claim:
    """What a test case is about: who says which code, on what evidence. `is_rule` where a detector said it."""

    code: str
    evaluator: str
    evidence: tuple[int, ...]
    reason: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class CopiedCase:
    """A pytest file's name and text; `turns` is how many of the run's turns it holds."""

    name: str
    source: str
    turns: int


def copied_case(conversation: Conversation, claim: Claim) -> CopiedCase:
    """Write the claim about the run down as a test that passes today.

    A detector's claim becomes "this detector finds it in these turns", with no more turns than it takes, and the turn
    at which it would have spoken up as a guard. What a person or a model said becomes an expected failure until a
    detector finds it. No language model is called.
    """
    rule = claim.evaluator
    shortest = _shortest(conversation, rule, claim) if rule in _rules() else None
    if shortest is None:
        return _of_a_judgement(conversation, claim)
    found, whole = shortest
    fired = _fired_at(whole, rule)
    slug = _slug(claim.code)
    lines = [
        f"def test_{slug}_is_found() -> None:",
        f"    found = findings_of(RUN, {rule!r})",
        f"    assert ({str(found.code)!r}, {found.evidence!r}) in [(each.code, each.evidence) for each in found]",
    ]
    imports = ["conversation_from", "findings_of"]
    if fired is not None:
        imports.insert(1, "fired_at")
        lines += [
            "",
            "",
            f"def test_a_guard_speaks_up_at_turn_{fired}() -> None:",
            f"    assert fired_at(RUN, {rule!r}) == {fired}",
        ]
    return _written(conversation, whole, claim, imports, lines)


def _of_a_judgement(conversation: Conversation, claim: Claim) -> CopiedCase:
    is_found = any(str(each.code) == claim.code for each in suite(_rules()).findings(conversation))
    lines = [
        f"def test_{_slug(claim.code)}_is_found() -> None:",
        f"    assert {claim.code!r} in {{each.code for each in findings_of(RUN)}}",
    ]
    if not is_found:
        reason = f"said by {claim.evaluator}; no detector finds it yet"
        lines = [f"@pytest.mark.xfail(strict=True, reason={reason!r})", *lines]
    return _written(
        conversation, conversation, claim, ["conversation_from", "findings_of"], lines, needs_pytest=not is_found
    )


def _rules() -> list[str]:
    return [make().id for make in RULES]


def _fired_at(conversation: Conversation, rule: str) -> int | None:
    """Return the turn at which the detector speaks up in a live run; None where only the end tells it."""
    guard = suite([rule])
    guard.start(conversation.task, {agent.id: agent.kind for agent in conversation.agents})
    return next((turn.index for turn in conversation.turns if guard.feed(turn)), None)


def _shortest(conversation: Conversation, rule: str, claim: Claim) -> tuple[Finding, Conversation] | None:
    """Return the detector's finding and as much of the run as it needs; None where it does not find it (any more)."""
    found = suite([rule]).findings(conversation)
    wanted = next((each for each in found if each.evidence == claim.evidence), found[0] if found else None)
    if wanted is None:
        return None
    last = max((*wanted.evidence, _fired_at(conversation, rule) or 0), default=0)
    turns = conversation.turns[: last + 1]
    start = replace(conversation, turns=turns, ending=Ending(), is_success=None)
    is_enough = any(
        (each.code, each.evidence) == (wanted.code, wanted.evidence) for each in suite([rule]).findings(start)
    )
    return wanted, start if is_enough else conversation


def _written(
    run: Conversation,
    part: Conversation,
    claim: Claim,
    imports: Sequence[str],
    tests: Sequence[str],
    *,
    needs_pytest: bool = False,
) -> CopiedCase:
    slug = _slug(claim.code)
    spoken = {turn.speaker for turn in part.turns} | {to for turn in part.turns for to in turn.addressees}
    agents = [_agent(agent) for agent in run.agents if agent.id in spoken]
    outcome = {True: "success", False: "failure", None: "unknown"}[run.is_success]
    constants: Mapping[str, object] = {
        "COPIED_FROM": {"run_id": str(run.run_id), "turns": f"{len(part.turns)} of {len(run.turns)}"},
        "FINDING": {
            "code": claim.code,
            "evaluator": claim.evaluator,
            "evidence": claim.evidence,
            "reason": claim.reason,
        },
        "TASK": run.task,
        "OUTCOME": outcome,
        "EXPECTED_OUTCOME": "success",
        "AGENTS": agents,
        "TURNS": [_turn(turn) for turn in part.turns],
        "ENDING": _ending(part.ending),
    }
    head = ["import pytest", ""] if needs_pytest else []
    lines = [
        '"""A failure that was seen once, kept as a test. Run it with pytest where masthead is installed."""',
        "",
        *head,
        f"from masthead.testing.cases import {', '.join(imports)}",
        "",
        *(f"{name} = {_literal(value)}" for name, value in constants.items()),
        "",
        "RUN = conversation_from(",
        f"    task=TASK, agents=AGENTS, turns=TURNS, ending=ENDING, is_success={part.is_success!r}",
        ")",
        "",
        "",
        *tests,
        "",
    ]
    name = f"test_{slug}_{str(run.run_id)[:8]}.py"
    return CopiedCase(name=name, source="\n".join(lines), turns=len(part.turns))


def _literal(value: object) -> str:
    """Write plain data as Python, a list's items each on a line of its own where they are long. Nothing is split."""
    if not isinstance(value, list):
        return repr(value)
    items = [repr(item) for item in cast("list[object]", value)]
    if sum(map(len, items)) < _SHORT:
        return f"[{', '.join(items)}]"
    return "\n".join(["[", *(f"    {item}," for item in items), "]"])


def _slug(code: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", code.casefold()).strip("_")[:40] or "finding"


def _agent(agent: Agent) -> _Plain:
    return {"id": str(agent.id), "name": agent.name, "kind": agent.kind}


def _turn(turn: Turn) -> _Plain:
    default = Turn(index=0, speaker=turn.speaker)
    kept: _Plain = {"speaker": str(turn.speaker), "act": str(turn.act)}
    for field in _TURN_FIELDS[1:]:
        value: object = getattr(turn, field)
        if field != "act" and value != getattr(default, field):
            kept[field] = tuple(map(str, turn.addressees)) if field == "addressees" else value
    return kept


def _ending(ending: Ending) -> _Plain:
    return {"kind": str(ending.kind), "reason": ending.reason, "answer": ending.answer}
