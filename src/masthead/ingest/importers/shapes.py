"""Look into JSON that nobody promised: every function takes any value and answers, none raises."""

from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import TypeAlias, cast

from masthead.model.span import AttributeValue

Fields: TypeAlias = "dict[str, object]"

_MAX_METADATA_CHARS = 2_000


def fields(value: object) -> Fields:
    """Return the value where it is an object, else an empty one."""
    return cast("Fields", value) if isinstance(value, dict) else {}


def items(value: object) -> list[object]:
    """Return the value where it is a list, else an empty one."""
    return cast("list[object]", value) if isinstance(value, list) else []


def is_fields(value: object, *names: str) -> bool:
    """Say whether the value is an object that has all these fields."""
    return isinstance(value, dict) and all(name in value for name in names)


def is_items(value: object) -> bool:
    """Say whether the value is a list."""
    return isinstance(value, list)


def text(value: object) -> str:
    """Return a text as it is, a list as its lines or parts joined, other values as JSON has them, None as nothing."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, list):
        return "\n".join(_part(part) for part in cast("list[object]", value))
    if isinstance(value, dict):
        return _part(cast("object", value))
    return str(value)


def optional_text(value: object) -> str | None:
    """Return the value as text, or None where it is absent or says nothing."""
    found = text(value)
    return found if found.strip() else None


def _part(part: object) -> str:
    """Return one part of a message's content: its text, or in brackets what it is."""
    if isinstance(part, str):
        return part
    if not isinstance(part, dict):
        return str(part)
    inner = fields(cast("object", part))
    for name in ("text", "content", "refusal", "output_text", "thinking", "reasoning"):
        if isinstance(inner.get(name), str):
            return str(inner[name])
    return f"[{inner.get('type', 'content')}]" if "type" in inner else str(inner)


def count(value: object) -> int | None:
    """Return a whole number of at least 0, or None."""
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**63 else None


def number(value: object) -> float | None:
    """Return a finite number, or None."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        found = float(value)
    except OverflowError:
        return None
    return found if found - found == 0 else None


def money(value: object) -> Decimal | None:
    """Return an amount of dollars, or None; `$` and commas are passed over."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        amount = Decimal(str(value).replace("$", "").replace(",", "").strip())
    except InvalidOperation:
        return None
    return amount if amount.is_finite() and 0 <= amount < Decimal(10) ** 12 else None


def boolean(value: object) -> bool | None:
    """Return a truth value, also where it is written out, or None."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        return {"true": True, "false": False, "yes": True, "no": False}.get(value.strip().lower())
    return None


def time_ns(value: object) -> int | None:
    """Return Unix nanoseconds of an ISO 8601 text (UTC where it names no zone) or of seconds, or None."""
    if isinstance(value, str):
        try:
            moment = datetime.fromisoformat(value.strip())
        except ValueError:
            return None
        return moment_ns(moment)
    seconds = number(value)
    return int(seconds * 1e9) if seconds is not None and 1e8 < seconds < 4e9 else None


def moment_ns(moment: datetime) -> int | None:
    """Return Unix nanoseconds; a moment without a zone is taken as UTC. None before 1970."""
    aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    try:
        since = aware - datetime(1970, 1, 1, tzinfo=UTC)
    except OverflowError:
        return None
    total = ((since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds) * 1_000
    return total if 0 <= total < 2**63 else None


def metadata(pairs: Iterable[tuple[str, object]]) -> dict[str, AttributeValue]:
    """Keep the plain values that say something; texts are cut at 2,000 characters, lists and objects left out."""
    kept: dict[str, AttributeValue] = {}
    for name, value in pairs:
        if isinstance(value, str) and value.strip():
            kept[well_formed(name)] = well_formed(value)[:_MAX_METADATA_CHARS]
        elif isinstance(value, bool) or count(value) is not None:
            kept[well_formed(name)] = cast("int | bool", value)
        elif isinstance(value, int | float) and (found := number(cast("object", value))) is not None:
            kept[well_formed(name)] = found
    return kept


def well_formed(value: str) -> str:
    """Return the text with lone surrogates, which no encoding can carry, replaced by `\N{REPLACEMENT CHARACTER}`."""
    if value.isascii():
        return value
    try:
        value.encode()
    except UnicodeEncodeError:
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return value
