"""Finds out how an agent came to be at work: handed to, set to work by another agent, next in line, or asked."""

from typing import Final

from masthead.conversation.scribe import Said, Scribe, plain
from masthead.conversation.tree import Step
from masthead.model.conversation import Act
from masthead.model.ids import AgentId, SpanId
from masthead.model.reading import Operation
from masthead.semconv.read import came_from

_REMEMBERED: Final = 64
"""Handoffs that nobody took up are forgotten after this many later ones."""


class Arrivals:
    """Keeps who is at work, and writes the handoffs that a record shows only by who works next."""

    def __init__(self, scribe: Scribe) -> None:
        self._scribe = scribe
        self._arrived: set[SpanId] = set()
        self._worked: set[SpanId] = set()
        self._waiting: list[Said] = []
        self._last_by_source: dict[AgentId, Said] = {}
        self._last: Step | None = None
        self._take_over_from: AgentId | None = None
        self.last_agent: AgentId | None = None
        """Who worked last."""

    def note(self, handoff: Said) -> None:
        """Remember a handoff until its receiver sets to work."""
        self._waiting.append(handoff)
        self._last_by_source[handoff.speaker] = handoff
        del self._waiting[:-_REMEMBERED]

    def waiting_by_tool(self, tool_name: str) -> Said | None:
        """Return the last handoff by this tool that is not taken up."""
        return next((said for said in reversed(self._waiting) if said.tool_name == tool_name), None)

    def waiting_from(self, source: AgentId) -> Said | None:
        """Return the last handoff by the agent that is not taken up."""
        return next((said for said in reversed(self._waiting) if said.speaker == source), None)

    def bare_handoff(self, source: AgentId, target: AgentId | None) -> Said | None:
        """Return the agent's last handoff, where it went to the target and no call of a tool is known for it."""
        said = self._last_by_source.get(source)
        is_bare = said is not None and said.tool_name is None
        return said if said is not None and is_bare and (not said.addressees or target in said.addressees) else None

    def has_worked(self, step: Step) -> bool:
        """Say whether a model call or a tool told of this stretch of work."""
        return (step.opener or step).span.span_id in self._worked

    def worked(self, step: Step, agent: AgentId) -> None:
        """Note that the agent worked."""
        self._worked.add((step.opener or step).span.span_id)
        self._last, self.last_agent = step, agent

    def has_arrived(self, step: Step) -> bool:
        """Say whether this stretch of work has begun."""
        return (step.opener or step).span.span_id in self._arrived

    def arrive(self, step: Step, agent: AgentId, told: str = "", *, question: str = "") -> bool:
        """Let the agent set to work; return whether a handoff carries what it was told.

        `told` is news, `question` what was asked in any case: an inferred handoff carries the one, else the other.
        """
        opener = step.opener or step
        if opener.span.span_id in self._arrived:
            return False
        self._arrive_callers(opener)
        self._arrived.add(opener.span.span_id)
        handoff = self._taken_up(agent)
        self._take_over_from = None
        if handoff is None:
            is_carried = self._infer(opener, agent, told or question)
        else:
            handoff.addressees, handoff.is_answered = (agent,), True
            self._take_over_from = handoff.speaker
            is_carried = not handoff.text
            if is_carried:
                self._scribe.retext(handoff, told)
        self._take_over(step, agent)
        return is_carried and bool(told)

    def taken_over_from(self, agent: AgentId) -> AgentId | None:
        """Return the agent whose handoff this agent, the last to set to work, has just taken up."""
        return self._take_over_from if agent == self.last_agent else None

    def _take_over(self, step: Step, agent: AgentId) -> None:
        self._last, self.last_agent = step, agent

    def _arrive_callers(self, opener: Step) -> None:
        """Let the agents around this one arrive before it, outermost first."""
        waiting: list[Step] = []
        above = opener.parent
        while above is not None and above.agent is not None:
            around = above.opener or above
            if around.span.span_id in self._arrived:
                break
            waiting.append(around)
            above = around.parent
        for step in reversed(waiting):
            if step.agent is not None:
                self._arrived.add(step.span.span_id)
                told = self._taken_up(step.agent)
                if told is not None:
                    told.addressees, told.is_answered = (step.agent,), True
                else:
                    self._infer(step, step.agent, "")
                self._take_over(step, step.agent)

    def _infer(self, opener: Step, agent: AgentId, asked: str) -> bool:
        """Write the handoff that nobody told, where there was one; return whether."""
        source = self._source(opener, agent)
        if source is None or source == agent:
            return False
        said = Said(speaker=source, act=Act.HANDOFF, addressees=(agent,), text=asked, is_answered=True)
        said.span_id, said.start_ns, said.end_ns = opener.span.span_id, opener.start_ns, opener.start_ns
        self._last_by_source[source] = self._scribe.write(said)
        return True

    def _taken_up(self, agent: AgentId) -> Said | None:
        """Return, and forget, the handoff that this agent's work takes up: one to it, else one to nobody known."""
        own = {plain(agent), plain(self._scribe.name(agent))}
        found = next((said for said in reversed(self._waiting) if said.target and plain(said.target) in own), None)
        if found is None:
            found = next((said for said in reversed(self._waiting) if not said.target and said.speaker != agent), None)
        if found is not None:
            self._waiting.remove(found)
        return found

    def _source(self, opener: Step, agent: AgentId) -> AgentId | None:
        """Return who set the agent to work where nobody said so."""
        said = came_from(opener.span.attributes)
        if said is not None:
            return self._scribe.named(said)
        if opener.caller is not None:
            return opener.caller
        last = self._last
        if last is None or self.last_agent == agent:
            return None
        before = last.opener or last
        is_over = before.operation is not Operation.AGENT or before.end_ns <= opener.start_ns
        return self.last_agent if is_over else None
