"""Hears a run moment by moment and has its turns written: what a model was told, what it said, what tools answered.

A model call's input repeats what was said before; only what was not heard yet is news. Outputs are always news.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from masthead.conversation.arrivals import Arrivals
from masthead.conversation.scribe import ASSISTANT, HUMAN, Said, Scribe, squeezed
from masthead.conversation.tree import Moment, Step
from masthead.model.conversation import Act
from masthead.model.ids import AgentId, SpanId
from masthead.model.reading import Message, Operation, Reading, ToolCall
from masthead.semconv import read
from masthead.semconv.handoffs import tool_target
from masthead.semconv.messages import parse, text_of

_HANDED_OVER: Final = (
    "text",
    "message",
    "task",
    "input",
    "request",
    "content",
    "context",
    "question",
    "instructions",
    "reason",
)


class _Times(NamedTuple):
    start_ns: int
    end_ns: int


class Listener:
    """Turns the moments of a run into turns of the scribe."""

    def __init__(self, scribe: Scribe) -> None:
        self._scribe = scribe
        self._arrivals = Arrivals(scribe)
        self._readings: dict[SpanId, Reading] = {}
        self._calls: dict[SpanId, Said] = {}
        self._last_inner: dict[SpanId, Step] = {}
        """The last plain span with an output in each stretch of an agent's work."""

    def hear(self, moment: Moment) -> None:
        """Take the next moment."""
        step = moment.step
        if step.is_shadow:
            return
        match step.operation:
            case Operation.LLM:
                (self._asked if moment.is_start else self._answered)(step)
            case Operation.TOOL | Operation.RETRIEVER:
                (self._tool_began if moment.is_start else self._tool_ended)(step)
            case Operation.HANDOFF if moment.is_start:
                self._handed_over(step)
            case Operation.GUARDRAIL if not moment.is_start:
                self._judged(step)
            case Operation.AGENT if not moment.is_start and step.opener is step:
                self._agent_ended(step)
            case Operation.OTHER if not moment.is_start and step.opener is not None and step.agent is not None:
                self._last_inner[step.opener.span.span_id] = step
            case _:
                pass

    def _asked(self, step: Step) -> None:
        reading = self._readings[step.span.span_id] = read(step.span)
        agent = step.agent or ASSISTANT
        head = [message.text for message in _head(reading.input) if message.text]
        self._scribe.describe(agent, instructions="\n\n".join(head) or None, model=reading.model)
        body = reading.input[len(_head(reading.input)) :]
        times = _Times(step.start_ns, step.start_ns)
        for message in self._news(body):
            if message.role == "assistant":
                self._spoke(message, self._teller(message, agent), step, times)
            elif message.role == "tool":
                self._told_result(message, step, times)
            else:
                self._told(message, agent, step, times)
        asked = next((message.text for message in reversed(body) if message.role == "user"), "")
        self._arrivals.arrive(step, agent, asked)

    def _news(self, body: Sequence[Message]) -> Iterator[Message]:
        """Yield the messages that were not heard yet; one heard twice is news when it stands there three times."""
        counted: Counter[str] = Counter()
        for message in body:
            if not self._is_known(message, counted):
                yield message

    def _is_known(self, message: Message, counted: Counter[str]) -> bool:
        if message.role == "tool":
            call = self._scribe.call_of(message.tool_call_id)
            if call is not None:
                if call.is_answered or call.act is Act.HANDOFF:
                    self._scribe.better_result(call, message.text)
                    return True
                return False
        if any(call.id is not None for call in message.tool_calls):
            return all(self._scribe.call_of(call.id) is not None for call in message.tool_calls)
        key = message.text.strip() or " ".join(f"{call.name} {squeezed(call.arguments)}" for call in message.tool_calls)
        counted[key] += 1
        return not key or counted[key] <= self._scribe.times_heard(key)

    def _teller(self, message: Message, agent: AgentId) -> AgentId:
        """Return who said an assistant's message that was found in an input."""
        named = self._scribe.named(message.name)
        if named is not None:
            return named
        targets = [tool_target(call.name, call.arguments) for call in message.tool_calls]
        is_to_itself = any(target is not None and self._scribe.named(target) == agent for target in targets)
        return self._arrivals.last_agent or agent if is_to_itself else agent

    def _told(self, message: Message, agent: AgentId, step: Step, times: _Times) -> None:
        """Write what a user, or the system in mid-conversation, told the agent."""
        if message.role == "system":
            said = Said(speaker=AgentId("system"), text=message.text, addressees=(agent,))
            self._scribe.meet(AgentId("system"), "system")
            self._write(said, step, times)
            return
        speaker = self._scribe.named(message.name)
        if speaker is None:
            if self._arrivals.arrive(step, agent, message.text):
                return
            speaker = step.caller or HUMAN
        if speaker != agent or message.name is not None:
            self._write(Said(speaker=speaker, text=message.text, addressees=(agent,)), step, times)

    def _told_result(self, message: Message, step: Step, times: _Times) -> None:
        """Write a tool's result that no span of the tool told."""
        call = self._scribe.call_of(message.tool_call_id)
        name = message.name or (call.tool_name if call is not None else None) or "tool"
        speaker = self._scribe.tool(name)
        said = Said(
            speaker=speaker, act=Act.TOOL_RESULT, text=message.text, tool_name=name, tool_call_id=message.tool_call_id
        )
        _date(said, step, times)
        if call is not None:
            self._scribe.write_result(call, said)
        else:
            said.addressees = (step.agent or ASSISTANT,)
            self._scribe.write(said)

    def _answered(self, step: Step) -> None:
        reading = self._readings.pop(step.span.span_id)
        agent = step.agent or ASSISTANT
        before = len(self._scribe.turns)
        times = _Times(step.start_ns, step.end_ns)
        for message in reading.output:
            self._spoke(message, agent, step, times)
        if len(self._scribe.turns) == before:
            self._write(Said(speaker=agent, text=reading.error or ""), step, times)
        first = self._scribe.turns[before]
        first.is_error = reading.error is not None
        for said in self._scribe.turns[before:]:
            said.model = reading.model
        if reading.usage is not None:
            first.input_tokens, first.output_tokens = reading.usage.input_tokens, reading.usage.output_tokens
        first.cost_usd = step.span.cost_usd if step.span.cost_usd is not None else step.scalars.cost_usd
        self._arrivals.worked(step, agent)

    def _spoke(self, message: Message, agent: AgentId, step: Step, times: _Times) -> None:
        """Write an assistant's message: its calls, with what was said beside them, or what it said."""
        text, reasoning = message.text, message.reasoning
        for call in message.tool_calls:
            said = self._call(call, agent)
            if text or reasoning:
                is_bare_handoff = said.act is Act.HANDOFF and bool(said.text)
                said.text = said.text if is_bare_handoff else text
                said.reasoning = reasoning
                text, reasoning = "", None
            _date(said, step, times)
            self._arrivals.note(self._scribe.write_call(said)) if said.act is Act.HANDOFF else self._scribe.write_call(
                said
            )
        if not message.tool_calls and (text or reasoning):
            to = step.caller if step.caller is not None else HUMAN if HUMAN in self._scribe.agents else None
            said = Said(speaker=agent, text=text, reasoning=reasoning, addressees=(to,) if to else ())
            said.is_guess = to == HUMAN or to is None
            self._write(said, step, times)

    def _call(self, call: ToolCall, agent: AgentId) -> Said:
        target = tool_target(call.name, call.arguments)
        said = Said(
            speaker=agent,
            act=Act.TOOL_CALL if target is None else Act.HANDOFF,
            tool_name=call.name,
            tool_arguments=call.arguments,
            tool_call_id=call.id,
            target=target,
        )
        if target is None:
            said.addressees = (self._scribe.tool(call.name),)
        else:
            said.text = handed_over(call.arguments)
        return said

    def _tool_began(self, step: Step) -> None:
        reading = self._readings[step.span.span_id] = read(step.span)
        tool = reading.tool
        if tool is None:
            return
        arguments = tool.arguments or ""
        call = self._scribe.call_of(tool.call_id) or self._scribe.open_call(tool.name, tool.arguments)
        target = tool_target(tool.name, arguments)
        if call is None or (call.is_answered and call.act is Act.TOOL_CALL):
            waiting = self._arrivals.waiting_by_tool(tool.name) if target is not None else None
            call = waiting if waiting is not None else self._called(step, tool.name, arguments, tool.call_id)
        if not call.tool_arguments and arguments:
            call.tool_arguments = arguments
        if call.act is Act.HANDOFF and not call.text:
            call.text = handed_over(arguments)
        self._calls[step.span.span_id] = call

    def _called(self, step: Step, name: str, arguments: str, call_id: str | None) -> Said:
        """Write a call that no model's answer told: the tool's own span is the first to tell of it."""
        agent = step.agent or ASSISTANT
        self._arrivals.arrive(step, agent, "")
        said = self._call(ToolCall(id=call_id, name=name, arguments=arguments), agent)
        _date(said, step, _Times(step.start_ns, step.start_ns))
        self._scribe.write_call(said)
        if said.act is Act.HANDOFF:
            self._arrivals.note(said)
        self._arrivals.worked(step, agent)
        return said

    def _tool_ended(self, step: Step) -> None:
        reading = self._readings.pop(step.span.span_id)
        call = self._calls.pop(step.span.span_id, None)
        tool = reading.tool
        if tool is None or call is None:
            return
        if call.act is Act.HANDOFF:
            call.is_error = reading.error is not None
            return
        if call.is_answered:
            return
        is_guess = not tool.result
        text = tool.result or reading.error or ""
        said = Said(
            speaker=self._scribe.tool(tool.name),
            act=Act.TOOL_RESULT,
            text=text,
            tool_name=tool.name,
            tool_call_id=tool.call_id,
            is_error=reading.error is not None,
            is_guess=is_guess,
        )
        _date(said, step, _Times(step.start_ns, step.end_ns))
        self._scribe.write_result(call, said)

    def _handed_over(self, step: Step) -> None:
        """Take a handoff's span: the handoff is told already, or is written now."""
        reading = read(step.span)
        source = self._scribe.named(reading.handoff_from) or step.agent or self._arrivals.last_agent
        if source is None:
            return
        told = self._arrivals.waiting_from(source)
        if told is not None:
            told.target = reading.handoff_to or told.target
            return
        said = Said(speaker=source, act=Act.HANDOFF, target=reading.handoff_to)
        self._write(said, step, _Times(step.start_ns, step.end_ns))
        self._arrivals.note(said)

    def _judged(self, step: Step) -> None:
        """Write a guardrail's verdict."""
        reading = read(step.span)
        speaker = AgentId(f"guardrail:{step.span.name}")
        self._scribe.meet(speaker, "system")
        text = next((message.text for message in reversed(reading.output)), reading.error or "")
        said = Said(speaker=speaker, act=Act.VERDICT, text=text, is_error=reading.error is not None)
        said.addressees = (step.agent,) if step.agent is not None else ()
        self._write(said, step, _Times(step.start_ns, step.end_ns))

    def _agent_ended(self, step: Step) -> None:
        """Write what an agent said where no model call tells it: from its span, else from those inside."""
        agent = step.agent
        if agent is None or self._arrivals.has_worked(step):
            return
        reading = read(step.span)
        self._scribe.describe(agent, description=reading.agent_description, model=reading.model)
        asked = next((message.text for message in reversed(reading.input) if message.role == "user"), "")
        self._arrivals.arrive(step, agent, asked)
        inner = self._last_inner.get(step.span.span_id)
        output = reading.output or (read(inner.span).output if inner is not None else ())
        times = _Times(step.start_ns, step.end_ns)
        for message in output[-1:]:
            if message.text and not self._scribe.times_heard(message.text.strip()):
                self._spoke(message, agent, step, times)
        if not output and reading.error is not None:
            self._write(Said(speaker=agent, text=reading.error, is_error=True), step, times)

    def _write(self, said: Said, step: Step, times: _Times) -> Said:
        _date(said, step, times)
        return self._scribe.write(said)


def handed_over(arguments: str) -> str:
    """Return what a handoff's arguments hand over: the text among them, or all of them."""
    given = parse(arguments)
    if not isinstance(given, dict):
        return "" if squeezed(arguments) in {"", "null"} else arguments
    for key in _HANDED_OVER:
        value = given.get(key)
        if isinstance(value, str) and value:
            return value
    return (
        ""
        if not given or all(not isinstance(value, str) or len(value) < 2 for value in given.values())
        else text_of({**given})
    )


def _head(messages: Sequence[Message]) -> Sequence[Message]:
    """Return the system messages that a model's input starts with: the agent's instructions."""
    count = 0
    while count < len(messages) and messages[count].role == "system":
        count += 1
    return messages[:count]


def _date(said: Said, step: Step, times: _Times) -> None:
    said.span_id = step.span.span_id
    said.start_ns, said.end_ns = times
