"""What a model answers when asked where a run went wrong, and why it is refused."""

from collections.abc import Collection
from typing import Literal

import msgspec

from masthead.judge.answer import check_quote, decoded, object_schema
from masthead.model.conversation import Conversation
from masthead.model.errors import InvalidInput
from masthead.model.span import AttributeValue

Half = Literal["first", "second"]


class OriginClaim(msgspec.Struct, frozen=True, kw_only=True):
    """That the decisive error happened in one turn. `agent` is the speaker's name as the record shows it."""

    turn: int
    agent: str
    quote: str
    reason: str
    confidence: float


class RankedAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Hypotheses, and what to carry to the next part."""

    hypotheses: list[OriginClaim]
    summary: str = ""


class TurnAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Whether it has happened, and where. Where it has not, only `reason` and `summary` count."""

    happened: bool
    turn: int
    agent: str
    quote: str
    reason: str
    confidence: float
    summary: str = ""


class HalfAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """In which half of the turns it happened."""

    half: Half
    reason: str


def ranked_schema(*, with_summary: bool) -> dict[str, AttributeValue]:
    """Return the JSON Schema of `RankedAnswer`; a summary is asked for where a part follows."""
    return object_schema(
        hypotheses={"type": "array", "items": object_schema(**_CLAIM)}, **(_SUMMARY if with_summary else {})
    )


def turn_schema(*, with_summary: bool) -> dict[str, AttributeValue]:
    """Return the JSON Schema of `TurnAnswer`; a summary is asked for where a part follows."""
    return object_schema(**_CLAIM, happened={"type": "boolean"}, **(_SUMMARY if with_summary else {}))


def half_schema() -> dict[str, AttributeValue]:
    """Return the JSON Schema of `HalfAnswer`."""
    return object_schema(reason={"type": "string"}, half={"type": "string", "enum": ["first", "second"]})


_CLAIM: dict[str, AttributeValue] = {
    "reason": {"type": "string"},
    "turn": {"type": "integer"},
    "agent": {"type": "string"},
    "quote": {"type": "string"},
    "confidence": {"type": "number"},
}
_TOLD = (
    "What a reader of the next part must know of everything so far: facts, decisions, results and doubts with their "
    "turns, at most 200 words."
)
_SUMMARY: dict[str, AttributeValue] = {"summary": {"type": "string", "description": _TOLD}}


def read_ranked(text: str, conversation: Conversation, allowed: Collection[int]) -> RankedAnswer:
    """Return the hypotheses, the surest first, each turn once, and the summary.

    Raises:
        InvalidInput: it is not of that shape, or a claim does not stand in the record. `allowed` are turns to name.
    """
    answer = decoded(text, RankedAnswer)
    for claim in answer.hypotheses:
        _check(claim, conversation, allowed)
    once: dict[int, OriginClaim] = {}
    for claim in sorted(answer.hypotheses, key=lambda claim: -claim.confidence):
        once.setdefault(claim.turn, claim)
    return RankedAnswer(hypotheses=list(once.values()), summary=answer.summary)


def read_turn(text: str, conversation: Conversation, allowed: Collection[int]) -> RankedAnswer:
    """Return the same of a `TurnAnswer`: one hypothesis where it has happened, else none.

    Raises:
        InvalidInput: it is not of that shape, or its claim does not stand in the record. `allowed` are turns to name.
    """
    answer = decoded(text, TurnAnswer)
    if not answer.happened:
        return RankedAnswer(hypotheses=[], summary=answer.summary)
    claim = OriginClaim(
        turn=answer.turn,
        agent=answer.agent,
        quote=answer.quote,
        reason=answer.reason,
        confidence=answer.confidence,
    )
    _check(claim, conversation, allowed)
    return RankedAnswer(hypotheses=[claim])


def read_half(text: str) -> Half:
    """Return which half was chosen.

    Raises:
        InvalidInput: it is not of that shape.
    """
    return decoded(text, HalfAnswer).half


def _check(claim: OriginClaim, conversation: Conversation, allowed: Collection[int]) -> None:
    if claim.turn not in allowed:
        named = ", ".join(map(str, sorted(allowed)[:40]))
        raise InvalidInput(f"turn {claim.turn} is not a turn shown that an agent said; those are {named}")
    speaker = conversation.turns[claim.turn].speaker
    agent = conversation.by_id().get(speaker)
    names = {speaker.casefold(), agent.name.casefold()} if agent else {speaker.casefold()}
    if claim.agent.strip().casefold() not in names:
        said = agent.name if agent else speaker
        raise InvalidInput(f"turn {claim.turn} was said by {said!r}, not by {claim.agent!r}; name its speaker")
    if not 0 <= claim.confidence <= 1:
        raise InvalidInput(f"the confidence {claim.confidence} is not between 0 and 1")
    check_quote(claim.quote, [claim.turn], conversation, what=f"turn {claim.turn} is said to be the origin")
