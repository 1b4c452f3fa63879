"""What a failure cost: what was spent after the turn where it began."""

from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from typing import Final, Literal, TypeVar

from masthead.model.conversation import Conversation, Turn
from masthead.model.diagnosis import FailureCost, Spending

Unit = Literal["usd", "tokens", "seconds", "turns"]
Number = TypeVar("Number", int, Decimal)
_NS: Final = 1e9


def cost_of_failure(conversation: Conversation, origin: int) -> FailureCost:
    """Return what the turns after `origin` took beside the whole run, and their share in the most telling unit."""
    turns = conversation.turns
    after, total = spending(turns[origin + 1 :], since_ns=_end_ns(turns[origin])), spending(turns)
    share, unit = _share(after, total)
    return FailureCost(after=after, total=total, avoidable_share=share, avoidable_unit=unit)


def spending(turns: Sequence[Turn], since_ns: int | None = None) -> Spending:
    """Add up what turns took; None where no turn says. Seconds run from `since_ns`, or the first start, to the end."""
    starts = [turn.start_ns for turn in turns if turn.start_ns is not None]
    ends = [end for turn in turns if (end := _end_ns(turn)) is not None]
    begin = since_ns if since_ns is not None else min(starts, default=None)
    return Spending(
        turns=len(turns),
        input_tokens=_sum(turn.input_tokens for turn in turns),
        output_tokens=_sum(turn.output_tokens for turn in turns),
        cost_usd=_sum(turn.cost_usd for turn in turns),
        seconds=max(0.0, (max(ends) - begin) / _NS) if ends and begin is not None else None,
    )


def tokens(spent: Spending) -> int | None:
    """Return input and output tokens together; None where neither is known."""
    if spent.input_tokens is None and spent.output_tokens is None:
        return None
    return (spent.input_tokens or 0) + (spent.output_tokens or 0)


def _end_ns(turn: Turn) -> int | None:
    return turn.end_ns if turn.end_ns is not None else turn.start_ns


def _sum(values: Iterable[Number | None]) -> Number | None:
    known = [value for value in values if value is not None]
    if not known:
        return None
    total = known[0]
    for value in known[1:]:
        total += value
    return total


def _share(after: Spending, total: Spending) -> tuple[float | None, Unit]:
    measures: list[tuple[Unit, Callable[[Spending], float | None]]] = [
        ("usd", lambda spent: None if spent.cost_usd is None else float(spent.cost_usd)),
        ("tokens", tokens),
        ("seconds", lambda spent: spent.seconds),
        ("turns", lambda spent: float(spent.turns)),
    ]
    for unit, measure in measures:
        whole = measure(total)
        if whole:
            return (measure(after) or 0.0) / whole, unit
    return None, "turns"
