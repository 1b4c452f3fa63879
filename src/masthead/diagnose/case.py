"""A conversation prepared once for every method: what each turn says, who may have begun the failure, who directs.

Linear in the text; of a turn's text only the first 6,000 and the last 2,000 characters are read.
"""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, Literal

import msgspec

from masthead.diagnose.patterns import (
    CLOSING,
    CODE_FENCE,
    ERROR_RESULT,
    NOTHING_TO_RUN,
    PLANNING,
)
from masthead.model.conversation import Act, AgentKind, Conversation, Turn
from masthead.model.ids import AgentId

Kind = Literal["hub", "peers", "solo"]
"""`hub`: one agent directs and the others answer it; `peers`: a chat of agents, perhaps with an executor of their code;
`solo`: one agent that serves a user or uses tools."""

HEAD_CHARS: Final = 6_000
TAIL_CHARS: Final = 2_000
SHORT_CHARS: Final = 60
_EXECUTOR_NAMES: Final = frozenset({None, "code", "python", "py", "sh", "bash", "shell"})

_WORD: Final = re.compile(r"[A-Za-z][a-z]{3,}|[A-Z]{2,}|\d[\d.,]*\d|\d")
_NUMBER: Final = re.compile(r"\d[\d,]*\.?\d*")
_NAME: Final = re.compile(r"\b[A-Z][a-z]{2,}(?: [A-Z][a-z]+)+\b")
_STOP: Final = frozenset(
    {
        "this",
        "that",
        "with",
        "from",
        "have",
        "been",
        "will",
        "would",
        "should",
        "could",
        "their",
        "there",
        "which",
        "these",
        "those",
        "they",
        "what",
        "when",
        "where",
        "your",
        "into",
        "about",
        "please",
        "using",
        "used",
        "also",
        "more",
        "than",
        "then",
        "some",
        "such",
        "next",
        "step",
        "task",
        "information",
        "provided",
        "provide",
        "find",
        "following",
    }
)


class Step(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One turn as the methods see it. Out of the collector's sight: a long run has as many as it has turns."""

    index: int
    speaker: AgentId
    said: str
    entities: frozenset[str]
    """Numbers of two characters or more and capitalised names of two words or more."""
    is_candidate: bool
    """An agent said it, so the failure may have begun here."""
    is_result: bool
    is_error: bool
    is_refusal: bool
    """An executor that found nothing to run."""
    has_code: bool
    is_handoff: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """A conversation, its steps, and what they show of how the agents are organised."""

    conversation: Conversation
    steps: tuple[Step, ...]
    candidates: tuple[int, ...]
    kind: Kind
    hub: AgentId | None
    is_closed: bool
    """Somebody said that the work is done within the last two turns."""
    task_words: frozenset[str]
    task_entities: frozenset[str]


def words_of(text: str) -> frozenset[str]:
    """Return the text's content words and numbers, in lower case."""
    return frozenset(word.lower() for word in _WORD.findall(text)) - _STOP


def entities_of(text: str) -> frozenset[str]:
    """Return the numbers and names that a reader could trace from turn to turn."""
    numbers = {number.rstrip(".,").replace(",", "") for number in _NUMBER.findall(text) if len(number.rstrip(".,")) > 1}
    return frozenset(numbers | set(_NAME.findall(text)))


def said(turn: Turn) -> str:
    """Return what a turn says, its tool arguments and reasoning included, cut in the middle where it is long."""
    parts = [part for part in (turn.reasoning, turn.text, turn.tool_arguments) if part]
    text = parts[0] if len(parts) == 1 else "\n".join(parts)
    if len(text) <= HEAD_CHARS + TAIL_CHARS:
        return text
    return text[:HEAD_CHARS] + "\n" + text[-TAIL_CHARS:]


def prepare(conversation: Conversation) -> Case:
    """Read every turn once."""
    kinds: dict[AgentId, AgentKind] = {agent.id: agent.kind for agent in conversation.agents}
    kinds |= dict.fromkeys(_executors(conversation), "tool")
    steps = tuple(_step(turn, kinds.get(turn.speaker, "agent")) for turn in conversation.turns)
    candidates = tuple(step.index for step in steps if step.is_candidate)
    hub = _hub(conversation, steps, candidates)
    speakers = {steps[index].speaker for index in candidates}
    is_chat = len(speakers) > 1 or not _serves(conversation, kinds)
    task = conversation.task or ""
    return Case(
        conversation=conversation,
        steps=steps,
        candidates=candidates,
        kind="hub" if hub else "peers" if is_chat else "solo",
        hub=hub,
        is_closed=any(CLOSING.search(step.said) for step in steps[-2:]),
        task_words=words_of(task),
        task_entities=entities_of(task),
    )


def _serves(conversation: Conversation, kinds: Mapping[AgentId, AgentKind]) -> bool:
    """Say whether a person takes part, or tools other than an executor of code."""
    used = {turn.tool_name for turn in conversation.turns if turn.act is Act.TOOL_RESULT}
    return "human" in kinds.values() or bool(used - _EXECUTOR_NAMES)


def _executors(conversation: Conversation) -> set[AgentId]:
    """Return the speakers that only answer code: a log may list them as agents."""
    only_answer: dict[AgentId, bool] = {}
    for turn in conversation.turns:
        answers = turn.act is Act.TOOL_RESULT or NOTHING_TO_RUN.search(turn.text[:200]) is not None
        only_answer[turn.speaker] = only_answer.get(turn.speaker, True) and answers
    return {speaker for speaker, answers in only_answer.items() if answers}


def _step(turn: Turn, kind: AgentKind) -> Step:
    text = said(turn)
    is_result = turn.act is Act.TOOL_RESULT or kind == "tool"
    is_refusal = is_result and NOTHING_TO_RUN.search(text) is not None
    return Step(
        index=turn.index,
        speaker=turn.speaker,
        said=text,
        entities=entities_of(text),
        is_candidate=kind == "agent" and not is_result and turn.act is not Act.ENDING,
        is_result=is_result,
        is_error=is_result and not is_refusal and (turn.is_error or ERROR_RESULT.search(text[:3_000]) is not None),
        is_refusal=is_refusal,
        has_code=turn.act is Act.TOOL_CALL or CODE_FENCE in text,
        is_handoff=turn.act is Act.HANDOFF or (kind == "agent" and bool(turn.addressees) and not is_result),
    )


def _hub(conversation: Conversation, steps: tuple[Step, ...], candidates: tuple[int, ...]) -> AgentId | None:
    """Return the agent that directs the others: it addresses them, and after most of their turns it speaks again."""
    counts = Counter(steps[index].speaker for index in candidates)
    agents = {agent.id for agent in conversation.agents if agent.kind == "agent"}
    if not counts:
        return None
    for speaker, turns in counts.most_common(2):
        directed = sum(
            1
            for index in candidates
            if steps[index].speaker == speaker
            and steps[index].is_handoff
            and (not conversation.turns[index].addressees or speaker not in conversation.turns[index].addressees)
        )
        others = [(here, after) for here, after in pairwise(candidates) if steps[here].speaker != speaker]
        returned = sum(1 for _, after in others if steps[after].speaker == speaker)
        if others and directed * 5 >= turns and returned * 10 >= len(others) * 7:
            return speaker
    only = next(iter(counts))
    is_planner = len(counts) == 1 and any(PLANNING.search(steps[index].said) for index in candidates[:2])
    return only if is_planner and len(agents) >= 1 else None
