"""A configuration's document as people write it: TOML, as in `gateway.toml`; JSON is read too.

Comments and the order of tables are not kept: a document is stored as its values.
"""

import json
import math
import tomllib
from collections.abc import Mapping
from typing import Any, cast

import tomli_w

from masthead.model.errors import InvalidInput

Document = dict[str, Any]
"""As JSON has it."""


def written(document: Mapping[str, Any]) -> str:
    """Return a document as TOML. What is null is left out, as TOML has none and unset means the same."""
    return tomli_w.dumps(_without_nulls(document))


def read(text: str) -> Document:
    """Return the document that a text holds: TOML, or JSON where it begins with a brace.

    Raises:
        InvalidInput: it is neither, or holds what JSON cannot say; names line and column, or the value.
    """
    is_json = text.lstrip().startswith("{")
    try:
        found: object = json.loads(text) if is_json else tomllib.loads(text)
        _check(found, ())
    except (ValueError, RecursionError) as error:  # of which both decoders' own errors are kinds
        why = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise InvalidInput(f"this is no {'JSON' if is_json else 'TOML'} yet: {why}") from error
    return cast("Document", found)


def _without_nulls(value: Mapping[str, Any]) -> Document:
    return {name: _plain(one) for name, one in value.items() if one is not None}


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return _without_nulls(cast("Mapping[str, Any]", value))
    if isinstance(value, list | tuple):
        return [_plain(one) for one in cast("list[Any]", value) if one is not None]
    return value


def _check(value: object, where: tuple[str, ...]) -> None:
    if isinstance(value, dict):
        for name, one in cast("Document", value).items():
            _check(one, (*where, name))
    elif isinstance(value, list):
        for at, one in enumerate(cast("list[object]", value)):
            _check(one, (*where, str(at)))
    elif isinstance(value, float) and not math.isfinite(value):
        raise InvalidInput(f"{value!r} is no number that can be kept", where=".".join(where))
    elif not isinstance(value, str | int | float | bool | None):
        raise InvalidInput(f"{value!s} is a date or time: write it as a text, in quotes", where=".".join(where))
