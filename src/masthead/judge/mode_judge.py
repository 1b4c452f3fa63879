"""Judges of failure modes: one question a mode, or all modes in one; a long run is judged window by window."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

from masthead.codebook.book import CodeEntry
from masthead.judge import prompt
from masthead.judge.answer import Claim, mode_schema, modes_schema, read_mode, read_modes
from masthead.judge.asking import CHARS_A_TOKEN, FAILURES, Asker
from masthead.judge.transcript import Window, windows
from masthead.judge.verdict import Verdict
from masthead.model.conversation import Conversation
from masthead.model.ids import Code, EvaluatorId
from masthead.model.ports import ChatRequest
from masthead.model.span import AttributeValue

Variant = Literal["each", "all"]
"""`each` asks one question a mode; `all` asks for every mode at once, a tenth of the price and less careful."""

DEFAULT_WINDOW_CHARS: Final = 48_000
_OUTPUT_TOKENS: Final = 1200


@dataclass(frozen=True, kw_only=True)
class JudgeSettings:
    """How judges ask. `window_chars` bounds a question's record: about four characters a token."""

    model: str
    variant: Variant = "each"
    window_chars: int = DEFAULT_WINDOW_CHARS
    temperature: float | None = 0.0
    output_tokens: int = _OUTPUT_TOKENS

    @property
    def evaluator(self) -> EvaluatorId:
        """Return the identity that scores carry."""
        return EvaluatorId(f"judge-{self.variant}:{self.model}")


class Estimate(NamedTuple):
    """What judging will take, before anything is asked: calls and tokens, roughly."""

    calls: int
    input_tokens: int
    output_tokens: int


def estimate(conversation: Conversation, entries: Sequence[CodeEntry], settings: JudgeSettings) -> Estimate:
    """Return what judging one run will take; answers that need repair come on top."""
    cut = windows(conversation, most_chars=settings.window_chars)
    records = sum(len(prompt.record_text(conversation, cut, place, None)) for place in range(len(cut)))
    if settings.variant == "all":
        instructions = len(prompt.all_modes_instructions(entries)) * len(cut)
        questions = len(cut)
    else:
        instructions = sum(len(prompt.mode_instructions(entry)) for entry in entries) * len(cut)
        records *= len(entries)
        questions = len(cut) * len(entries)
    return Estimate(questions, int((records + instructions) / CHARS_A_TOKEN), questions * 150)


async def judge(
    conversation: Conversation,
    entries: Sequence[CodeEntry],
    asker: Asker,
    settings: JudgeSettings,
    *,
    repeat: int = 0,
    is_swapped: bool = False,
) -> list[Verdict]:
    """Return a verdict for each mode; what a model could not answer is a failure value. Asks a model.

    Raises:
        OverBudgetError: the cap is reached.
    """
    groups = [entries] if settings.variant == "all" else [[entry] for entry in entries]
    verdicts: list[Verdict] = []
    for group in groups:
        question = _Question(conversation, group, is_swapped=is_swapped, is_for_all=settings.variant == "all")
        found = await _asked(question, asker, settings, repeat)
        verdicts += [_verdict(entry.id, found, settings) for entry in group]
    return verdicts


class _Question:
    """One question about a record: its instructions, the shape of its answer, and how that is read."""

    def __init__(
        self, conversation: Conversation, entries: Sequence[CodeEntry], *, is_swapped: bool, is_for_all: bool
    ) -> None:
        self.conversation = conversation
        self._codes = [entry.id for entry in entries]
        self._is_for_all = is_for_all
        self.instructions = (
            prompt.all_modes_instructions(entries, is_swapped=is_swapped)
            if is_for_all
            else prompt.mode_instructions(entries[0], is_swapped=is_swapped)
        )

    def schema(self, *, with_summary: bool) -> dict[str, AttributeValue]:
        if self._is_for_all:
            return modes_schema(self._codes, with_summary=with_summary)
        return mode_schema(with_summary=with_summary)

    def read(self, text: str, window: Window) -> tuple[list[Claim], str]:
        if self._is_for_all:
            return read_modes(text, self._codes, self.conversation, window)
        return read_mode(text, self._codes[0], self.conversation, window)


class _Found(NamedTuple):
    claims: list[Claim]
    failure: str | None


async def _asked(question: _Question, asker: Asker, settings: JudgeSettings, repeat: int) -> _Found:
    conversation = question.conversation
    cut = windows(conversation, most_chars=settings.window_chars)
    claims: list[Claim] = []
    summary: str | None = None
    for place, window in enumerate(cut):
        is_last = place == len(cut) - 1
        request = ChatRequest(
            model=settings.model,
            messages=prompt.messages(question.instructions, prompt.record_text(conversation, cut, place, summary)),
            schema=question.schema(with_summary=not is_last),
            max_output_tokens=settings.output_tokens,
            temperature=settings.temperature,
        )
        try:
            found, said = await asker.ask(request, lambda text, w=window: question.read(text, w), repeat=repeat)
        except FAILURES as error:
            return _Found(claims, f"turns {window.first} to {window.last}: {error}")
        claims += found
        summary = "\n".join(part for part in (summary, said) if part) or None
    return _Found(claims, None)


def _verdict(code: Code, found: _Found, settings: JudgeSettings) -> Verdict:
    claims = [claim for claim in found.claims if claim.code == code]
    version = prompt.prompts_version()
    if not claims:
        return Verdict(
            code=code,
            occurred=None if found.failure else False,
            failure=found.failure,
            evaluator=settings.evaluator,
            evaluator_version=version,
        )
    return Verdict(
        code=code,
        occurred=True,
        evidence=tuple(sorted({turn for claim in claims for turn in claim.evidence})),
        quote=claims[0].quote,
        reason=claims[0].reason,
        evaluator=settings.evaluator,
        evaluator_version=version,
    )
