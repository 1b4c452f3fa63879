"""What a judge answers, and why it is refused: evidence must exist, and quotes must stand in it word for word."""

import re
from collections.abc import Sequence
from typing import Final, TypeVar

import msgspec

from masthead.judge.transcript import Window, spoken
from masthead.model.conversation import Conversation
from masthead.model.errors import InvalidInput
from masthead.model.ids import Code
from masthead.model.span import AttributeValue

T = TypeVar("T")

_SPACE: Final = re.compile(r"\s+")
_LEAST_QUOTE_CHARS: Final = 8


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """That one mode occurred, with what shows it."""

    code: Code
    evidence: list[int]
    quote: str
    reason: str


class ModeAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The answer of the judge of one mode."""

    occurred: bool
    evidence: list[int]
    quote: str
    reason: str
    summary: str = ""


class ModesAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The answer of the judge of several modes."""

    findings: list[Claim]
    summary: str = ""


def mode_schema(*, with_summary: bool) -> dict[str, AttributeValue]:
    """Return the JSON Schema of `ModeAnswer`; a summary is asked for where a window follows."""
    return object_schema(
        reason={"type": "string"},
        occurred={"type": "boolean"},
        evidence={"type": "array", "items": {"type": "integer"}},
        quote={"type": "string"},
        **_summary(with_summary),
    )


def modes_schema(codes: Sequence[Code], *, with_summary: bool) -> dict[str, AttributeValue]:
    """Return the JSON Schema of `ModesAnswer` for these codes."""
    claim = object_schema(
        code={"type": "string", "enum": [str(code) for code in codes]},
        reason={"type": "string"},
        evidence={"type": "array", "items": {"type": "integer"}},
        quote={"type": "string"},
    )
    return object_schema(findings={"type": "array", "items": claim}, **_summary(with_summary))


def _summary(is_wanted: bool) -> dict[str, AttributeValue]:  # noqa: FBT001 - one private switch
    told = "What a reader of the next part must know: decisions, results, open questions, at most 150 words."
    return {"summary": {"type": "string", "description": told}} if is_wanted else {}


def object_schema(**properties: AttributeValue) -> dict[str, AttributeValue]:
    """Return the JSON Schema of an object that has all of these properties and no other."""
    names: list[AttributeValue] = list(properties)
    return {"type": "object", "properties": properties, "required": names, "additionalProperties": False}


def read_mode(text: str, code: Code, conversation: Conversation, window: Window) -> tuple[list[Claim], str]:
    """Return the claims (none or one) and the summary of a `ModeAnswer`.

    Raises:
        InvalidInput: it is not of that shape, or what it claims does not stand in the record.
    """
    answer = decoded(text, ModeAnswer)
    if not answer.occurred:
        return [], answer.summary
    claim = Claim(code=code, evidence=answer.evidence, quote=answer.quote, reason=answer.reason)
    _check(claim, conversation, window)
    return [claim], answer.summary


def read_modes(text: str, codes: Sequence[Code], conversation: Conversation, window: Window) -> tuple[list[Claim], str]:
    """Return the claims and the summary of a `ModesAnswer`.

    Raises:
        InvalidInput: it is not of that shape, or what it claims does not stand in the record.
    """
    answer = decoded(text, ModesAnswer)
    for claim in answer.findings:
        if claim.code not in codes:
            raise InvalidInput(f"code {claim.code!r} was not asked for; use one of {', '.join(codes)}")
        _check(claim, conversation, window)
    return answer.findings, answer.summary


def decoded(text: str, shape: type[T]) -> T:
    """Return an answer of this shape; a code fence around it is forgiven.

    Raises:
        InvalidInput: it is not of that shape.
    """
    body = text.strip().removeprefix("```json").removeprefix("```").removesuffix("```")
    try:
        return msgspec.json.decode(body, type=shape)
    except msgspec.MsgspecError as error:
        raise InvalidInput(f"the answer is not the JSON that was asked for: {error}") from error


def _check(claim: Claim, conversation: Conversation, window: Window) -> None:
    if not claim.evidence:
        raise InvalidInput(f"{claim.code} is said to have occurred, but no turn is named that shows it")
    outside = [turn for turn in claim.evidence if not window.first <= turn <= window.last]
    if outside:
        raise InvalidInput(f"turn {outside[0]} is not in the record shown, which has {window.first} to {window.last}")
    check_quote(claim.quote, claim.evidence, conversation, what=f"{claim.code} is said to have occurred")


def check_quote(quote: str, turns: Sequence[int], conversation: Conversation, *, what: str) -> None:
    """Let a quote pass that stands word for word in one of these turns, white space aside.

    Raises:
        InvalidInput: it stands in none, or is too short to tell. `what` says what it was to show.
    """
    plain = _plain(quote)
    if len(plain) < _LEAST_QUOTE_CHARS:
        raise InvalidInput(f"{what}, but {quote!r} is too short for a quote")
    if not any(plain in _plain(spoken(conversation.turns[turn])) for turn in turns):
        named = ", ".join(map(str, turns))
        raise InvalidInput(f"the quote {quote[:200]!r} does not stand word for word in turn {named}")


def _plain(text: str) -> str:
    return _SPACE.sub(" ", text).strip()
