"""Query parameters as text. ClickHouse parses a parameter by its declared type, from tab-separated escapes."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import TypeAlias

Param: TypeAlias = "str | int | float | Decimal | Sequence[str] | Sequence[int] | None"
"""What a query can be given. None is SQL's NULL, for `Nullable` types."""

Params: TypeAlias = Mapping[str, Param]

_MONEY = Decimal(10) ** 24
"""More than any amount; `Decimal(38, 12)` holds up to 26 digits before the point."""

_FAR = (1 << 63) - 1
"""Numbers beyond what `Int64` holds become its ends, as ClickHouse would wrap them around."""

_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r", "\0": "\\0", "\b": "\\b", "\f": "\\f"})
_QUOTED = str.maketrans({"\\": "\\\\", "'": "\\'", "\t": "\\t", "\n": "\\n", "\0": "\\0"})


def bound(params: Params) -> dict[str, str]:
    """Return each value as the text from which ClickHouse reads exactly that value."""
    return {name: _text(value) for name, value in params.items()}


def _text(value: Param) -> str:
    if value is None:
        return "\\N"
    if isinstance(value, str):
        return value.translate(_ESCAPES)
    if isinstance(value, Decimal):
        return format(min(max(value, -_MONEY), _MONEY), ".12f")
    if isinstance(value, int):
        return str(min(max(value, -_FAR), _FAR))
    if isinstance(value, float):
        return str(value)
    quoted = ",".join(str(item) if isinstance(item, int) else f"'{item.translate(_QUOTED)}'" for item in value)
    return f"[{quoted}]"


def literal(params: Params) -> dict[str, object]:
    """Return the values as `clickhouse-connect` takes them, which escapes them itself."""
    return {name: _text(value) if isinstance(value, Decimal | int) else value for name, value in params.items()}
