"""Reports as plain JSON data: every noun an object with its field names, money and enumerations as text."""

import dataclasses
from collections.abc import Mapping
from decimal import Decimal
from enum import Enum
from typing import Any, cast


def plain(value: object) -> Any:
    """Return the value as JSON data; frozen nouns and named tuples become objects."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, Mapping):
        entries = cast("Mapping[object, object]", value)
        return {str(key): plain(entry) for key, entry in entries.items()}
    if isinstance(value, list | tuple):
        items = cast("tuple[object, ...]", value)
        names: tuple[str, ...] | None = getattr(items, "_fields", None)
        each = [plain(entry) for entry in items]
        return each if names is None else dict(zip(names, each, strict=True))
    return value
