"""How a run ended, where the record does not say so itself."""

import re
from collections.abc import Sequence
from typing import Final

from masthead.conversation.tree import Step
from masthead.model import attributes as names
from masthead.model.conversation import Act, Agent, Ending, EndingKind, Turn
from masthead.model.ids import AgentId
from masthead.semconv.read import error_of, read

_LIMIT: Final = re.compile(
    r"recursion ?limit|max(imum)?[ _]?(number of )?(turns|steps|iterations|rounds|consecutive)|MaxTurnsExceeded"
    r"|usage ?limit ?exceeded"
    r"|(turn|step|iteration|round|request|budget|token)s? ?_?limit (of \S+ )?(was )?(exceeded|reached|hit)"
    r"|(limit|budget) of .{1,200} is used up"
    r"|exceed(ed|s)? (the |its )?(max|limit|budget|\w+_limit)|budget exceeded|GraphRecursionError",
    re.IGNORECASE,
)

_GUARDED: Final = re.compile(r"Masthead stopped the run \S+ after [^:\n]*: (?P<why>[^\n]*?)\.?(?:\n|$)")


def ending_of(turns: Sequence[Turn], agents: Sequence[Agent], roots: Sequence[Step]) -> Ending:
    """Return how the run ended: its root span says whether it ended at all, and whether in an error."""
    answer = _answer(turns, agents, roots)
    lost = [step for step in roots if step.span.parent_span_id is not None]
    whole = [step for step in roots if step.span.parent_span_id is None]
    if lost and not whole:
        return Ending(kind=EndingKind.UNFINISHED, reason="the root span never arrived", answer=answer)
    errors = [error for step in whole if (error := error_of(step.span)) is not None]
    last = turns[-1] if turns else None
    if not errors and last is not None and last.is_error and last.act is Act.MESSAGE:
        errors = [last.text or "the last model call failed"]
    if errors:
        found = _guarded(whole, errors)
        if found is not None:
            return Ending(kind=EndingKind.STOPPED, reason=found, answer=None)
        is_limit = _LIMIT.search(errors[0]) is not None
        return Ending(kind=EndingKind.LIMIT if is_limit else EndingKind.ERROR, reason=errors[0], answer=None)
    return Ending(kind=EndingKind.COMPLETED if whole else EndingKind.UNKNOWN, answer=answer)


def _guarded(roots: Sequence[Step], errors: Sequence[str]) -> str | None:
    """Return what a guard of the gateway ended the run for: as its own span says, or the error that its caller got."""
    for step in roots:
        found = step.span.attributes.get(names.GUARD_FINDINGS)
        if step.span.attributes.get(names.GUARD_ACTION) == "stopped" and isinstance(found, list) and found:
            return str(found[0])
    told = next((told for error in errors if (told := _GUARDED.search(error)) is not None), None)
    return None if told is None else told["why"]


def _answer(turns: Sequence[Turn], agents: Sequence[Agent], roots: Sequence[Step]) -> str | None:
    """Return the last thing that an agent said, else the root span's own output."""
    speaking: set[AgentId] = {agent.id for agent in agents if agent.kind == "agent"}
    for turn in reversed(turns):
        if turn.speaker in speaking and turn.act is Act.MESSAGE:
            return turn.text or None
    for step in roots:
        for message in reversed(read(step.span).output):
            if message.text:
                return message.text
    return None
