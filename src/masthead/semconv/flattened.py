"""Messages spread over attributes, `prefix.N.key…`, gathered into the objects that `messages` reads."""

from collections.abc import Mapping
from typing import Final

from masthead.model.reading import Message, Role
from masthead.model.span import Attributes, AttributeValue
from masthead.semconv.messages import messages_of

_MOST: Final = 100_000
"""Indices above this are passed over: a hostile span must not make us build a list of them."""


class _Tree(dict[str, "AttributeValue | _Tree"]):
    """A branch of the gathered names."""


def gathered(attributes: Attributes, prefix: str, role: Role) -> tuple[Message, ...]:
    """Return the messages under `prefix` (with its final dot), in the order of their numbers."""
    items: dict[int, _Tree] = {}
    for key, value in attributes.items():
        if key.startswith(prefix):
            number, _, path = key[len(prefix) :].partition(".")
            if number.isdecimal() and len(number) <= len(str(_MOST)) and path:
                _put(items.setdefault(int(number), _Tree()), path.split("."), value)
    found: list[Message] = []
    for number in sorted(items):
        found += messages_of(_message(items[number]), role)
    return tuple(found)


def _put(tree: _Tree, path: list[str], value: AttributeValue) -> None:
    for name in path[:-1]:
        branch = tree.get(name)
        if not isinstance(branch, _Tree):
            branch = tree[name] = _Tree()
        tree = branch
    tree[path[-1]] = value


def _message(item: _Tree) -> AttributeValue:
    inner = item.get("message")
    fields = inner if isinstance(inner, _Tree) else item
    message: dict[str, AttributeValue] = {k: v for k, v in fields.items() if not isinstance(v, _Tree)}
    for old, new in (("function_call_name", "name"), ("function_call_arguments_json", "arguments")):
        if old in message:
            call = message.setdefault("function_call", {})
            if isinstance(call, dict):
                call[new] = message.pop(old)
    calls = [_call(call) for call in _numbered(fields.get("tool_calls"))]
    if calls:
        message["tool_calls"] = [*calls]
    contents = [_part(part) for part in _numbered(fields.get("contents") or fields.get("content"))]
    if contents:
        said = message.get("content")
        is_apart = isinstance(said, str) and said and not any("text" in part for part in contents)
        message["content"] = [{"type": "text", "text": said}, *contents] if is_apart else [*contents]
    message.setdefault("content", "")
    return message


def _numbered(branch: "AttributeValue | _Tree") -> list[_Tree]:
    if not isinstance(branch, _Tree):
        return []
    numbers = sorted((key for key in branch if key.isdecimal()), key=int)
    return [item for item in (branch[key] for key in numbers) if isinstance(item, _Tree)]


def _call(item: _Tree) -> dict[str, AttributeValue]:
    inner = item.get("tool_call")
    call = inner if isinstance(inner, _Tree) else item
    named = call.get("function")
    function: Mapping[str, AttributeValue | _Tree] = named if isinstance(named, _Tree) else call
    return {
        "id": _plain(call.get("id")),
        "name": _plain(function.get("name")),
        "arguments": _plain(function.get("arguments")),
    }


def _part(item: _Tree) -> dict[str, AttributeValue]:
    inner = item.get("message_content")
    part = inner if isinstance(inner, _Tree) else item
    found: dict[str, AttributeValue] = {key: value for key, value in part.items() if not isinstance(value, _Tree)}
    for kind in ("image", "audio", "video", "document"):
        medium = part.get(kind)
        nested = medium.get(kind) if isinstance(medium, _Tree) else None
        if isinstance(nested, _Tree):
            found["url"] = _plain(nested.get("url"))
    return found


def _plain(value: "AttributeValue | _Tree") -> AttributeValue:
    return None if isinstance(value, _Tree) else value
