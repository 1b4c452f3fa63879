"""Writes down turns as they are heard: knows what was said already, which calls are open and who is who."""

from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

from masthead.model.conversation import Act, Agent, AgentKind, Turn
from masthead.model.ids import AgentId, SpanId

HUMAN: Final = AgentId("user")
ASSISTANT: Final = AgentId("assistant")
"""Who speaks where the record names no agent."""
PROGRAM: Final = AgentId("program")
"""Who calls a tool outside of any agent's work, in a run that has agents."""
_NONE: Final[deque["Said"]] = deque()


@dataclass(slots=True, eq=False)
class Said:
    """A turn that is still being written."""

    speaker: AgentId
    act: Act = Act.MESSAGE
    text: str = ""
    addressees: tuple[AgentId, ...] = ()
    reasoning: str | None = None
    tool_name: str | None = None
    tool_arguments: str | None = None
    tool_call_id: str | None = None
    is_error: bool = False
    span_id: SpanId | None = None
    start_ns: int | None = None
    end_ns: int | None = None
    model: str | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    cost_usd: Decimal | None = None
    target: str | None = None
    """A handoff's receiver as it was called, before we know which agent that is."""
    is_answered: bool = False
    """A call whose result is written, or a handoff whose receiver has set to work."""
    is_guess: bool = False
    """A result's text is only its error, or a message's addressee only the usual one: better knowledge may come."""
    answer: "Said | None" = None
    """A call's result."""


