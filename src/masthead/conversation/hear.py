"""Hears a run moment by moment and has its turns written: what a model was told, what it said, what tools answered.

A model call's input repeats what was said before; only what was not heard yet is news. Outputs are always news.
"""

from collections import Counter
from collections.abc import Iterator, Sequence

from masthead.conversation.arrivals import Arrivals
from masthead.conversation.scribe import ASSISTANT, PROGRAM, Said, Scribe, squeezed
from masthead.conversation.speech import Speech, When, dated, handed_over, shown
from masthead.conversation.tree import Moment, Step
from masthead.model import attributes as names
from masthead.model.conversation import Act
from masthead.model.ids import AgentId, SpanId
from masthead.model.reading import Message, Operation, Reading, ToolCall
from masthead.semconv import read
from masthead.semconv.handoffs import tool_target
from masthead.semconv.messages import Memo, messages_of


class Listener:
    """Turns the moments of a run into turns of the scribe."""

    def __init__(self, scribe: Scribe) -> None:
        self._scribe = scribe
        self._arrivals = Arrivals(scribe)
        self._speech = Speech(scribe, self._arrivals)
        self._memo: Memo = {}
        self._readings: dict[SpanId, Reading] = {}
        self._calls: dict[SpanId, Said] = {}
        self._last_inner: dict[SpanId, Step] = {}
        """The last plain span in each stretch of an agent's work."""

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

    def _read(self, step: Step) -> Reading:
        return read(step.span, step.scalars, self._memo)

    def _asked(self, step: Step) -> None:
        reading = self._readings[step.span.span_id] = self._read(step)
        agent = step.agent or ASSISTANT
        head = _head(reading.input)
        instructions = "\n\n".join(message.text for message in reading.input[:head] if message.text)
        self._scribe.describe(agent, instructions=instructions or None, model=reading.model)
        body = reading.input[head:]
        when = When(step, step.start_ns, step.start_ns)
        for message in self._news(body):
            if message.role == "assistant":
                self._speech.revealed(message, self._teller(message, agent), when)
            elif message.role == "tool":
                self._speech.told_result(message, when)
            else:
                self._speech.told(message, agent, when)
        is_whole_input = step.caller is not None or not any(message.role == "assistant" for message in body)
        self._arrivals.arrive(step, agent, question=_question(body) if is_whole_input else "")

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
        key = shown(message).strip() or " ".join(
            f"{call.name} {squeezed(call.arguments)}" for call in message.tool_calls
        )
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

    def _answered(self, step: Step) -> None:
        reading = self._readings.pop(step.span.span_id)
        agent = step.agent or ASSISTANT
        when = When(step, step.start_ns, step.end_ns)
        written = self._speech.spoke(reading.output, agent, when)
        if not written and step.span.attributes.get(names.GUARD_ACTION) == "stopped":
            written = [self._verdict(step, "gateway", reading.error or "")]
        elif not written:
            said = Said(speaker=agent, text=reading.error or "")
            self._speech.address(said, step)
            written = [self._speech.write(said, when)]
            if reading.error is None:
                self._scribe.fell_silent(said)
        first = written[0]
        first.is_error = reading.error is not None
        for said in written:
            said.model = reading.model
        if reading.usage is not None:
            first.input_tokens, first.output_tokens = reading.usage.input_tokens, reading.usage.output_tokens
        first.cost_usd = step.span.cost_usd if step.span.cost_usd is not None else step.scalars.cost_usd
        self._arrivals.worked(step, agent)

    def _tool_began(self, step: Step) -> None:
        reading = self._readings[step.span.span_id] = self._read(step)
        tool = reading.tool
        if tool is None:
            return
        arguments = tool.arguments or ""
        call = self._scribe.call_of(tool.call_id) or self._scribe.open_call(tool.name, tool.arguments)
        if call is None or (call.is_answered and call.act is Act.TOOL_CALL):
            is_handoff = tool_target(tool.name, arguments) is not None
            waiting = self._arrivals.waiting_by_tool(tool.name) if is_handoff else None
            call = waiting if waiting is not None else self._called(step, tool.name, arguments, tool.call_id)
        if not call.tool_arguments and arguments:
            call.tool_arguments = arguments
        if call.act is Act.HANDOFF and not call.text:
            self._scribe.retext(call, handed_over(arguments))
        self._calls[step.span.span_id] = call

    def _called(self, step: Step, name: str, arguments: str, call_id: str | None) -> Said:
        """Write a call that no model's answer told: the tool's own span is the first to tell of it."""
        call = ToolCall(id=call_id, name=name, arguments=arguments)
        when = When(step, step.start_ns, step.start_ns)
        if step.agent is None and self._scribe.has_names:
            self._scribe.meet(PROGRAM, "system")
            return self._speech.called(call, PROGRAM, when)
        agent = step.agent or ASSISTANT
        self._arrivals.arrive(step, agent)
        said = self._speech.called(call, agent, when, self._scribe.last_silent(agent))
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
        said = Said(
            speaker=self._scribe.tool(tool.name),
            act=Act.TOOL_RESULT,
            text=tool.result or reading.error or "",
            tool_name=tool.name,
            tool_call_id=tool.call_id,
            is_error=reading.error is not None,
            is_guess=not tool.result,
        )
        dated(said, When(step, step.start_ns, step.end_ns))
        self._scribe.write_result(call, said)

    def _handed_over(self, step: Step) -> None:
        """Take a handoff's span: the handoff is told already, or is written now."""
        reading = self._read(step)
        source = self._scribe.named(reading.handoff_from) or step.agent or self._arrivals.last_agent
        if source is None:
            return
        told = self._arrivals.waiting_from(source)
        if told is not None:
            told.target = reading.handoff_to or told.target
            return
        silent = self._scribe.last_silent(source)
        if silent is None:
            silent = self._speech.write(Said(speaker=source), When(step, step.start_ns, step.end_ns))
        silent.act, silent.target, silent.addressees = Act.HANDOFF, reading.handoff_to, ()
        self._arrivals.note(silent)

    def _judged(self, step: Step) -> None:
        """Write a guardrail's verdict."""
        reading = self._read(step)
        text = next((message.text for message in reversed(reading.output)), reading.error or "")
        self._verdict(step, step.span.name, text).is_error = reading.error is not None

    def _verdict(self, step: Step, of: str, text: str) -> Said:
        speaker = AgentId(f"guardrail:{of}")
        self._scribe.meet(speaker, "system")
        said = Said(speaker=speaker, act=Act.VERDICT, text=text)
        said.addressees = (step.agent,) if step.agent is not None else ()
        return self._speech.write(said, When(step, step.start_ns, step.end_ns))

    def _agent_ended(self, step: Step) -> None:
        """Write what an agent said where no model call tells it: from its span, else from those inside."""
        agent = step.agent
        if agent is None:
            return
        if self._arrivals.has_worked(step):
            self._introduced(agent, step)
            return
        reading = self._read(step)
        self._scribe.describe(agent, description=reading.agent_description, model=reading.model)
        when = When(step, step.start_ns, step.end_ns)
        question = _question(reading.input)
        if question and not self._arrivals.has_arrived(step) and not self._scribe.times_heard(question.strip()):
            self._speech.told(Message(role="user", text=question), agent, When(step, step.start_ns, step.start_ns))
        self._arrivals.arrive(step, agent, question=question)
        inner = self._last_inner.get(step.span.span_id)
        output = reading.output or (self._read(inner).output if inner is not None else ())
        for message in output[-1:]:
            if message.text and not self._scribe.times_heard(message.text.strip()):
                self._speech.spoke([message], agent, when)
        if not output and reading.error is not None:
            self._speech.write(Said(speaker=agent, text=reading.error, is_error=True), when)

    def _introduced(self, agent: AgentId, step: Step) -> None:
        """Take from an agent's span what it alone says of the agent."""
        attributes = step.span.attributes
        description = attributes.get(names.AGENT_DESCRIPTION)
        self._scribe.describe(agent, description=description if isinstance(description, str) else None)
        if names.SYSTEM_INSTRUCTIONS in attributes and self._scribe.agents[agent].instructions is None:
            told = messages_of(attributes[names.SYSTEM_INSTRUCTIONS], "system", self._memo)
            self._scribe.describe(agent, instructions="\n\n".join(message.text for message in told) or None)


def _head(messages: Sequence[Message]) -> int:
    """Return how many system messages a model's input starts with: the agent's instructions."""
    count = 0
    while count < len(messages) and messages[count].role == "system":
        count += 1
    return count


def _question(messages: Sequence[Message]) -> str:
    """Return the last thing that a user said."""
    return next((message.text for message in reversed(messages) if message.role == "user"), "")
