"""Where a failed run first went wrong, asked of a language model: at once, step by step, or by halving the turns.

A claim stands only where its turn exists and an agent said it, the agent named is its speaker, and the quote occurs in
it word for word. What a model concludes is inferred, and its confidences are its own words, not measured.
"""

import hashlib
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple, TypeVar

from masthead.judge import prompt
from masthead.judge.asking import CHARS_A_TOKEN, FAILURES, Asker
from masthead.judge.mode_judge import DEFAULT_WINDOW_CHARS, Estimate
from masthead.judge.origin_answer import (
    OriginClaim,
    RankedAnswer,
    half_schema,
    ranked_schema,
    read_half,
    read_ranked,
    read_turn,
    turn_schema,
)
from masthead.judge.origin_record import OriginRecord
from masthead.model.conversation import Conversation
from masthead.model.diagnosis import Attribution, Hypothesis
from masthead.model.ids import EvaluatorId, RunId
from masthead.model.ports import ChatRequest
from masthead.model.score import Score, Subject
from masthead.model.span import AttributeValue

T = TypeVar("T")

OriginMethod = Literal["all-at-once", "step-by-step", "binary-search"]
"""`all-at-once` reads the whole record and ranks; `step-by-step` reads on until it has gone wrong; `binary-search`
halves the turns, so that its questions grow with their logarithm."""

_MOST: Final = 5
_MOST_SUMMARY_CHARS: Final = 4000
_ANSWER_TOKENS: Final = 250


@dataclass(frozen=True, kw_only=True, slots=True)
class OriginSettings:
    """How the origin is asked for. `window_chars` bounds the record in a question, `step_chars` that of one step."""

    model: str
    method: OriginMethod = "all-at-once"
    window_chars: int = DEFAULT_WINDOW_CHARS
    step_chars: int = 6_000
    temperature: float | None = 0.0
    output_tokens: int = 1600

    @property
    def evaluator(self) -> EvaluatorId:
        """Return the identity that scores carry."""
        return EvaluatorId(f"origin-{self.method}:{self.model}")


@dataclass(frozen=True, kw_only=True, slots=True)
class OriginVerdict:
    """What a model says of one run. `failure` says why it could not be asked; the attribution is then unknown."""

    run_id: RunId
    attribution: Attribution
    failure: str | None = None
    evaluator: EvaluatorId
    evaluator_version: str


async def judge_origin(conversation: Conversation, asker: Asker, settings: OriginSettings) -> OriginVerdict:
    """Return ranked hypotheses, unknown, or a failure value. Asks a model, save where the run succeeded.

    Raises:
        OverBudgetError: the cap is reached.
    """
    record = OriginRecord(conversation, most_chars=settings.window_chars)
    failure = None
    if record.nothing_to_ask is not None:
        attribution = Attribution(unknown_because=record.nothing_to_ask)
    else:
        try:
            claims = await _ASK[settings.method](_Search(record, asker, settings))
            attribution = _attribution(conversation, claims, settings.method)
        except FAILURES as error:
            failure = str(error)
            attribution = Attribution(unknown_because=f"not judged: {error}")
    return OriginVerdict(
        run_id=conversation.run_id,
        attribution=attribution,
        failure=failure,
        evaluator=settings.evaluator,
        evaluator_version=prompt.prompts_version(),
    )


def estimate(conversation: Conversation, settings: OriginSettings) -> Estimate:
    """Return the most that judging one run will take; step by step it may stop early. Repairs come on top."""
    record = OriginRecord(conversation, most_chars=settings.window_chars)
    if record.nothing_to_ask is not None:
        return Estimate(0, 0, 0)
    chars = _chars_asked(record, settings)
    instructions = len(prompt.origin_instructions("origin_ranked")) * len(chars)
    return Estimate(len(chars), int((sum(chars) + instructions) / CHARS_A_TOKEN), len(chars) * _ANSWER_TOKENS)


def _chars_asked(record: OriginRecord, settings: OriginSettings) -> list[int]:
    """Return the length of the record in each question that may be put."""
    if settings.method == "all-at-once":
        cut = record.stretches(most_chars=settings.window_chars)
        chars = [len(prompt.record_text(record.conversation, cut, place, None)) for place in range(len(cut))]
        return [*chars, min(sum(chars), settings.window_chars)] if len(cut) > 1 else chars
    if settings.method == "step-by-step":
        return [len(record.text(window)) for window in record.stretches(most_chars=settings.step_chars)]
    chars, last = list[int](), len(record.candidates) - 1
    while last > 0:
        chars.append(len(record.text(record.between(0, last))))
        last //= 2
    return [*chars, len(record.text(record.beside(0)))]


class _Search(NamedTuple):
    """One run that a model is asked about."""

    record: OriginRecord
    asker: Asker
    settings: OriginSettings

    async def ask(self, instructions: str, text: str, schema: dict[str, AttributeValue], read: Callable[[str], T]) -> T:
        """Put one question."""
        request = ChatRequest(
            model=self.settings.model,
            messages=prompt.messages(instructions, text),
            schema=schema,
            max_output_tokens=self.settings.output_tokens,
            temperature=self.settings.temperature,
        )
        return await self.asker.ask(request, read)

    async def rank(self, text: str, allowed: Collection[int], *, with_summary: bool = False) -> RankedAnswer:
        """Ask for ranked hypotheses among these turns."""
        schema = ranked_schema(with_summary=with_summary)
        return await self.ask(
            prompt.origin_instructions("origin_ranked"),
            text,
            schema,
            lambda answer: read_ranked(answer, self.record.conversation, allowed),
        )

    async def has_happened(
        self, instructions: str, text: str, allowed: Collection[int], *, with_summary: bool = False
    ) -> RankedAnswer:
        """Ask whether it happened in one of these turns."""
        schema = turn_schema(with_summary=with_summary)
        return await self.ask(
            instructions, text, schema, lambda answer: read_turn(answer, self.record.conversation, allowed)
        )