class Scribe:
    """The turns so far and what is needed to tell news from repetition. Every operation is O(1) in their number."""

    def __init__(self, names: Mapping[AgentId, str]) -> None:
        self.turns: list[Said] = []
        self.agents: dict[AgentId, Agent] = {}
        self._names = names
        self._by_plain_name: dict[str, AgentId] = {}
        for identity, name in names.items():
            self._by_plain_name.setdefault(plain(name), identity)
            self._by_plain_name.setdefault(plain(identity), identity)
        self._heard: Counter[str] = Counter()
        self._calls: dict[str, Said] = {}
        self._open: dict[str, deque[Said]] = {}
        self._nameless: dict[str, deque[Said]] = {}
        self._silent: dict[AgentId, deque[Said]] = {}
        self._latest: dict[AgentId, Said] = {}

    def write(self, said: Said) -> Said:
        """Add the turn."""
        self.turns.append(said)
        self._latest[said.speaker] = said
        self.meet(said.speaker)
        if said.text:
            self._heard[said.text.strip()] += 1
        return said

    def opened(self, said: Said) -> None:
        """Remember a call as open, to be found by its id, or by its tool and arguments."""
        self.link(said)
        if said.act is Act.TOOL_CALL and said.tool_name is not None:
            exact = f"{said.tool_name} {squeezed(said.tool_arguments or '')}"
            self._open.setdefault(said.tool_name, deque()).append(said)
            self._open.setdefault(exact, deque()).append(said)
            if said.tool_call_id is None:
                self._nameless.setdefault(exact, deque()).append(said)
            if not said.text:
                self._heard[exact] += 1

    def retext(self, said: Said, text: str) -> None:
        """Give a turn the text that it was found to have."""
        if text:
            said.text = text
            self._heard[text.strip()] += 1

    def fell_silent(self, said: Said) -> None:
        """Remember a model's answer of which nothing was recorded: later inputs may tell it."""
        self._silent.setdefault(said.speaker, deque()).append(said)

    def first_silent(self, agent: AgentId) -> Said | None:
        """Return, and forget, the agent's oldest answer that is still untold."""
        waiting = self._silent.get(agent)
        return waiting.popleft() if waiting else None

    def last_silent(self, agent: AgentId) -> Said | None:
        """Return, and forget, the agent's answer that is untold, where it is its latest turn."""
        waiting = self._silent.get(agent)
        return waiting.pop() if waiting and waiting[-1] is self._latest.get(agent) else None

    def nameless_call(self, tool_name: str, arguments: str) -> Said | None:
        """Return, and forget, the oldest call of these arguments that has no id."""
        waiting = self._nameless.get(f"{tool_name} {squeezed(arguments)}")
        return waiting.popleft() if waiting else None

    def link(self, said: Said) -> None:
        """Let the call be found by its id."""
        if said.tool_call_id is not None:
            self._calls[said.tool_call_id] = said

    def write_result(self, call: Said, said: Said) -> None:
        """Add the result of a call."""
        call.is_answered, call.answer = True, said
        said.tool_call_id = call.tool_call_id if said.tool_call_id is None else said.tool_call_id
        if call.speaker != said.speaker:
            said.addressees = (call.speaker,)
        self.write(said)

    def better_result(self, call: Said, text: str) -> None:
        """Put the text that a model was shown in place of what was only guessed."""
        if call.answer is not None and call.answer.is_guess and text:
            call.answer.is_guess = False
            self.retext(call.answer, text)

    def times_heard(self, text: str) -> int:
        """Return how often exactly this was said."""
        return self._heard[text]

    def call_of(self, call_id: str | None) -> Said | None:
        """Return the last call with the id."""
        return self._calls.get(call_id) if call_id is not None else None

    def open_call(self, tool_name: str, arguments: str | None) -> Said | None:
        """Return the unanswered call that a tool's span without a call id belongs to: by arguments, else the first."""
        exact = None if arguments is None else self._first_open(f"{tool_name} {squeezed(arguments)}")
        return exact or self._first_open(tool_name)

    def _first_open(self, key: str) -> Said | None:
        waiting = self._open.get(key, _NONE)
        while waiting and waiting[0].is_answered:
            waiting.popleft()
        return waiting[0] if waiting else None

    def named(self, name: str | None) -> AgentId | None:
        """Return the agent that is called so, whatever its spelling: `flight_agent` is `Flight Agent`."""
        return self._by_plain_name.get(plain(name)) if name else None

    @property
    def has_names(self) -> bool:
        """Whether the record names any agent."""
        return bool(self._names)

    def name(self, identity: AgentId) -> str:
        """Return what the agent is called."""
        return self._names.get(identity, identity)

    def meet(self, identity: AgentId, kind: AgentKind | None = None) -> None:
        """Put the agent in the roster, where it is not in it yet."""
        if identity not in self.agents:
            if identity == HUMAN and kind is None and identity not in self._names:
                kind = "human"
            name = self._names.get(identity, "User" if identity == HUMAN else identity)
            self.agents[identity] = Agent(id=identity, name=name, kind=kind or "agent")

    def tool(self, name: str) -> AgentId:
        """Return the executor of a tool, which speaks its results."""
        identity = AgentId(f"tool:{name}")
        if identity not in self.agents:
            self.agents[identity] = Agent(id=identity, name=name, kind="tool")
        return identity

    def describe(
        self,
        identity: AgentId,
        *,
        instructions: str | None = None,
        description: str | None = None,
        model: str | None = None,
    ) -> None:
        """Add to what is known of an agent; what is known already stays."""
        self.meet(identity)
        agent = self.agents[identity]
        models = (*agent.models, model) if model is not None and model not in agent.models else agent.models
        changed = (agent.instructions or instructions, agent.description or description, models)
        if changed != (agent.instructions, agent.description, agent.models):
            self.agents[identity] = replace(agent, instructions=changed[0], description=changed[1], models=changed[2])

    def finished(self) -> tuple[tuple[Turn, ...], tuple[Agent, ...]]:
        """Return the turns and the roster, in order of first appearance."""
        self._address_handoffs()
        known = self.agents
        for said in self.turns:
            for identity in said.addressees:
                self.meet(identity)
        order = dict.fromkeys(identity for said in self.turns for identity in (said.speaker, *said.addressees))
        roster = [known[identity] for identity in order]
        roster += [agent for identity, agent in known.items() if identity not in order]
        return tuple(_turn(index, said) for index, said in enumerate(self.turns)), tuple(roster)

    def _address_handoffs(self) -> None:
        latest: dict[AgentId, Said] = {}
        for said in self.turns:
            if said.act is Act.HANDOFF:
                if not said.addressees and said.target is not None:
                    said.addressees = (self.named(said.target) or AgentId(said.target),)
                before = latest.get(said.speaker)
                if before is not None and before.act is Act.MESSAGE and before.is_guess and said.addressees:
                    before.addressees = said.addressees
            latest[said.speaker] = said


def squeezed(arguments: str) -> str:
    """Return arguments without white space: equal texts mean the same call, however their JSON was spaced."""
    return "".join(arguments.split())


def plain(name: str) -> str:
    """Return a name without case, spaces and punctuation, as tools are named after agents."""
    return "".join(character for character in name.lower() if character.isalnum())


def _turn(index: int, said: Said) -> Turn:
    return Turn(
        index=index,
        speaker=said.speaker,
        addressees=said.addressees,
        act=said.act,
        text=said.text,
        reasoning=said.reasoning,
        tool_name=said.tool_name,
        tool_arguments=said.tool_arguments,
        tool_call_id=said.tool_call_id,
        is_error=said.is_error,
        span_id=said.span_id,
        start_ns=said.start_ns,
        end_ns=said.end_ns,
        model=said.model,
        input_tokens=said.input_tokens,
        output_tokens=said.output_tokens,
        cost_usd=said.cost_usd,
    )
