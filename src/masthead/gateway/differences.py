"""What changed between two configurations, value by value."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, Literal, NamedTuple, cast

from masthead.gateway.config import GatewayConfig

_HIDDEN: Final = "(hidden)"
_EMPTY: Final[dict[str, Any]] = {"connections": {}, "routes": [], "limits": [], "access": []}
"""So that the first connection is told as one, and not as all of them."""
_NAMED_BY: Final = {"routes": "model"}
"""Lists whose entries are known by a name; those of others by their place."""


class Difference(NamedTuple):
    """One value that changed. Values of headers are never shown: they may be credentials."""

    where: str
    change: Literal["added", "removed", "changed"]
    before: Any
    after: Any

    def __str__(self) -> str:
        if self.change != "changed":
            return f"{self.where} {self.change}"
        return f"{self.where}: {self.before!r} → {self.after!r}"


def between(before: GatewayConfig, after: GatewayConfig) -> list[Difference]:
    """Return what changed. Secrets are references, so none is told."""
    one, other = (_EMPTY | config.told(exclude_defaults=True) for config in (before, after))
    return list(differences(one, other))


def between_documents(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Difference]:
    """Yield what changed between two documents as they were given, whether or not they can be taken."""
    return differences(_EMPTY | dict(before), _EMPTY | dict(after))


def dumped(config: GatewayConfig) -> dict[str, Any]:
    """Return what a configuration says, without what it leaves to be the default."""
    return _EMPTY | config.model_dump(mode="json", exclude_unset=True)


def differences(before: object, after: object, where: str = "") -> Iterator[Difference]:
    """Yield what changed between two JSON values."""
    names = _by_name(before, after, where)
    if names is not None:
        one, other = names
        for name in dict.fromkeys((*one, *other)):
            place = f"{where}.{name}" if where else str(name)
            if name not in one:
                yield Difference(place, "added", None, _shown(other[name], place))
            elif name not in other:
                yield Difference(place, "removed", _shown(one[name], place), None)
            else:
                yield from differences(one[name], other[name], place)
    elif before != after:
        yield Difference(where, "changed", _shown(before, where), _shown(after, where))


def hidden(value: object, where: str = "") -> Any:
    """Return a JSON value as it may be shown to anybody: the values of headers are left out."""
    return _shown(value, where)


def _by_name(before: object, after: object, where: str) -> tuple[Mapping[Any, object], Mapping[Any, object]] | None:
    if isinstance(before, dict) and isinstance(after, dict):
        return cast("dict[str, object]", before), cast("dict[str, object]", after)
    if not isinstance(before, list) or not isinstance(after, list):
        return None
    one, other = cast("list[object]", before), cast("list[object]", after)
    named_by = _NAMED_BY.get(where)
    if named_by is not None:
        return _named(one, named_by), _named(other, named_by)
    are_tables = all(isinstance(entry, dict) for entry in (*one, *other))
    return (dict(enumerate(one)), dict(enumerate(other))) if are_tables else None


def _named(entries: Sequence[object], by: str) -> dict[str, object]:
    return {str(cast("dict[str, object]", one).get(by)): one for one in entries if isinstance(one, dict)}


def _shown(value: object, where: str) -> Any:
    """Return a value with what headers hold left out."""
    if isinstance(value, dict):
        items = cast("dict[str, object]", value).items()
        return {name: _shown(one, f"{where}.{name}" if where else name) for name, one in items}
    if isinstance(value, (list, tuple)):
        return [_shown(one, f"{where}.{at}") for at, one in enumerate(cast("Sequence[object]", value))]
    parts = where.split(".")
    is_header = parts[0] == "connections" and "headers" in parts[2:-1]
    return _HIDDEN if is_header else value