async def _all_at_once(search: _Search) -> Sequence[OriginClaim]:
    """Ask once; a long record is read in windows, and the turns that they name are then ranked together."""
    record = search.record
    cut = record.stretches(most_chars=search.settings.window_chars)
    found: dict[int, OriginClaim] = {}
    summary: str | None = None
    for place, window in enumerate(cut):
        text = prompt.record_text(record.conversation, cut, place, summary)
        answer = await search.rank(text, record.named(window), with_summary=place < len(cut) - 1)
        for claim in answer.hypotheses:
            found.setdefault(claim.turn, claim)
        summary = answer.summary[:_MOST_SUMMARY_CHARS] or summary
    if len(cut) == 1 or len(found) < 2:
        return list(found.values())
    text = record.text(record.only(sorted(found)), summary)
    return (await search.rank(text, found)).hypotheses


async def _step_by_step(search: _Search) -> Sequence[OriginClaim]:
    """Ask of one stretch after the other whether it has happened, and stop at the first yes."""
    record = search.record
    cut = record.stretches(most_chars=search.settings.step_chars)
    summary: str | None = None
    for window in cut:
        answer = await search.has_happened(
            prompt.origin_instructions("origin_step", first=window.first, last=window.last),
            record.text(window, summary),
            record.named(window),
            with_summary=window is not cut[-1],
        )
        if answer.hypotheses:
            return answer.hypotheses
        summary = answer.summary[:_MOST_SUMMARY_CHARS] or summary
    return []


async def _binary_search(search: _Search) -> Sequence[OriginClaim]:
    """Ask in which half it happened until one turn is left, then whether it happened there."""
    record = search.record
    first, last = 0, len(record.candidates) - 1
    while first < last:
        middle = (first + last) // 2
        window = record.between(first, last)
        begins = record.candidates[middle + 1]
        places = {"first": window.first, "middle": begins - 1, "next": begins, "last": window.last}
        instructions = prompt.origin_instructions("origin_half", **places)
        half = await search.ask(instructions, record.text(window), half_schema(), read_half)
        first, last = (first, middle) if half == "first" else (middle + 1, last)
    turn = record.candidates[first]
    instructions = prompt.origin_instructions("origin_turn", turn=turn)
    return (await search.has_happened(instructions, record.text(record.beside(first)), {turn})).hypotheses


_ASK: Final[Mapping[OriginMethod, Callable[[_Search], Awaitable[Sequence[OriginClaim]]]]] = {
    "all-at-once": _all_at_once,
    "step-by-step": _step_by_step,
    "binary-search": _binary_search,
}


def _attribution(conversation: Conversation, claims: Sequence[OriginClaim], method: OriginMethod) -> Attribution:
    if not claims:
        return Attribution(unknown_because="the model saw no turn where the run went wrong")
    kept = claims[:_MOST]
    total = max(1.0, sum(claim.confidence for claim in kept))
    return Attribution(
        hypotheses=tuple(
            Hypothesis(
                agent=conversation.turns[claim.turn].speaker,
                turn=claim.turn,
                confidence=claim.confidence / total,
                basis="inferred",
                method=method,
                reason=f"{claim.reason} “{claim.quote}”".strip(),
                evidence=(claim.turn,),
            )
            for claim in kept
        )
    )


def origin_scores(verdict: OriginVerdict, *, time_ns: int) -> list[Score]:
    """Return one score a hypothesis, its number the rank; where there is none, one on the run that abstains.

    Their ids are derived from what they say, so that the same answers by the same evaluator version change nothing.
    """
    scores: list[Score] = []
    for rank, hypothesis in enumerate(verdict.attribution.hypotheses or (None,), start=1):
        turn = hypothesis.turn if hypothesis else None
        identity = f"{verdict.run_id}/origin/{verdict.evaluator}/{verdict.evaluator_version}/{turn}/{rank}"
        scores.append(
            Score(
                id=hashlib.sha256(identity.encode()).hexdigest()[:32],
                name="origin",
                subject=Subject(
                    kind="turn" if hypothesis else "run",
                    run_id=verdict.run_id,
                    turn=turn,
                    agent=hypothesis.agent if hypothesis else None,
                ),
                number=rank if hypothesis else None,
                reason=_told(rank, hypothesis) if hypothesis else verdict.attribution.unknown_because,
                evidence=hypothesis.evidence if hypothesis else (),
                confidence=hypothesis.confidence if hypothesis else None,
                source="llm",
                evaluator=verdict.evaluator,
                evaluator_version=verdict.evaluator_version,
                time_ns=time_ns,
            )
        )
    return scores


def _told(rank: int, hypothesis: Hypothesis) -> str:
    return f"{rank}. {hypothesis.basis} by {hypothesis.method}: {hypothesis.reason}"
