"""Tools that OpenAI alone has, told to other dialects as functions; and the calls of them told back as what they are.

A free-form tool becomes a function whose one argument is its text, and a tool of a namespace a function that has the
namespace in its name. A target is asked with these, and the caller reads what it asked for.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from masthead.providers.dialects.dialect import Losses, refused
from masthead.providers.dialects.events import BlockEnded, CallBegan, CallWent, Done, Piece, Said, Stopped
from masthead.providers.dialects.form import Call, Part, Reply, Request, Tool
from masthead.providers.dialects.freeform import SCHEMA, InputReader, arguments_with, input_in

_JOINT = "__"
_LONGEST_NAME = 64
_OTHERWISE = "the model gave it in another form than asked: what could be read was taken as its input"


def with_functions(request: Request, losses: Losses) -> Request:
    """Return the request with functions alone, for a target that knows of nothing else.

    Raises:
        InvalidInput: a name is too long, or two tools come to have one.
    """
    if not any(_is_odd(tool) for tool in request.tools) and not any(
        isinstance(part, Call) and _is_odd(part) for turn in request.turns for part in turn.parts
    ):
        return request
    tools = tuple(_function(tool, losses) for tool in request.tools)
    names = [tool.name for tool in tools]
    for tool in tools:
        if names.count(tool.name) > 1:
            raise refused(tool.at, f"two tools would have the name {tool.name!r} at this target: rename one")
    choice = request.tool_choice
    if choice is not None:
        choice = replace(choice, names=tuple(_named(choice.names, request.tools)))
    turns = tuple(replace(turn, parts=tuple(_as_function(part) for part in turn.parts)) for turn in request.turns)
    return replace(request, tools=tools, turns=turns, tool_choice=choice)


def told_names(request: Request) -> Mapping[str, Tool]:
    """Return the tools that a target knows as other functions than the caller does, by their names there."""
    return {_name(tool.name, tool.namespace): tool for tool in request.tools if _is_odd(tool)}


def with_own_calls(reply: Reply, names: Mapping[str, Tool], losses: Losses) -> Reply:
    """Return the answer with the calls that the caller knows."""
    if not names:
        return reply
    return replace(reply, parts=tuple(_own(part, names, losses) for part in reply.parts))


class OwnCalls:
    """Turns the pieces of a target's stream into those of the calls that the caller knows."""

    def __init__(self, names: Mapping[str, Tool], losses: Losses) -> None:
        self._names = names
        self._losses = losses
        self._open: int | None = None
        self._readers: dict[int, tuple[str, InputReader]] = {}

    def take(self, piece: Piece) -> Iterator[Piece]:
        """Yield what a piece is for the caller."""
        match piece:
            case CallWent() if piece.slot in self._readers:
                text = self._readers[piece.slot][1].feed(piece.arguments)
                if text:
                    yield CallWent(piece.slot, text)
                return
            case CallBegan():
                yield from self.end()
                yield self._begin(piece)
                return
            case BlockEnded() | Said() | Stopped() | Done():
                yield from self.end()
            case _:
                pass
        yield piece

    def end(self) -> Iterator[Piece]:
        """Yield what is left of the call that is open."""
        slot, self._open = self._open, None
        if slot is None:
            return
        name, reader = self._readers[slot]
        text = reader.finish()
        if not reader.is_exact:
            self._losses.add(f"{name}.input", _OTHERWISE)
        if text:
            yield CallWent(slot, text)

    def _begin(self, piece: CallBegan) -> CallBegan:
        tool = None if piece.is_freeform or piece.namespace else self._names.get(piece.name)
        if tool is None:
            return piece
        if tool.freeform is not None:
            self._open = piece.slot
            self._readers[piece.slot] = (tool.name, InputReader())
        return replace(piece, name=tool.name, namespace=tool.namespace, is_freeform=tool.freeform is not None)


def _is_odd(one: Tool | Call) -> bool:
    is_freeform = one.freeform is not None if isinstance(one, Tool) else one.is_freeform
    return is_freeform or one.namespace is not None


def _name(name: str, namespace: str | None) -> str:
    return name if namespace is None else f"{namespace}{_JOINT}{name}"


def _named(names: Sequence[str], tools: Sequence[Tool]) -> Iterator[str]:
    """Yield what the tools named are called at the target; a namespace names all that are in it."""
    for name in names:
        found = [_name(tool.name, tool.namespace) for tool in tools if name in {tool.name, tool.namespace}]
        yield from found or [name]


def _function(tool: Tool, losses: Losses) -> Tool:
    name = _name(tool.name, tool.namespace)
    if tool.namespace is not None and len(name) > _LONGEST_NAME:
        raise refused(f"{tool.at}.name", f"{name!r} would be its name at this target, longer than {_LONGEST_NAME}")
    if tool.freeform is None:
        return replace(tool, name=name, namespace=None)
    description = tool.description or ""
    if tool.freeform.grammar is not None:
        losses.add(f"{tool.at}.format", "the target cannot hold a model to a grammar: it was put into the description")
        asked = f"The input must match this {tool.freeform.syntax or ''} grammar:\n{tool.freeform.grammar}"
        description = f"{description}\n\n{asked}" if description else asked
    return replace(
        tool, name=name, namespace=None, freeform=None, description=description or None, parameters=dict(SCHEMA)
    )


def _as_function(part: Part) -> Part:
    if not isinstance(part, Call) or not _is_odd(part):
        return part
    arguments = arguments_with(part.arguments) if part.is_freeform else part.arguments
    return replace(part, name=_name(part.name, part.namespace), arguments=arguments, is_freeform=False, namespace=None)


def _own(part: Part, names: Mapping[str, Tool], losses: Losses) -> Part:
    tool = names.get(part.name) if isinstance(part, Call) and not _is_odd(part) else None
    if not isinstance(part, Call) or tool is None:
        return part
    arguments = part.arguments
    if tool.freeform is not None:
        arguments, is_exact = input_in(arguments)
        if not is_exact:
            losses.add(f"{tool.name}.input", _OTHERWISE)
    return replace(
        part,
        name=tool.name,
        namespace=tool.namespace,
        arguments=arguments,
        is_freeform=tool.freeform is not None,
    )
