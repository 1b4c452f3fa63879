"""Writes chat messages as turns: what an agent said and called, what it was told, what it had said unheard."""

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from masthead.conversation.arrivals import Arrivals
from masthead.conversation.scribe import ASSISTANT, HUMAN, Said, Scribe, squeezed
from masthead.conversation.tree import Step
from masthead.model.conversation import Act
from masthead.model.ids import AgentId
from masthead.model.reading import Message, ToolCall
from masthead.semconv.handoffs import tool_target
from masthead.semconv.messages import parse, text_of

_HANDED_OVER: Final = ("text", "message", "task", "input", "request", "content", "context", "question", "reason")
_SYSTEM: Final = AgentId("system")


class When(NamedTuple):
    """The span and the time of a turn."""

    step: Step
    start_ns: int
    end_ns: int


class Speech:
    """Turns messages into turns of the scribe."""

    def __init__(self, scribe: Scribe, arrivals: Arrivals) -> None:
        self._scribe = scribe
        self._arrivals = arrivals

    def write(self, said: Said, when: When) -> Said:
        """Write a turn that stands as it is."""
        dated(said, when)
        return self._scribe.write(said)

    def spoke(self, messages: Sequence[Message], agent: AgentId, when: When) -> list[Said]:
        """Write an answer of a model: its calls, with what was said beside them, or what it said."""
        return [said for message in _joined(messages) for said in self._spoke(message, agent, when)]

    def _spoke(self, message: Message, agent: AgentId, when: When) -> list[Said]:
        written = [self.called(call, agent, when) for call in message.tool_calls]
        if written:
            self._said_beside(written[0], message)
        elif shown(message) or message.reasoning:
            said = Said(speaker=agent, text=shown(message), reasoning=message.reasoning)
            self.address(said, when.step)
            written = [self.write(said, when)]
        return written

    def address(self, said: Said, step: Step) -> None:
        """Say to whom a message goes: the agent that asked, else the person, until a handoff tells better."""
        to = step.caller if step.caller is not None else HUMAN if HUMAN in self._scribe.agents else None
        said.addressees = (to,) if to is not None else ()
        said.is_guess = step.caller is None

    def called(self, call: ToolCall, agent: AgentId, when: When, silent: Said | None = None) -> Said:
        """Write a tool call, or the handoff that it is, in place of a silent turn where one is given."""
        target = tool_target(call.name, call.arguments)
        said = silent if silent is not None else Said(speaker=agent)
        said.act = Act.TOOL_CALL if target is None else Act.HANDOFF
        said.tool_name, said.tool_arguments, said.tool_call_id = call.name, call.arguments, call.id
        said.is_guess = False
        if silent is None:
            dated(said, when)
            self._scribe.write(said)
        self._scribe.opened(said)
        if target is None:
            said.addressees = (self._scribe.tool(call.name),)
        else:
            said.target, said.addressees = target, ()
            self._scribe.retext(said, handed_over(call.arguments))
            self._arrivals.note(said)
        return said

    def revealed(self, message: Message, agent: AgentId, when: When) -> None:
        """Write what an assistant's message in a later input tells of a turn that was silent, or not told at all."""
        first: Said | None = None
        for call in message.tool_calls:
            if self._scribe.call_of(call.id) is None:
                said = self._revealed_call(call, agent, when)
                first = first if first is not None else said
        if first is not None:
            self._said_beside(first, message)
        elif not message.tool_calls and (message.text or message.reasoning):
            silent = self._scribe.first_silent(agent)
            if silent is None:
                self._spoke(message, agent, when)
            else:
                silent.reasoning = message.reasoning
                self._scribe.retext(silent, message.text)

    def _revealed_call(self, call: ToolCall, agent: AgentId, when: When) -> Said:
        if tool_target(call.name, call.arguments) is None:
            said = self._scribe.nameless_call(call.name, call.arguments)
        else:
            said = self._arrivals.bare_handoff(agent, self._scribe.named(tool_target(call.name, call.arguments)))
            if said is not None:
                said.tool_name, said.tool_arguments = call.name, call.arguments
                self._scribe.retext(said, handed_over(call.arguments))
        if said is None:
            return self.called(call, agent, when, self._scribe.first_silent(agent))
        said.tool_call_id = call.id
        self._scribe.link(said)
        if said.answer is not None:
            said.answer.tool_call_id = call.id
        return said

    def _said_beside(self, said: Said, message: Message) -> None:
        if said.reasoning is None:
            said.reasoning = message.reasoning
        if not said.text:
            self._scribe.retext(said, message.text)

    def told(self, message: Message, agent: AgentId, when: When) -> None:
        """Write what a user, or the system in mid-conversation, told the agent."""
        if message.role == "system":
            self._scribe.meet(_SYSTEM, "system")
            self.write(Said(speaker=_SYSTEM, text=shown(message), addressees=(agent,)), when)
            return
        speaker = self._scribe.named(message.name)
        if speaker is None:
            is_new = not self._arrivals.has_arrived(when.step)
            if self._arrivals.arrive(when.step, agent, shown(message)):
                return
            handed = self._arrivals.taken_over_from(agent) if is_new else None
            speaker = handed or when.step.caller or HUMAN
        self.write(Said(speaker=speaker, text=shown(message), addressees=(agent,)), when)

    def told_result(self, message: Message, when: When) -> None:
        """Write a tool's result that no span of the tool told."""
        call = self._scribe.call_of(message.tool_call_id)
        name = message.name or (call.tool_name if call is not None else None) or "tool"
        said = Said(speaker=self._scribe.tool(name), act=Act.TOOL_RESULT, text=message.text, tool_name=name)
        said.tool_call_id = message.tool_call_id
        dated(said, when)
        if call is not None:
            self._scribe.write_result(call, said)
        else:
            said.addressees = (when.step.agent or ASSISTANT,)
            self._scribe.write(said)


def shown(message: Message) -> str:
    """Return a message as a turn shows it: its text, and what was attached."""
    if not message.media:
        return message.text
    return "\n".join(
        [*([message.text] if message.text else []), *(f"[attached: {medium}]" for medium in message.media)]
    )


def dated(said: Said, when: When) -> None:
    """Give the turn its span and its time."""
    said.span_id, said.start_ns, said.end_ns = when.step.span.span_id, when.start_ns, when.end_ns


def handed_over(arguments: str) -> str:
    """Return what a handoff's arguments hand over: the text among them, or all of them where there are several."""
    given = parse(arguments)
    if not isinstance(given, dict):
        return "" if squeezed(arguments) in {"", "null"} else arguments
    for key in _HANDED_OVER:
        value = given.get(key)
        if isinstance(value, str) and value:
            return value
    return text_of({**given}) if len(given) > 1 else ""


def _joined(messages: Iterable[Message]) -> list[Message]:
    """Return one message where an answer was recorded in pieces: text first, then calls alone."""
    joined: list[Message] = []
    for message in messages:
        before = joined[-1] if joined else None
        if before is not None and not before.tool_calls and message.tool_calls and not message.text:
            reasoning = message.reasoning if before.reasoning is None else before.reasoning
            joined[-1] = Message(
                role="assistant",
                text=before.text,
                reasoning=reasoning,
                tool_calls=message.tool_calls,
                media=before.media,
            )
        elif before is not None and not (before.text or before.tool_calls) and not message.reasoning:
            joined[-1] = Message(
                role="assistant",
                text=message.text,
                reasoning=before.reasoning,
                tool_calls=message.tool_calls,
                media=message.media,
            )
        else:
            joined.append(message)
    return joined
