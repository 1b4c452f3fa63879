"""How a vendor's proof of its model's reasoning travels through another vendor's dialect and back.

Every vendor signs or encrypts reasoning in one opaque string, and wants it back in the next request. A caller keeps it
in the opaque field that its own dialect has, so a foreign one is written there with its origin before it:
`masthead:<origin>:<kind>:<id>:<string>`. It is sent on only to the vendor that it came from.
"""

from dataclasses import replace
from typing import Final, cast

from masthead.providers.dialects.dialect import Losses
from masthead.providers.dialects.form import Call, Origin, Part, Reasoning

_MARK: Final = "masthead:"


def sealed(reasoning: Reasoning, home: Origin) -> str | None:
    """Return what to write into the opaque field of a dialect whose own vendor is `home`."""
    value, kind = reasoning.signature, "signed"
    if reasoning.redacted is not None:
        value, kind = reasoning.redacted, "redacted"
    if value is None or (reasoning.origin in {None, home} and kind == "signed"):
        return value
    return f"{_MARK}{reasoning.origin or home}:{kind}:{reasoning.id or ''}:{value}"


def opened(value: str | None, home: Origin, *, text: str = "", id: str | None = None, at: str = "") -> Reasoning:  # noqa: A002 - the wire's own name
    """Return the reasoning that stands behind an opaque field."""
    if value is None or not value.startswith(_MARK):
        return Reasoning(text=text, signature=value, origin=home if value else None, id=id, at=at)
    parts = value.split(":", 4)
    if len(parts) != 5:
        return Reasoning(text=text, signature=value, origin=home, id=id, at=at)
    _, origin, kind, own_id, proof = parts
    signature, redacted = (None, proof) if kind == "redacted" else (proof, None)
    return Reasoning(
        text=text, signature=signature, redacted=redacted, origin=cast("Origin", origin), id=own_id or None, at=at
    )


def with_call_proofs(parts: tuple[Part, ...]) -> tuple[Part, ...]:
    """Move Gemini's proofs from calls into reasoning before them, for dialects whose calls have no place for one."""
    moved: list[Part] = []
    for part in parts:
        if isinstance(part, Call) and part.signature is not None:
            moved.append(Reasoning(signature=part.signature, origin="gemini", at=part.at))
            moved.append(replace(part, signature=None))
        else:
            moved.append(part)
    return tuple(moved)


def with_proofs_on_calls(parts: tuple[Part, ...]) -> tuple[Part, ...]:
    """Undo `with_call_proofs`: a signature of Gemini without text belongs to the call that follows it."""
    joined: list[Part] = []
    waiting: Reasoning | None = None
    for part in parts:
        if isinstance(part, Call) and waiting is not None:
            joined.append(replace(part, signature=waiting.signature))
            waiting = None
            continue
        if waiting is not None:
            joined.append(waiting)
            waiting = None
        if isinstance(part, Reasoning) and part.origin == "gemini" and part.signature and not part.text:
            waiting = part
        else:
            joined.append(part)
    return tuple(joined) if waiting is None else (*joined, waiting)


def worthless(reasoning: Reasoning, home: Origin | None, losses: Losses) -> bool:
    """Say whether a target of vendor `home` can do nothing with the reasoning, and note it then."""
    if reasoning.origin == home and (reasoning.signature or reasoning.redacted):
        return False
    losses.add(reasoning.at or "reasoning", f"only {reasoning.origin or 'its own vendor'} takes it back, dropped")
    return True
